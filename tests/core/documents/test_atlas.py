"""The picture of the passages: everything is in it, what belongs together is near, hits are marked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Refused

LIGHT = ["The Fresnel lamp gives a soft light.", "The lamp draws 1200 watts of power."]
FOOD = ["Boil the pasta for ten minutes.", "The soup needs salt and fresh basil."]


def indexed(bench: Any, name: str, lines: list[str]) -> str:
    text = "\n\n".join(f"# Part {n}\n\n{line * 12}" for n, line in enumerate(lines, 1))
    document, _ = bench.documents.add("local", name, text.encode())

    async def settled() -> None:
        async for _ in bench.documents.settled("local", (document.id,)):
            pass

    bench.bridge.run(settled())
    return str(document.id)


def test_every_passage_is_in_the_picture_and_what_is_alike_is_near(
    bench: Any, tmp_path: Path
) -> None:
    lamps, soup = indexed(bench, "lamps.md", LIGHT), indexed(bench, "soup.md", FOOD)
    drawn = bench.atlas.draw("local", "How much power does the lamp draw?", 1)
    assert len(drawn.dots) == drawn.passages == bench.atlas.passport("local").passages
    assert 0 < drawn.shown <= 1
    places = {
        each: np.array([(d.x, d.y) for d in drawn.dots if d.document_id == each])
        for each in (lamps, soup)
    }
    middle = {each: points.mean(axis=0) for each, points in places.items()}
    for each, points in places.items():
        other = middle[soup if each == lamps else lamps]
        own = np.linalg.norm(points - middle[each], axis=1)
        assert (own < np.linalg.norm(points - other, axis=1)).all()
    question = np.array(drawn.question)
    assert np.linalg.norm(question - middle[lamps]) < np.linalg.norm(question - middle[soup])
    [hit] = [dot for dot in drawn.dots if dot.rank]
    assert hit.document_id == lamps


def test_the_picture_of_some_documents_has_their_passages_alone(bench: Any) -> None:
    lamps = indexed(bench, "lamps.md", LIGHT * 3)
    indexed(bench, "soup.md", FOOD)
    drawn = bench.atlas.draw("local", "How long does the pasta boil?", only=frozenset((lamps,)))
    assert {dot.document_id for dot in drawn.dots} == {lamps}
    assert len(drawn.dots) == drawn.passages == bench.documents.get("local", lamps).passages
    assert sorted(dot.rank for dot in drawn.dots)[-1] == drawn.passages


def test_two_passages_make_no_picture(bench: Any) -> None:
    with pytest.raises(Refused, match="too few passages"):
        bench.atlas.draw("local")


def test_the_passport_tells_what_the_index_is_made_with_and_of(bench: Any) -> None:
    indexed(bench, "lamps.md", LIGHT)
    passport = bench.atlas.passport("local")
    assert (passport.model, passport.dimension) == ("all-MiniLM-L6-v2", 384)
    assert len(passport.sha256) == 64
    assert passport.arithmetic in ("float32", "bfloat16")
    assert passport.vector_bytes == passport.passages * 384 * 4
    assert (passport.documents, passport.elsewhere) == (1, 0)
    assert bench.atlas.passport("somebody else").passages == 0
