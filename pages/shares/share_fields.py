"""The fields of a new link that both kinds have, and those that say what answers."""

from collections.abc import Sequence

import streamlit as st

from core.bootstrap import Workbench
from pages.ui.markdown import label
from pages.ui.session import user


def words(key: str, title: str) -> dict[str, str]:
    """Title and description."""
    given = st.text_input("Title", title[:100], max_chars=100, key=f"share_title_{key}")
    description = st.text_area(
        "Description", max_chars=1000, height=80, key=f"share_description_{key}",
        placeholder="What it is about, and for whom",
    )  # fmt: skip
    return {"title": given, "description": description}


def passphrase() -> str:
    """An optional passphrase."""
    return st.text_input(
        "Passphrase", type="password", max_chars=200, key="share_passphrase",
        placeholder="optional, 6 characters or more", help="Tell it by another way than the link.",
    )  # fmt: skip


def documents(bench: Workbench) -> tuple[str, ...]:
    """The documents and collections that may be searched; what is uploaded later is not among them,
    unless it goes into one of the collections."""
    names = {each.id: f"Collection: {each.name}" for each in bench.collections.list(user())}
    there = [each for each in bench.documents.list(user()) if each.status == "indexed"]
    names |= {each.id: each.name for each in there}
    chosen = st.multiselect(
        "Documents that may be searched",
        list(names),
        default=[each.id for each in there[:20]],
        format_func=names.__getitem__,
        key="share_documents",
        placeholder="none: the model answers by itself",
    )
    return tuple(chosen)


def answering(bench: Workbench) -> tuple[str | None, str, tuple[str, ...]]:
    """The model, the prompt with its version, and the tools."""
    infos = {info.ref: info for info in bench.priced(user(), bench.models.ready())}
    left, right = st.columns(2)
    model = left.selectbox(
        "Model", list(infos), format_func=lambda ref: infos[ref].label, key="share_model"
    )
    versions = [
        f"{name}@{each.version}"
        for name in bench.prompts.answering()
        for each in reversed(bench.prompts.versions(name))
    ]
    newest = place(versions, f"answer@{bench.prompts.resolve('answer').version}")
    prompt = right.selectbox("Prompt version", versions, index=newest, key="share_prompt")
    price = infos[model].price if model else None
    if price:
        words = f"${price.input:f} in and ${price.output:f} out for a million tokens"
        words = words if price.input or price.output else "Costs nothing"
        left.caption(label(words))
    tools: Sequence[str] = ()
    if model and infos[model].is_model:
        tools = st.multiselect(
            "Tools",
            [tool.name for tool in bench.shares.harmless_tools()],
            key="share_tools",
            placeholder="none",
            help="Only those that compute or read these documents.",
        )
    return model, prompt or "answer", tuple(tools)


def place(values: Sequence[str], wanted: str) -> int | None:
    """Where the wanted value stands, else the first."""
    if not values:
        return None
    return values.index(wanted) if wanted in values else 0
