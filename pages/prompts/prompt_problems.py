"""What is wrong with the files of the prompts: looked for beside the page, and told as soon as it is known."""

from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

import streamlit as st

from core.bootstrap import Problem, Workbench
from pages.ui.markdown import label

_PATIENCE = 2.0
"""Seconds; hundreds of versions are checked in this time, and those that were checked before at once."""
_SHOWN = 20
_CHECK = "prompt_check"


@dataclass(slots=True)
class _Check:
    """A look at every version, as far as it has come."""

    done: int = 0
    total: int = 0
    found: Future[tuple[Problem, ...]] | None = None

    def told(self, done: int, total: int) -> None:
        self.done, self.total = done, total


def draw(bench: Workbench) -> None:
    """The files that cannot be used; while there are many to look at, how far that is."""
    check = st.session_state.pop(_CHECK, None)
    if check is None or check.found.done():
        check = _Check()
        check.found = bench.bridge.submit(bench.prompts.problems(check.told))
    if wait([check.found], _PATIENCE).done:
        _tell(check.found.result())
    else:
        st.session_state[_CHECK] = check
        _under_way()


@st.fragment(run_every=1.0)
def _under_way() -> None:
    check = st.session_state.get(_CHECK)
    if check is None or check.found.done():
        st.rerun()
    told = f"{check.done:,} of {check.total:,} versions are checked"
    st.progress(check.done / max(1, check.total), text=told)


def _tell(problems: Sequence[Problem]) -> None:
    if not problems:
        return
    lines = [f"- `{each.file}`: {label(each.reason)}" for each in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        lines.append(f"- and {len(problems) - _SHOWN:,} more")
    told = "\n".join(lines)
    st.warning(
        f"**Files that are not as they should be**\n\n{told}\n\nPut them right in the folder, or "
        "open the prompt and save the version that you want.",
        icon=":material/warning:",
    )
