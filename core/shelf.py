"""What a tool may read: the documents that were chosen for a turn, and pages of the open internet."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core import web
from core.documents.service import DocumentService
from core.errors import BudgetExceeded, NotFound, Refused
from core.retrieval.embed import Payer
from core.retrieval.reading.extract import extract, sniff
from core.types import Document, Hit

_MOST_PASSAGES = 20_000
_PAGE_MB = 5


@dataclass(frozen=True, slots=True)
class UserShelf:
    """The shelf of one user; `wanted` are the documents that he chose: all, none, or these ids."""

    service: DocumentService
    user: str
    wanted: bool | tuple[str, ...]
    payer: Payer | None = None
    """Who pays for a search; None: the user's day and month."""

    async def search(self, query: str, k: int) -> Sequence[Hit]:
        """The passages that fit best, best first; none when no document may be read."""
        if self.wanted is False:
            return ()
        only = None if self.wanted is True else self.wanted
        try:
            found = await self.service.find(
                self.user, query, k, only, distinct=True, payer=self.payer
            )
        except BudgetExceeded as error:
            # The model is told, and tells its reader: a visitor learns nobody's caps.
            raise Refused("the budget is used up", hint="Answer from what you know.") from error
        return found.hits

    async def documents(self) -> Sequence[Document]:
        """The documents that may be read, newest first."""
        if self.wanted is False:
            return ()
        every = await asyncio.to_thread(self.service.list, self.user)
        return [
            each
            for each in every
            if each.status == "indexed" and (self.wanted is True or each.id in self.wanted)
        ]

    async def pages(self, document_id: str) -> Sequence[tuple[int, str]]:
        """The numbered pages of a document, from its passages. Raises NotFound."""
        if self.wanted is False or (self.wanted is not True and document_id not in self.wanted):
            raise NotFound("this document is not among those of the question")
        return await asyncio.to_thread(self._pages, document_id)

    def _pages(self, document_id: str) -> list[tuple[int, str]]:
        self.service.get(self.user, document_id)
        pages: dict[int, list[str]] = {}
        end = 0
        for chunk in self.service.passages(self.user, document_id, 0, _MOST_PASSAGES):
            # Passages leave out nothing but space, and may begin inside the one before.
            text = chunk.text[max(0, end - chunk.start) :]
            here = pages.setdefault(chunk.page, [])
            gap = chunk.start - end
            here += ["\n" * min(gap, 2) if here and gap > 0 else "", text]
            end = max(end, chunk.end)
        return [(number, "".join(parts)) for number, parts in sorted(pages.items())]

    async def page_at(self, url: str) -> str:
        """The text of a web page. Raises Refused with the reason."""
        page = await web.fetch(url, _PAGE_MB * 2**20)
        text = await asyncio.to_thread(_text, page)
        return f"{page.url}\n\n{text}"


def _text(page: web.Fetched) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page"
        path.write_bytes(page.data)
        kind = sniff(page.name, page.data)
        try:
            return extract(path, kind).text
        except Refused as refused:
            raise Refused(f"{page.name}: {refused}", hint=refused.hint) from refused
