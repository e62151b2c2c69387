"""all-MiniLM-L6-v2 by itself: the same weights and the same vectors as through sentence-transformers, without
what that spends on filling texts up to equal lengths, and without loading it.

The encoder is that of BERT (Devlin et al. 2018): after each layer's attention and feed-forward the sum is
normalised; the vector of a text is the mean of its pieces, of length one.
"""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.retrieval.embed import Vectors

_CPU = Path("/proc/cpuinfo")
_AT_ONCE = 1024
"""Pieces in one matrix: enough for full speed, few enough that a batch is work for several cores."""
_REGISTER = 16
"""Numbers in a register of 512 bits."""


def arithmetic(cpu: Path = _CPU) -> str:
    """What the matrices are multiplied in on this machine: bfloat16 where the CPU multiplies blocks of it
    (AMX), and there the vectors differ by less than 0.0001 of a cosine; else float32."""
    try:
        said = cpu.read_text(errors="replace")
    except OSError:
        said = ""  # not Linux
    flags = next((line for line in said.splitlines() if line.startswith("flags")), "").split()
    return "bfloat16" if {"amx_tile", "amx_bf16"} <= set(flags) else "float32"


def minilm(folder: Path, matrices: str | None = None) -> Callable[[list[str]], Vectors]:
    """What makes unit vectors of texts, from the weights in the folder; `matrices` is one of `arithmetic`.

    A text is cut at what the model was trained for. Raises OSError when a file is missing.
    """
    import torch
    from safetensors.torch import load_file
    from tokenizers import Tokenizer

    config = json.loads((folder / "config.json").read_text("utf-8"))
    longest = json.loads((folder / "sentence_bert_config.json").read_text("utf-8"))[
        "max_seq_length"
    ]
    pieces = Tokenizer.from_file(str(folder / "tokenizer.json"))
    pieces.enable_truncation(longest)
    pieces.no_padding()
    weights = load_file(folder / "model.safetensors")
    encode = _Encoder(weights, config, getattr(torch, matrices or arithmetic()))
    # A core for each part: threads of torch that share one part wait for each other, spinning, after every step.
    workers = ThreadPoolExecutor(os.cpu_count(), "minilm", torch.set_num_threads, (1,))

    def vectors(texts: list[str]) -> Vectors:
        ids = [each.ids for each in pieces.encode_batch(texts)]
        made: Vectors = torch.cat(list(workers.map(encode, _parts(ids)))).numpy()
        return made

    return vectors


def _parts(texts: list[list[int]]) -> list[list[list[int]]]:
    parts: list[list[list[int]]] = [[]]
    for text in texts:
        if sum(map(len, parts[-1])) + len(text) > _AT_ONCE and parts[-1]:
            parts.append([])
        parts[-1].append(text)
    return parts


class _Encoder:
    """The layers. All texts of a batch stand in one matrix, each filled up to whole registers, a row for
    each piece; only the attention looks at them one by one. What is multiplied is written into matrices
    that all layers share: memory that is asked for anew costs as much as a sixth of the arithmetic."""

    def __init__(self, weights: dict[str, Any], config: dict[str, Any], matrices: Any) -> None:
        import torch

        self._f, self._torch, self._matrices = torch.nn.functional, torch, matrices
        self._heads, self._width = config["num_attention_heads"], config["hidden_size"]
        self._wide = config["intermediate_size"]
        self._tiny = config["layer_norm_eps"]
        names = "embeddings.{}_embeddings.weight"
        self._words = weights[names.format("word")]
        self._places = weights[names.format("position")] + weights[names.format("token_type")][0]
        self._first = _pair(weights, "embeddings.LayerNorm")
        self._layers = [
            self._layer(weights, f"encoder.layer.{number}.")
            for number in range(config["num_hidden_layers"])
        ]

    def _layer(self, weights: dict[str, Any], at: str) -> dict[str, tuple[Any, Any]]:
        asked = [_pair(weights, f"{at}attention.self.{it}") for it in ("query", "key", "value")]
        linear = {
            "asked": tuple(self._torch.cat(both) for both in zip(*asked, strict=True)),
            "mixed": _pair(weights, f"{at}attention.output.dense"),
            "wide": _pair(weights, f"{at}intermediate.dense"),
            "narrow": _pair(weights, f"{at}output.dense"),
        }
        return {
            **{
                name: (w.t().contiguous().to(self._matrices), b.to(self._matrices))
                for name, (w, b) in linear.items()
            },
            "after_attention": _pair(weights, f"{at}attention.output.LayerNorm"),
            "after": _pair(weights, f"{at}output.LayerNorm"),
        }

    def __call__(self, texts: list[list[int]]) -> Any:
        """A unit vector for each text."""
        with self._torch.inference_mode():
            return self._f.normalize(self._means(texts))

    def _means(self, texts: list[list[int]]) -> Any:
        filled = [len(text) + -len(text) % _REGISTER for text in texts]
        x = self._normal(self._embedded(texts, filled), self._first)
        given, mixed, seen = (self._matrix(len(x), self._width) for _ in range(3))
        asked, wide = self._matrix(len(x), 3 * self._width), self._matrix(len(x), self._wide)
        looks = list(
            zip(
                seen.view(len(x), self._heads, -1).split(filled),
                asked.view(len(x), 3, self._heads, -1).split(filled),
                [self._mask(len(text)) for text in texts],
                strict=True,
            )
        )
        for layer in self._layers:
            self._multiply(given.copy_(x), layer["asked"], asked)
            self._attend(looks)
            self._multiply(seen, layer["mixed"], mixed)
            x = self._normal(x.add_(mixed), layer["after_attention"])
            self._multiply(given.copy_(x), layer["wide"], wide)
            self._multiply(self._torch.ops.aten.gelu_(wide), layer["narrow"], mixed)
            x = self._normal(x.add_(mixed), layer["after"])
        rows = zip(x.split(filled), texts, strict=True)
        return self._torch.stack([row[: len(text)].mean(0) for row, text in rows])

    def _embedded(self, texts: list[list[int]], filled: list[int]) -> Any:
        pieces = [
            piece
            for text, rows in zip(texts, filled, strict=True)
            for piece in (*text, *[0] * (rows - len(text)))
        ]
        x = self._f.embedding(self._torch.tensor(pieces), self._words)
        for row in x.split(filled):
            row.add_(self._places[: len(row)])
        return x

    def _matrix(self, rows: int, columns: int) -> Any:
        return self._torch.empty(rows, columns, dtype=self._matrices)

    def _multiply(self, x: Any, by: tuple[Any, Any], into: Any) -> None:
        weight, bias = by
        self._torch.addmm(bias, x, weight, out=into)

    def _attend(self, looks: list[tuple[Any, Any, Any]]) -> None:
        for seen, asked, mask in looks:
            query, key, value = asked.permute(1, 2, 0, 3).unsqueeze(1)
            found = self._f.scaled_dot_product_attention(query, key, value, attn_mask=mask)
            seen.copy_(found[0].transpose(0, 1))

    def _mask(self, length: int) -> Any:
        """What hides the rows that fill a text up to whole registers: with a rest torch takes a slow way,
        half as fast in bfloat16. None when there is no rest."""
        if length % _REGISTER == 0:
            return None
        mask = self._torch.zeros(1, 1, 1, length + -length % _REGISTER, dtype=self._matrices)
        mask[..., length:] = -self._torch.inf
        return mask

    def _normal(self, x: Any, of: tuple[Any, Any]) -> Any:
        return self._f.layer_norm(x, (self._width,), *of, self._tiny)


def _pair(weights: dict[str, Any], name: str) -> tuple[Any, Any]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]
