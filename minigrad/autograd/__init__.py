# Exported from book/17_higher.ipynb: change it there, not here.


import minigrad.autograd.functional as functional
from minigrad.autograd.gradients import *
from minigrad.check import gradcheck, gradgradcheck
