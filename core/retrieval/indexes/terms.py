"""A text as the terms that it is found by: stemmed words, and identifiers whole and in parts."""

import re
import threading
import unicodedata
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

# Scripts that are written without spaces: pairs of characters stand for words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
_WORD = re.compile(
    r"\d+(?:[.,]\d+)*(?!\w)"
    f"|[{_UNSPACED}]+"
    f"|[^\\W{_UNSPACED}]+(?:\\.[^\\W{_UNSPACED}]+)*(?:['’][^\\W\\d_]{{1,2}}(?!\\w))?"
)
_RUN = re.compile(f"[{_UNSPACED}]+")
_POSSESSIVE = re.compile(r"['’]s$", re.IGNORECASE)
_THOUSANDS = re.compile(r",(?=\d{3}(?:\D|$))")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|[A-Z]|\d+")
_SHOUTED = re.compile(r"[A-Z]+")
# Frequent in questions and, in code or tables, so rare that they would outweigh what is asked.
_COMMON = frozenset(
    re.findall(
        r"[\w']+",
        """a about above after again against all also am an and any are as at be because been before
        being below between both but by can could did do does doing during each few for from further
        had has have having he her here hers him his how i if in into is it its just me more most my
        myself no nor not now of off on once only or other our ours out over own same shall she should
        so some such than that the their theirs them then there these they this those through to too
        under until up upon us very was we were what what's when where which while who whom whose why
        will with would you your yours
        der die das den dem ein eine einen und ist sind nicht mit von zu wie was wer wo wann
        le la les des du un une et est sont que qui quoi comment dans pour
        el los las una y es son como donde cuando para por de en""",
    )
)
_MIX = np.uint64(6_364_136_223_846_793_005)  # Knuth's multiplier of MMIX: "a b" is not "b a"
_NONE = np.empty(0, np.int64)
_LONGEST = 100
_REMEMBERED = 300_000


def rules() -> str:
    """Names the way in which texts become terms: whatever changes here, changes it."""
    import Stemmer

    source = blake2b(Path(__file__).read_bytes(), digest_size=8).hexdigest()
    return f"{source} stemmer {Stemmer.version()} unicode {unicodedata.unidata_version}"


class Reading(NamedTuple):
    """The terms of a text, and each two of its words that follow each other, in order, as numbers
    of 63 bits that are the same everywhere."""

    terms: Numbers
    pairs: Numbers


class Terms:
    """Knows the terms of every word; remembers them, because texts repeat their words. Safe to
    share between threads."""

    def __init__(self) -> None:
        import Stemmer

        self._stemmer: Any = Stemmer.Stemmer("english")
        self._known: dict[str, tuple[int, ...]] = {}
        # A stemmer has a buffer of its own, which two threads would both write to.
        self._lock = threading.Lock()

    def read(self, text: str) -> Reading:
        """The terms and the pairs of a text; common words stand in no pair."""
        return self._reading(_WORD.findall(text))

    def asked(self, question: str) -> Reading:
        """Those of a question without the words that every question has; all, when nothing else
        is left. IT and WHO in capitals are names."""
        words = _WORD.findall(question)
        telling = [word for word in words if _is_capitals(word) or word.lower() not in _COMMON]
        return self._reading(telling or words)

    def _reading(self, words: list[str]) -> Reading:
        known = self._known
        terms: list[int] = []
        heads: list[int] = []
        for word in words:
            numbers = known.get(word) or self._learn(word)
            terms.extend(numbers)
            if word.lower() not in _COMMON:
                heads.append(numbers[0])
        if len(heads) < 2:
            return Reading(np.array(terms, np.int64), _NONE)
        whole = np.array(heads, np.uint64)
        pairs = (whole[:-1] * _MIX + whole[1:]) >> np.uint64(1)
        return Reading(np.array(terms, np.int64), pairs.astype(np.int64))

    def _learn(self, word: str) -> tuple[int, ...]:
        with self._lock:
            numbers = tuple(_number(term) for term in self._terms(word))
            if len(self._known) >= _REMEMBERED:
                self._known = {}
            self._known[word] = numbers
        return numbers

    def _terms(self, word: str) -> list[str]:
        """What a word is found by, the whole first."""
        word = unicodedata.normalize("NFKC", word[:_LONGEST])
        if word[0].isdigit() and "_" not in word:
            number = _THOUSANDS.sub("", word.casefold())
            if not any(map(str.isalpha, number)):
                return [number]
        if _RUN.fullmatch(word):
            return [a + b for a, b in pairwise(word)] or [word]
        word = _POSSESSIVE.sub("", word)
        if "'" in word or "’" in word:
            return [self._stem(_folded(word))]
        pieces = [piece for piece in word.split(".") if piece.strip("_")]
        if len(pieces) > 1 and all(len(piece) == 1 for piece in pieces):
            return ["".join(map(_folded, pieces))]  # U.S. is US
        found = [_folded(word)] if len(pieces) > 1 else []
        for piece in pieces or [word]:
            found += self._of_identifier(piece)
        return list(dict.fromkeys(found))

    def _of_identifier(self, name: str) -> list[str]:
        parts = [part for piece in name.split("_") for part in _parts(piece)]
        if len(parts) < 2:
            return [self._stem(_folded(name.strip("_") or name))]
        return [_folded(name), *(self._stem(_folded(part)) for part in parts)]

    def _stem(self, word: str) -> str:
        stem: str = self._stemmer.stemWord(word)
        return stem


def _is_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper()


def _parts(name: str) -> list[str]:
    """ "readHTTPHeader2" is read, HTTP, Header, 2."""
    # A word all in capitals is one word, and so is its plural: "APIs".
    if _SHOUTED.fullmatch(name.removesuffix("s")):
        return [name]
    return _PART.findall(name)


def _folded(word: str) -> str:
    """Without case, accents and the curl of quotes: nobody types them when they search."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFD", word.casefold().replace("’", "'"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _number(term: str) -> int:
    digest = blake2b(term.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1
