"""Tables of a page that have lines between their rows only: a column ends where no row has a letter."""

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

from core.retrieval.formats.pdf_grid import Box, Grid, Line

_NEAR = 4.0  # points by which the ends of lines below each other may differ
_HIGHEST = 60.0  # points of a row
_LEAST_LINES = 3
_MOST_LINES = 300
_SAME_LINE = 7.0  # points between the middles of a full stop and of a quotation mark
_GAP = 6.0  # points between columns; a space between words is three or four

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
            is_below = place - places[-1] <= _HIGHEST
            if is_below and abs(start - left) <= _NEAR and abs(end - right) <= _NEAR:
                places.append(place)
                break
        else:
            piled.append(([place], start, end))
    return [stack for stack in piled if len(stack[0]) >= _LEAST_LINES]


def columns(stack: Stack, boxes: Iterable[Box]) -> Grid | None:
    """The grid of these lines, if the letters between them leave gaps; with a line of text that stands
    above the first or below the last of them and leaves the same gaps."""
    ys, left, right = stack
    boxes = [box for box in boxes if left - _NEAR <= box[0] and box[2] <= right + _NEAR]
    borders = _borders(_between(boxes, ys[0], ys[-1]))
    xs = [left - _NEAR, *borders, right + _NEAR]
    for edge, reach in ((ys[0], ys[0] - ys[1]), (ys[-1], ys[-1] - ys[-2])):
        line = _next_line(boxes, edge, reach)
        more = [*_between(boxes, ys[0], ys[-1]), *line]
        if _filled(line, xs) >= max(2, len(xs) - 2) and len(_borders(more)) == len(borders):
            outer = [box[1] - 1 for box in line] if reach < 0 else [box[3] + 1 for box in line]
            ys = sorted([*ys, min(outer) if reach < 0 else max(outer)])
    rows = [_filled(_between(boxes, *band), xs) for band in pairwise(ys)]
    # A row or two may say something to all columns, a text between lines says it in every row.
    if not borders or sum(count > 1 for count in rows) * 3 < sum(map(bool, rows)) * 2:
        return None
    places = [(row, column) for row in range(len(ys) - 1) for column in range(len(xs) - 1)]
    return Grid(xs, ys, {place: place for place in places})


def _between(boxes: list[Box], top: float, bottom: float) -> list[Box]:
    return [box for box in boxes if top <= _height(box) < bottom]


def _borders(boxes: list[Box]) -> list[float]:
    """The middles of the gaps that all of these leave."""
    borders: list[float] = []
    reached = math.inf
    for left, _, right, _ in sorted(boxes):
        if left - reached >= _GAP:
            borders.append((left + reached) / 2)
        reached = right if reached == math.inf else max(reached, right)
    return borders


def _filled(boxes: list[Box], xs: list[float]) -> int:
    """In how many columns something stands."""
    return len({bisect_right(xs, (box[0] + box[2]) / 2) for box in boxes})


def _next_line(boxes: list[Box], edge: float, reach: float) -> list[Box]:
    """The nearest line of text above an edge, or below it, within reach."""
    side = [box for box in boxes if 0 < (_height(box) - edge) / reach < 1]
    nearest = min((abs(_height(box) - edge) for box in side), default=0)
    return [box for box in side if abs(_height(box) - edge) < nearest + _SAME_LINE]


def _height(box: Box) -> float:
    return (box[1] + box[3]) / 2
