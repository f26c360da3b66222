# Exported from book/01_dot.ipynb, book/02_instruments.ipynb, book/04_matmul.ipynb,
# book/05_broadcasting.ipynb, book/06_slicing.ipynb, book/07_shapes.ipynb, book/08_functions.ipynb,
# book/09_reductions.ipynb, book/10_tensor.ipynb, book/11_losses.ipynb, book/14_training.ipynb,
# book/19_machine.ipynb: change it there, not here.
"""minigrad: an autograd engine that a book builds step by step."""

import importlib
import os
from typing import Any

from minigrad.arithmetic import *
from minigrad.check import *
from minigrad.creation import *
from minigrad.draw import *
from minigrad.dtypes import *
from minigrad.engine import *
from minigrad.functions import *
from minigrad.play import *
from minigrad.products import *
from minigrad.reductions import *
from minigrad.shapes import *
from minigrad.slicing import *
from minigrad.tensor import *

# --- book/10_tensor.ipynb: The tensor


__version__ = "0.2.0"
LATE: dict[str, str] = {}  # names that are at the root too: the modules they come from


def __getattr__(name: str) -> Any:
    """A package, or a name of LATE, imported when it is first asked for."""
    home = f"minigrad.{LATE.get(name, name)}"
    try:
        module = importlib.import_module(home)
    except ModuleNotFoundError as error:
        if error.name != home:
            raise
        raise AttributeError(f"module 'minigrad' has no attribute {name!r}") from None
    return getattr(module, name) if name in LATE else module


def __dir__() -> list[str]:
    files = (name.removesuffix(".py") for name in os.listdir(__path__[0]) if name[0] != "_")
    return sorted({*globals(), *LATE, *(name for name in files if name.isidentifier())})


# --- book/11_losses.ipynb: Functions and losses


ACTIVATIONS = ("celu", "celu_", "hardshrink", "prelu", "relu_", "selu", "selu_", "threshold")
LATE |= dict.fromkeys((*ACTIVATIONS, "threshold_"), "nn.functional")
LATE |= dict.fromkeys(("cosine_similarity", "pairwise_distance"), "nn.functional")


# --- book/14_training.ipynb: Data and training


LATE |= dict.fromkeys(("save", "load", "LoadError"), "saving")


# --- book/19_machine.ipynb: Inside the machine


LATE["profile"] = "autograd.profiler"
