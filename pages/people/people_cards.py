"""The people of the team as the owner sees them: who, when, what was spent; never what was said."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from core.bootstrap import Member, Workbench
from core.errors import FootlightsError
from pages.ui import cost_charts, paged, palette, say, session
from pages.ui.by_name import narrowed
from pages.ui.markdown import code, control, label

_COLOURS = len(palette.LIGHT_CHART)
_PAGE = "people_page"
Days = Sequence[tuple[date, float]]
_STATES = {
    "in": ("May sign in", "green", ":material/check_circle:"),
    "removed": ("Removed", "red", ":material/block:"),
    "unlisted": ("Not on the list", "gray", ":material/person_off:"),
}


def nothing() -> None:
    """For whoever is not the owner."""
    st.title("People", anchor=False)
    st.info("This page is for the owner of the app.", icon=":material/lock:")
    st.page_link("chat/page.py", label="To the chat", icon=":material/arrow_back:")


def draw(bench: Workbench) -> None:
    """Who there is, and what they spend."""
    st.title("People", anchor=False)
    settings, members = bench.settings, bench.team.members()
    if not settings.oidc_issuer:
        st.markdown(
            "You use this app alone. With an OpenID provider (Google, Okta, Keycloak, Authentik, …) each "
            "person signs in, has conversations, documents and a cap of his own, and you see what each "
            "spends, not what is said."
        )
        st.code(_SETTINGS, language="ini")
        st.caption(
            "In `.env`, then start anew. Set up at the provider: the redirect address below."
        )
        st.code(f"{settings.own_address}/api/sign-in/oidc/callback", language=None)
    else:
        allowed = ", ".join(code(each) for each in settings.oidc_allow) or "nobody but the owner"
        st.caption(
            f"May sign in by {code(settings.oidc_issuer)}: {allowed}. What is asked and uploaded is each "
            "person's own; you see what it costs."
        )
    _figures(members)
    _spending(bench)
    found = narrowed(
        members[1:],
        "people_search",
        lambda each: f"{each.name} {each.email}",
        "people",
        "name or address",
        "Nobody has “{}” in the name or address.",
    )
    for member in paged.shown(found, _PAGE):
        _card(bench, member)
    paged.draw(len(found), "people", _PAGE)
    if settings.oidc_issuer and len(members) == 1:
        st.info("Nobody has signed in yet.", icon=":material/group:")
        st.caption("Send them this address:")
        st.code(settings.own_address, language=None)


_SETTINGS = """FOOTLIGHTS_PUBLIC_URL=https://demo.example.org
FOOTLIGHTS_OIDC_ISSUER=https://accounts.google.com
FOOTLIGHTS_OIDC_CLIENT_ID=...
FOOTLIGHTS_OIDC_CLIENT_SECRET=...
FOOTLIGHTS_OIDC_ALLOW=@example.org, anna@example.com
FOOTLIGHTS_OIDC_OWNER=you@example.org"""


def _figures(members: list[Member]) -> None:
    others = members[1:]
    spent = sum((each.spent for each in others), Decimal(0))
    with st.container(horizontal=True, gap="large"):
        st.metric("People", len(others), width="content")
        st.metric("Spent by them this month", say.money(spent), width="content")
        st.metric("Spent by you", say.money(members[0].spent), width="content")


def _spending(bench: Workbench) -> None:
    rows = bench.team.spending()
    if not rows:
        return
    st.subheader("Spent by person, the last 30 days", anchor=False)
    amounts: dict[str, list[tuple[date, float]]] = {}
    for name, day, spent in rows:
        amounts.setdefault(name, []).append((date.fromisoformat(day), float(spent)))
    days = sorted(day for each in amounts.values() for day, _ in each)
    st.plotly_chart(
        cost_charts.over_time(_dearest(amounts), days[0], days[-1], session.theme(), money=True),
        key="people_spending",
        config={"displayModeBar": False},
    )


def _dearest(amounts: Mapping[str, Days]) -> Mapping[str, Days]:
    """Those who spent most, dearest first, and the others together: the chart has no more colours."""
    names = sorted(amounts, key=lambda name: -sum(spent for _, spent in amounts[name]))
    if len(names) <= _COLOURS:
        return {name: amounts[name] for name in names}
    others = names[_COLOURS - 1 :]
    together: defaultdict[date, float] = defaultdict(float)
    for name in others:
        for day, spent in amounts[name]:
            together[day] += spent
    named = {name: amounts[name] for name in names[: _COLOURS - 1]}
    return {**named, f"{len(others)} others": sorted(together.items())}


def _card(bench: Workbench, member: Member) -> None:
    with st.container(border=True, key=f"person_{member.user_id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.subheader(label(member.name) or code(member.email), anchor=False, width="stretch")
            words, colour, icon = _STATES[member.state]
            st.badge(words, color=colour, icon=icon)  # type: ignore[arg-type]
        facts = [code(member.email)] if member.name else []
        if member.last_seen_at and member.first_seen_at:
            facts.append(f"here last {say.when(member.last_seen_at)}")
            facts.append(f"first {say.when(member.first_seen_at)}")
        st.caption(" · ".join(facts))
        _bar(member)
        with st.container(horizontal=True, gap="small"):
            _cap(bench, member)
            _removal(bench, member)


def _bar(member: Member) -> None:
    cap = member.cap
    if cap is None:
        st.markdown(f"{label(say.money(member.spent))} this month, **no cap**")
        return
    gone = (cap.spent or Decimal(0)) + (cap.reserved or Decimal(0))
    part = 1.0 if not cap.limit else min(1.0, float(gone / cap.limit))
    spent, limit = label(say.money(gone)), label(say.money(cap.limit))
    st.progress(part, text=f"{spent} of {limit} this month")


def _cap(bench: Workbench, member: Member) -> None:
    limit = float(member.cap.limit) if member.cap else None
    with st.popover(control("Cap", f"of {member.email}"), icon=":material/payments:"):
        amount = st.number_input(
            "A month, $", 0.0, 1_000_000.0, limit, 1.0,
            format="%g", key=f"month_{member.user_id}", placeholder="no cap",
            help="An empty field is no cap. What is spent already counts.",
        )  # fmt: skip
        wanted = None if amount is None else Decimal(str(amount))
        if st.button("Set", key=f"set_month_{member.user_id}", type="primary"):
            _try(lambda: bench.team.set_cap(member.user_id, wanted))


def _removal(bench: Workbench, member: Member) -> None:
    if member.state == "removed":
        if st.button(
            control("Let in again", member.email),
            icon=":material/undo:",
            key=f"back_{member.user_id}",
        ):
            _try(lambda: bench.team.put_back(member.user_id))
        return
    ask = f"ask_remove_{member.user_id}"
    with st.popover(control("Remove", member.email), icon=":material/person_remove:", key=ask):
        st.markdown(
            "Out at once on every browser, with API keys and links. What is there stays, and nobody "
            "else sees it."
        )
        if st.button("Remove", key=f"remove_{member.user_id}", type="primary"):
            _try(lambda: bench.team.remove(member.user_id))


def _try(work: object) -> None:
    try:
        work()  # type: ignore[operator]
    except FootlightsError as error:
        say.problem(error)
    else:
        st.rerun()
