# Exported from book/19_machine.ipynb: change it there, not here.
"""Every rule of the library: as it is written, where, and checked on the spot."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from html import escape
from typing import Any, NamedTuple

import numpy as np

from minigrad.autograd.gradients import grad
from minigrad.check import analytic_gradient, numeric_gradient
from minigrad.creation import tensor
from minigrad.engine import rules
from minigrad.examples import EXAMPLES, made
from minigrad.func import jvp
from minigrad.shapes import cat
from minigrad.sources import source_of


class Entry(NamedTuple):
    """A rule, where it stands, and the worst error that each check found, or why there is none."""

    name: str
    module: str
    chapter: str
    source: str
    errors: tuple[float | str, ...]  # of the first derivative, the second, and forward mode


def worst_error(function: Callable[..., Any], inputs: list[Any]) -> float:
    """How far the pullbacks of a function are from what nudges measure, at worst."""
    worst = 0.0
    for x in inputs:
        measured = numeric_gradient(lambda _: function(*inputs), x)
        error = np.abs(analytic_gradient(function(*inputs), x) - measured)
        worst = max(worst, float((error / np.maximum(1.0, np.abs(measured))).max(initial=0)))
    return worst


def forward_error(operation: Callable[..., Any], inputs: list[Any]) -> float:
    """How far a slope along one direction, by forward mode, is from what nudges measure."""
    tangents = [tensor(made(*x.shape, seed=4)) for x in inputs]
    _, moved = jvp(operation, tuple(inputs), tuple(tangents))
    measured: Any = 0.0
    for x, tangent in zip(inputs, tangents, strict=True):
        rates = numeric_gradient(lambda _: operation(*inputs), x)
        measured = measured + np.tensordot(rates, tangent.value, x.ndim)
    error = np.abs(moved.value - measured) / np.maximum(1.0, np.abs(measured))
    return float(np.max(error, initial=0))


def slopes_of(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The gradients of a weighted sum of an operation's squares, as one row of numbers."""

    def slopes(*inputs: Any) -> Any:
        y = operation(*inputs)
        root = (y * y * tensor(made(*y.shape, seed=3))).sum()
        found = grad(root, inputs, create_graph=True, materialize_grads=True)
        return cat([g.reshape(-1) for g in found])

    return slopes


def chapter_of(rule: Callable[..., Any]) -> str:
    """The chapter that a rule stands in, by what its module says of itself: 05_broadcasting."""
    lines = inspect.getsource(sys.modules[rule.__module__]).split("\n")
    before = lines[: inspect.getsourcelines(inspect.unwrap(rule))[1]]
    marks = [line for line in before if line.startswith(("# Exported from", "# --- book/"))]
    chapters: list[str] = re.findall(r"book/(\w+)\.ipynb", marks[-1])
    return chapters[0]


def entry(name: str) -> Entry:
    """A rule of the library, looked up and checked."""
    rule = rules[name]
    if name not in EXAMPLES:
        raise KeyError(f"inventory: there is no example for the rule {name} in minigrad.examples")
    how, arrays = EXAMPLES[name]
    operation, inputs = how(rule), [tensor(array, requires_grad=True) for array in arrays]
    first = worst_error(operation, inputs)
    second = getattr(rule, "once", None) or worst_error(slopes_of(operation), inputs)
    errors = (first, second, forward_error(operation, inputs))
    return Entry(name, rule.__module__, chapter_of(rule), source_of(rule), errors)


def library(module: str | None = None) -> list[str]:
    """The names of the library's rules, or of one module's: not of those a notebook has made."""
    ours = [name for name, rule in rules.items() if rule.__module__.startswith("minigrad.")]
    return [name for name in ours if module in (None, rules[name].__module__)]


class Inventory(list[Entry]):
    """Rules and what their checks found; in a notebook a card for each."""

    def __repr__(self) -> str:
        return "\n".join(f"{x.name:16} {x.module:28} {'  '.join(verdicts(x))}" for x in self)

    def _repr_html_(self) -> str:
        return "\n".join(map(in_html, self))


def verdicts(entry: Entry) -> list[str]:
    """The worst errors, so far as they are the same on every machine."""
    found = [x if isinstance(x, str) else f"{x:.0e}" for x in entry.errors]
    small = [not isinstance(x, str) and x < 1e-6 for x in entry.errors]
    return ["< 1e-6" if good else text for good, text in zip(small, found, strict=True)]


CARD = """<div class="mg-rule">
<p><b>{name}</b> · <a href="{page}.html">chapter {number}</a> · checked now: {checks}</p>
<pre>{source}</pre>
</div>"""


def in_html(entry: Entry) -> str:
    """A rule on a card: its name and chapter, what the checks found, its text."""
    pairs = zip(("first derivative", "second", "forward mode"), verdicts(entry), strict=True)
    checks = escape(", ".join(map(" ".join, pairs)))
    number, source = int(entry.chapter.split("_")[0]), escape(entry.source)
    return CARD.format(
        name=entry.name, page=entry.chapter, number=number, checks=checks, source=source
    )


def inventory(names: Iterable[str] | None = None) -> Inventory:
    """Rules by their names (all those of the library, if none are named), each checked now."""
    return Inventory(map(entry, library() if names is None else names))


__all__ = ["inventory"]
