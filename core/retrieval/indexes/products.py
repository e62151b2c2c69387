"""Inner products on one thread: BLAS wakes a second one for them, which costs more than it gains."""

from typing import Any

import numpy as np

from core.retrieval.embed import Vectors


def products(rows: Vectors, vector: Vectors) -> Vectors:
    """Of each row (n, dimension) with the vector: (n,)."""
    import faiss

    rows = np.ascontiguousarray(rows, dtype=np.float32)
    found = np.empty(len(rows), np.float32)
    library: Any = faiss
    pointer = library.swig_ptr
    library.fvec_inner_products_ny(
        pointer(found), pointer(vector), pointer(rows), *rows.shape[::-1]
    )
    return found
