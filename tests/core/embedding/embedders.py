"""A second embedder: real and tiny, made on the spot with the tokenizer of the first."""

import functools
import shutil
from pathlib import Path

from core.processes.child import ROOT
from tests import kept

MINILM = ROOT / "data" / "models" / "all-minilm-l6-v2"
WIDTH = 32


@functools.cache
def _made() -> Path:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel

    folder = kept.folder("tiny")
    torch.manual_seed(7)
    config = BertConfig(
        hidden_size=WIDTH, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(folder / "bert")
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json"):
        shutil.copy(MINILM / name, folder / "bert" / name)
    read = modules.Transformer(str(folder / "bert"), max_seq_length=256)
    made = SentenceTransformer(modules=[read, modules.Pooling(WIDTH)], device="cpu")
    made.save(str(folder / "tiny"))
    return folder / "tiny"


def tiny(folder: Path) -> Path:
    """A copy of the tiny model in this folder."""
    home = folder / "tiny"
    if not home.exists():
        shutil.copytree(_made(), home)
    return home
