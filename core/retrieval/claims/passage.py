"""A passage taken apart once: its words and where they stand, its sentences."""

from bisect import bisect
from collections.abc import Iterable, Sequence

from core.retrieval.words import COMMON_WEIGHT, Form, Word, sentences, words
from core.types import Source


class Passage:
    """A passage as words and sentences, taken apart once for all the claims that cite it. It is sent under
    its `heading`, and a claim may rest on both, a quotation on the text alone."""

    def __init__(self, text: str, forms: dict[str, Form], heading: str = "") -> None:
        self.text, self.heading = text, heading
        self.words = words(text, forms)
        self.places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            if word.weight > COMMON_WEIGHT:
                self.places.setdefault(word.key, []).append(place)
        starts = [word.start for word in self.words]
        self.sentences = [
            (
                start,
                end,
                {w.stem for w in self.words[bisect(starts, start - 1) : bisect(starts, end)]},
            )
            for start, end in sentences(text)
        ]

    @property
    def told(self) -> str:
        """The text under its heading; the columns that this names are the head of the rows."""
        above, _, columns = self.heading.rpartition(" > ")
        if " | " not in columns or not self.text.lstrip().startswith("|"):
            return f"{self.heading}\n\n{self.text}".lstrip()
        rule = "|".join([" --- "] * (columns.count(" | ") + 1))
        return f"{above}\n\n| {columns} |\n|{rule}|\n{self.text}".lstrip()


def passages_of(sources: Iterable[Source], forms: dict[str, Form]) -> dict[int, Passage]:
    """The passages of a window by their numbers."""
    chunks = {source.number: source.hit.chunk for source in sources}
    return {number: Passage(each.text, forms, each.heading) for number, each in chunks.items()}


def weight(run: Sequence[Word]) -> float:
    """What the words weigh together."""
    return sum(word.weight for word in run)


def best_run(said: list[Word], passage: Passage) -> list[Word]:
    """The weightiest run of words that both have, the first of equals."""
    best: list[Word] = []
    most = 0.0
    reached: dict[int, int] = {}  # how far the runs of each shift have been followed
    for here, word in enumerate(said):
        for there in passage.places.get(word.key, ()):
            if reached.get(there - here, -1) >= here:
                continue
            back, on = _extent(said, passage.words, here, there)
            reached[there - here] = here + on
            run = passage.words[there - back : there + on]
            if (total := weight(run)) > most:
                best, most = run, total
    return best


def _extent(said: list[Word], theirs: list[Word], here: int, there: int) -> tuple[int, int]:
    """How many words before and from these two on are the same in both."""
    back = 0
    while back < min(here, there) and said[here - back - 1].key == theirs[there - back - 1].key:
        back += 1
    on, most = 1, min(len(said) - here, len(theirs) - there)
    while on < most and said[here + on].key == theirs[there + on].key:
        on += 1
    return back, on


def nearest_sentence(said: list[Word], passage: Passage) -> tuple[int, int]:
    """The sentence that shares most with the words, the shortest of equals; (0, 0) when none does."""
    weights = {word.stem: word.weight for word in said if word.weight > COMMON_WEIGHT}
    best, nearest = 0.0, (0, 0)
    for start, end, stems in passage.sentences:
        # In the order of the claim: a sum of floats depends on its order.
        telling = sum(weight for stem, weight in weights.items() if stem in stems)
        # Of two that share the same, the shorter one says it more clearly.
        score = telling - 0.001 * min(len(stems), 200)
        if telling >= 1.0 and score > best:
            best, nearest = score, (start, end)
    return nearest
