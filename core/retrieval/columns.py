"""The columns of tables between pipes: a passage from the middle of a long table does not say them itself."""

from bisect import bisect_right

_OF_A_RULE = frozenset("|-: \t")
_LONGEST = 500


class Columns:
    """Answers in which columns a place of the text stands: "Item | Price"; a table begins with a line of
    names over a rule (`| --- | --- |`), as the readers and Markdown write it."""

    def __init__(self, text: str) -> None:
        self._bodies: list[tuple[int, int, str]] = []
        start, before, open_ = 0, "", False
        for line in text.split("\n"):
            end = start + len(line) + 1
            if _is_rule(line) and "|" in before:
                self._bodies.append((end, end, _names(before)))
                open_ = True
            elif open_ and "|" in line:
                first, _, names = self._bodies[-1]
                self._bodies[-1] = first, end, names
            else:
                open_ = False
            start, before = end, line

    def __bool__(self) -> bool:
        """Whether there is a table at all."""
        return bool(self._bodies)

    def at(self, start: int) -> str:
        """The columns of the row that character `start` is in; "" outside of a table's rows."""
        place = bisect_right(self._bodies, start, key=lambda body: body[0])
        if not place:
            return ""
        _, end, names = self._bodies[place - 1]
        return names if start < end else ""


def _is_rule(line: str) -> bool:
    return "-" in line and "|" in line and _OF_A_RULE.issuperset(line)


def _names(row: str) -> str:
    return " | ".join(cell.strip() for cell in row[:_LONGEST].strip().strip("|").split("|"))
