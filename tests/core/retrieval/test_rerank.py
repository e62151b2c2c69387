"""A cross-encoder orders what was found; a real one, small and untrained, made for the test."""

import shutil
from pathlib import Path

import pytest
from sentence_transformers import CrossEncoder
from transformers import BertConfig, BertForSequenceClassification

from core.assets import MINILM, Assets
from core.embedding.choice import choose_reranker
from core.errors import AssetUnavailable, Misuse
from core.retrieval.rerank import CrossEncoderReranker, rerank
from core.types import Candidate

MODELS = Path(__file__).parents[3] / "data" / "models"
QUESTION = "How long is the notice?"
TEXTS = {
    1: "The notice is sixty days.",
    2: "Bicycles are kept in the yard.",
    3: "Rent is due on the first.",
    4: "Either side may end the lease.",
}


def made(folder: Path, labels: int = 1) -> Path:
    config = BertConfig(
        vocab_size=30_522,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=labels,
        initializer_range=0.5,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(Assets(MODELS).find(MINILM) / name, folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("reader"))


def found(*ids: int) -> list[Candidate]:
    return [Candidate(number, number, 0.5, None, 0.0, 1 / number) for number in ids]


def test_the_order_is_what_the_model_makes_of_question_and_passage_together(folder: Path) -> None:
    reranker = CrossEncoderReranker(folder, "reader")
    ordered = rerank(found(1, 2, 3, 4, 9, 10), reranker, QUESTION, TEXTS)
    theirs = CrossEncoder(str(folder), device="cpu", local_files_only=True)
    scores = theirs.predict([(QUESTION, text) for text in TEXTS.values()])
    best_first = [number for _, number in sorted(zip(-scores, TEXTS, strict=True))]
    assert [each.chunk_id for each in ordered] == [*best_first, 9, 10], "others stay behind"
    read = {each.chunk_id: each.read for each in ordered}
    assert read[9] is None
    assert read[1] == pytest.approx(float(scores[0]), abs=1e-5)
    assert all(0 <= (read[number] or 0) <= 1 for number in TEXTS)


def test_half_a_character_and_a_text_without_end_are_read(folder: Path) -> None:
    scores = CrossEncoderReranker(folder, "reader").scores(
        "half \ud83d", ["a\ud83d", "long " * 9000]
    )
    assert len(scores) == 2
    assert CrossEncoderReranker(folder, "reader").scores(QUESTION, []) == []


def test_the_setting_names_a_folder_and_its_name_holds_the_hash_of_the_weights(
    folder: Path, tmp_path: Path
) -> None:
    chosen = choose_reranker(f"st:{folder}", tmp_path)
    assert chosen
    assert chosen.name.startswith(f"{folder.name}@")
    assert choose_reranker("", tmp_path) is None


@pytest.mark.parametrize("setting", ["minilm", "openai:x", "st:"])
def test_what_names_no_cross_encoder_is_refused(setting: str, tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="names no cross-encoder"):
        choose_reranker(setting, tmp_path)


def test_a_model_of_another_kind_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(AssetUnavailable, match="gives 3 figures for a pair"):
        choose_reranker(f"st:{made(tmp_path / 'three', labels=3)}", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AssetUnavailable, match="there is no sentence-transformers model in"):
        choose_reranker(f"st:{tmp_path / 'empty'}", tmp_path)
