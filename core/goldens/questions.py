"""Golden questions: what the search should find, asked again whenever there is something else to search."""

import hashlib
import threading
from collections.abc import Callable, Sequence

from core.clean_text import clean
from core.documents.passages import Passages
from core.errors import Refused
from core.goldens import lines as golden_lines
from core.goldens.report import DEPTH, Report, reported
from core.retrieval.overlap import overlaps
from core.store.collections import Collections
from core.store.columns import now
from core.store.documents import Documents
from core.store.golden import GoldenRows
from core.store.ids import new_id
from core.types import Golden, Hit, Right, Run

MOST = 300
MOST_RIGHT = 20
MOST_CHARACTERS = 2_000


class GoldenBench:
    """Keeps golden questions and asks them again, when somebody looks, after every change of what is
    searched: documents, embedding space, or what a collection holds."""

    def __init__(
        self,
        rows: GoldenRows,
        documents: Documents,
        collections: Collections,
        passages: Passages,
        space: str,
    ) -> None:
        self._rows = rows
        self._documents = documents
        self._collections = collections
        self._passages = passages
        self._space = space
        self._lock = threading.Lock()

    # --- keep ---------------------------------------------------------------------------------

    def save(
        self, user: str, question: str, right: Sequence[Hit], collection_id: str = ""
    ) -> Golden:
        """Keep the question with the hits that are right, instead of those that were kept for it before.
        Refused when it could never be measured."""
        files = self._files(user)
        kept = tuple(
            Right(files[hit.document_id], hit.chunk.text, hit.name, hit.chunk.start, hit.chunk.end)
            for hit in right
            if hit.document_id in files
        )
        golden = Golden(new_id(), clean(question).strip(), kept, now(), collection_id)
        before = [
            each
            for each in self._rows.list(user)
            if (each.question, each.collection_id) == (golden.question, collection_id)
        ]
        if self.add(user, [golden]):
            for each in before:
                self._rows.delete(user, each.id)
        return golden

    def add(self, user: str, questions: Sequence[Golden]) -> int:
        """Keep these, all or none; how many were not there yet. Raises Refused."""
        there = self._rows.list(user)
        known = {(each.question, each.collection_id, each.right) for each in there}
        new = [e for e in questions if (e.question, e.collection_id, e.right) not in known]
        if len(there) + len(new) > MOST:
            raise Refused(
                f"at most {MOST} golden questions are kept: these would be {len(there) + len(new)}",
                hint="Delete some first.",
            )
        for each in new:
            _check(each)
        self._rows.add(user, new)
        return len(new)

    def delete(self, user: str, golden_id: str) -> None:
        """Delete one with its results. Raises NotFound."""
        self._rows.delete(user, golden_id)

    def export(self, user: str) -> str:
        """Every golden question as a line of JSON."""
        names = {each.id: each.name for each in self._collections.list(user)}
        return golden_lines.dump(
            golden_lines.Line(each.question, each.right, names.get(each.collection_id, ""))
            for each in self._rows.list(user)
        )

    def load(self, user: str, text: str) -> int:
        """Take in what `export` wrote, all or nothing; how many were not there yet. Refused for what
        is no golden question, NotFound for a collection that is not there."""
        return self.add(
            user,
            [
                Golden(
                    new_id(),
                    clean(line.question).strip(),
                    line.right,
                    now(),
                    self._collections.get(user, line.collection).id if line.collection else "",
                )
                for line in golden_lines.load(text)
            ],
        )

    # --- ask again ----------------------------------------------------------------------------

    def refresh(
        self, user: str, on_progress: Callable[[int, int], None] = lambda done, of: None
    ) -> Report:
        """The results for what is searched now: asked again where there are none yet, but not while
        documents are on their way."""
        with self._lock:  # two who look at once ask once
            questions = self._rows.list(user)
            documents = self._documents.list(user)
            waiting = sum(each.status not in ("indexed", "refused") for each in documents)
            if questions and not waiting:
                self._run(user, questions, on_progress)
            return reported(questions, self._rows.runs(user), waiting)

    def runs(self, user: str) -> list[Run]:
        """The runs that are kept, newest first."""
        return self._rows.runs(user)

    def _run(
        self, user: str, questions: Sequence[Golden], on_progress: Callable[[int, int], None]
    ) -> None:
        last = next(iter(self._rows.runs(user, 1)), None)
        members = self._collections.members(user)
        state = (self._rows.last_change(user), self._space, _scope(questions, members))
        if last is None or (last.seq, last.space, last.scope) != state:
            # The id follows from what it is, so that two processes that ask at once keep one run.
            made = hashlib.sha256(f"{last.id if last else ''}\0{state}".encode()).hexdigest()
            last = Run(made[:32], now(), *state)
        due = [each for each in questions if each.id not in last.ranks]
        files, ranks = self._files(user), {}
        for done, each in enumerate(due):
            on_progress(done, len(due))
            only = members.get(each.collection_id, frozenset()) if each.collection_id else None
            hits = self._passages.find(user, each.question, DEPTH, only).hits
            ranks[each.id] = tuple(_rank(right, hits, files) for right in each.right)
        if due:
            self._rows.note(user, last, ranks)

    def _files(self, user: str) -> dict[str, str]:
        return {each.id: each.sha256 for each in self._documents.list(user)}

    # Last, because its name hides the type from the annotations below it.
    def list(self, user: str) -> list[Golden]:
        """Every golden question, oldest first."""
        return self._rows.list(user)


def _rank(right: Right, hits: Sequence[Hit], files: dict[str, str]) -> int:
    return next(
        (
            rank
            for rank, hit in enumerate(hits, 1)
            if files.get(hit.document_id) == right.sha256 and overlaps(right.text, hit.chunk.text)
        ),
        0,
    )


def _scope(questions: Sequence[Golden], members: dict[str, frozenset[str]]) -> str:
    """A digest of what the collections hold that are asked of; "" when none is."""
    asked = sorted({each.collection_id for each in questions} - {""})
    held = repr([(each, sorted(members.get(each, ()))) for each in asked])
    return hashlib.sha256(held.encode()).hexdigest()[:16] if asked else ""


def _check(golden: Golden) -> None:
    if not 0 < len(golden.question) <= MOST_CHARACTERS:
        raise Refused(
            f"a golden question has 1 to {MOST_CHARACTERS:,} characters, and this has "
            f"{len(golden.question):,}"
        )
    if not 0 < len(golden.right) <= MOST_RIGHT:
        raise Refused(
            f"a golden question has 1 to {MOST_RIGHT} right passages, and this has "
            f"{len(golden.right)}",
            hint="Tick the passages that answer it.",
        )
