# Exported from book/01_dot.ipynb, book/02_instruments.ipynb, book/04_matmul.ipynb,
# book/05_broadcasting.ipynb, book/06_slicing.ipynb, book/07_shapes.ipynb, book/08_functions.ipynb,
# book/09_reductions.ipynb, book/10_tensor.ipynb, book/11_losses.ipynb, book/12_layers.ipynb,
# book/13_optimizers.ipynb, book/14_training.ipynb, book/17_higher.ipynb, book/19_machine.ipynb,
# book/20_pictures.ipynb: change it there, not here.
"""minigrad: an autograd engine that a book builds step by step."""

import minigrad.autograd as autograd
import minigrad.datasets as datasets
import minigrad.func as func
import minigrad.nn as nn
import minigrad.optim as optim
import minigrad.training as training
import minigrad.utils as utils
from minigrad.arithmetic import *
from minigrad.autograd.profiler import *
from minigrad.check import *
from minigrad.creation import *
from minigrad.draw import *
from minigrad.dtypes import *
from minigrad.engine import *
from minigrad.functions import *
from minigrad.nn.functional import (
    celu,
    celu_,
    cosine_similarity,
    hardshrink,
    pairwise_distance,
    prelu,
    relu_,
    selu,
    selu_,
    threshold,
    threshold_,
)
from minigrad.play import *
from minigrad.products import *
from minigrad.reductions import *
from minigrad.saving import *
from minigrad.shapes import *
from minigrad.slicing import *
from minigrad.tensor import *
