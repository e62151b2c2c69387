"""A visitor's scope: what the link's row allows him, compiled anew at every request."""

from dataclasses import dataclass
from datetime import datetime

from core.errors import Refused
from core.store.links import Link
from core.store.visitors import Visitor
from core.types import TurnRequest

LONGEST_QUESTION = 4_000


@dataclass(frozen=True, slots=True)
class Scope:
    """One visitor of one open link of `user`; everything but the question comes from here."""

    user: str
    link: Link
    visitor: Visitor

    @property
    def left(self) -> int:
        """How many questions he has left."""
        return max(0, self.link.messages - self.visitor.asked)

    def request(self, prompt: str) -> TurnRequest:
        """His question as the link has it asked. Refused when it is too long."""
        if len(prompt) > LONGEST_QUESTION:
            raise Refused(
                f"a question of {len(prompt):,} characters: at most {LONGEST_QUESTION:,} can be asked",
                hint="Shorten it.",
            )
        link = self.link
        return TurnRequest(
            prompt=prompt,
            model=link.model,
            use_documents=link.documents or False,
            template=link.prompt,
            max_tokens=link.max_tokens,
            tools=link.tools,
            link_id=link.id,
            visitor_id=self.visitor.id,
        )


@dataclass(frozen=True, slots=True)
class Demo:
    """What a visitor is told of the link that he came in by, and of what is left for him."""

    kind: str
    title: str
    description: str
    questions: tuple[str, ...]
    expires_at: datetime | None
    messages: int
    left: int
    spent: bool
    """Whether the money of the link, or his share of it, is used up."""
    shows_cost: bool
    running: bool
    longest_question: int = LONGEST_QUESTION
