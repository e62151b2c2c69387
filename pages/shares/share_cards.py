"""The links of the owner: how each fares, what can be done with it, and what its visitors said."""

from decimal import Decimal

import streamlit as st

from core.bootstrap import MOST_DAYS, Share, Workbench, snapshot_page
from core.errors import FootlightsError
from core.types import WindowPlan
from pages.shares import share_use
from pages.ui import answer, say
from pages.ui.markdown import control, label
from pages.ui.session import user

_STATES = {
    "open": ("Open", "green", ":material/check_circle:"),
    "paused": ("Paused", "orange", ":material/pause_circle:"),
    "expired": ("Ended", "gray", ":material/timer_off:"),
    "revoked": ("Revoked", "red", ":material/block:"),
}


def switch(bench: Workbench) -> None:
    """One switch for all."""
    held = bench.shares.links.all_paused(user())
    wanted = st.toggle(
        "Pause all", held, help="Whoever is on one of them is off it within a second."
    )
    if wanted != held:
        bench.shares.links.pause_all(user(), wanted)
        st.rerun()


def card(bench: Workbench, share: Share) -> None:
    """One link."""
    link = share.link
    with st.container(border=True, key=f"share_{link.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(label(link.title), anchor=False, width="stretch")
            words, colour, icon = _STATES[share.state]
            st.badge(words, color=colour, icon=icon)  # type: ignore[arg-type]
        st.caption(label(_about(share)))
        if share.state in ("open", "paused") and (why := bench.shares.missing(user(), link)):
            st.warning(
                f"**Its visitors get no answer:** {label(why)}. Put it right, or make a new link and revoke "
                "this one.",
                icon=":material/link_off:",
            )
        if link.kind == "live":
            _figures(share)
        with st.container(horizontal=True, gap="small"):
            _actions(bench, share)
        if share.visitors and link.kind == "live":
            _visitors(bench, share)
            share_use.draw(bench, share)


def _about(share: Share) -> str:
    link = share.link
    facts = ["Snapshot, costs nothing" if link.kind == "snapshot" else f"Live demo, {link.model}"]
    if link.prompt:
        facts.append(f"prompt {link.prompt}")
    if link.passphrase:
        facts.append("with a passphrase")
    if link.expires_at is not None:
        ended = share.state == "expired"
        facts.append(f"{'ended' if ended else 'ends'} {say.when(link.expires_at)}")
    if link.kind == "snapshot":
        facts.append(f"opened by {share.visitors}")
    if link.refused:
        facts.append(f"{link.refused} refused attempt{'' if link.refused == 1 else 's'}")
    facts.append(f"last used {say.when(link.last_used_at)}" if link.last_used_at else "never used")
    return " · ".join(facts)


def _figures(share: Share) -> None:
    cap = share.cap
    with st.container(horizontal=True, gap="large"):
        st.metric("Visitors", share.visitors, width="content")
        st.metric("Questions", share.asked, width="content")
    if cap and cap.spent is not None and cap.reserved is not None:
        gone = cap.spent + cap.reserved
        part = 1.0 if not cap.limit else min(1.0, float(gone / cap.limit))
        told = f"{say.money(cap.spent)} of {say.money(cap.limit)} spent"
        if cap.reserved:
            told += f", {say.money(cap.reserved)} set aside for what is being answered"
        st.progress(part, text=label(told))


def _actions(bench: Workbench, share: Share) -> None:
    link, links = share.link, bench.shares.links
    if link.snapshot is None and link.kind == "snapshot":
        _download(bench, link.id)
    if share.state == "revoked":
        return
    _pause(bench, share)
    with st.popover(control("Prolong", link.title), icon=":material/more_time:"):
        days = st.number_input("Days from now", 1, MOST_DAYS, 7, key=f"days_{link.id}")
        if st.button("Set", key=f"prolong_{link.id}", type="primary"):
            _try(lambda: bench.shares.prolong(user(), link.id, float(days)))
    if share.cap:
        _raise(bench, share)
    ask = f"ask_revoke_{link.id}"
    with st.popover(control("Revoke", link.title), icon=":material/block:", key=ask):
        st.markdown("It opens nothing from then on, for good. Whoever is on it is off at once.")
        if st.button("Revoke", key=f"revoke_{link.id}", type="primary"):
            _try(lambda: links.revoke(user(), link.id))


def _pause(bench: Workbench, share: Share) -> None:
    link, links = share.link, bench.shares.links
    if link.paused:
        if st.button(
            control("Go on", link.title), icon=":material/play_arrow:", key=f"go_{link.id}"
        ):
            links.pause(user(), link.id, False)
            st.rerun()
    elif st.button(control("Pause", link.title), icon=":material/pause:", key=f"pause_{link.id}"):
        links.pause(user(), link.id, True)
        st.rerun()


def _raise(bench: Workbench, share: Share) -> None:
    link, cap = share.link, share.cap
    assert cap
    with st.popover(control("Cap", link.title), icon=":material/payments:"):
        amount = st.number_input(
            "All its visitors together, $", 0.0, 1000.0, float(cap.limit), 0.5,
            format="%g", key=f"cap_{link.id}",
        )  # fmt: skip
        if st.button("Set", key=f"set_cap_{link.id}", type="primary"):
            _try(lambda: bench.shares.set_cap(user(), link.id, Decimal(str(amount))))


def _download(bench: Workbench, link_id: str) -> None:
    def made() -> str:
        link = bench.shares.links.get(user(), link_id)
        return snapshot_page(link.title, link.description, link.snapshot or {})

    st.download_button(
        "HTML file", made, "snapshot.html", "text/html", icon=":material/download:",
        key=f"html_{link_id}", help="One file that asks nobody for anything when it is opened.",
    )  # fmt: skip


def _try(work: object) -> None:
    try:
        work()  # type: ignore[operator]
    except FootlightsError as error:
        say.problem(error)
    else:
        st.rerun()


def _visitors(bench: Workbench, share: Share) -> None:
    count = share.visitors
    with st.expander(f"{count} visitor{'' if count == 1 else 's'}"):
        for number, visitor in enumerate(bench.shares.visitors.list(user(), share.link.id, 50), 1):
            asked = f"{visitor.asked} question{'' if visitor.asked == 1 else 's'}"
            st.page_link(
                "shares/page.py",
                label=f"Visitor {count - number + 1} · {asked} · {say.when(visitor.last_seen_at)}",
                icon=":material/person:",
                disabled=not visitor.asked,
                query_params={"share": share.link.id, "visitor": visitor.id},
            )


def conversation(bench: Workbench, link_id: str, visitor_id: str) -> None:
    """What one visitor asked and was answered, with all that is behind it."""
    share = bench.shares.get(user(), link_id)
    _, turns = bench.shares.conversation(user(), link_id, visitor_id)
    st.page_link("shares/page.py", label="All links", icon=":material/arrow_back:", query_params={})
    st.title(f"A visitor of {label(share.link.title)}", anchor=False)
    if not turns:
        st.info("Nothing was asked, or it is deleted.", icon=":material/chat_bubble:")
    with st.container(key="chat"):
        for turn in turns:
            answer.question(turn)
            if turn.status != "running":
                answer.answer(turn, WindowPlan())
