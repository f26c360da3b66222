# Exported from book/19_machine.ipynb: change it there, not here.
"""Where time and memory go: every operation measured, forward and backward."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import numpy as np

from minigrad.autograd.watching import Watcher, wrap_pullbacks
from minigrad.engine import Node, Pullback
from minigrad.protocol import plain


class Row:
    """All calls of one operation: how often, how long, and how many bytes."""

    def __init__(self, operation: str) -> None:
        self.operation, self.calls = operation, 0
        self.forward = 0.0  # seconds in the operation itself
        self.backward = 0.0  # seconds in its pullbacks
        self.made = 0  # bytes of results; a view of an input is nothing new
        self.kept = 0  # bytes that stay alive until backward, each array counted once

    @property
    def time(self) -> float:
        return self.forward + self.backward


def buffers(*things: Any) -> Iterable[Any]:
    """The arrays that own the memory behind values, and behind what pullbacks hold on to."""
    todo, met = list(things), set()
    while todo:
        thing = todo.pop()
        if id(thing) in met:
            continue
        met.add(id(thing))
        if isinstance(thing, np.ndarray):
            if isinstance(thing.base, np.ndarray):
                todo.append(thing.base)
            else:
                yield thing
        elif isinstance(thing, (tuple, list)):
            todo += thing
        else:
            todo += map(content, getattr(thing, "__closure__", None) or ())


def content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a variable that was never given a value
        return None


def count(seen: dict[int, Any], row: Row, result: Any, inputs: Any) -> None:
    """Add the bytes of a result that are new, and those that now wait for backward."""
    value = np.asarray(getattr(result, "value", result))
    if not any(np.may_share_memory(value, given) for given in buffers(*map(plain, inputs))):
        row.made += value.nbytes
    if not getattr(result, "edges", ()):
        return
    for x in inputs:
        if isinstance(x, Node) and x.rule is None:  # parameters and data are there anyway
            unseen(seen, x.value)
    pullbacks = [back for _, back, _ in result.edges]
    row.kept += unseen(seen, result.value, result.call[1], pullbacks)


def unseen(seen: dict[int, Any], *things: Any) -> int:
    """The bytes of the arrays behind things that were not seen before; now they are."""
    size = 0
    for array in buffers(*things):
        if seen.get(id(array), lambda: None)() is not array:
            seen[id(array)] = weakref.ref(array)
            size += array.nbytes
    return size


def timed(function: Callable[..., Any], *inputs: Any, **options: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    result = function(*inputs, **options)
    return result, time.perf_counter() - start


def clocked(pullback: Pullback, row: Row) -> Pullback:
    """The same pullback; its time is added to the row."""

    def measure(g: Any) -> Any:
        piece, seconds = timed(pullback, g)
        row.backward += seconds
        return piece

    return measure


class Measuring(Watcher):
    """Adds up what every operation takes."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.total = 0.0  # seconds from the beginning to the end
        self.seen: dict[int, Any] = {}  # arrays that are counted already: weakly, by their id

    def start(self) -> None:
        super().start()
        self.started = time.perf_counter()

    def stop(self) -> None:
        self.total += time.perf_counter() - self.started
        super().stop()

    def watch(self, operation: Any, rule: Any, inputs: Any, options: Any) -> Any:
        row = self.rows.setdefault(rule.__name__, Row(rule.__name__))
        result, seconds = timed(operation, *inputs, **options)
        row.calls += 1
        row.forward += seconds
        count(self.seen, row, result, inputs)
        wrap_pullbacks(result, lambda pullback, _: clocked(pullback, row))
        return result


def in_bytes(n: float) -> str:
    for unit in ("B", "kB", "MB"):
        if n < 1000:
            return f"{n:.0f} B" if unit == "B" else f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"


ORDERS: dict[str, Callable[[Row], Any]] = {
    **{name: attrgetter(name) for name in ("time", "forward", "backward", "calls", "made", "kept")},
    **dict.fromkeys(("cpu_time_total", "self_cpu_time_total"), attrgetter("time")),
    "cpu_memory_usage": attrgetter("made"),
    "count": attrgetter("calls"),
}


class Table(str):
    """A table as text; at the end of a notebook cell it shows itself as one of the page."""

    cells: list[list[str]]

    def __new__(cls, cells: list[list[str]]) -> Table:
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
            for row in cells
        ]
        table = super().__new__(cls, "\n".join(lines))
        table.cells = cells
        return table

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from html import escape

        head, *rows = ["".join(f"<td>{escape(x)}</td>" for x in row) for row in self.cells]
        body = "\n".join(f"<tr>{row}</tr>" for row in rows)
        head = head.replace("td>", "th>")
        return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def summed(rows: Iterable[Row], name: str) -> Row:
    """Several rows as one."""
    whole = Row(name)
    for row in rows:
        for part in ("calls", "forward", "backward", "made", "kept"):
            setattr(whole, part, getattr(whole, part) + getattr(row, part))
    return whole


def line(row: Row, total: float, times: bool) -> list[str]:
    """The cells of a row."""
    spent = [
        f"{1e3 * row.forward:.2f} ms",
        f"{1e3 * row.backward:.2f} ms",
        f"{row.time / total:.0%}",
    ]
    counts = [in_bytes(row.made), in_bytes(row.kept)]
    return [row.operation, f"{row.calls:,}", *(spent if times else []), *counts]


def tabulated(rows: list[Row], limit: int, total: float, times: bool) -> Table:
    """A line for each operation, for all of them, and for the time that none of them took."""
    head = ["operation", "calls", *["forward", "backward", "share"] * times, "made", "kept"]
    more = [summed(rows[limit:], f"{len(rows) - limit} more")] if len(rows) > limit else []
    whole = summed(rows, "all operations")
    cells = [head, *[line(row, total, times) for row in [*rows[:limit], *more, whole]]]
    if times:
        rest = total - whole.time
        cells.append(["the rest", "", f"{1e3 * rest:.2f} ms", "", f"{rest / total:.0%}", "", ""])
    return Table(cells)


class profile(Measuring):
    """Measure what runs in a `with` block, by operation: calls, time forward and backward, bytes.

    >>> from minigrad.engine import Node
    >>> from minigrad.arithmetic import mul
    >>> with profile() as measured:
    ...     y = mul(Node([1.0, 2.0], True), Node([3.0, 4.0]))
    >>> print(measured.table(times=False))
    operation       calls  made  kept
    mul                 1  16 B  16 B
    all operations      1  16 B  16 B
    """

    def __repr__(self) -> str:
        return str(self.table())

    def table(self, sort_by: str | None = None, row_limit: int = 100, times: bool = True) -> Table:
        """A line for each operation, the greatest first. Without times it is always the same."""
        by = sort_by or ("time" if times else "kept")
        if by not in ORDERS:
            raise ValueError(f"table: it cannot sort by {by!r}: use one of {', '.join(ORDERS)}")
        rows = sorted(self.rows.values(), key=ORDERS[by], reverse=True)
        return tabulated(rows, row_limit, max(self.total, 1e-9), times)

    def key_averages(self) -> profile:
        return self  # PyTorch's spelling: here the calls are added up already

    def plot(self, what: str = "time", most: int = 8, axes: Any = None) -> Any:
        return pictured(self, what, most, axes)


PARTS = {"time": ("forward", "backward"), "memory": ("made", "kept")}


def pictured(measured: profile, what: str, most: int, axes: Any) -> Any:
    """Bars for the greatest operations: time forward and backward, or bytes made and kept."""
    import matplotlib.pyplot as plt

    first, second = PARTS[what]
    scale, unit = (1e3, "milliseconds") if what == "time" else (1e-6, "megabytes")
    size = ORDERS["time" if what == "time" else "kept"]
    rows = sorted(measured.rows.values(), key=size, reverse=True)[:most][::-1]
    axes = axes or plt.subplots(figsize=(6, 0.8 + 0.3 * len(rows)))[1]
    names, at = [row.operation for row in rows], np.arange(len(rows))
    axes.barh(
        at + 0.2, [scale * getattr(x, first) for x in rows], 0.4, color="#1b5e9e", label=first
    )
    axes.barh(
        at - 0.2, [scale * getattr(x, second) for x in rows], 0.4, color="#e07b00", label=second
    )
    axes.set_yticks(at, names)
    axes.set_xlabel(unit)
    axes.legend()
    return axes


__all__ = ["profile"]
