"""How many tokens a text is, and for which models that is exact."""

import math
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tiktoken import Encoding
from tiktoken.model import encoding_name_for_model

from core.tokens.calibration import Calibration
from core.tokens.cutting import Keep, left
from core.tokens.gguf import vocabulary
from core.tokens.vocabulary import CL100K, O200K, Vocabularies
from core.types import MESSAGE_OVERHEAD as MESSAGE_OVERHEAD
from core.types import Basis, Message

CHATML_OVERHEAD = 5
"""<|im_start|>, the role, a newline, <|im_end|>, a newline: what the local models' templates write."""
REPLY_OVERHEAD = 3
"""Tokens with which the answer is begun (the same source)."""
_LOCAL_MARGIN = 1.15
"""SmolLM2 took 1.09 to 1.14 times o200k on English prose and code, digits apart; Qwen has three times its vocabulary."""
_CJK_EXTRA, _OTHER_EXTRA = 0.4, 0.8
"""Tokens more for a character that is not ASCII: with them the estimate was above cl100k_base, which
Qwen's vocabulary extends, in each of ten languages; without them Hindi was three times too low."""

# tiktoken's pattern overflows its stack (a panic) in a run of some 100,000 spaces, and older ones are
# quadratic in a run without any: such runs are cut, at a price of a token or two for each cut.
_RUN = 4_000
_LONG_RUN = re.compile(rf"\s{{{_RUN}}}|\S{{{_RUN}}}")
_DIGITS = re.compile(r"[0-9]+")
_CJK = re.compile("[\u2e80-\ud7ff\uf900-\ufaff\uff00-\uffef]")
_ASCII = re.compile("[\x00-\x7f]+")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_KEPT = 4_096
_PLAIN = Calibration()
_CLAUDE = Calibration(tool=350)
"""Anthropic adds some 350 tokens to a request with tools (403 for one and a short question, its own
reference says); it is taken for each until its counts are known, since the worst case is reserved from this."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """How the texts for a model are counted; `local` is one of this machine, on the safe side unless
    its own vocabulary is known."""

    encoding: str
    exact: bool
    local: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One token: its number in the vocabulary and the bytes that it stands for, which may be part of a
    character."""

    id: int
    data: bytes


class Counter:
    """Counts tokens with the vocabularies in a folder; a text is counted once. Safe for many threads."""

    def __init__(self, vocabulary_folder: Path) -> None:
        self._vocabularies = Vocabularies(vocabulary_folder)
        self._counted: OrderedDict[tuple[str, bool, int, int], int] = OrderedDict()
        self._lock = threading.Lock()
        self._calibrated: dict[str, Calibration] = {}
        self._measures: dict[str, _Measure] = {}

    def warm(self) -> None:
        """Load what most counts need, so that the first question does not wait for it."""
        self._vocabularies.get(O200K)

    def encoding_name(self, model: str) -> tuple[str, bool]:
        """The encoding used for the model (`provider:id`), and whether it is the model's own."""
        measure = self._measure(model)
        return measure.encoding, measure.exact

    def basis(self, model: str) -> Basis:
        """What the counts for the model (`provider:id`) rest on."""
        if self._measure(model).exact:
            return "exact"
        found = self._calibrated.get(model)
        return found.basis if found else "estimate"

    def calibration(self, model: str) -> Calibration:
        """What the counts for the model (`provider:id`) are multiplied with."""
        plain = _CLAUDE if model.startswith("anthropic:") else _PLAIN
        return self._calibrated.get(model, plain)

    def calibrate(self, model: str, found: Calibration | None) -> None:
        """Multiply the counts for this model from now on, if they are an estimate."""
        measure = self._measure(model)
        if found is None or measure.exact or measure.local:
            self._calibrated.pop(model, None)
        else:
            self._calibrated[model] = found

    def read_vocabulary(self, model: str, file: Path) -> bool:
        """Count for this model with the vocabulary of its own file from now on; whether it could be
        read. It takes a second. Raises AssetUnavailable for a file that is damaged."""
        encoding = vocabulary(file)
        if encoding is None:
            return False
        self._vocabularies.add(encoding)
        self._measures[model] = _Measure(encoding.name, exact=True, local=True)
        return True

    @property
    def reply_overhead(self) -> int:
        """Tokens that every request has besides its messages."""
        return REPLY_OVERHEAD

    def count(self, text: str, model: str = "") -> int:
        """Tokens of the text; for local models by their own vocabulary, or an estimate on the safe side,
        for others by the calibration, if there is one."""
        tokens, ratio = self._known(text, self._measure(model)), self.calibration(model).ratio
        return tokens if ratio == 1 else math.ceil(tokens * ratio)

    def _known(self, text: str, measure: _Measure) -> int:
        # Of 64 bits and keyed by the process: nobody can make two texts that share one.
        key = (measure.encoding, measure.local, len(text), hash(text))
        with self._lock:
            if key in self._counted:
                self._counted.move_to_end(key)
                return self._counted[key]
        tokens = self._count(text, measure)
        with self._lock:
            self._counted[key] = tokens
            if len(self._counted) > _KEPT:
                self._counted.popitem(last=False)
        return tokens

    def count_message(self, message: Message, model: str = "") -> int:
        """Tokens of the message and of what the protocol wraps around it."""
        measure, overhead = self._measure(model), self.calibration(model).message
        if measure.local:
            overhead = CHATML_OVERHEAD
            if measure.exact:  # <|im_start|>, <|im_end|>, and the rest as it reads it
                overhead = 2 + self.count(f"{message.role}\n", model) + self.count("\n", model)
        return self.count(message.text, model) + math.ceil(overhead)

    def count_tool(self, schema: str, model: str = "") -> int:
        """Tokens of a tool's schema and of what the protocol wraps around it."""
        return self.count(schema, model) + math.ceil(self.calibration(model).tool)

    def truncate(self, text: str, limit: int, model: str = "", keep: Keep = "head") -> str:
        """The longest beginning found (or end, or both with … between them) that counts at most `limit`
        tokens; never cut inside a character."""
        text = _LONE_SURROGATE.sub("\ufffd", text)
        if limit <= 0:
            return ""
        measure = self._measure(model)
        if self._count(text, measure) <= limit:
            return text
        encoding = self._vocabularies.get(measure.encoding)
        tokens = self._encoded(text, encoding, limit if keep == "head" else None)
        size = min(limit, len(tokens))
        while size > 0:
            kept = left(encoding, text, tokens, size, keep)
            over = self._count(kept, measure) - limit
            if over <= 0:
                return kept
            size -= max(1, math.ceil(over / (2 * _LOCAL_MARGIN)))
        return ""

    def pieces(self, text: str, model: str = "", most: int = 2_000) -> tuple[Piece, ...]:
        """The first tokens of the text, at most `most`; their bytes together are its beginning."""
        encoding = self._vocabularies.get(self._measure(model).encoding)
        tokens = self._encoded(_LONE_SURROGATE.sub("\ufffd", text), encoding, most)
        return tuple(
            Piece(token, encoding.decode_single_token_bytes(token)) for token in tokens[:most]
        )

    @staticmethod
    def _encoded(text: str, encoding: Encoding, enough: int | None) -> list[int]:
        tokens: list[int] = []
        for part in _parts(text):
            tokens += encoding.encode_ordinary(part)
            if enough is not None and len(tokens) > enough:
                break
        return tokens

    def _count(self, text: str, measure: _Measure) -> int:
        encoding = self._vocabularies.get(measure.encoding)
        if not text.isascii():
            text = _LONE_SURROGATE.sub("\ufffd", text)
        tokens = sum(len(encoding.encode_ordinary(part)) for part in _parts(text))
        if measure.exact or not measure.local:
            return tokens
        return math.ceil(tokens * _LOCAL_MARGIN + _local_extra(text))

    def _measure(self, model: str) -> _Measure:
        if known := self._measures.get(model):
            return known
        found = self._found(model)
        if self._vocabularies.has(CL100K):  # it may be fetched later
            self._measures[model] = found
        return found

    def _found(self, model: str) -> _Measure:
        provider, colon, name = model.partition(":")
        if not colon:
            provider, name = "openai", model
        if provider == "openai":
            return self._openai(name)
        if provider in ("anthropic", "quotes", "scripted"):
            return _Measure(O200K, exact=False)
        return _Measure(O200K, exact=False, local=True)  # whatever runs on this machine

    def _openai(self, name: str) -> _Measure:
        try:
            encoding = encoding_name_for_model(name)
        except KeyError:  # newer than tiktoken
            return _Measure(O200K, exact=False)
        if encoding == CL100K and self._vocabularies.has(CL100K):
            return _Measure(CL100K, exact=True)
        return _Measure(O200K, exact=encoding == O200K)


def _local_extra(text: str) -> float:
    """What a smaller vocabulary takes more, as far as the text shows it."""
    # Their tokenizers take every digit for itself, tiktoken's take three at a time.
    digits = [len(run[0]) for run in _DIGITS.finditer(text)]
    extra = sum(digits) - sum((n + 2) // 3 for n in digits)
    other = _ASCII.sub("", text)
    east = len(_CJK.findall(other))
    return extra * _LOCAL_MARGIN + east * _CJK_EXTRA + (len(other) - east) * _OTHER_EXTRA


def _parts(text: str) -> list[str]:
    if len(text) < _RUN:
        return [text] if text else []
    cuts = [0, *(run.end() for run in _LONG_RUN.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(cuts) if start < end]
