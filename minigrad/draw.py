# Exported from book/02_instruments.ipynb: change it there, not here.
"""A graph drawn: every value and operation, and on every edge the partial derivative."""

from __future__ import annotations

import inspect
import math
import os
import re
from typing import Any

import numpy as np

from minigrad.engine import Node, Pullback, ancestry, described, pull


def rendered(source: str, form: str) -> bytes:
    """DOT text as a picture, by the system's Graphviz or by the one that pip can install."""
    try:
        import graphviz
    except ImportError:
        raise ImportError(MEND) from None
    try:
        return bytes(graphviz.Source(source).pipe(form))
    except (graphviz.ExecutableNotFound, OSError):
        program = pip_program()
    if program is None:
        raise RuntimeError(MEND)
    import subprocess

    call = [program, f"-T{form}"]
    return subprocess.run(call, input=source.encode(), capture_output=True, check=True).stdout


def pip_program() -> str | None:
    import shutil
    import sysconfig

    folders = [sysconfig.get_path("scripts"), os.environ.get("PATH", "")]
    return shutil.which("graphviz-pure", path=os.pathsep.join(folders))


MEND = (
    'draw: this picture needs Graphviz: pip install "minigrad[draw]" '
    "(the text is in .source and .save('graph.dot') without it)"
)


SMALL = 12  # up to so many numbers are written out


def number(x: Any) -> str:
    """One number, to four digits."""
    return f"{float(x) + 0.0:.4g}" if isinstance(x, (float, np.floating)) else str(x)


def written(x: Any) -> str:
    """A small array, a line for each row; of a big one its dtype and shape."""
    x = np.asarray(x)
    if x.ndim == 0:
        return number(x[()])
    if not 0 < x.size <= SMALL:
        return f"{x.dtype} {x.shape}"
    rows = x.reshape(-1, x.shape[-1])
    return "\n".join(f"[{', '.join(map(number, row))}]" for row in rows)


def labelled(title: str, value: Any, gradient: Any = None) -> str:
    """The text in a box: a title, the shape, the value, the gradient."""
    x = np.asarray(value)
    lines = [title, str(x.shape) if x.ndim and 0 < x.size <= SMALL else "", written(x)]
    if gradient is not None:
        text = written(getattr(gradient, "value", gradient))
        lines.append("grad" + ("\n" if "\n" in text else " ") + text)
    return "\n".join(line for line in lines if line)


def derivative(node: Node, parent: Node, pullback: Pullback) -> str:
    """The local derivative of an edge: each unit gradient pulled back is a row of it."""
    rows, columns = node.value.size, parent.value.size
    if not 0 < rows * columns <= SMALL:
        return f"{rows}×{columns} Jacobian"
    units = np.eye(rows, dtype=node.value.dtype).reshape(rows, *node.value.shape)
    pieces = [pullback(unit) for unit in units]
    for piece in pieces:
        if piece.shape != parent.value.shape:
            raise RuntimeError(
                f"draw: the pullback of {node.rule.__name__} returned {described(piece)} "
                f"for an input of {described(parent.value)}"
            )
    whole = (rows, columns)
    shape = parent.value.shape if rows == 1 else node.value.shape if columns == 1 else whole
    return written(np.stack([np.asarray(piece) for piece in pieces]).reshape(shape))


def data(node: Node) -> list[Any]:
    """The inputs of an operation that are nodes, but need no gradient."""
    inputs = node.call[0] if node.rule else ()
    return [x for x in inputs if isinstance(x, Node) and not x.requires_grad]


def fixed(node: Node) -> list[tuple[Any, Any]]:
    """The inputs that no gradient flows to, as given and as used; options are left out."""
    inputs, values, _ = node.call
    names = list(inspect.signature(node.rule).parameters.values())
    kinds = [names[min(place, len(names) - 1)].annotation for place in range(len(inputs))]
    flows = {place for _, _, place in node.edges}
    arrays = ("Array", Any, inspect.Parameter.empty)
    return [
        (given, value)
        for place, (given, value) in enumerate(zip(inputs, values, strict=True))
        if place not in flows
        and isinstance(value, (int, float, np.ndarray, np.generic))
        and (isinstance(given, Node) or kinds[place] in arrays)
    ]


def reached(root: Any) -> list[Node]:
    """Every node a gradient can reach from the root, oldest first."""
    if not isinstance(root, Node):
        raise TypeError(f"draw: it draws a tensor and its history, not {type(root).__name__}")
    try:
        return ancestry([root])[::-1]
    except RuntimeError as error:
        raise RuntimeError(
            "draw: backward() has released this graph: draw it before, "
            "or call backward(retain_graph=True)"
        ) from error


def nearest(root: Node, most: int) -> set[Node]:
    """The nodes nearest the root, ring by ring, until there are enough."""
    found, ring = {root}, [root]
    while ring:
        behind = dict.fromkeys(parent for node in ring for parent, _, _ in node.edges)
        ring = [x for x in behind if x not in found][: most - len(found)]
        found.update(ring)
    return found


def selected(nodes: list[Node], root: Node, most: int) -> set[Node]:
    """What is drawn: a small graph whole, of a big one the nearest nodes and named leaves."""
    if len(nodes) <= most:
        return set(nodes)
    leaves = (x for node in nodes for x in [node, *data(node)] if x.rule is None and x.name)
    return nearest(root, most) | set(list(dict.fromkeys(leaves))[:most])


LOOKS = {
    "operation": 'style="rounded,filled", fillcolor="#fff1dd"',
    "parameter": 'style=filled, fillcolor="#dcebfa", peripheries=2',
    "data": 'style=filled, fillcolor="#eeeeee"',
    "constant": 'style="dashed,filled", fillcolor="#ffffff"',
    "rest": 'shape=folder, style=filled, fillcolor="#ffffff"',
}
HEAD = """digraph {
  graph [bgcolor=transparent, rankdir=%s, nodesep=0.2, ranksep=0.35]
  node [shape=box, fontname=Helvetica, fontsize=12, height=0.3, color="#767676"]
  edge [fontname=Helvetica, fontsize=11, color="#767676", fontcolor="#767676", arrowsize=0.7]
"""


def quoted(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{text}"'


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


class Sketch:
    """A picture under construction: lines of DOT, and the names of the boxes drawn so far."""

    def __init__(self, shown: set[Node], gradients: dict[Node, Any], rest: str) -> None:
        self.shown, self.gradients, self.rest_label = shown, gradients, rest
        self.lines: list[str] = []
        self.names: dict[Any, str] = {}
        self.depths: dict[str, int] = {}  # of a box: how many arrows lead up to it in a row
        self.widths: dict[str, int] = {}

    def box(self, key: Any, kind: str, label: str) -> str:
        """The name of the box for a key; it is drawn when it is first asked for."""
        if key not in self.names:
            name = self.names[key] = f"n{len(self.names)}"
            self.depths[name], self.widths[name] = 0, max(map(len, label.split("\n")))
            self.lines.append(f"  {name} [label={quoted(label)}, {LOOKS[kind]}]")
        return self.names[key]

    def arrow(self, start: str, end: str, label: str, flows: bool = True) -> None:
        """An edge and what stands on it; dotted where no gradient flows back."""
        line = f"  {start} -> {end} [label={quoted(label)}{'' if flows else ', style=dotted'}]"
        if label or line not in self.lines:
            self.lines.append(line)
        self.depths[end] = max(self.depths[end], self.depths[start] + 1)


def add_leaf(sketch: Sketch, x: Any, value: Any) -> str:
    """The box of a parameter, of data, or of a constant."""
    if not isinstance(x, Node):
        return sketch.box(object(), "constant", labelled("", value))
    kind = "parameter" if x.requires_grad else "data"
    label = labelled(x.name or kind, value, sketch.gradients.get(x))
    return sketch.box(x if x.value is value else (x, id(value)), kind, label)


def add_operation(sketch: Sketch, node: Node) -> None:
    """The box of an operation and its value, and the arrows that lead to it."""
    starts = [
        (sketch.names[parent], derivative(node, parent, pullback), True)
        if parent in sketch.shown
        else (add_rest(sketch), "", True)
        for parent, pullback, _ in node.edges
    ]
    starts += [(add_leaf(sketch, given, value), "", False) for given, value in fixed(node)]
    options = [f"{k}={v}" for k, v in node.call[2].items() if isinstance(v, (int, float))]
    name = [f"{node.name} ="] if node.name else []
    title = " ".join([*name, node.rule.__name__, *options])
    label = labelled(title, node.value, sketch.gradients.get(node))
    end = sketch.box(node, "operation", label)
    for start, text, flows in starts:
        sketch.arrow(start, end, text, flows)


def add_rest(sketch: Sketch) -> str:
    """The one box for all that is not shown."""
    return sketch.box("rest", "rest", sketch.rest_label)


def pass_by(sketch: Sketch, node: Node) -> None:
    """Of a node that is not shown only the arrows stay that lead from shown things to it."""
    for x in [*[parent for parent, _, _ in node.edges], *data(node)]:
        if x in sketch.shown:
            start = sketch.names.get(x) or add_leaf(sketch, x, x.value)
            sketch.arrow(start, add_rest(sketch), "", x.requires_grad)


def left_out(nodes: list[Node], shown: set[Node]) -> str:
    leaves = [x.rule is None for x in nodes if x not in shown]
    text = counted(len(leaves) - sum(leaves), "more operation")
    return text + (f"\nand {counted(sum(leaves), 'more parameter')}" if any(leaves) else "")


def sketched(nodes: list[Node], shown: set[Node], gradients: dict[Node, Any]) -> str:
    """The whole graph in DOT, the nodes given oldest first."""
    sketch = Sketch(shown, gradients, left_out(nodes, shown))
    for node in nodes:
        if node not in shown:
            pass_by(sketch, node)
        elif node.rule is None:
            add_leaf(sketch, node, node.value)
        else:
            add_operation(sketch, node)
    return HEAD % direction(sketch) + "\n".join([*sketch.lines, "}\n"])


def direction(sketch: Sketch) -> str:
    """From left to right where that is narrow enough, else down the page."""
    ranks: dict[int, int] = {}
    for name, depth in sketch.depths.items():
        ranks[depth] = max(ranks.get(depth, 0), sketch.widths[name])
    return "LR" if sum(ranks.values()) + 9 * len(ranks) <= 100 else "TB"


class Picture:
    """A picture in words and as SVG. At the end of a notebook cell it shows itself."""

    formats: tuple[str, ...] = ("svg",)

    def __init__(self, words: str, svg: str = "") -> None:
        self.words, self.svg = words, svg

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.words})"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file; the end of its name says in which format."""
        form = os.path.splitext(path)[1][1:]
        if form not in self.formats:
            known = ", ".join(f".{known}" for known in self.formats)
            raise ValueError(f"save: {os.fspath(path)!r} does not end in one of {known}")
        with open(path, "wb") as file:
            file.write(self.written_as(form))

    def written_as(self, form: str) -> bytes:
        return self._repr_svg_().encode()


class Drawing(Picture):
    """A drawn graph: `.source` is its DOT text, `.save("graph.svg")` (.png, .dot) keeps it."""

    formats = ("svg", "png", "dot")

    def __init__(self, words: str, source: str) -> None:
        super().__init__(words)
        self.source = source

    def _repr_svg_(self) -> str:
        if not self.svg:
            text = rendered(self.source, "svg").decode()
            text = re.sub(r"<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
            self.svg = text.replace("<svg", f'<svg role="img" aria-label="{self.words}"', 1)
        return self.svg

    def written_as(self, form: str) -> bytes:
        if form == "svg":
            return super().written_as(form)
        return self.source.encode() if form == "dot" else rendered(self.source, form)


def gradients_behind(root: Node, shown: set[Node]) -> dict[Node, Any]:
    """The derivative of the root with respect to every node that is shown."""
    if root.value.size != 1 or not root.requires_grad:
        raise RuntimeError(
            "draw: gradients=True needs a single number that requires a gradient, not "
            f"{described(root.value)}: draw a sum of it, or call backward first"
        )
    return pull({root: np.ones(root.shape, root.dtype)[()]}, shown.__contains__, retain=True)


def draw(root: Any, gradients: bool = False, most: int = 60) -> Drawing:
    """Draw a tensor and everything it was made from.

    Rounded boxes are operations, double ones parameters (leaves that require a gradient),
    plain ones data, dashed ones constants. On an edge stands the partial derivative of the
    operation with respect to that input, or the size of a big Jacobian. A dotted edge carries
    no gradient. Boxes show the `.grad` that backward() left; with gradients=True all show the
    derivative of the root, a single number, and no `.grad` is touched. Of more than `most`
    nodes those nearest the root and the named leaves are drawn, and one box for the rest.

    >>> from minigrad.engine import Node
    >>> from minigrad.products import dot
    >>> picture = draw(dot(Node([1.0, -2.0], True, name="w"), Node([4.0, 5.0], name="x")))
    >>> picture
    Drawing(graph of 1 operation on 1 parameter)
    >>> '[label="[4, 5]"]' in picture.source
    True
    """
    nodes = reached(root)
    shown = selected(nodes, root, most)
    kept = gradients_behind(root, shown) if gradients else {x: x.grad for x in shown}
    operations = sum(x.rule is not None for x in nodes)
    leaves = counted(len(nodes) - operations, "parameter")
    words = f"graph of {counted(operations, 'operation')} on {leaves}"
    return Drawing(words, sketched(nodes, shown, kept))


CELL = (
    '<rect x="{x}" y="{y}" width="{wide}" height="24" fill="#ffffff" stroke="#767676"/>'
    '<rect x="{x}" y="{y}" width="{wide}" height="24" fill="{colour}" fill-opacity="{ink:.2f}"/>'
    '<text x="{middle}" y="{base}" fill="#1a1a1a">{text}</text>'
)
GRID = """<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{words}" width="{wide}" \
height="{high}" viewBox="0 0 {wide} {high}" font-family="Helvetica, Arial, sans-serif" \
font-size="12" text-anchor="middle">
<text x="2" y="13" fill="#767676" text-anchor="start">{title}</text>
{parts}
</svg>
"""


def shortened(size: int) -> list[int | None]:
    """The places along an axis that are shown; None for those in the middle of a long one."""
    return [*range(size)] if size <= 12 else [*range(5), None, *range(size - 5, size)]


def cells(table: Any, most: Any, left: int, wide: int) -> list[str]:
    """The cells of a matrix, from its left edge: ink tells the size, colour the sign."""
    drawn = []
    for row, i in enumerate(shortened(table.shape[0])):
        for column, j in enumerate(shortened(table.shape[1])):
            x, y, colour, ink, text = left + wide * column, 20 + 24 * row, "#ffffff", 0.0, "…"
            if i is not None and j is not None:
                size, text = float(table[i, j]), number(table[i, j])
                colour = "#1f77b4" if size > 0 else "#e07b00"
                ink = 0.55 * abs(size) / most if 0 < abs(size) <= most else 0.0
            place = {"x": x, "y": y, "middle": x + wide // 2, "base": y + 16, "wide": wide}
            drawn.append(CELL.format(**place, colour=colour, ink=ink, text=text))
    return drawn


def grid(x: Any) -> Picture:
    """The numbers of a tensor or an array in a grid, blue above zero and orange below.

    Of more than two dimensions the first four matrices stand side by side; long rows and
    columns lose their middle.

    >>> grid(np.array([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]]))
    Picture(grid of shape (2, 3): [1, -2, 3] [0, 4, -1])
    """
    value = np.asarray(x.value if isinstance(x, Node) else x)
    words = f"grid of shape {value.shape}"
    if value.ndim and 0 < value.size <= SMALL:
        words += ": " + written(value).replace("\n", " ")
    rows, columns = (1, 1, *value.shape)[-2:]
    tables = value.reshape(math.prod(value.shape[:-2]), rows, columns)[:4]
    finite = np.abs(tables[np.isfinite(tables)])
    most = float(finite.max(initial=0))
    wide = 10 + 8 * max([3, *[len(number(entry)) for entry in tables.ravel()[:2000]]])
    step = wide * len(shortened(columns)) + 12
    placed = [cells(table, most, 2 + k * step, wide) for k, table in enumerate(tables)]
    parts = "\n".join(line for lines in placed for line in lines)
    from html import escape

    title = escape(f"{getattr(x, 'name', '')} {value.shape}".strip())
    size = {"wide": step * max(1, len(tables)), "high": 24 + 24 * len(shortened(rows))}
    return Picture(words, GRID.format(**size, words=words, title=title, parts=parts))


__all__ = ["draw", "grid"]
