"""From the pieces that a template yields to messages, fences and the spans of each variable."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from core.clean_text import whole
from core.prompts.defence import Fence
from core.prompts.faults import Fault
from core.prompts.neutral import insertions, neutralise, tokens, without_tokens
from core.prompts.pieces import Piece

MAX_OUTPUT = 2_000_000
"""Characters of one rendering."""

Span = tuple[int, int, str, str]


@dataclass(slots=True)
class Woven:
    """A message as it grows: its text, and who said which characters [start, end) of it. No token that
    ends it can arise where what one of `guarded` said meets something else."""

    role: str
    guarded: frozenset[str] = frozenset({"user"})
    parts: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    length: int = 0
    closed_line: bool = False
    """A fence was just closed: whatever follows begins on a line of its own."""

    def add(self, text: str, variable: str = "", trust: str = "trusted") -> None:
        if not text:
            return
        if self.closed_line and not text.startswith("\n"):
            self._append("\n")
        self.closed_line = False
        start = self.length
        self._append(text)
        if variable:
            self.spans.append((start, self.length, variable, trust))

    def _append(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def finish(self) -> dict[str, object]:
        """The message without the newlines that the template has around it, its spans moved along; those
        of a value stay."""
        text = "".join(self.parts)
        ours = [at for span in self.spans for at in span[:2]]
        cut = min([len(text) - len(text.lstrip("\n")), *ours])
        end = max([len(text.rstrip("\n")), *ours])
        moved = [(a - cut, b - cut, name, trust) for a, b, name, trust in self.spans]
        text, spans = self._parted(text[cut:end], moved)
        return {"role": self.role, "text": text, "spans": spans}

    def _parted(self, text: str, spans: list[Span]) -> tuple[str, list[Span]]:
        """With a space in each such token, within the words that are guarded."""
        for first, last in reversed(tokens(text)):
            theirs = [
                a for a, b, _, trust in spans if trust in self.guarded and a < last and b > first
            ]
            if not theirs:
                continue
            at = max(first + 1, min(theirs))
            text = f"{text[:at]} {text[at:]}"
            spans = [(a + (a > at), b + (b > at), name, trust) for a, b, name, trust in spans]
        return text, spans


class Weaver:
    """Collects the messages of one rendering; retrieved text is fenced, in groups or each for itself."""

    def __init__(self, fence: Fence) -> None:
        self._fence = fence
        self._guarded = frozenset({"user", "retrieved"} if fence.layers.neutral else {"user"})
        self._message: Woven | None = None
        self._group: list[Piece | str] | None = None
        self._size = 0
        self.messages: list[dict[str, object]] = []
        self.removed = 0

    def add(self, part: str) -> None:
        """Take the next piece."""
        self._size += len(part)
        if self._size > MAX_OUTPUT:
            raise Fault(
                f"the rendered prompt has more than {MAX_OUTPUT:,} characters",
                hint="Look for a loop that prints too much, or give shorter values.",
            )
        match part.kind if isinstance(part, Piece) else "text":
            case "text":
                self._text(part)
            case "message":
                self._message = Woven("".join(part), self._guarded)
            case "endmessage":
                self._close()
            case "fenced":
                self._group = []
            case "endfenced":
                group, self._group = self._group or [], None
                self._quote(group)

    def _text(self, part: str) -> None:
        if self._message is None:
            if part.strip():
                raise Fault("text outside of a message")
        elif self._group is not None:
            self._group.append(part)
        elif isinstance(part, Piece) and part.quoted and part.strip():
            self._quote([part])
        else:
            self._plain(part)

    def _plain(self, part: str) -> None:
        assert self._message is not None
        text = whole("".join(part))
        if isinstance(part, Piece):
            said = without_tokens(text) if part.trust == "user" else text
            self._message.add(said, part.variable, part.trust)
        else:
            self._message.add(text)

    def _quote(self, group: list[Piece | str]) -> None:
        assert self._message is not None
        if not any(isinstance(part, Piece) and part.quoted and part.strip() for part in group):
            for part in group:
                self._plain(part)
            return
        fenced = self._fence.layers.fence
        if fenced:
            self._message.add(f"{self._fence.begin}\n")
        texts = self._together(group, [self._harmless(part) for part in group])
        for number, (part, text) in enumerate(zip(group, texts, strict=True)):
            text = text.lstrip("\n") if number == 0 else text
            text = text.rstrip("\n") if number == len(group) - 1 else text
            if isinstance(part, Piece):
                self._message.add(text, part.variable, part.trust)
            else:
                self._message.add(text)
        if fenced:
            self._message.add(f"\n{self._fence.end}")
        self._message.closed_line = True

    def _harmless(self, part: str) -> str:
        text = whole("".join(part))
        if not isinstance(part, Piece) or not part.quoted:
            return text
        text, removed = self._fence.clean(text)
        self.removed += removed
        return text

    def _together(self, group: Sequence[str], texts: list[str]) -> list[str]:
        """The texts, harmless beside each other too: `<|im_` and `end|>` are one token together. What
        the template itself says between them is left as it is."""
        whole = "".join(texts)
        if len(texts) < 2 or not self._fence.layers.neutral:
            return texts
        signs = deque(insertions(whole, neutralise(whole)))
        found, start = [], 0
        for part, text in zip(group, texts, strict=True):
            quoted = isinstance(part, Piece) and part.quoted
            end, at, made = start + len(text), 0, []
            while signs and signs[0][0] <= (end if quoted else end - 1):
                where, sign = signs.popleft()
                if quoted:
                    made += [text[at : where - start], sign]
                    at = where - start
            found.append("".join(made) + text[at:])
            start = end
        return found

    def _close(self) -> None:
        assert self._message is not None
        done, self._message = self._message.finish(), None
        if not str(done["text"]).strip():
            return  # a message that came out empty is not sent
        if done["role"] == "system" and any(m["role"] != "system" for m in self.messages):
            raise Fault("a system message stands before all others")
        self.messages.append(done)
