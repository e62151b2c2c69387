"""A conversation to take away."""

import json
from datetime import UTC, datetime
from decimal import Decimal

from core.export import as_json, as_markdown, plain
from core.types import Calls, Chunk, Citation, Conversation, Hit, Source, Turn, TurnRequest, Usage

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HIT = Hit(7, "d", "rider.docx", Chunk(0, "Notice is 60 days.\nIn writing.", 0, 30, 2), 0.8)
TURN = Turn(
    id="t",
    conversation_id="c",
    status="done",
    request=TurnRequest("How long is the notice?"),
    created_at=AT,
    model="quotes",
    answer="“Notice is 60 days.” [1]",
    sources=(Source(1, HIT), Source(2, HIT)),
    citations=(Citation(1, 22, 25, 0, 18),),
    usage=Usage(120, 9),
    cost=Decimal("0.000000100000"),
    calls=Calls(2, 1, 120, 9),
    seconds=1.25,
)
TALK = Conversation("c", "Notice", AT, AT, 1)


def test_markdown_holds_question_answer_the_cited_passage_and_what_it_took() -> None:
    text = as_markdown(TALK, [TURN])
    assert "# Notice" in text
    assert "## How long is the notice?" in text
    assert "**[1] rider.docx, page 2**\n\n> Notice is 60 days.\n> In writing." in text
    assert "[2] rider.docx" not in text
    assert "*quotes · ≈ 120 tokens in, 9 out · ≈ $0.0000001 · 2 calls · 1.2 s*" in text


def test_json_is_plain_and_money_has_no_exponent() -> None:
    shown = json.loads(json.dumps(as_json(TALK, [TURN])))
    assert shown["title"] == "Notice"
    assert shown["turns"][0]["cost"] == "0.000000100000"
    assert shown["turns"][0]["created_at"] == "2026-11-23T09:30:00+00:00"
    assert plain(Decimal("1E-7")) == "0.0000001"
