"""A 100-page PDF through the whole ingest, against a plain `SentenceTransformer.encode` of its passages."""

import io
import os
import random
import tempfile
import time
from pathlib import Path

import psutil
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from core.assets import MINILM, Assets
from core.bootstrap import build
from core.settings import ROOT, Settings

PAGES = 100
_WORDS = [
    "lamp",
    "beam",
    "stage",
    "cue",
    "dimmer",
    "bar",
    "gel",
    "lens",
    "focus",
    "shutter",
    "circuit",
    "load",
    "cable",
    "rig",
    "flood",
    "spot",
    "wash",
    "profile",
    "scene",
    "blackout",
    "house",
    "crew",
    "call",
    "safety",
    "ladder",
    "bridge",
    "gallery",
    "patch",
    "channel",
    "level",
    "fade",
    "the",
    "a",
    "of",
    "and",
    "to",
    "in",
    "is",
    "with",
    "for",
    "on",
    "at",
    "from",
    "under",
    "before",
    "after",
    "while",
    "when",
    "each",
    "every",
    "no",
]


def main() -> None:
    """Seconds by stage, the ratio to the plain encode, and the peak of memory."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None,
            FOOTLIGHTS_DATA=Path(folder),
            FOOTLIGHTS_MODEL="scripted",
            FOOTLIGHTS_SAMPLES=False,
        )
        bench = build(settings)
        bench.start()
        bench.passages.warm()  # both sides measure the work, not the import of torch
        start = time.perf_counter()
        document, _ = bench.documents.add("local", "long.pdf", a_pdf())
        for _ in bench.bridge.iterate(bench.documents.settled("local"), 60):
            pass
        whole = time.perf_counter() - start
        document = bench.documents.get("local", document.id)
        chunks = bench.documents.passages("local", document.id, 0, 100_000)
        bench.close()
    from sentence_transformers import SentenceTransformer

    os.environ["HF_HUB_OFFLINE"] = "1"
    plain = SentenceTransformer(str(Assets(ROOT / "data" / "models").find(MINILM)), device="cpu")
    texts = [chunk.text for chunk in chunks]
    plain.encode(texts[:32])
    start = time.perf_counter()
    plain.encode(texts, normalize_embeddings=True)
    encode = time.perf_counter() - start
    stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in document.seconds.items())
    print(f"{document.pages} pages, {document.passages} passages, {document.tokens:,} tokens")
    print(f"whole ingest                  {whole:.1f} s ({stages})")
    print(f"plain encode of the passages  {encode:.1f} s")
    print(f"ratio                         {whole / encode:.2f}")
    print(f"memory                        {psutil.Process().memory_info().rss / 2**20:.0f} MB")


def a_pdf() -> bytes:
    """A hundred pages of text, the same every time."""
    chance = random.Random(7)
    written = io.BytesIO()
    canvas = Canvas(written, A4)
    for page in range(1, PAGES + 1):
        canvas.setFont("Helvetica", 10)
        canvas.drawString(60, 790, f"Chapter {page}")
        for line in range(45):
            words = " ".join(chance.choices(_WORDS, k=14))
            canvas.drawString(60, 770 - line * 16, f"{words.capitalize()}.")
        canvas.showPage()
    canvas.save()
    return written.getvalue()
