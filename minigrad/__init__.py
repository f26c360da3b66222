# Exported from book/01_dot.ipynb, book/02_instruments.ipynb, book/04_matmul.ipynb,
# book/05_broadcasting.ipynb, book/06_slicing.ipynb, book/07_shapes.ipynb, book/08_functions.ipynb,
# book/09_reductions.ipynb, book/10_tensor.ipynb: change it there, not here.
"""minigrad: an autograd engine that a book builds step by step."""

from minigrad.arithmetic import *
from minigrad.check import *
from minigrad.creation import *
from minigrad.draw import *
from minigrad.dtypes import *
from minigrad.engine import *
from minigrad.functions import *
from minigrad.products import *
from minigrad.reductions import *
from minigrad.shapes import *
from minigrad.slicing import *
from minigrad.tensor import *
