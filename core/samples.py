"""The finished demo of a first start: the sample documents, and one question answered about them."""

import logging
from dataclasses import dataclass
from pathlib import Path

import yaml

from core.documents.service import DocumentService
from core.store.conversations import Conversations
from core.store.turns import Turns
from core.turns.runner import TurnRunner
from core.types import Turn, TurnRequest

log = logging.getLogger(__name__)
_ENDINGS = frozenset({".pdf", ".docx", ".md"})


@dataclass(frozen=True, slots=True)
class Questions:
    """What to ask of the samples: the one that the app asks by itself, and suggestions for more."""

    opening: str
    suggestions: tuple[str, ...]


class Samples:
    """Sets the demo up once, for a user who has nothing yet; what was deleted does not come back."""

    def __init__(
        self,
        folder: Path,
        documents: DocumentService,
        conversations: Conversations,
        turns: TurnRunner,
        rows: Turns,
    ) -> None:
        self._folder = folder
        self._documents = documents
        self._conversations = conversations
        self._turns = turns
        self._rows = rows

    def questions(self) -> Questions:
        """What can be asked of the samples."""
        read = yaml.safe_load((self._folder / "questions.yaml").read_text(encoding="utf-8"))
        return Questions(read["opening"], tuple(read["suggestions"]))

    def names(self) -> frozenset[str]:
        """The file names of the samples."""
        return frozenset(path.name for path in self._files())

    def set_up(self, user: str, marker: Path) -> None:
        """Index the samples and ask the opening question, unless the marker says that this was done. When the
        app ended before anything was answered, the question is asked anew."""
        if marker.exists():
            if unanswered := self._unanswered(user):
                self._conversations.delete(user, unanswered.conversation_id)
                self._turns.start(user, TurnRequest(self.questions().opening))
            return
        if not self._documents.list(user) and not self._conversations.list(user):
            for path in self._files():
                self._documents.add(user, path.name, path.read_bytes())
            # The turn waits by itself until the samples are indexed.
            self._turns.start(user, TurnRequest(self.questions().opening))
            log.info("the sample documents are being indexed")
        marker.touch()

    def _unanswered(self, user: str) -> Turn | None:
        """The question of the demo, if the app ended before it was answered and nothing else was asked."""
        match self._rows.list(user, 2):
            case [only] if only.status == "interrupted" and not only.answer:
                return only if only.request.prompt == self.questions().opening else None
        return None

    def _files(self) -> list[Path]:
        return sorted(
            path
            for path in self._folder.iterdir()
            if path.suffix in _ENDINGS and path.name != "README.md"
        )
