"""Tables of a page that have lines between their rows only: a column ends where no row has a letter."""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from statistics import median

from core.retrieval.reading.formats.pdf_grid import Box, Grid, Line

_NEAR = 4.0  # points by which the ends of lines below each other may differ
_LEAST_LINES = 3
_MOST_LINES = 300
_MOST_STACKS = 30
# Between columns, in heights of a letter as most are; a space between words is half of one.
_GAP = 1.1
_REACH = 3.0  # gaps
_TOUCHES = 2.0  # points between letters of one word
_SAME_LINE = 0.8  # gaps from the middle of a full stop to that of a capital

Stack = tuple[list[float], float, float]
"""Where lines of one length lie, from the top, and from where to where they go."""


def stacks(across: list[Line], found: list[Grid]) -> list[Stack]:
    """The lines, joined, of one length that lie below each other as between rows, and in no grid."""
    free = [line for line in across if not any(grid.has(line) for grid in found)]
    if len(free) > _MOST_LINES:
        return []
    piled: list[Stack] = []
    for place, start, end in sorted(free):
        for places, left, right in piled:
            if abs(start - left) <= _NEAR and abs(end - right) <= _NEAR:
                places.append(place)
                break
        else:
            piled.append(([place], start, end))
    piled = [stack for stack in piled if len(stack[0]) >= _LEAST_LINES]
    return piled if len(piled) <= _MOST_STACKS else []


def tables(stack: Stack, boxes: Iterable[Box]) -> list[Grid]:
    """The grids of these lines where the letters between several of them leave gaps; each with a line of
    text that stands above the first or below the last of its lines and leaves the same gaps."""
    ys, left, right = stack
    boxes = [box for box in boxes if left - _NEAR <= box[0] and box[2] <= right + _NEAR]
    gap = _GAP * median(box[3] - box[1] for box in boxes) if boxes else 0
    runs = _runs(ys, boxes, gap)
    return [grid for run in runs if (grid := _grid(run, boxes, gap, (left - _NEAR, right + _NEAR)))]


def _runs(ys: list[float], boxes: list[Box], gap: float) -> list[list[float]]:
    """The lines, at least three, between which there are gaps from the first to the last, and text near
    to each of them."""
    runs: list[list[float]] = [[]]
    reached: list[Box] = []
    for (top, bottom), band in zip(pairwise(ys), _bands(ys, boxes), strict=True):
        above = min((box[1] for box in band), default=bottom) - top
        below = bottom - max((box[3] for box in band), default=top)
        own = _blocks(band, gap) if max(above, below) <= _REACH * gap else []
        both = _blocks([*reached, *band], gap) if own or not band else []
        if len(both) < max(2, len(reached)):  # something stands across a gap
            runs.append([])
            both = own
        reached = both if len(both) > 1 else []
        if reached:
            runs[-1] = [*(runs[-1] or [top]), bottom]
    return [run for run in runs if len(run) >= _LEAST_LINES]


def _grid(ys: list[float], boxes: list[Box], gap: float, ends: tuple[float, float]) -> Grid | None:
    inside = [box for band in _bands(ys, boxes) for box in band]
    xs = [ends[0], *_borders(inside, gap), ends[1]]
    for edge, inner in ((ys[0], ys[1]), (ys[-1], ys[-2])):
        line = _next_line(boxes, edge, inner, gap)
        same = len(_borders([*inside, *line], gap)) == len(xs) - 2
        if same and _filled(line, xs) >= max(2, len(xs) - 2):
            outer = [box[1] - 1 for box in line] if edge < inner else [box[3] + 1 for box in line]
            ys = sorted([*ys, min(outer) if edge < inner else max(outer)])
    rows = [_filled(band, xs) for band in _bands(ys, boxes)]
    # A row or two may say something in one column only, what is no table says it in every row.
    if sum(count > 1 for count in rows) * 3 < sum(map(bool, rows)) * 2:
        return None
    places = [(row, column) for row in range(len(ys) - 1) for column in range(len(xs) - 1)]
    return Grid(xs, ys, {place: place for place in places})


def _bands(ys: list[float], boxes: list[Box]) -> list[list[Box]]:
    """What stands between each two lines."""
    bands: list[list[Box]] = [[] for _ in range(len(ys) + 1)]
    for box in boxes:
        bands[bisect_right(ys, _height(box))].append(box)
    return bands[1:-1]


def _blocks(boxes: Iterable[Box], gap: float) -> list[Box]:
    """What is written on, from left to right; what is narrower than a gap does not divide it."""
    blocks: list[Box] = []
    for left, top, right, bottom in sorted(boxes):
        if blocks and left - blocks[-1][2] < gap:
            before = blocks.pop()
            left, right = before[0], max(right, before[2])
        blocks.append((left, top, right, bottom))
    return blocks


def _borders(boxes: Iterable[Box], gap: float) -> list[float]:
    return [(before[2] + block[0]) / 2 for before, block in pairwise(_blocks(boxes, gap))]


def _filled(boxes: list[Box], xs: list[float]) -> int:
    """In how many columns something stands."""
    return len({bisect_right(xs, (box[0] + box[2]) / 2) for box in boxes})


def _next_line(boxes: list[Box], edge: float, inner: float, gap: float) -> list[Box]:
    """The line of text that stands on the other side of an edge than the line across next to it; near to
    it, and not farther off than that."""
    side = 1 if edge > inner else -1
    away = {box: away for box in boxes if (away := (_height(box) - edge) * side) > 0}
    nearest = min(away.values(), default=0)
    line = [box for box in away if away[box] < nearest + _SAME_LINE * gap]
    reach = min(abs(edge - inner), _REACH * gap)
    others = [box for box in away if nearest + _SAME_LINE * gap <= away[box] < 2 * _REACH * gap]
    fits = all(away[box] < reach for box in line)
    return line if fits and not _cuts(line, others) else []


def _cuts(line: list[Box], others: list[Box]) -> bool:
    """Whether a number or a word would be torn: its full stop is nearer to the edge than its digits."""
    return any(
        other[1] <= _height(box) <= other[3]
        and max(box[0] - other[2], other[0] - box[2]) < _TOUCHES
        for box in line
        for other in others
    )


def _height(box: Box) -> float:
    return (box[1] + box[3]) / 2
