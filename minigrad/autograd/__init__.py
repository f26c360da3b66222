# Exported from book/11_losses.ipynb, book/17_higher.ipynb, book/18_forward.ipynb,
# book/19_machine.ipynb: change it there, not here.
"""The engine by PyTorch's names: functions of your own, and what chapters 17 to 19 add."""

import minigrad.autograd.forward_ad as forward_ad
import minigrad.autograd.function as function
import minigrad.autograd.functional as functional
import minigrad.autograd.profiler as profiler
from minigrad.autograd.anomaly import *
from minigrad.autograd.function import *
from minigrad.autograd.gradients import *
from minigrad.check import gradcheck, gradgradcheck
