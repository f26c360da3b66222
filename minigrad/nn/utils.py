# Exported from book/12_layers.ipynb: change it there, not here.
"""What is done to all parameters of a network at once: clipping, one vector, a summary."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from minigrad.changing import overwrite
from minigrad.creation import zeros
from minigrad.engine import Node, ShapeError
from minigrad.shapes import cat, reshape
from minigrad.tensor import Tensor, no_grad


def gradients(parameters: Any) -> list[Any]:
    """The gradients of a tensor or of several, of those that have one."""
    several = [parameters] if isinstance(parameters, Node) else list(parameters)
    return [p.grad for p in several if p.grad is not None]


def length(grads: list[Any], p: float) -> float:
    """The p-norm of all entries of all gradients."""
    sizes = [np.abs(g.value, dtype=g.value.dtype) for g in grads if g.value.size]
    if math.isinf(p):
        return max((float(x.max()) for x in sizes), default=0.0)
    total = math.fsum(float((x.astype(np.float64) ** p).sum()) for x in sizes)
    return float(total ** (1 / p))


def clip_grad_norm_(
    parameters: Any,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Any:
    """Scale all gradients together, so that their common norm is max_norm at most; return it."""
    grads = gradients(parameters)
    norm = length(grads, float(norm_type))
    if error_if_nonfinite and not math.isfinite(norm):
        raise RuntimeError(
            f"clip_grad_norm_: the norm of the gradients is {norm}: one of them is not finite"
        )
    scale = min(max_norm / (norm + 1e-6), 1.0) if not math.isnan(norm) else math.nan
    for g in grads:
        g.value = g.value * g.value.dtype.type(scale)
    return Tensor(norm, grads[0].dtype if grads else None)


def clip_grad_value_(parameters: Any, clip_value: float) -> None:
    """Cut every entry of every gradient off at -clip_value and clip_value."""
    for g in gradients(parameters):
        g.value = np.clip(g.value, -clip_value, clip_value)


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """All parameters one after the other in one vector, through which gradients flow back."""
    return cat([reshape(p, -1) for p in parameters])


def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """Give the parameters the entries of a vector, one after the other."""
    several = list(parameters)
    sizes = [math.prod(p.shape) for p in several]
    if not isinstance(vec, Node) or vec.shape != (sum(sizes),):
        found = list(vec.shape) if isinstance(vec, Node) else type(vec).__name__
        raise ShapeError(
            f"vector_to_parameters: the parameters have {sum(sizes)} entries, the vector is {found}"
        )
    parts = np.split(vec.value, np.cumsum(sizes)[:-1])
    for p, part in zip(several, parts, strict=True):
        overwrite(p, part.reshape(p.shape).astype(p.dtype)[()])


class Line(NamedTuple):
    """A line of a summary: a module, what it gave, and how many numbers it keeps itself."""

    name: str
    kind: str
    output: str
    parameters: int
    trainable: int


def shape_of(output: Any) -> str:
    if isinstance(output, Node):
        return str(list(output.shape))
    if isinstance(output, (tuple, list)):
        return ", ".join(map(shape_of, output))
    return type(output).__name__


def line(name: str, module: Any, output: str, seen: set[int]) -> Line:
    """The line of one module; parameters that stood in an earlier line are not counted again."""
    own = [p for p in module.parameters(recurse=False) if id(p) not in seen]
    seen.update(map(id, own))
    sizes = [(math.prod(p.shape), p.requires_grad) for p in own]
    trained = sum(n for n, required in sizes if required)
    return Line(name, type(module).__name__, output, sum(n for n, _ in sizes), trained)


class Summary:
    """A model as a table, in a notebook and as text."""

    heads = ("name", "layer", "output shape", "parameters", "trainable")

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.parameters = sum(x.parameters for x in lines)
        self.trainable = sum(x.trainable for x in lines)

    def rows(self) -> list[list[str]]:
        """All lines, and the sums, as text."""
        total = Line("", "all", "", self.parameters, self.trainable)
        return [[*x[:3], f"{x.parameters:,}", f"{x.trainable:,}"] for x in (*self.lines, total)]

    def __repr__(self) -> str:
        rows = [list(self.heads), *self.rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        aligned = [aligned_line(row, widths) for row in rows]
        rule = "-" * max(map(len, aligned))
        return "\n".join([aligned[0], rule, *aligned[1:-1], rule, aligned[-1]])

    def _repr_html_(self) -> str:
        return html_table(self.heads, self.rows())


def aligned_line(row: list[str], widths: list[int]) -> str:
    """Texts to the left, numbers to the right."""
    cells = [
        text.ljust(width) if i < 3 else text.rjust(width)
        for i, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def html_table(heads: tuple[str, ...], rows: list[list[str]]) -> str:
    """The same table for a notebook."""
    from html import escape

    def cells(row: Any, tag: str) -> str:
        sides = ["left"] * 3 + ["right"] * 2
        pairs = zip(row, sides, strict=True)
        return "".join(
            f'<{tag} style="text-align: {side}; padding: 0 0.6em">{escape(text)}</{tag}>'
            for text, side in pairs
        )

    head = f"<thead><tr>{cells(heads, 'th')}</tr></thead>"
    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return f'<table class="summary">{head}<tbody>{body}</tbody></table>'


def summary(model: Any, input: Any = None) -> Summary:
    """A model as a table. With an input, or the shape of one, the shapes it makes stand in it."""
    outputs: dict[int, str] = {}

    def note(module: Any, _: Any, output: Any) -> None:
        outputs[id(module)] = shape_of(output)

    handles = [module.register_forward_hook(note) for module in model.modules()]
    modes = [(module, module.training) for module in model.modules()]
    try:
        if input is not None:
            with no_grad():
                model.eval()(*samples(input))
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
    seen: set[int] = set()
    inside = list(model.named_modules())
    parts = [pair for pair in inside if pair[0]] or inside
    return Summary([line(n or "(model)", m, outputs.get(id(m), ""), seen) for n, m in parts])


def samples(input: Any) -> tuple[Any, ...]:
    """What to call the model with: a tensor, several, or zeros of a shape."""
    if isinstance(input, Node):
        return (input,)
    if input and all(isinstance(size, int) for size in input):
        return (zeros(tuple(input)),)
    return tuple(input)


__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "vector_to_parameters"]
__all__ += ["summary"]
