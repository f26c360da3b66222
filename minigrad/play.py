# Exported from book/19_machine.ipynb: change it there, not here.
"""A player: one step at a time forward and backward through a graph, in the engine's order."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from minigrad.draw import derivative, fixed, number
from minigrad.engine import Node, Pullback, ancestry, described, first_gradient, pull
from minigrad.sources import parts_of


def walked(root: Node, seed: Any) -> tuple[list[Any], dict[Node, Any]]:
    """What the engine does on its way back, in its own order, and every gradient it finds."""
    events: list[Any] = []

    def visit(node: Node) -> bool:
        events.append((node,))
        return True

    graph = {
        node: [(x, watched(events, node, x, back, place), place) for x, back, place in node.edges]
        for node in ancestry([root])[::-1]
    }
    return events, pull({root: seed}, visit, retain=True, graph=graph)


def watched(events: list[Any], node: Node, parent: Node, pullback: Any, place: int) -> Pullback:
    """The same pullback, which notes down what arrived and what it sent."""

    def send(g: Any) -> Any:
        piece = pullback(g)
        events.append((node, parent, place, g, piece))
        return piece

    return send


SHOWN = 32  # up to so many numbers of an array are written out


def rows_of(value: Any) -> list[list[str]]:
    """The entries of a small array as rows of texts; about a big one a single line."""
    x = np.asarray(value)
    if x.size == 0:
        return [["no entries"]]
    if x.size > SHOWN:
        return [[f"{described(x)}, from {number(x.min())} to {number(x.max())}"]]
    table = x.reshape(-1, x.shape[-1] if x.ndim else 1)
    return [[number(entry) for entry in row] for row in table]


def in_a_box(value: Any, gradient: bool = False) -> str:
    """A number as it is; of an array its shape, or of a gradient how large it is at most."""
    x = np.asarray(value)
    if x.size == 1:
        return number(x.ravel()[0])
    return f"≤ {np.abs(x).max():.2g}" if gradient and x.size else str(x.shape)


def in_words(gradient: Any) -> dict[str, str]:
    size = np.size(gradient)
    return {"g": in_a_box(gradient) if size == 1 else f"of shape {np.shape(gradient)}"}


def array(caption: str, kind: str, value: Any) -> list[Any]:
    shape = np.shape(value)
    return [f"{caption} {shape}" if shape else caption, kind, rows_of(value)]


class Step(NamedTuple):
    """One moment of a walk: what happens, in words, and what changes in the picture."""

    phase: str
    words: list[Any]  # text, and {"v": a value}, {"g": a gradient}, {"c": code}
    now: int = -1  # the box that is active
    edge: list[int] | None = None  # box it leads to, box it comes from, which argument
    label: str = ""  # what then stands on that edge: the local derivative
    put: Any = ()  # box, 0 for its value or 1 for its gradient, text
    arrays: Any = ()  # caption, "v" or "g", rows of texts

    def text(self) -> str:
        """The step for a page without scripts, and for a terminal."""
        said = "".join(x if isinstance(x, str) else str(*x.values()) for x in self.words)
        own = f"{str(self.words[0]).split(' = ')[0]} ("  # of a result, not of what it is made from
        repeated = self.phase == "forward" and self.now >= 0
        new = [x for x in self.arrays if not repeated or x[0].startswith(own)]
        tables = [
            f"{caption}: {' '.join('[' + ', '.join(row) + ']' for row in rows)}"
            for caption, _, rows in new
        ]
        return " ".join([said, *([f"({'; '.join(tables)})"] if tables else [])])


class Scene:
    """The boxes of a graph, the oldest first, each after those it was made from."""

    def __init__(self, root: Node, nodes: Iterable[Node]) -> None:
        self.root = root
        self.boxes: list[dict[str, Any]] = []  # as the script reads them
        self.values: list[Any] = []
        self.place: dict[Any, int] = {}  # of a node: the number of its box
        self.slots: dict[tuple[Node, int], int] = {}  # of an input: which argument of the box it is
        self.given, self.used = {node.name for node in nodes}, set[str]()
        for node in nodes:
            (leaf(self, node, node.value) if node.rule is None else operation(self, node))

    def called(self, name: str, letter: str) -> str:
        """A name that no other box has: the one given, or a letter with a number."""
        tries = (f"{name or letter}{'' if name and i == 1 else i}" for i in itertools.count(1))
        choice = next(x for x in tries if x not in self.used and (name or x not in self.given))
        self.used.add(choice)
        return choice

    def name(self, node: Node) -> str:
        return str(self.boxes[self.place[node]]["name"])

    def add(self, key: Any, value: Any, **box: Any) -> int:
        self.place[key] = len(self.boxes)
        self.boxes.append(box)
        self.values.append(value)
        return self.place[key]


def leaf(scene: Scene, given: Any, value: Any) -> int:
    """The box of a parameter, of data, or of a number."""
    flows = isinstance(given, Node) and given.requires_grad
    key = given if flows else (id(value), id(given))
    if key in scene.place and isinstance(given, (Node, np.ndarray)):
        return scene.place[key]
    if isinstance(given, Node) or np.size(value) != 1:
        name = scene.called(getattr(given, "name", ""), "w" if flows else "x")
    else:
        name = in_a_box(value)
    more = {} if flows else {"data": 1, "right": ""}
    return scene.add(key, value, name=name, title=name, short=name, args=[], **more)


def operation(scene: Scene, node: Node) -> int:
    """The box of an operation, its title a line of code: y = matvec(W, x)."""
    inputs, values, options = node.call
    parents = {place: parent for parent, _, place in node.edges}
    constants = {id(value) for _, value in fixed(node)}
    args, told = list[int](), list[str]()  # the boxes it is made from, and what it was called with
    for place, (given, value) in enumerate(zip(inputs, values, strict=True)):
        if place not in parents and id(value) not in constants:
            continue  # an option
        if place not in parents and type(value) in (int, float):
            told.append(number(value))
            continue
        flows = place in parents
        box = scene.place[parents[place]] if flows else leaf(scene, given, value)
        scene.slots[node, place] = len(args)
        args.append(box)
        told.append(scene.boxes[box]["name"])
    rule, last = node.rule.__name__, "L" if node is scene.root and "L" not in scene.given else ""
    name = scene.called(node.name or last, "v")
    told += [f"{k}={v}" for k, v in options.items() if isinstance(v, (int, float))]
    title, short = f"{name} = {rule}({', '.join(told)})", f"{name}: {rule}"
    return scene.add(node, node.value, name=name, title=title, short=short, args=args, round=1)


def forward_steps(scene: Scene) -> Iterable[Step]:
    """Values, in the order in which they were computed."""
    ready = [i for i, box in enumerate(scene.boxes) if not box["args"]]
    put: list[Any] = [[i, 0, in_a_box(scene.values[i])] for i in ready]
    single = [f"{scene.boxes[i]['name']} = {x}" for i, _, x in put if np.size(scene.values[i]) == 1]
    told = f": {', '.join(single)}" if single else ""
    words: list[Any] = [
        f"The leaves have their values{told}. Every operation waits for its inputs."
    ]
    yield Step("forward", words, put=put, arrays=shown_values(scene, ready))
    for i, box in enumerate(scene.boxes):
        if box["args"]:
            text = in_a_box(scene.values[i])
            shaped = ", of shape " if np.size(scene.values[i]) != 1 else " = "
            words = [f"{box['title']}{shaped}", {"v": text}, "."]
            shown = shown_values(scene, [*box["args"], i])
            yield Step("forward", words, i, put=[[i, 0, text]], arrays=shown)


def shown_values(scene: Scene, places: list[int]) -> list[Any]:
    """The arrays in these boxes; numbers stand in the boxes themselves."""
    arrays = {i: scene.values[i] for i in places if np.size(scene.values[i]) != 1}
    return [array(scene.boxes[i]["name"], "v", value) for i, value in arrays.items()]


def backward_steps(scene: Scene, events: list[Any], kept: dict[Node, Any]) -> Iterable[Step]:
    """Gradients, in the order in which the engine sent them."""
    root, seed = scene.root, kept[scene.root]
    held, name, text = {root: seed}, scene.name(root), in_a_box(seed, True)
    why = f"nudge {name} by a little, and {name} moves by just as much"
    words = [f"Backward starts at {name}: {why}. Its gradient is ", {"g": text}, "."]
    if np.size(seed) != 1 or seed != 1:
        words = [f"Backward starts at {name}, with the gradient that was passed in."]
    first = [array(f"gradient of {name}", "g", seed)] if np.size(seed) != 1 else []
    yield Step(
        "backward", words, scene.place[root], put=[[scene.place[root], 1, text]], arrays=first
    )
    for node, *rest in events:
        if rest:
            yield sent(scene, held, node, *rest)
        elif node.rule is None or node.retains_grad:
            yield kept_here(scene, node, kept[node])
    yield Step("done", ["Done: every node was visited once, after everything above it had sent."])


def sent(scene: Scene, held: Any, node: Node, parent: Node, place: int, g: Any, piece: Any) -> Step:
    """One pullback at work: what arrived, what it made of that, and what it is added to."""
    before = held.get(parent)
    held[parent] = piece if before is None else before + piece
    pullback = next(back for _, back, k in node.edges if k == place)
    slope, names = derivative(node, parent, pullback), (scene.name(node), scene.name(parent))
    single = node.value.size == parent.value.size == 1
    words, arrays = (of_numbers if single else of_arrays)(*names, slope, g, piece, before)
    formulas = parts_of(node.rule)[1:]
    if place < len(formulas) and not formulas[place].startswith("*"):
        words += [" In the rule this pullback reads ", {"c": formulas[place]}, "."]
    edge = [scene.place[parent], scene.place[node], scene.slots[node, place]]
    put = [[edge[0], 1, in_a_box(held[parent], True)]]
    fits = len(slope) <= 11 and "\n" not in slope  # a number, or a short row of them
    label = slope if fits else f"{node.value.size}×{parent.value.size}"
    return Step("backward", words, edge[0], edge, label, put, arrays)


def of_numbers(a: str, b: str, slope: str, g: Any, piece: Any, before: Any) -> Any:
    given, arrived = in_a_box(piece), in_a_box(g)
    words: list[Any] = [
        f"{a} sends to {b}: local derivative {slope}, times what arrived at {a}, {arrived}, gives "
    ]
    words += [{"g": given}]
    if before is None:
        return [*words, f". It is the first to arrive: {b}’s gradient is ", {"g": given}, "."], []
    had, has = in_a_box(before), in_a_box(before + piece)
    given = f"({given})" if given.startswith("-") else given
    words += [f". {b} already holds {had}, and gradients add: {had} + {given} = ", {"g": has}, "."]
    return words, []


def of_arrays(a: str, b: str, slope: str, g: Any, piece: Any, before: Any) -> Any:
    words: list[Any] = [f"{a} sends to {b}: its pullback turns what arrived at {a}, "]
    words += [in_words(g), f", into a gradient for {b}, ", in_words(piece), "."]
    rows = [line.strip("[]").split(", ") for line in slope.split("\n")]
    rows = [[f"{slope}, never made"]] if slope.endswith("Jacobian") else rows
    arrays = [array(f"arrived at {a}", "g", g), ["local derivative", "g", rows]]
    arrays.append(array(f"sent to {b}", "g", piece))
    if before is None:
        return [*words, " It is the first to arrive."], arrays
    arrays.append(array(f"gradient of {b}", "g", before + piece))
    return [*words, f" {b} holds a gradient already, and gradients add."], arrays


def kept_here(scene: Scene, node: Node, gradient: Any) -> Step:
    """A visit to a node that keeps its gradient: a leaf, or one that was asked to."""
    name, i = scene.name(node), scene.place[node]
    why = "is a leaf" if node.rule is None else "retains its gradient"
    words: list[Any] = [f"{name} {why}, and all that used it have sent: {name}.grad gets "]
    words += [{"g": in_a_box(gradient)} if np.size(gradient) == 1 else "it", "."]
    arrays = [array(f"gradient of {name}", "g", gradient)] if np.size(gradient) != 1 else []
    if node.grad is not None:
        words.append(" It is added to what is there from an earlier backward.")
        arrays += [array(f"{name}.grad afterwards", "g", node.grad.value + gradient)]
    return Step("backward", words, i, put=[[i, 1, in_a_box(gradient, True)]], arrays=arrays)


LEGEND = [
    "In each box: ",
    {"v": "value"},
    " on the left (of an array its shape), ",
    {"g": "gradient"},
    " on the right (of an array its largest size). On an edge: the local derivative, or its size. ",
    "A dashed box needs no gradient.",
]


class Player:
    """A walk through a graph: in a notebook a figure to operate, elsewhere a list of its steps."""

    def __init__(self, scene: Scene, steps: list[Step]) -> None:
        self.scene, self.steps = scene, steps

    def __repr__(self) -> str:
        return "\n".join(f"{i:3} {x.phase:8} {x.text()}" for i, x in enumerate(self.steps))

    def _repr_html_(self) -> str:
        return as_html(self)

    def graph(self) -> dict[str, Any]:
        """What the script is given."""
        texts = [text for step in self.steps for _, _, text in step.put]
        count = sum(bool(box["args"]) for box in self.scene.boxes)
        label = f"A walk of {len(self.steps) - 1} steps, forward and backward, {count} operations"
        steps = [{k: v for k, v in x._asdict().items() if v} | {"now": x.now} for x in self.steps]
        more = {"label": label, "legend": LEGEND, "half": max(map(len, texts)), "tight": 1}
        return {"nodes": self.scene.boxes, "steps": steps, **more}


def as_html(player: Player) -> str:
    """One element, and what brings it to life. Where scripts do not run, a list of the steps."""
    import json
    from html import escape

    graph = escape(json.dumps(player.graph(), ensure_ascii=False, separators=(",", ":")))
    parts = []
    for phase, group in itertools.groupby(enumerate(player.steps), lambda pair: pair[1].phase):
        steps = list(group)
        items = "\n".join(f"<li>{escape(step.text())}</li>" for _, step in steps)
        parts.append(f'<p>{phase}</p>\n<ol start="{steps[0][0]}">\n{items}\n</ol>')
    inside = "\n".join(parts)
    return f'<mg-player graph="{graph}">\n{inside}\n</mg-player>\n<script>\n{SCRIPT}\n</script>'


def play(root: Any, gradient: Any = None, most: int = 60) -> Player:
    """Step forward and backward through the graph behind a tensor, in the engine's own order.

    Values stand in the boxes, gradients arrive one pullback at a time. Nothing is changed: no
    `.grad` is touched and the graph stays. At the end of a notebook cell it is a figure with
    buttons; printed, a list of the steps.

    >>> from minigrad.engine import Node
    >>> from minigrad.arithmetic import mul
    >>> play(mul(Node(2.0, True, name="a"), Node(-3.0, True, name="b"))).steps[1].text()
    'L = mul(a, b) = -6.'
    """
    if not isinstance(root, Node) or not root.requires_grad:
        what = described(root.value) if isinstance(root, Node) else type(root).__name__
        raise RuntimeError(f"play: there is no way back from {what}: it requires no gradient")
    nodes = ancestry([root])[::-1]
    if len(nodes) > most:
        raise ValueError(
            f"play: {len(nodes)} nodes are many to step through: play a part of them, "
            f"or say most={len(nodes)}"
        )
    scene = Scene(root, nodes)
    events, kept = walked(root, first_gradient(root, gradient, False))
    return Player(scene, [*forward_steps(scene), *backward_steps(scene, events, kept)])


__all__ = ["play"]


TOOLS = r"""
const make = (namespace) => (spec, options = {}, ...children) => {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElementNS(namespace, tag);
  if (classes.length) node.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(options)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat());
  return node;
};
const el = make("http://www.w3.org/1999/xhtml");
const svg = make("http://www.w3.org/2000/svg");
const range = (n) => Array.from({ length: n }, (_, i) => i);
const total = (list) => list.reduce((a, b) => a + b, 0);
const mean = (spot) => total(spot.near.map((other) => other.at)) / (spot.near.length || 1);
const extent = (spots) => [Math.min(...spots.map((s) => s.at - s.size / 2)),
  Math.max(...spots.map((s) => s.at + s.size / 2))];
"""


LAYERS = r"""
// Boxes in layers, every box after its arguments; a long edge keeps a spot free in each layer.
function spotsOf({ nodes }, size) {
  const users = nodes.map((_, id) => range(nodes.length).filter((i) => nodes[i].args.includes(id)));
  const depth = nodes.map(() => 0);
  nodes.forEach(({ args }, id) => {
    if (args.length) depth[id] = 1 + Math.max(...args.map((arg) => depth[arg]));
  });
  nodes.forEach(({ args }, id) => {
    const uses = users[id].map((user) => depth[user]);
    if (!args.length && uses.length) depth[id] = Math.min(...uses) - 1;
  });
  const spot = (layer, size, rank) => ({ layer, size, rank, at: 0, near: [] });
  const spots = nodes.map((_, id) => spot(depth[id], size, id));
  const edges = nodes.flatMap(({ args }, id) => args.map((arg, k) => {
    const free = range(depth[id] - depth[arg] - 1).map((i) => spot(depth[arg] + 1 + i, 30, arg));
    spots.push(...free);
    const path = [spots[arg], ...free, spots[id]];
    path.slice(1).forEach((to, i) => { to.near.push(path[i]); path[i].near.push(to); });
    return { from: arg, to: id, k, path };
  }));
  return { spots, edges, count: Math.max(...depth) + 1 };
}
"""


LAYOUT = r"""
// Move the spots of a layer to where they want to be, in their order and without overlap.
function settle(layer, wish) {
  const wishes = layer.map(wish);
  layer.forEach((s, i) => {
    const before = layer[i - 1];
    s.at = before ? Math.max(wishes[i], before.at + (before.size + s.size) / 2) : wishes[i];
  });
  const shift = total(layer.map((s, i) => wishes[i] - s.at)) / layer.length;
  for (const s of layer) s.at += shift;
}
function arranged(graph, size) {
  const { spots, edges, count } = spotsOf(graph, size);
  const layers = range(count).map((layer) =>
    spots.filter((s) => s.layer === layer).sort((a, b) => a.rank - b.rank));
  for (const layer of layers) settle(layer, () => 0);
  for (const turn of range(24)) for (const layer of turn % 2 ? layers : [...layers].reverse()) {
    if (turn < 8) layer.sort((a, b) => mean(a) - mean(b));
    settle(layer, mean);
  }
  return { spots, edges, layers };
}
"""


ROUTES = r"""
// The curve of an edge, and where its label stands: in the middle of its last stretch.
function route(edge, edges, point, flat, [half, side]) {
  const sorted = (group, i) => group.sort((a, b) => a.path.at(i).at - b.path.at(i).at || a.k - b.k);
  const into = sorted(edges.filter((e) => e.to === edge.to), -2);
  const outOf = sorted(edges.filter((e) => e.from === edge.from), 1);
  const port = (group) => (group.indexOf(edge) - (group.length - 1) / 2)
    * Math.min(20, (0.7 * side) / group.length);
  const points = edge.path.map(point);
  const [main, last] = [flat ? 0 : 1, points.length - 1];
  [points[0][main], points[last][main]] = [points[0][main] + half, points[last][main] - half];
  points[last][1 - main] += port(into);
  points[0][1 - main] += port(outOf);
  const d = points.slice(1).map((to, i) => {
    const [from, middle] = [points[i], (points[i][main] + to[main]) / 2];
    return flat ? `C${middle},${from[1]} ${middle},${to[1]} ${to}`
      : `C${from[0]},${middle} ${to[0]},${middle} ${to}`;
  });
  const [from, to] = points.slice(-2);
  const label = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
  label[1 - main] += port(into.filter((e) => e.from === edge.from)) * (flat ? 0.5 : 1.2);
  return { d: `M${points[0]}${d.join("")}`, label };
}
"""


PLANS = r"""
// A graph from left to right (flat) or from top to bottom, with long titles or short ones.
function planned(graph, flat, small) {
  const heads = graph.nodes.map(({ title, short }) => (small ? short : title).length);
  const halves = (graph.half ?? 0) * 15 + 16;
  const [wide, high] = [Math.max(small ? 74 : 116, Math.max(...heads) * 7.6 + 18, halves), 50];
  const { spots, edges, layers } = arranged(graph, (flat ? high : wide) + 14);
  const [low, top] = extent(spots);
  const pitch = flat ? wide + (small ? 36 : 52) : high + (graph.tight ? 36 : 54);
  const point = (s) => (flat ? [s.layer * pitch + wide / 2 + 2, s.at - low]
    : [s.at - low, s.layer * pitch + high / 2 + 2]);
  const along = (layers.length - 1) * pitch + (flat ? wide : high) + 4;
  const sides = flat ? [wide / 2, high] : [high / 2, wide];
  for (const edge of edges) Object.assign(edge, route(edge, edges, point, flat, sides));
  return { boxes: graph.nodes.map((_, id) => point(spots[id])), edges, wide, high, small,
    width: flat ? along : top - low, height: flat ? top - low : along };
}
function bestPlan(graph, width) {
  const plans = [[true, false], [false, false], [true, true], [false, true]];
  const scale = (plan) => Math.min(0.86, width / plan.width);
  return plans.map((way) => planned(graph, ...way))
    .reduce((best, other) => (scale(other) > scale(best) ? other : best));
}
"""


BOXES = r"""
function drawBox(node, { on, left, right }, [x, y], { wide, high, small }) {
  const place = `translate(${x - wide / 2} ${y - high / 2})`;
  return svg(`g.mg-node.${on}`, { transform: place, "data-node": node.name },
    svg("rect", { width: wide, height: high, rx: node.round ? 10 : 3 }),
    svg("path", { d: `M0 ${high / 2}H${wide}M${wide / 2} ${high / 2}V${high}` }),
    svg("text.mg-head", { x: wide / 2, y: 17 }, small ? node.short : node.title),
    svg("text.mg-left", { x: wide / 4, y: 42 }, left),
    svg("text.mg-right", { x: (wide * 3) / 4, y: 42 }, right));
}
"""


DRAWING = r"""
// look.node(id) gives {on, left, right} of a box, look.edge(edge) gives {on, label}.
function drawGraph(graph, width, look, label) {
  const plan = bestPlan(graph, width);
  const { boxes, edges } = plan;
  const looks = edges.map((edge) => ({ on: "", ...look.edge(edge) }));
  const lines = edges.map(({ d }, i) => svg(`path.mg-edge.${looks[i].on || "mg-quiet"}`, { d }));
  const labels = edges.map(({ from, to, k, label: [x, y] }, i) => {
    const [{ on, label }, at] = [looks[i], { x, y: y + 4.5, "data-edge": `${from} ${to} ${k}` }];
    return label && svg(`text.mg-local.${on || "mg-quiet"}`, at, label);
  }).filter(Boolean);
  const cards = graph.nodes.map((node, id) => drawBox(node, look.node(id), boxes[id], plan));
  const least = graph.tight ? 0.75 * plan.width : 0;  // small print is scrolled, not shrunk
  const size = `max-width: ${plan.width}px; min-width: ${least}px`;
  return svg("svg.mg-graph", { viewBox: `0 0 ${plan.width} ${plan.height}`, role: "img",
    "aria-label": label, style: size }, ...lines, ...labels, ...cards);
}
"""


CONTROLS = r"""
// A walk through a graph: its picture, its words, its arrays, and what moves it.
class Walk {
  constructor(host, stage, words, after = () => {}) {
    Object.assign(this, { host, stage, words, after, step: 0, timer: null });
    const button = (text, onclick) => el("button.mg-button", { type: "button", onclick }, text);
    this.back = button("← Back", () => this.go(this.step - 1));
    this.next = button("Next →", () => this.go(this.step + 1));
    this.play = button("Play", () => this.toggle());
    this.slider = el("input.mg-scrub", { type: "range", min: 0, step: 1, "aria-label": "step",
      oninput: () => this.go(Number(this.slider.value)) });
    this.progress = el("span.mg-progress");
    this.arrays = el("div.mg-arrays");
    this.picture = el("div.mg-picture");
    this.legend = el("p.mg-legend");
    stage.replaceChildren(this.picture, this.legend);
    words.after(this.arrays);
    this.controls = el("div.mg-controls", {}, el("div.mg-row", {}, this.back, this.next, this.play,
      button("Start again", () => this.go(0)), this.progress), this.slider);
    host.addEventListener("keydown", (event) => this.key(event));
    this.width = Math.round(stage.clientWidth) || 640;
    new ResizeObserver(([{ contentRect }]) => this.fit(contentRect.width)).observe(stage);
  }
"""


MOVES = r"""
  fit(width) {
    if (!Math.round(width) || Math.round(width) === this.width) return;
    this.width = Math.round(width);
    this.draw();
  }
  load(graph, step = this.step) { this.graph = graph; this.go(step); }
  go(step) {
    this.last = this.graph.steps.length - 1;
    this.step = Math.min(this.last, Math.max(0, step));
    if (this.timer && this.step === this.last) this.toggle();
    this.draw();
  }
  key(event) {
    const to = { ArrowLeft: this.step - 1, ArrowRight: this.step + 1, Home: 0, End: this.last };
    if (!(event.key in to) || ["INPUT", "SUMMARY", "SELECT"].includes(event.target.tagName)) return;
    event.preventDefault();
    event.stopPropagation();
    this.go(to[event.key]);
  }
"""


PLAYING = r"""
  stop() { if (this.timer) this.toggle(); }
  toggle() {
    if (this.timer) { clearInterval(this.timer); this.timer = null; }
    else {
      if (this.step >= this.last) this.go(0);
      this.timer = setInterval(() => this.go(this.step + 1), 1800);
    }
    this.play.textContent = this.timer ? "Pause" : "Play";
  }
  // What stands in the boxes after the steps so far, and on which edges a gradient has passed.
  past() {
    const texts = this.graph.nodes.map(({ right }) => ["·", right ?? "·"]);
    const passed = {};
    for (const { put = [], edge, label = "" } of this.graph.steps.slice(0, this.step + 1)) {
      for (const [id, which, text] of put) texts[id][which] = text;
      if (edge) passed[edge] = label;
    }
    return { texts, passed };
  }
"""


STATES = r"""
  // How each box and each edge looks now.
  now() {
    const { nodes, steps } = this.graph;
    const [{ texts, passed }, step] = [this.past(), steps[this.step]];
    const active = step.phase === "forward" ? "mg-now" : "mg-now-back";
    const node = (id) => {
      const bad = (step.bad ?? []).includes(id);
      const [left, right] = texts[id];
      const marks = `${nodes[id].data ? ".mg-number" : ""}${bad ? ".mg-bad" : ""}`;
      return { on: `${id === step.now ? active : "mg-idle"}${marks}`, left,
        right: bad ? `${right} ✗` : right };
    };
    const edge = ({ from, to, k }) => {
      const key = [from, to, k];
      const [here, done] = [String(step.edge) === String(key), key in passed];
      const forward = step.phase === "forward" && to === step.now;
      return { on: here ? "mg-flow-back" : forward ? "mg-flow" : done ? "mg-done" : "",
        label: passed[key] };
    };
    return { step, texts, node, edge };
  }
"""


SHOWING = r"""
  draw() {
    const { step, texts, ...look } = this.now();
    const { nodes, legend } = this.graph;
    const known = nodes.map(({ name }, id) => [name, ...texts[id]]).filter(([, v]) => v !== "·")
      .map(([name, v, g]) => `${name} = ${v}${/^·?$/.test(g) ? "" : `, gradient ${g}`}`);
    const picture = drawGraph(this.graph, this.width, look, `Graph. ${known.join("; ")}`);
    this.picture.replaceChildren(picture);
    this.legend.replaceChildren(...legend.map(spoken));
    const said = el("p", {}, ...step.words.map(spoken));
    if (said.textContent !== this.words.textContent) this.words.replaceChildren(...said.childNodes);
    this.arrays.replaceChildren(...(step.arrays ?? []).map(arrayTable));
    this.progress.textContent = `step ${this.step} of ${this.last} · ${step.phase}`;
    this.slider.max = this.last;
    this.slider.value = this.step;
    this.slider.setAttribute("aria-valuetext", this.progress.textContent);
    this.back.setAttribute("aria-disabled", this.step === 0);  // not `disabled`: keep the focus
    this.next.setAttribute("aria-disabled", this.step === this.last);
    this.follow();
    this.after(step);
  }
"""


FOLLOWING = r"""
  follow() {  // in a picture larger than its window the active box and edge stay in sight
    const active = this.picture.querySelectorAll(".mg-now, .mg-now-back, .mg-flow-back");
    if (!active.length || !this.graph.tight) return;
    const boxes = [...active].map((x) => x.getBoundingClientRect());
    const window = this.picture.getBoundingClientRect();
    const off = (low, high) => (Math.min(...boxes.map((box) => box[low])) - window[low]
      + Math.max(...boxes.map((box) => box[high])) - window[high]) / 2;
    this.picture.scrollTop += off("top", "bottom");
    this.picture.scrollLeft += off("left", "right");
  }
}
// Text as it is; {v: text} is a value, {g: text} a gradient, {c: text} code.
function spoken(part) {
  if (typeof part === "string") return part;
  const [[kind, text]] = Object.entries(part);
  return el(kind === "c" ? "code" : `b.mg-${kind}`, {}, text);
}
function arrayTable([caption, kind, rows]) {
  const line = (row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell)));
  return el(`table.mg-array.mg-array-${kind}`, {}, el("caption", {}, caption),
    el("tbody", {}, ...rows.map(line)));
}
"""


ELEMENT = r"""
class Player extends HTMLElement {
  connectedCallback() {
    if (this.walk) return;
    const graph = JSON.parse(this.getAttribute("graph"));
    const [stage, words] = [el("div.mg-stage"), el("p.mg-say", { "aria-live": "polite" })];
    const title = el("summary", {}, "All steps as text");
    const list = el("details.mg-all", {}, title, ...this.childNodes);
    this.classList.add("mg");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", graph.label);
    this.replaceChildren(stage, words, list);
    this.walk = new Walk(this, stage, words);
    words.before(this.walk.controls);  // above what changes its height: they stay in place
    this.walk.load(graph, 0);
  }
  disconnectedCallback() { this.walk.stop(); }
}
const define = () => customElements.get("mg-player") || customElements.define("mg-player", Player);
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", define);
else define();
globalThis.minigradPlayer = { el, svg, range, total, drawGraph, Walk };
"""


COLOURS = r"""
:root {
  --mg-ink: #1d2530; --mg-muted: #566070; --mg-line: #d5dae1; --mg-edge: #7c8695;
  --mg-card: #f8f9fb; --mg-paper: #ffffff; --mg-wrong: #a8124c;
  --mg-value: #1b5e9e; --mg-value-soft: #dcebfa; --mg-grad: #a2430b; --mg-grad-soft: #fde7d5;
}
html[data-theme="dark"], html[theme="dark"], body[data-jp-theme-light="false"],
body.vscode-dark, body.vscode-high-contrast {
  --mg-ink: #e4e8ee; --mg-muted: #a9b3c1; --mg-line: #39434f; --mg-edge: #77828f;
  --mg-card: #1a2027; --mg-paper: #12161b; --mg-wrong: #ff94b6;
  --mg-value: #8fc3f7; --mg-value-soft: #173a5e; --mg-grad: #f7ad70; --mg-grad-soft: #53300f;
}
.mg svg { display: block; width: 100%; height: auto; overflow: visible; background: none; }
.mg svg text { fill: var(--mg-ink); font-size: 13px; font-family: inherit; }
.mg svg .mg-head { text-anchor: middle; font-family: var(--mg-mono); font-size: 12px; }
.mg svg .mg-left { text-anchor: middle; fill: var(--mg-value); font-weight: 600; }
.mg svg .mg-right { text-anchor: middle; fill: var(--mg-grad); font-weight: 600; }
.mg svg .mg-local { fill: var(--mg-grad); font-weight: 600; text-anchor: middle; }
.mg svg .mg-local { stroke: var(--mg-card); stroke-width: 5px; paint-order: stroke; }
.mg svg .mg-local.mg-flow-back { font-weight: 800; font-size: 15px; }
"""


LINES = r"""
.mg-graph { margin: 0 auto; }
.mg-edge { fill: none; stroke: var(--mg-edge); stroke-width: 1.4; }
.mg-edge.mg-flow { stroke: var(--mg-value); stroke-width: 3; }
.mg-edge.mg-flow-back { stroke: var(--mg-grad); stroke-width: 3.6; }
.mg-edge.mg-done { stroke: var(--mg-grad); stroke-width: 1.8; }
.mg-node rect { fill: var(--mg-paper); stroke: var(--mg-edge); stroke-width: 1.4; }
.mg-node path { fill: none; stroke: var(--mg-line); }
.mg-node.mg-number rect { stroke-dasharray: 4 3; }
.mg-node.mg-now rect { fill: var(--mg-value-soft); stroke: var(--mg-value); stroke-width: 2.6; }
.mg-node.mg-now-back rect { fill: var(--mg-grad-soft); stroke: var(--mg-grad); stroke-width: 2.6; }
.mg-node.mg-now path, .mg-node.mg-now-back path { stroke: var(--mg-edge); }
.mg-node.mg-bad rect { stroke: var(--mg-wrong); stroke-width: 2.6; }
.mg svg .mg-bad .mg-right { fill: var(--mg-wrong); }
.mg .mg-arrays { display: flex; flex-wrap: wrap; align-items: end; gap: 0.6rem 1.4rem; }
.mg .mg-array { width: auto; margin: 0.4rem 0 0; border-collapse: separate; border-spacing: 2px;
  font-family: inherit; }
.mg .mg-array caption { color: var(--mg-muted); font-size: 0.8rem; text-align: left;
  caption-side: top; padding: 0 0 0.15rem; white-space: nowrap; }
.mg .mg-array td { padding: 0.1rem 0.45rem; border: 1px solid var(--mg-line); border-radius: 4px;
  background: var(--mg-paper); color: var(--mg-value); font-size: 0.82rem; text-align: right; }
.mg .mg-array-g td { color: var(--mg-grad); }
"""


CARDS = r"""
mg-player { display: block; margin: 1rem 0; padding: 1rem 1.1rem; border-radius: 12px;
  border: 1px solid var(--mg-line); background: var(--mg-card); color: var(--mg-ink); }
mg-player .mg-picture { max-height: 27rem; overflow: auto; }
mg-player .mg-all { margin-top: 0.6rem; color: var(--mg-muted); font-size: 0.85rem; }
mg-player .mg-all p, mg-player .mg-all li { color: var(--mg-ink); margin: 0.2rem 0; }
.mg { --mg-mono: var(--pst-font-family-monospace, ui-monospace, Menlo, Consolas, monospace);
  font-size: 0.95rem; line-height: 1.5; font-variant-numeric: tabular-nums; }
.mg p { margin: 0; }
.mg code { background: none; color: inherit; font-family: var(--mg-mono); font-size: 0.86em; }
.mg :focus-visible { outline: 2px solid var(--mg-ink); outline-offset: 2px; box-shadow: none; }
.mg .mg-v { color: var(--mg-value); font-weight: 600; }
.mg .mg-g { color: var(--mg-grad); font-weight: 600; }
.mg .mg-say { min-height: 3.1em; margin-top: 0.8rem; overflow-wrap: break-word; }
.mg .mg-legend { margin-top: 0.4rem; color: var(--mg-muted); font-size: 0.82rem; }
.mg .mg-controls { margin-top: 0.7rem; }
.mg-row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 0.7rem; }
.mg-progress { color: var(--mg-muted); font-size: 0.85rem; }
"""


BUTTONS = r"""
.mg .mg-scrub { display: block; width: 100%; height: 1.6rem; margin: 0.3rem 0 0;
  accent-color: var(--mg-grad); cursor: pointer; }
.mg-button { min-height: 2.1rem; padding: 0.2rem 0.75rem; border: 1px solid var(--mg-edge);
  border-radius: 8px; background: var(--mg-paper); color: var(--mg-ink); font: inherit;
  font-size: 0.88rem; cursor: pointer; }
.mg-button:hover:not([aria-disabled="true"]) { background: var(--mg-value-soft);
  border-color: var(--mg-value); }
.mg-button[aria-disabled="true"] { color: var(--mg-muted); border-color: var(--mg-line);
  background: none; cursor: default; }
@media (max-width: 480px) { mg-player { padding: 0.9rem 0.75rem; } }
@media print {
  .mg-button, .mg-scrub { display: none !important; }
  mg-player .mg-picture { max-height: none; }
}
"""
SCRIPT = "\n".join(
    [
        '"use strict"; (() => { if (globalThis.minigradPlayer) return;',
        *(TOOLS, LAYERS, LAYOUT, ROUTES, PLANS, BOXES, DRAWING, CONTROLS, MOVES, PLAYING, STATES),
        *(SHOWING, FOLLOWING, ELEMENT, "const style = el('style'); document.head.prepend(style);"),
        f"style.textContent = `{COLOURS + LINES + CARDS + BUTTONS}`;\n}})();",
    ]
)
