# Exported from book/18_forward.ipynb: change it there, not here.
"""Dual numbers, as torch.autograd.forward_ad spells them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from minigrad.autograd.levels import entering
from minigrad.autograd.tangents import Moving, dual, stop
from minigrad.engine import state


class DualLevel(Moving):
    """The run that dual_level() stands for; there is one at a time."""


def current(name: str, level: Any = None) -> Any:
    """The run of the open dual_level(), or None."""
    runs = [run for run in state.around if isinstance(run, DualLevel)]
    if level not in (None, len(runs) - 1):
        raise RuntimeError(f"{name}: level {level} is not open")
    return runs[0] if runs else None


def enter_dual_level() -> int:
    """From here on tensors can carry tangents; returns the number of the level, which is 0."""
    if current("enter_dual_level"):
        raise RuntimeError(
            "enter_dual_level: a dual level is open, and they do not nest: func.jvp does"
        )
    DualLevel().__enter__()
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Forget all tangents of the level."""
    run = current("exit_dual_level", level)
    if run is None:
        raise RuntimeError("exit_dual_level: no dual level is open")
    run.__exit__()


@contextlib.contextmanager
def dual_level() -> Iterator[int]:
    """A block in which tensors can carry tangents; they are forgotten at its end."""
    level = enter_dual_level()
    try:
        yield level
    finally:
        exit_dual_level(level=level)


class UnpackedDualTensor(NamedTuple):
    """A value, and how fast it moves; None is not at all."""

    primal: Any
    tangent: Any


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """The tensor with a tangent.

    >>> from minigrad.creation import tensor
    >>> with dual_level():
    ...     x = make_dual(tensor(3.0), tensor(1.0))
    ...     unpack_dual(x * x).tangent
    tensor(6.)
    """
    run = current("make_dual", level)
    if run is None:
        raise RuntimeError("make_dual: no level is open: write with dual_level(): around it")
    if run.tangent(tensor) is not None:
        raise RuntimeError("make_dual: this tensor has a tangent already")
    return dual(run, "make_dual", tensor, tangent)


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent, apart."""
    run = current("unpack_dual", level)
    if run is None or run.tangent(tensor) is None:
        return UnpackedDualTensor(tensor, None)
    primal = entering(tensor)
    tangent = run.tangent(primal)
    stop(run, primal)
    return UnpackedDualTensor(primal, tangent)


__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level"]
__all__ += ["make_dual", "unpack_dual"]
