"""The vocabularies that were fetched, as tiktoken encodings; nothing is asked of the network."""

import base64
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

import tiktoken

from core.errors import AssetUnavailable

O200K = "o200k_base"
CL100K = "cl100k_base"


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """A file of tokens and ranks, and the pattern that cuts a text into words before they merge."""

    file: str
    sha256: str
    pattern: str


# File names, hashes and patterns are those of tiktoken_ext/openai_public.py (tiktoken 0.14). Its own
# loader is not used: it deletes a file whose hash is wrong, copies right ones to the temporary folder,
# and goes to the network.
_WORD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_VOCABULARIES = {
    O200K: _Vocabulary(
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "|".join(
            [
                r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
                + _WORD,
                r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
                + _WORD,
                r"\p{N}{1,3}",
                r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
                r"\s*[\r\n]+",
                r"\s+(?!\S)",
                r"\s+",
            ]
        ),
    ),
    CL100K: _Vocabulary(
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
        r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    ),
}


class Vocabularies:
    """Loads an encoding when it is first needed (0.4 s) and keeps it; safe for many threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._loaded: dict[str, tiktoken.Encoding] = {}
        self._lock = threading.Lock()

    def add(self, encoding: tiktoken.Encoding) -> None:
        """One that was read elsewhere, under its name."""
        self._loaded[encoding.name] = encoding

    def has(self, name: str) -> bool:
        """Whether the file of this encoding is there."""
        return (self._folder / _VOCABULARIES[name].file).is_file()

    def get(self, name: str) -> tiktoken.Encoding:
        """The encoding; AssetUnavailable if its file is missing or damaged."""
        if loaded := self._loaded.get(name):
            return loaded
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def _load(self, name: str) -> tiktoken.Encoding:
        vocabulary = _VOCABULARIES[name]
        path = self._folder / vocabulary.file
        if not path.is_file():
            raise AssetUnavailable(f"the vocabulary {name} is not there: {path}")
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != vocabulary.sha256:
            raise AssetUnavailable(
                f"the vocabulary {name} is damaged: {path}", hint="Delete the file and start again."
            )
        pairs = (line.split() for line in data.splitlines() if line)
        ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
        # Without special tokens: what a text says is text, also "<|endoftext|>".
        return tiktoken.Encoding(
            name, pat_str=vocabulary.pattern, mergeable_ranks=ranks, special_tokens={}
        )
