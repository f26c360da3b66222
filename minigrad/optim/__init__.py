# Exported from book/13_optimizers.ipynb: change it there, not here.
"""Optimizers and learning rate schedules, with PyTorch's names."""

import minigrad.optim.lr_scheduler as lr_scheduler
from minigrad.optim.adaptive import *
from minigrad.optim.descent import *
from minigrad.optim.optimizer import *

__all__ = ["Optimizer", "SGD", "Adagrad", "RMSprop", "Adam", "AdamW"]
__all__ += ["Adadelta", "Adamax", "NAdam", "RAdam", "lr_scheduler"]
