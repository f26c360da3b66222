# Exported from book/11_losses.ipynb, book/12_layers.ipynb, book/20_pictures.ipynb: change it there,
# not here.
"""Neural networks: functions and losses, and from chapter 12 on the layers made of them."""

import minigrad.nn.functional as functional
from minigrad.nn.layers import *
from minigrad.nn.module import *
from minigrad.nn.sequences import *
from minigrad.nn.utils import summary
