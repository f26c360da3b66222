# Exported from book/14_training.ipynb: change it there, not here.


import minigrad.utils.data as data

"""Tools around a training: the data, in `minigrad.utils.data`."""


__all__ = ["data"]
