"""Prompts while they are written: what a text would send, rendered and counted."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from core.api.bench import Bench, User
from core.bootstrap import Workbench
from core.export import plain
from core.previews import Preview
from core.types import ModelInfo

router = APIRouter(tags=["prompts"])


class PreviewIn(BaseModel):
    """A prompt that is being written: the whole `text` of its file, and `values` for its variables; those
    that it does not take are passed over, what is missing is as it begins."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "---\nvariables:\n  - {name: question, type: text, trust: user}\n---\n"
                    '{% message "user" %}{{ question }}{% endmessage %}\n',
                    "values": {"question": "How long is the notice period?"},
                }
            ]
        },
    )

    text: str = Field(max_length=1_000_000)
    values: dict[str, Any] = {}
    model: str | None = None


@router.post("/prompts/{name}/preview", response_model=Preview)
def preview(bench: Bench, user: User, name: str, body: PreviewIn) -> Any:
    """What the text would send as a version of the prompt and what that costs, or what is wrong with it,
    at its line and column; nothing is asked or kept."""
    [model] = bench.priced(user, [_model(bench, body.model)])
    return plain(bench.bridge.run(bench.previews.of(name, body.text, body.values, model)))


def _model(bench: Workbench, ref: str | None) -> ModelInfo:
    """The model, one that cannot be asked now too: its price is known all the same."""
    known = (info for state in bench.models.states() for info in state.models if info.ref == ref)
    return next(known, None) or bench.models.resolve(ref)
