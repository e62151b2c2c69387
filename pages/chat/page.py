"""Chat: ask, attach, watch the answer come, and look behind it."""

import streamlit as st

from core.bootstrap import Workbench
from core.errors import FootlightsError
from core.types import Turn, WindowPlan
from pages.chat import composer, conversation_menu
from pages.ui import answer, cap_banner, live, reembed, say, scroll, session, unsent, window_bar

_SHOWN = 30

# --- state ---------------------------------------------------------------------------------------

bench = session.workbench()
conversations = bench.conversations
chosen = session.query("c")
if not chosen:
    newest = conversations.list(session.user(), limit=1, key="")
    chosen = newest[0].id if newest else "new"
try:
    conversation = None if chosen == "new" else conversations.get(session.user(), chosen)
except FootlightsError as error:
    say.problem(error)
    unsent.keep_typed(composer.FIELD)
    st.page_link("chat/page.py", label="Start a new chat", query_params={"c": "new"})
    st.stop()
if conversation and session.query("c") != conversation.id:
    st.query_params["c"] = conversation.id  # the address bar names what is looked at
turns = bench.turns_of(session.user(), conversation.id) if conversation else []
running = next((turn for turn in turns if turn.status == "running"), None)

# --- ask -----------------------------------------------------------------------------------------

asked, gauge = composer.draw(bench, running, conversation)
if asked:
    try:
        started = bench.turns.start(
            session.user(), asked, conversation_id=conversation.id if conversation else None
        )
    except FootlightsError as error:
        unsent.keep(composer.FIELD, asked.prompt, error)
    else:
        scroll.sent(started.turn_id)
        st.query_params["c"] = started.conversation_id
    st.rerun()

# --- draw ----------------------------------------------------------------------------------------


def draw_turns(turns: list[Turn], plan: WindowPlan) -> None:
    """The last turns, and the earlier ones when they are asked for; below the last its window."""
    everything = st.session_state.get("earlier") == chosen
    shown = turns if everything else turns[-_SHOWN:]
    if len(shown) < len(turns) and st.button(f"Show {len(turns) - len(shown)} earlier questions"):
        st.session_state["earlier"] = chosen
        st.rerun()
    for turn in shown:
        answer.question(turn)
        if turn.status != "running":
            answer.answer(turn, plan)
    if turns and not running and (budget := bench.turn_rows.budget(session.user(), turns[-1].id)):
        last = turns[-1]
        st.html(window_bar.slim(budget, session.theme(), last.id, unsent=last.unsent))


def draw_welcome(bench: Workbench) -> None:
    """An empty conversation invites a first question."""
    with st.container(key="welcome"):
        st.title("Ask your documents")
        st.markdown(
            "Answers come with the passages that they rest on, and with everything behind them: "
            "the tokens, the steps, the cents."
        )
        composer.suggestions(bench)


with st.container(key="chat"):
    reembed.draw(bench)
    cap_banner.draw(bench, conversation.id if conversation else "")
    # A place of its own, emptied at once: what is left of a page stands there until the answer has come.
    invitation = st.empty()
    is_asking = False
    if conversation:
        is_asking = conversation_menu.draw(bench, conversation, turns)
        draw_turns(turns, conversations.plan(session.user(), conversation.id) or WindowPlan())
    else:
        with invitation.container():
            draw_welcome(bench)
    unsent.say_why(composer.FIELD)
    if is_asking:
        pass  # a dialog's buttons are heard when this run has ended, and an answer may take minutes
    elif running:
        scroll.asked(running.id)
        live.follow(bench, running, gauge)
        st.rerun()
    elif turns:
        composer.suggestions(bench, turns[-1])
        scroll.answered(turns[-1].id)
bench.warm()
