# Exported from book/14_training.ipynb: change it there, not here.
"""Tools around a training: the data, in `minigrad.utils.data`."""

import minigrad.utils.data as data

__all__ = ["data"]
