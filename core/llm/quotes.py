"""An answer without a model: the best sentences of the passages, word for word, and cited."""

import re
from collections.abc import AsyncIterator

from core.clean_text import clean
from core.events import ModelDone, ModelEvent, TextDelta
from core.llm.ranking import Quote, best, nearest, terms
from core.llm.sentences import until
from core.types import ModelRequest, Usage

_MOST = 4
_FOUND = "Quoted from your documents, word for word; no model was used:"
_NEAR = (
    "No sentence shares enough words with the question. These passages are the closest in meaning, "
    "quoted word for word; no model was used:"
)
_OPENINGS = "These passages were found, and begin as follows; no model was used:"
_NOTHING = (
    "Nothing in the documents matches this question. No model was used: this answer can only quote "
    "sentences, so try the words that the documents themselves would use."
)
_NO_PASSAGES = (
    "There is nothing to quote: no passage of the documents was found for this question. "
    "No model was used."
)
# A reference inside a quotation is no citation of ours.
_REFERENCE = re.compile(r"\[(\d[\d,\s]*)\]")


class QuotesProvider:
    """Quotes at most four whole sentences in reading order, or says plainly that none matches."""

    name = "quotes"

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """The quotations, word by word; they cost nothing."""
        for piece in re.findall(r"\S+\s*", clean(until(_compose(request), request.stop))):
            yield TextDelta(piece)
        yield ModelDone("stop", Usage(0, 0), "quotes")

    async def close(self) -> None:
        """Nothing to give back."""


def _compose(request: ModelRequest) -> str:
    question = request.question or (request.messages[-1].text if request.messages else "")
    if not request.sources:
        return _NO_PASSAGES
    if found := best(question, request.sources, _MOST):
        return _page(_FOUND, found)
    if not terms(question):
        return _page(_OPENINGS, nearest(request.sources, _MOST - 1, anyhow=True))
    return _page(_NEAR, nearest(request.sources, 2, anyhow=False))


def _page(opening: str, quotes: list[Quote]) -> str:
    if not quotes:
        return _NOTHING
    shown = (f"“{_REFERENCE.sub(_escaped, quote.text)}” [{quote.number}]" for quote in quotes)
    return "\n\n".join((opening, *shown))


def _escaped(reference: re.Match[str]) -> str:
    return rf"\[{reference[1]}\]"
