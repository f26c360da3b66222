# Exported from book/19_machine.ipynb: change it there, not here.
"""Anomaly mode: the first operation, forward or backward, that makes a nan or an infinity."""

from __future__ import annotations

import linecache
import os
import sys
from types import FrameType
from typing import Any, TypeAlias

import numpy as np

import minigrad.engine
from minigrad.autograd.watching import Watcher, wrap_pullbacks
from minigrad.draw import counted, number
from minigrad.engine import Node, Pullback, described, state


class AnomalyError(RuntimeError):
    """An operation made a nan or an infinity."""


PACKAGE = os.path.dirname(minigrad.engine.__file__) + os.sep


Place: TypeAlias = tuple[str, int, str]  # file, line, function


def callers_line() -> Place:
    """Where the innermost line of code stands that is not the library's own."""
    frame: FrameType | None = sys._getframe(1)
    while frame and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    if frame is None:
        return "", 0, ""
    return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name


def quoted(place: Place) -> str:
    """A line of code and where it stands: in a file, or in a cell of a notebook."""
    file, line, function = place
    where = f'File "{file}", line {line}' if os.path.isfile(file) else f"line {line} of the cell"
    inside = "" if function.startswith("<") else f", in {function}"
    return f"{where}{inside}: {linecache.getline(file, line).strip()}"


def strange(x: Any) -> dict[str, int]:
    """How many entries are nan, and how many infinite, where any are."""
    x = np.asarray(getattr(x, "value", x))
    if x.dtype.kind != "f" or np.isfinite(x).all():
        return {}
    counts = {"nan": int(np.isnan(x).sum()), "inf": int(np.isinf(x).sum())}
    return {kind: count for kind, count in counts.items() if count}


def told(x: Any, name: str = "") -> str:
    """The name, dtype and shape of an array, the range of what is in it, and what is strange."""
    x = np.asarray(x)
    words, good = f"{name} {described(x)}".strip(), x[np.isfinite(x)]
    if good.size and good.min() == good.max():
        words += f" of {number(good.min())}"
    elif good.size:
        words += f" from {number(good.min())} to {number(good.max())}"
    return words + "".join(f" with {count} {kind}" for kind, count in strange(x).items())


def kinds_in(sources: Any) -> set[str]:
    """The kinds of strange numbers among some inputs or options, whatever these are."""
    numbers = [x for x in sources if isinstance(x, (Node, float, np.ndarray, np.generic))]
    return {kind for x in numbers for kind in strange(x)}


class Meeting:
    """An operation, what it was given, and who called it."""

    def __init__(self, name: str, inputs: Any, place: Place) -> None:
        self.name, self.place = name, place
        nodes = [x for x in inputs if isinstance(x, Node)]
        self.names, self.values = [x.name for x in nodes], [x.value for x in nodes]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(told, self.values, self.names))})"


def look(refused: Any, result: Any, sources: list[Any], met: Meeting, g: Any = None) -> None:
    """Refuse a result with a nan, or with an infinity where its sources held none."""
    found = {kind: count for kind, count in strange(result).items() if refused[kind]}
    before = kinds_in(sources) if found else set()
    if "nan" in found or found.keys() - before:
        verb = "passed on" if found.keys() <= before else "made"
        counts = " and ".join(f"{count} {kind}" for kind, count in found.items())
        who = str(met) if g is None else f"the backward of {met}, given {told(g)},"
        raise AnomalyError(
            f"{who} {verb} {counts} in {counted(np.size(result), 'number')}\n"
            f"called in {quoted(met.place)}"
        )


def guarded(refused: Any, pullback: Pullback, met: Meeting) -> Pullback:
    """The same pullback, looked after."""

    def guard(g: Any) -> Any:
        with np.errstate(all="ignore"):
            piece = pullback(g)
        look(refused, piece, [g, *met.values], met, g)
        return piece

    return guard


class detect_anomaly(Watcher):
    """Stop at the first operation, forward or backward, that makes a nan or an infinity.

    A nan in a result is always an error. An infinity is one where no input and no option held
    one: filling with -inf before a softmax is fine. check_inf=False lets infinities pass, and
    check_nan=False everything. PyTorch looks at the backward side only, and only for nan.
    """

    def __init__(self, check_nan: bool = True, *, check_inf: bool | None = None) -> None:
        self.refused = {"nan": check_nan, "inf": check_nan if check_inf is None else check_inf}

    def watch(self, operation: Any, rule: Any, inputs: Any, options: Any) -> Any:
        with np.errstate(all="ignore"):  # NumPy would only warn
            result = operation(*inputs, **options)
        met = Meeting(rule.__name__, inputs, callers_line())
        look(self.refused, result, [*inputs, *options.values()], met)
        wrap_pullbacks(result, lambda pullback, _: guarded(self.refused, pullback, met))
        return result


class set_detect_anomaly:
    """Switch anomaly mode on or off, for good or for a `with` block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self.before = state.around
        on = [x for x in self.before if isinstance(getattr(x, "__self__", None), detect_anomaly)]
        state.around = tuple([x for x in self.before if x not in on])
        if mode:
            detect_anomaly(check_nan).start()

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        state.around = self.before


__all__ = ["AnomalyError", "detect_anomaly", "set_detect_anomaly"]
