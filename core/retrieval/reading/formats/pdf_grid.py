"""Grids of lines on a page: where cells are, and which of them are merged."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

_NEAR = 2.0  # points: lines that are so near are one line, and an end so near to a line is on it
_WIDEST = 4.0  # points: a line of a frame, the space within the frame, and the line of a cell
_MOST_CROSSINGS = 250_000
_MOST_CELLS = 5_000
_MOST_GRIDS = 30  # on one page

Line = tuple[float, float, float]
"""Where it lies, and from where to where it goes."""
Box = tuple[float, float, float, float]
"""Left, top, right and bottom; down is more."""
Cell = tuple[int, int]
"""The row and the column of its first corner."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's lines; `cells` has for each place of it the cell that is there, merged ones in many places."""

    xs: list[float]
    ys: list[float]
    cells: dict[Cell, Cell]

    def at(self, x: float, y: float) -> Cell | None:
        """The cell that is there."""
        return self.cells.get((bisect_right(self.ys, y) - 1, bisect_right(self.xs, x) - 1))

    def spans(self, y: float) -> bool:
        """Whether the grid is at this height."""
        return self.ys[0] < y < self.ys[-1]

    def has(self, across: Line) -> bool:
        """Whether this line across is at the height of the grid and not beside it."""
        place, start, end = across
        near = self.ys[0] - _NEAR <= place <= self.ys[-1] + _NEAR
        return near and start < self.xs[-1] and end > self.xs[0]

    @property
    def rows(self) -> int:
        """How many there are, merged or not."""
        return len(self.ys) - 1

    @property
    def columns(self) -> int:
        """How many there are, merged or not."""
        return len(self.xs) - 1


def grids(across: list[Line], down: list[Line]) -> list[Grid]:
    """The grids that these lines, joined, make, of at least two rows and columns, all of whose cells are rectangles;
    none when there are so many lines that it is a drawing."""
    if len(across) * len(down) > _MOST_CROSSINGS:
        return []
    found = [grid for group in _groups(across, down) if (grid := _grid(*group))]
    if len(found) > _MOST_GRIDS:
        return []
    # What holds a table in one of its cells is the layout of a page.
    return [one for one in found if not any(_within(one, other) for other in found)]


def joined(across: list[Line], down: list[Line]) -> tuple[list[Line], list[Line]]:
    """The pieces of one line as one, what is drawn twice as once, and their ends on the lines that they meet."""
    ys, xs = _Places(across), _Places(down)
    return (
        _whole(sorted((ys.at(y), xs.at(start), xs.at(end)) for y, start, end in across)),
        _whole(sorted((xs.at(x), ys.at(start), ys.at(end)) for x, start, end in down)),
    )


class _Places:
    """Where lines lie; those that are near to each other lie where the first of them does."""

    def __init__(self, lines: list[Line]) -> None:
        self._first: list[float] = []
        self._last: list[float] = []
        for place, _, _ in sorted(lines):
            is_new = not self._first or place - self._first[-1] > _WIDEST
            if is_new or place - self._last[-1] > _NEAR:
                self._first.append(place)
                self._last.append(place)
            self._last[-1] = place

    def at(self, place: float) -> float:
        """The place itself, or that of the lines it is near to."""
        number = bisect_right(self._first, place + _NEAR) - 1
        is_near = number >= 0 and place <= self._last[number] + _NEAR
        return self._first[number] if is_near else place


def _whole(pieces: list[Line]) -> list[Line]:
    whole: list[Line] = []
    for place, start, end in pieces:
        if whole and whole[-1][0] == place and start <= whole[-1][2] + _NEAR:
            place, start, before = whole.pop()
            end = max(end, before)
        whole.append((place, start, end))
    return whole


def _groups(across: list[Line], down: list[Line]) -> list[tuple[list[Line], list[Line]]]:
    """The lines that hang together."""
    groups: list[tuple[list[Line], list[Line]]] = [([line], []) for line in across]
    for line in down:
        met: list[tuple[list[Line], list[Line]]] = []
        apart: list[tuple[list[Line], list[Line]]] = []
        for group in groups:
            (met if any(_cross(other, line) for other in group[0]) else apart).append(group)
        all_across = [other for group in met for other in group[0]]
        all_down = [other for group in met for other in group[1]]
        groups = [*apart, (all_across, [*all_down, line])] if met else groups
    return [group for group in groups if group[1]]


def _cross(across: Line, down: Line) -> bool:
    return across[1] <= down[0] <= across[2] and down[1] <= across[0] <= down[2]


def _grid(across: list[Line], down: list[Line]) -> Grid | None:
    xs, ys = _places(down, across), _places(across, down)
    rows, columns = len(ys) - 1, len(xs) - 1
    if rows < 2 or columns < 2 or rows * columns > _MOST_CELLS:
        return None
    # The outermost sides count as drawn: many a table has no line there.
    above = {(row, column) for row in (0, rows) for column in range(columns)}
    beside = {(row, column) for row in range(rows) for column in (0, columns)}
    above |= {(row, n) for line in across for row, n in _covered(line, ys, xs)}
    beside |= {(n, column) for line in down for column, n in _covered(line, xs, ys)}
    cells = _cells(rows, columns, above, beside)
    # With most of its places merged it is a form or a drawing, not a table.
    return Grid(xs, ys, cells) if len(set(cells.values())) * 2 > rows * columns else None


def _places(lines: list[Line], crossing: list[Line]) -> list[float]:
    """Where these lines lie, and where those that cross them begin and end."""
    ends = {min(line[1] for line in crossing), max(line[2] for line in crossing)}
    return sorted(ends.union(line[0] for line in lines))


def _covered(line: Line, own: list[float], other: list[float]) -> list[tuple[int, int]]:
    """The number of the line, with each stretch between two crossing ones that it covers."""
    number = bisect_right(own, line[0]) - 1
    first, last = bisect_left(other, line[1]), bisect_right(other, line[2]) - 1
    return [(number, n) for n in range(first, last)]


def _cells(rows: int, columns: int, above: set[Cell], beside: set[Cell]) -> dict[Cell, Cell]:
    """For each place its cell, by the lines above and to the left of places; nothing when one is no rectangle."""
    cells: dict[Cell, Cell] = {}
    for first in [(row, column) for row in range(rows) for column in range(columns)]:
        if first in cells:
            continue
        row, column = first
        right = next(n for n in range(column + 1, columns + 1) if (row, n) in beside)
        bottom = next(n for n in range(row + 1, rows + 1) if (n, column) in above)
        block = [(y, x) for y in range(row, bottom) for x in range(column, right)]
        lined = all(
            ((y, x) in above) == (y == row) and ((y, x) in beside) == (x == column)
            for y, x in block
        )
        closed = all((bottom, x) in above for x in range(column, right)) and all(
            (y, right) in beside for y in range(row, bottom)
        )
        if not lined or not closed:
            return {}
        cells.update(dict.fromkeys(block, first))
    return cells


def _within(outer: Grid, inner: Grid) -> bool:
    """Whether the second grid lies in the first."""
    return inner is not outer and (
        outer.xs[0] <= inner.xs[0] < outer.xs[-1] and outer.ys[0] <= inner.ys[0] < outer.ys[-1]
    )
