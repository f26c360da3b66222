"""minigrad: an autograd engine that a book builds step by step."""

from minigrad.arithmetic import *
from minigrad.creation import *
from minigrad.dtypes import *
from minigrad.engine import *
from minigrad.functions import *
from minigrad.products import *
from minigrad.reductions import *
from minigrad.shapes import *
from minigrad.slicing import *
from minigrad.tensor import *
