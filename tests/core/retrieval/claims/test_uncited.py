"""Under an answer stands how many of its sentences cite nothing, so that nobody takes them for checked."""

import pytest

from core.retrieval.claims.uncited import uncited
from core.retrieval.claims.verdicts import summary
from tests.core.retrieval.claims.sets import check, source

NOTICE = "During the first year neither may give notice. Notice must be given in writing."


def test_an_answer_that_says_yes_by_itself_and_cites_only_what_contradicts_it_says_so() -> None:
    answer = (
        "Yes, the landlord can end the contract in the first year. "
        'The agreement says: "During the first year neither may give notice." [1]'
    )
    found = check(answer, [source(1, NOTICE)])
    assert summary(found, answer) == "1 of 1 claim supported, 1 sentence cites nothing"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Notice must be given in writing [1].", 0),
        ("Notice must be given in writing. [1]", 0),
        ("Notice must be given in writing. This is stated in passage [1].", 0),
        ("Notice must be given in writing [1], by a letter to the landlord.", 0),
        ("It must be in writing [1]. Send it by the third working day. Keep a copy of the letter.", 2),
        ("There are two rules:\n\n- Notice must be given in writing [1].\n- Nobody gives it in the first year [1].", 0),
        ("## What the agreement says of notice\n\nNotice must be given in writing [1].", 0),
        ("Notice must be given in writing [1]. Shall I draft such a letter for you?", 0),
        ("Notice must be given in writing [1].\n\n```\nDear Mrs Brandt, I give notice as of today.\n```", 0),
        ("Notice must be given in writing [1]. Good luck!", 0),
    ],
)  # fmt: skip
def test_what_states_nothing_is_not_counted(answer: str, expected: int) -> None:
    assert uncited(answer, check(answer, [source(1, NOTICE)])) == expected
