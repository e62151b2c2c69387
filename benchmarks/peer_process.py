"""One peer in a process of its own, so that its CPU seconds are its own.

Started as `python benchmarks/peer_process.py <peer> <model folder> <folder>`; the folder has the passages
in texts.json. The last word of its output is the CPU seconds.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

QUESTIONS = 30


def one_question(embed: Callable[[str], object]) -> float:
    """CPU seconds of one question, the median of many."""
    spent = []
    for number in range(QUESTIONS):
        start = time.process_time()
        embed(f"How long is the notice period of contract {number}?")
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def question(model: str, folder: Path, texts: list[str]) -> float:
    """One at a time, as a user asks."""
    from sentence_transformers import SentenceTransformer

    return one_question(SentenceTransformer(model, device="cpu").encode)


def plain(model: str, folder: Path, texts: list[str]) -> float:
    """The embedding alone."""
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model, device="cpu")
    encoder.encode(texts[:32])
    start = time.process_time()
    encoder.encode(texts, normalize_embeddings=True)
    return time.process_time() - start


def langchain(model: str, folder: Path, texts: list[str]) -> float:
    """As its tutorial has it."""
    from langchain_community.vectorstores import FAISS  # type: ignore[import-not-found]
    from langchain_huggingface import HuggingFaceEmbeddings  # type: ignore[import-not-found]

    embeddings = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"})
    embeddings.embed_documents(texts[:32])
    start = time.process_time()
    FAISS.from_texts(texts, embeddings).save_local(str(folder / "langchain"))
    return time.process_time() - start


def chroma(model: str, folder: Path, texts: list[str]) -> float:
    """With the same embedder; its own default is to be downloaded first."""
    import chromadb  # type: ignore[import-not-found]
    from chromadb.utils.embedding_functions import (  # type: ignore[import-not-found]
        SentenceTransformerEmbeddingFunction,
    )

    embed = SentenceTransformerEmbeddingFunction(model_name=model, device="cpu")
    embed(texts[:32])
    client = chromadb.PersistentClient(str(folder / "chroma"))
    collection = client.create_collection("passages", embedding_function=embed)
    start = time.process_time()
    for at in range(0, len(texts), 500):
        some = texts[at : at + 500]
        collection.add(ids=[str(at + n) for n in range(len(some))], documents=some)
    return time.process_time() - start


PEERS: dict[str, Callable[[str, Path, list[str]], float]] = {
    "plain encode": plain,
    "question": question,
    "langchain + FAISS": langchain,
    "chromadb": chroma,
}

if __name__ == "__main__":
    given = json.loads((Path(sys.argv[3]) / "texts.json").read_text())
    print(PEERS[sys.argv[1]](sys.argv[2], Path(sys.argv[3]), given))
