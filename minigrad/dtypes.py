# Exported from book/10_tensor.ipynb: change it there, not here.
"""The dtypes by PyTorch's names; each is NumPy's."""

from __future__ import annotations

import numpy as np

float16 = half = np.dtype(np.float16)
float32 = float = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
uint8, int8, int16 = np.dtype(np.uint8), np.dtype(np.int8), np.dtype(np.int16)
short = int16
int32 = int = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool = np.dtype(np.bool_)

__all__ = ["float16", "half", "float32", "float", "float64", "double", "uint8", "int8", "int16"]
__all__ += ["short", "int32", "int", "int64", "long", "bool"]
