"""The vocabulary that a local model carries in its own file, as a tiktoken encoding."""

import mmap
import struct
from pathlib import Path
from typing import Any

import tiktoken

from core.errors import AssetUnavailable

# How each kind cuts a text into words before they merge, as llama.cpp does (llama-vocab.cpp), in one
# pattern. SmolLM takes its digits out first, so that white space before a digit stays in one piece.
_PATTERNS = {
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    "smollm": r"\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s",
}
_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_TEXT, _LIST = 8, 9
_NORMAL = 1
_WANTED = frozenset(f"tokenizer.ggml.{name}" for name in ("model", "pre", "tokens", "token_type"))


def vocabulary(path: Path) -> tiktoken.Encoding | None:
    """The encoding of the model in this GGUF file, without its special tokens: what a text says is text.
    None for a kind that we do not know to the token. Raises AssetUnavailable for a file that is none."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _encoding(f"own:{path.stem}", _Head(data).read())
    except (struct.error, ValueError, KeyError, IndexError, OSError) as error:
        raise AssetUnavailable(
            f"{path.name} is no GGUF file, or is damaged",
            hint="Remove it from the models folder to fetch it anew.",
        ) from error


def _encoding(name: str, told: dict[str, Any]) -> tiktoken.Encoding | None:
    pattern = _PATTERNS.get(told.get("tokenizer.ggml.pre", ""))
    if told.get("tokenizer.ggml.model") != "gpt2" or pattern is None:
        return None
    tokens, kinds = told["tokenizer.ggml.tokens"], told["tokenizer.ggml.token_type"]
    letters = {letter: value for value, letter in _letters().items()}
    # The numbers of the tokens rise in the order in which they were merged: they are the ranks.
    ranks = {
        bytes(letters[letter] for letter in token): number
        for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True))
        if kind == _NORMAL
    }
    return tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


class _Head:
    """Reads forward through the head of a file (github.com/ggml-org/ggml, docs/gguf.md)."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 4

    def read(self) -> dict[str, Any]:
        if self._data[:4] != b"GGUF":
            raise ValueError("not its signature")
        _, _, pairs = self._numbers("IQQ")
        found: dict[str, Any] = {}
        for _ in range(pairs):
            name, (kind,) = self._text(), self._numbers("I")
            value = self._value(kind)
            if name in _WANTED:
                found[name] = value
        return found

    def _numbers(self, form: str) -> tuple[Any, ...]:
        layout = struct.Struct(f"<{form}")
        values = layout.unpack_from(self._data, self._at)
        self._at += layout.size
        return values

    def _text(self) -> str:
        (size,) = self._numbers("Q")
        if size > len(self._data) - self._at:
            raise ValueError("a text beyond the end")
        self._at += size
        return self._data[self._at - size : self._at].decode()

    def _value(self, kind: int) -> Any:
        if kind == _TEXT:
            return self._text()
        if kind != _LIST:
            return self._numbers(_NUMBERS[kind])[0]
        of, count = self._numbers("IQ")
        if of == _TEXT:
            return [self._text() for _ in range(count)]
        if count > len(self._data) - self._at:
            raise ValueError("a list beyond the end")
        return list(self._numbers(f"{count}{_NUMBERS[of]}"))


def _letters() -> dict[int, str]:
    """The letter that stands for each byte in such vocabularies (GPT-2's encoder.py)."""
    seen = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {
        byte: chr(256 + place) for place, byte in enumerate(others)
    }
