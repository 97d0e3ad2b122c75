"""Matrix products on the calling thread.

For all but small matrices `@` wakes the threads of the BLAS library, which spin for a while when they are done. For the
sizes of one question this doubles the processor time, and takes it from other questions.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

_Number = TypeVar("_Number", np.float32, np.float64)

_MAX_MULTIPLICATIONS = 200_000  # OpenBLAS shares out products of matrices above 262,144


def dot_products(rows: NDArray[_Number], vectors: NDArray[_Number]) -> NDArray[_Number]:
    """Return the dot product of each row with a vector; shape (rows,). For several vectors, (vectors, rows)."""
    return np.asarray(np.vecdot(rows, vectors if vectors.ndim == 1 else vectors[:, None]))


def product(rows: NDArray[_Number], matrix: NDArray[_Number]) -> NDArray[_Number]:
    """Return `rows @ matrix`."""
    block = max(1, _MAX_MULTIPLICATIONS // matrix.size)
    return np.concatenate([rows[start : start + block] @ matrix for start in range(0, max(1, len(rows)), block)])
