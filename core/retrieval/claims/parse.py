"""A text taken apart into what it states, part by part."""

import re

from core.retrieval.claims.bounds import bound
from core.retrieval.claims.lookups import index
from core.retrieval.claims.meanings import concept, is_function
from core.retrieval.claims.numerals import UNITS
from core.retrieval.claims.quantities import Quantity, at_digits, month_at
from core.retrieval.claims.spelt_out import in_words
from core.retrieval.claims.statements import Kind, Placed, Statement, Token
from core.retrieval.claims.wordlists import EXCEPTIONS, HEDGES, NEGATORS, TITLES
from core.retrieval.words import UNSPACED, sentences

_TOKEN = re.compile(
    rf"(?P<code>(?<![\w-])--?[A-Za-z][\w-]+|(?<![\w/.])/\w[\w-]*(?:[/.]\w[\w-]*)*/?|[A-Za-z_]\w*(?:(?:\.|::|->)[a-z_]\w+)+(?:\(\))?"
    rf"|[A-Za-z]*\d*_\w+|[A-Za-z]+_\w*|[a-z]+[A-Z]\w+|[A-Z][a-z]+[A-Z]\w*|[A-Za-z]+\d\w*)"
    rf"|(?P<digits>\d)|(?P<character>[{UNSPACED}])|(?P<word>[^\W\d_{UNSPACED}]+(?:['’][^\W\d_]+)?|[½¼¾%°€$£¥])"
)
# What the readers of tables write for a row: `- Row 7 | Part: Bolt | Price: 0.20`.
_RECORD = re.compile(r"- (?:Row \d{1,7} \| )?[^:|\n]{1,60}: ([^|\n]*) \| [^:|\n]{1,60}: ")
_ELISION = re.compile(r"^(?:l|d|n|qu|s|j|c|m|t)['’](?=\w{2})", re.IGNORECASE)
_HARD = re.compile(
    "but|while|whereas|because|if|when|unless|who|which|although|though|since|aber|weil|wenn|während"
    "|sondern|dass|mais|parce|si|car|qui|dont|où|pero|porque"
)
_SOFT = frozenset(("and", "or", "und", "oder", "et", "ou", "compared", "before", "after", "until"))
_GERMAN = ("der", "die", "das", "und", "nicht", "ist", "den", "von", "ein", "im", "zu", "mit")
_ACRONYM = re.compile(r"[^\W\d_a-z]{2,}s?")
_LABEL = re.compile(r"[^\W_]+")
_FEW, _AGAIN = 3, ("the", "other", "these", "those", "its", "their")  # "the other two"
_MONTHS = ("may", "march", "mai", "mars")  # with a capital, no verbs
_TEMPERATURES = ("celsius", "fahrenheit")


class _Reader:
    """Goes once through a text from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Statement(text)
        self.sentence, self.clause, self.part = -1, -1, -1
        self.opens = True
        self.heads: list[str] = []
        self.label = ""
        self.column, self.ticks = -1, 0
        self.row_start = 0
        self.is_record = False

    def read(self) -> Statement:
        low = f" {self.text[:4000].casefold()} "
        self.found.is_german = sum(low.count(f" {word} ") for word in _GERMAN) >= 2
        header: list[str] = []
        for start, end in sentences(self.text):
            self._next_sentence()
            header = self._row(start, end, header)
            self._sentence(start, end)
        index(self.found, sentences=self.sentence + 1, clauses=self.clause + 1)
        return self.found

    def _row(self, start: int, end: int, header: list[str]) -> list[str]:
        """The headings that hold after this sentence, which may be a row of a table."""
        self.heads, self.label, self.column, self.row_start = [], "", -1, start
        record = _RECORD.match(self.text, start, end)
        self.is_record = record is not None
        if record:
            self._labelled(record[1])
        if not self.text.startswith("|", start):
            return []
        self.found.rows.add(self.sentence)
        cells = self.text[start:end].strip("|").split("|")
        if header:
            self.heads = header[:40]
            self._labelled(cells[0])
        return header or cells

    def _labelled(self, label: str) -> None:
        self.found.rows.add(self.sentence)
        self.label = label
        words = _LABEL.findall(label.casefold())
        self.found.labels[self.sentence] = frozenset(map(concept, words))

    def _next_sentence(self) -> None:
        self.sentence += 1
        self.clause += 1
        self._next_part()
        self.opens, self.ticks = True, 0

    def _next_part(self) -> None:
        self.part += 1
        self.found.parts.append([])

    def _sentence(self, start: int, end: int) -> None:
        matches = list(_TOKEN.finditer(self.text, start, end))
        keys = [m[0].casefold().replace("’", "'") for m in matches]
        spans = [m.span() for m in matches]
        place, reached, before = 0, start, start
        while place < len(matches):
            match = matches[place]
            if match.start() < reached:
                place += 1
                continue
            self._between(self.text[before : match.start()])
            reached = before = match.end()
            if match["digits"]:
                reached = before = self._digits(match.start())
            elif match["word"] and (found := in_words(keys, spans, self.text, place)):
                before_it = keys[place - 1] if place else ""
                few = max(found[0].values) <= _FEW and before_it in _AGAIN
                self._quantity([found[0]._replace(is_faint=found[0].is_faint or few)])
                place += found[1] - 1
                before = reached = spans[place][1]
            else:
                self._word(match, keys[place])
            place += 1
            self.opens = False

    def _between(self, gap: str) -> None:
        self.ticks += gap.count("`")
        if self.is_record and "|" not in gap:
            gap = gap.replace(":", " ")  # a name and its value are said together
        if re.search(r"[;:|]|\s[–—]\s", gap):
            self.clause += 1
            self._next_part()
            if (self.heads or self.is_record) and "|" in gap:
                self._next_cell(gap.count("|"))
        elif re.search(r"[,()]", gap):
            self._next_part()

    def _digits(self, start: int) -> int:
        if quantities := at_digits(self.text, start):
            self._quantity(quantities)
            if month := month_at(self.text, start):
                self._add(month, "name", start, start, True)
            return quantities[0].end
        end = start + 1
        while end < len(self.text) and (self.text[end].isalnum() or self.text[end] == "_"):
            end += 1
        self._add(self.text[start:end].casefold(), "code", start, end, True)
        return end

    def _quantity(self, quantities: list[Quantity]) -> None:
        recent = [t.key for t in self.found.tokens[-2:] if t.sentence == self.sentence]
        hedged = any(key in HEDGES for key in recent)
        for quantity in quantities:
            limit = bound(self.text, quantity.start, quantity.end)
            self.found.quantities.append(
                Placed(quantity, self.sentence, self.clause, self.part, hedged, limit)
            )
        first = quantities[0]
        self._add(self.text[first.start : first.end].casefold(), "number", first.start, first.end)

    def _word(self, match: re.Match[str], key: str) -> None:
        start, end = match.span()
        if cut := _ELISION.match(key):
            if key[0] == "n":
                self._add("ne", "function", start, start + 1)
            start, key = start + cut.end(), key[cut.end() :]
        if _HARD.fullmatch(key):
            self.clause += 1
            self._next_part()
        elif key in _SOFT:
            self._next_part()
        if key.endswith("n't") or key == "cannot":
            key = "not"
        kind = self._kind(match, key)
        self._add(key, kind, start, end, kind == "code" or self.text[start].isupper())

    def _kind(self, match: re.Match[str], key: str) -> Kind:
        if key in _MONTHS and match[0][0].isupper() and not self.opens:
            return "name"
        unit = key in UNITS and (self._after_number() or not key.isalpha() or key in _TEMPERATURES)
        if match["code"]:
            return "code"
        if unit or is_function(key) or key in NEGATORS or key in EXCEPTIONS:
            return "function"
        if match["character"]:
            return "word"
        if self.ticks % 2:
            return "code"
        return "name" if self._is_name(match["word"]) else "word"

    def _is_name(self, written: str) -> bool:
        if _ACRONYM.fullmatch(written):
            return True
        titled = bool(self.found.tokens) and self.found.tokens[-1].key in TITLES
        # German writes every noun with a capital.
        return written[0].isupper() and not self.opens and (titled or not self.found.is_german)

    def _after_number(self) -> bool:
        before = self.found.tokens[-1] if self.found.tokens else None
        return before is not None and before.kind == "number" and before.sentence == self.sentence

    def _add(self, key: str, kind: Kind, start: int, end: int, capital: bool = False) -> None:
        token = Token(
            key, concept(key), kind, start, end, self.sentence, self.clause, self.part, capital
        )
        self.found.tokens.append(token)
        self.found.parts[-1].append(token)

    def _next_cell(self, pipes: int) -> None:
        """A cell of a row says what its heading and the label of the row say, too."""
        self.column += pipes
        if not self.is_record and not 1 <= self.column < len(self.heads):
            return
        at = self.row_start
        for said in (self.label, "" if self.is_record else self.heads[self.column]):
            for word in re.findall(r"[^\W\d_]+", said.casefold()):
                self._add(word, "word", at, at)
            for digits in re.finditer(r"(?<![\w.,])\d", said):
                for each in at_digits(said, digits.start()):
                    here = each._replace(start=at, end=at)
                    self.found.quantities.append(
                        Placed(here, self.sentence, self.clause, self.part, False, 0)
                    )


def read(text: str) -> Statement:
    """The text taken apart."""
    return _Reader(text).read()
