"""A new link: what is wished, what a stranger will see, and what he should not."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from core.bootstrap import MOST_DAYS, Finding, Link, Wish, Workbench
from core.errors import FootlightsError
from core.types import Conversation
from pages.shares import share_fields, share_made
from pages.ui import demo_chat, demo_turn, say
from pages.ui.health import counted
from pages.ui.markdown import label, safe
from pages.ui.session import query, user

_KINDS = {"snapshot": ":material/photo_camera: Snapshot", "live": ":material/forum: Live demo"}
_SHOWN = 2


def draw(bench: Workbench) -> None:
    """The fields on the left, the page of a stranger on the right, and the button below both."""
    st.page_link("shares/page.py", label="All links", icon=":material/arrow_back:", query_params={})
    st.title("New link", anchor=False)
    given = query("new") if query("new") in _KINDS else "snapshot"
    kind = st.segmented_control(
        "Kind", list(_KINDS), default=given, format_func=_KINDS.__getitem__, required=True,
        label_visibility="collapsed", key="share_kind",
    )  # fmt: skip
    st.caption(
        "A conversation as it is now, frozen; its passages are excerpts. It costs nothing."
        if kind == "snapshot"
        else "Others ask, you pay, up to your cap. What answers, and from which documents, is fixed here, "
        "whatever they send."
    )
    fields, preview = st.columns([5, 6], gap="large")
    with fields:
        wish = _snapshot(bench) if kind == "snapshot" else _live(bench)
    with preview:
        link = _preview(bench, wish)
    if link is None:
        return
    agreed = _findings(bench.shares.exposed(user(), link))
    if st.button("Make the link", type="primary", icon=":material/add_link:", disabled=not agreed):
        _make(bench, wish)


def _make(bench: Workbench, wish: Wish) -> None:
    try:
        link, token = bench.shares.make(user(), wish)
    except FootlightsError as error:
        say.problem(error)
        return
    share_made.keep(link.title, token, asks_passphrase=bool(link.passphrase))
    st.query_params.clear()
    st.rerun()


def _snapshot(bench: Workbench) -> Wish:
    conversations, wanted = _conversations(bench), query("c")
    if not conversations:
        st.info("There is no conversation yet: ask something first.", icon=":material/forum:")
    # What was to be shared and is not there has no other in its place.
    gone = bool(wanted) and wanted not in conversations
    chosen = st.selectbox(
        "Conversation",
        list(conversations),
        index=None if gone else share_fields.place(list(conversations), wanted),
        format_func=lambda each: conversations[each].title,
        key="share_conversation",
    )
    title = conversations[chosen].title if chosen else ""
    words = share_fields.words(f"snapshot_{chosen}", title)
    ends = st.toggle("It ends", True, key="share_ends")
    days = st.number_input("Days", 1, MOST_DAYS, 7, key="share_days") if ends else None
    return Wish(
        kind="snapshot",
        conversation_id=str(chosen or ""),
        days=days,
        passphrase=share_fields.passphrase(),
        shows_cost=st.toggle("Show what answers cost", False, key="share_cost"),
        **words,
    )


def _conversations(bench: Workbench) -> dict[str, Conversation]:
    """The newest with something said in them, and that of the address bar however old it is."""
    found = bench.conversations.list(user())
    wanted = query("c")
    if wanted and wanted not in {each.id for each in found}:
        try:
            found.append(bench.conversations.get(user(), wanted))
        except FootlightsError as error:
            say.problem(error)
    return {each.id: each for each in found if each.turns}


def _live(bench: Workbench) -> Wish:
    words = share_fields.words("live", "Ask my documents")
    asked = st.text_area(
        "Suggested questions, one a line", height=90, placeholder="What is the notice period?",
        key="share_questions",
    )  # fmt: skip
    documents = share_fields.documents(bench)
    model, prompt, tools = share_fields.answering(bench)
    left, right = st.columns(2)
    cap = left.number_input("Cap, $", 0.0, 1000.0, 1.0, 0.5, format="%g", key="share_cap")
    days = right.number_input("Days", 1, MOST_DAYS, 7, key="share_days")
    messages = left.number_input("Questions a visitor", 1, 500, 20, key="share_messages")
    most = right.number_input("Tokens an answer", 50, 8000, 600, 50, key="share_tokens")
    own = st.number_input(
        "Of the cap, one visitor at most, $", 0.0, float(cap), None, 0.1, key="share_visitor_cap",
        format="%g", placeholder="no bound of his own",
    )  # fmt: skip
    return Wish(
        kind="live",
        questions=tuple(asked.splitlines()),
        days=days,
        passphrase=share_fields.passphrase(),
        cap=Decimal(str(cap)),
        visitor_cap=None if own is None else Decimal(str(own)),
        messages=messages,
        max_tokens=most,
        model=model,
        prompt=prompt,
        documents=documents,
        tools=tools,
        shows_cost=st.toggle("Show tokens and cost", False, key="share_cost"),
        **words,
    )


def _preview(bench: Workbench, wish: Wish) -> Link | None:
    st.markdown("**What a stranger will see**")
    if wish.kind == "snapshot" and not wish.conversation_id:
        st.caption("Choose a conversation.")
        return None
    try:
        link = bench.shares.draft(user(), wish)
    except FootlightsError as error:
        say.problem(error)
        return None
    demo = bench.shares.preview(link)
    with st.container(border=True, key="share_preview"):
        if link.snapshot is not None:
            _frozen(link, link.snapshot["turns"])
            return link
        demo_chat.head(demo)
        for each in link.questions:
            st.button(label(each), disabled=True, key=f"preview_{each}")
        st.caption(demo_chat.left_of(demo), text_alignment="center")
    version = link.prompt.replace("@", ", version ")
    st.caption(f"Answered by {label(link.model)} with the prompt {label(version)}.")
    return link


def _frozen(link: Link, turns: list[dict[str, Any]]) -> None:
    st.title(label(link.title), anchor=False)
    if link.description:
        st.markdown(safe(link.description))
    for number, turn in enumerate(turns[:_SHOWN]):
        demo_turn.frozen(turn, number)
    if len(turns) > _SHOWN:
        more = len(turns) - _SHOWN
        st.caption(f"and {more} more question{'' if more == 1 else 's'}")


def _findings(found: Sequence[Finding]) -> bool:
    if not found:
        st.caption(
            ":material/verified_user: No key, e-mail address or file path was found in what it shows."
        )
        return True
    with st.container(border=True):
        st.markdown(
            f":orange[:material/warning:] **Look at {counted(len(found), 'place')} before you share**"
        )
        for each in found[:12]:
            st.markdown(
                f"{label(each.what)} in {label(each.where)}:  \n`{each.text.replace('`', '')}`"
            )
        if len(found) > 12:
            st.caption(f"and {len(found) - 12} more")
        return st.checkbox("I have looked; strangers may see this", key="share_agreed")
