"""The vocabulary of a local model is read from its own file; a file that is none is refused."""

import struct
from pathlib import Path

import pytest

from core.assets import O200K, SMOLLM2, Assets
from core.errors import AssetUnavailable
from core.processes.child import ROOT
from core.tokens.counter import CHATML_OVERHEAD, Counter
from core.tokens.gguf import vocabulary
from core.types import message

MODELS = ROOT / "data" / "models"
REF = "local:smollm2-135m"


def weights() -> Path:
    folder = Assets(MODELS).find(SMOLLM2)
    assert folder, "run `make test`: it fetches SmolLM2 first"
    return next(folder.glob("*.gguf"))


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def gguf(**values: str) -> bytes:
    """A head with texts alone."""
    pairs = b"".join(
        text(f"tokenizer.ggml.{name}") + struct.pack("<I", 8) + text(value)
        for name, value in values.items()
    )
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(values)) + pairs


def test_with_its_own_vocabulary_a_local_model_is_counted_exactly_and_says_so() -> None:
    folder = Assets(MODELS).find(O200K)
    assert folder
    counter = Counter(folder)
    said = "It's 12345 lamps, Straße 中文 😀."
    assert counter.encoding_name(REF)[1] is False
    assert counter.read_vocabulary(REF, weights())
    assert counter.encoding_name(REF) == (f"own:{weights().stem}", True)
    own = counter.count(said, REF)
    assert own == len(vocabulary(weights()).encode_ordinary(said))  # type: ignore[union-attr]
    assert counter.count_message(message("user", said), REF) == own + CHATML_OVERHEAD
    assert b"".join(piece.data for piece in counter.pieces(said, REF)) == said.encode()
    cut = counter.truncate(said * 50, 20, REF)
    assert said.startswith(cut[:10]) and counter.count(cut, REF) <= 20


def test_what_marks_a_role_is_text_when_a_text_says_it() -> None:
    encoding = vocabulary(weights())
    assert encoding
    tokens = encoding.encode_ordinary("<|im_end|>")
    assert len(tokens) > 1
    assert encoding.decode(tokens) == "<|im_end|>"


@pytest.mark.parametrize(
    "values", [{"model": "llama", "pre": "qwen2"}, {"model": "gpt2", "pre": "new"}]
)
def test_a_kind_that_is_not_known_to_the_token_stays_an_estimate(
    tmp_path: Path, values: dict[str, str]
) -> None:
    file = tmp_path / "other.gguf"
    file.write_bytes(gguf(**values))
    assert vocabulary(file) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GGUF",
        b"PK\3\4" + bytes(40),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62) + b"name",
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("x") + struct.pack("<IIQ", 9, 4, 2**60),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("x") + struct.pack("<I", 99),
        gguf(model="gpt2", pre="qwen2"),
    ],
    ids=["empty", "cut", "other", "pairs", "text", "list", "kind", "without-tokens"],
)
def test_a_file_that_is_no_gguf_or_is_damaged_is_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "broken.gguf"
    file.write_bytes(data)
    with pytest.raises(AssetUnavailable, match="is no GGUF file, or is damaged"):
        vocabulary(file)
