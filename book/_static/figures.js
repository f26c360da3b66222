// Figures that a reader can operate: custom elements, written straight into a Markdown cell.
//
//   <mg-steps expr="(a*b + c)*a" at="a=2 b=-3 c=10" caption="…">
//   What there is to see, in words and numbers, for readers without scripts.
//   </mg-steps>
//
// No framework, no server, no request. The text inside the tag is the page without scripts;
// with scripts it becomes the figure's hidden description. Each figure is one class: build()
// makes its controls once, draw() shows the state. Values are blue, gradients are orange.
"use strict";
(() => {

// ------------------------------------------------------------------------------ small tools

// The player of graphs comes first (player.js, which is minigrad/play.py's script): it has the tools
// that make elements and the drawing of a graph. el("button.mg-x", {onclick, title}, "text", …).
const { el, svg, range, total, drawGraph, Walk } = globalThis.minigradPlayer;

/** A number as text: whole numbers whole, others with 4 digits, and a real minus sign. */
function fmt(x, digits = 4) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  let text;
  if (size && (size < 1e-3 || size >= 1e6)) text = Number(x.toPrecision(3)).toExponential();
  else if (Number.isInteger(x)) text = String(x);
  else text = String(Number(x.toFixed(Math.max(2, digits - 1 - Math.floor(Math.log10(size))))));
  return text.replaceAll("-", "−").replace("e+", "e");
}
/** A number short enough for the cell of a grid. */
function brief(x) {
  if (x === 0 || Number.isInteger(x) || Math.abs(x) < 1e-3) return x && Math.abs(x) < 1e-3
      ? x.toExponential(0).replaceAll("-", "−") : fmt(x);
  return fmt(Number(x.toFixed(Math.abs(x) < 10 ? 3 : 2)));
}
const inBrackets = (x) => (x < 0 ? `(${fmt(x)})` : fmt(x));
const V = (x) => el("b.mg-v", {}, typeof x === "number" ? fmt(x) : x);
const G = (x) => el("b.mg-g", {}, typeof x === "number" ? fmt(x) : x);

const product = (list) => list.reduce((a, b) => a * b, 1);
const clamp = (x, lo, hi) => Math.min(hi, Math.max(lo, x));
const numbers = (text) => text.trim().split(/[\s,]+/).map(Number);
const rows = (text) => text.split(";").map(numbers);
const shapeText = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

/** Where element number `flat` stands in an array of this shape. */
function unravel(flat, shape) {
  const index = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return index;
}
const ravel = (index, shape) => index.reduce((flat, i, axis) => flat * shape[axis] + i, 0);

// --------------------------------------------------------------- expressions and derivatives

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// name: [value, derivative, the derivative in words]
const FUNCTIONS = {
  square: [(x) => x * x, (x) => 2 * x, (x) => `2 · ${x}`],
  exp: [Math.exp, Math.exp, (x) => `exp(${x})`],
  log: [Math.log, (x) => 1 / x, (x) => `1 / ${x}`],
  sqrt: [Math.sqrt, (x) => 0.5 / Math.sqrt(x), (x) => `1 / (2 · sqrt(${x}))`],
  sin: [Math.sin, Math.cos, (x) => `cos(${x})`],
  cos: [Math.cos, (x) => -Math.sin(x), (x) => `−sin(${x})`],
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2, (x) => `1 − tanh(${x})²`],
  sigmoid: [sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x)), (x, y) => `${y} · (1 − ${y})`],
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0), (x) => `1 if ${x} > 0, else 0`],
  abs: [Math.abs, Math.sign, (x) => `the sign of ${x}`],
};

// op: how it is written, its value, its local derivatives, and those in words
const OPS = {
  "+": { write: (a, b) => `${a} + ${b}`, value: (a, b) => a + b, local: [() => 1, () => 1],
    words: [() => "1", () => "1"] },
  "-": { write: (a, b) => `${a} − ${b}`, value: (a, b) => a - b, local: [() => 1, () => -1],
    words: [() => "1", () => "−1"] },
  "*": { write: (a, b) => `${a} × ${b}`, value: (a, b) => a * b, local: [(a, b) => b, (a) => a],
    words: [(a, b) => b, (a) => a] },
  "/": { write: (a, b) => `${a} / ${b}`, value: (a, b) => a / b,
    local: [(a, b) => 1 / b, (a, b) => -a / (b * b)],
    words: [(a, b) => `1 / ${b}`, (a, b) => `−${a} / ${b}²`] },
  "**": { write: (a, b) => `${a} ** ${b}`, value: (a, b) => a ** b,
    local: [(a, b) => (b === 0 ? 0 : b * a ** (b - 1)), (a, b) => a ** b * Math.log(a)],
    words: [(a, b) => `${b} · ${a} ** (${b} − 1)`, (a, b) => `${a} ** ${b} · log(${a})`] },
  negative: { write: (a) => `−${a}`, value: (a) => -a, local: [() => -1], words: [() => "−1"] },
};
for (const [name, [value, derivative, words]] of Object.entries(FUNCTIONS)) {
  OPS[name] = { write: (a) => `${name}(${a})`, value, local: [derivative], words: [words] };
}

/** Read "h = a*b; L = h*h + h" into a list of nodes; every node stands after its arguments. */
function parse(text) {
  const nodes = [];
  const names = new Map();
  let tokens;
  const add = (op, args = [], more = {}) => {
    nodes.push({ id: nodes.length, op, args, ...more });
    return nodes.length - 1;
  };
  const take = (...wanted) => (wanted.includes(tokens[0]) ? tokens.shift() : null);
  const need = (wanted) => {
    if (!take(wanted)) throw new Error(`expected ${wanted} before "${tokens.join(" ")}" in ${text}`);
  };
  const chain = (part, ...signs) => {
    let left = part();
    for (let op; (op = take(...signs)); ) left = add(op, [left, part()]);
    return left;
  };
  const sum = () => chain(() => chain(unary, "*", "/"), "+", "-");
  const unary = () => {
    if (!take("-")) return power();
    if (!/^[\d.]/.test(tokens[0] ?? "")) return add("negative", [unary()]);
    tokens[0] = `-${tokens[0]}`;
    return power();
  };
  const power = () => {
    const base = atom();
    return take("**") ? add("**", [base, unary()]) : base;
  };
  const atom = () => {
    if (take("(")) { const inside = sum(); need(")"); return inside; }
    const token = tokens.shift() ?? "the end";
    if (/^-?[\d.]/.test(token)) return add("number", [], { constant: Number(token) });
    if (!/^[A-Za-z_]/.test(token)) throw new Error(`did not expect ${token} in ${text}`);
    if (take("(")) {
      if (!FUNCTIONS[token]) throw new Error(`unknown function ${token}`);
      const inside = sum(); need(")");
      return add(token, [inside]);
    }
    if (!names.has(token)) names.set(token, add("input", [], { name: token }));
    return names.get(token);
  };
  let output;
  for (const line of text.split(";").filter((part) => part.trim())) {
    tokens = line.match(/\d+\.?\d*(?:e[-+]?\d+)?|\.\d+|[A-Za-z_]\w*|\*\*|[-+*/()=]|\S/g);
    const name = tokens[1] === "=" ? tokens.splice(0, 2)[0] : null;
    output = sum();
    if (tokens.length) throw new Error(`did not expect "${tokens.join(" ")}" in ${text}`);
    if (name) { names.set(name, output); nodes[output].name = name; }
  }
  nodes[output].name ??= names.has("L") ? undefined : "L";
  const spare = [..."pqrstuvwyz"].filter((letter) => !names.has(letter));
  for (const node of nodes) node.name ??= node.op === "number" ? fmt(node.constant) : spare.shift();
  return { nodes, output, inputs: nodes.filter((node) => node.op === "input") };
}

/** The value of every node; `round` is applied to each result (Math.fround: float32). */
function evaluate({ nodes }, at, round = (x) => x) {
  const values = [];
  for (const { op, args, name, constant } of nodes) {
    const value = op === "input" ? at[name] : op === "number" ? constant
      : OPS[op].value(...args.map((arg) => values[arg]));
    values.push(round(value));
  }
  return values;
}

/** The local derivative of a node in its k-th argument. */
const local = (node, k, values) => OPS[node.op].local[k](...node.args.map((arg) => values[arg]));

/** The gradient of the output in every node: reverse order of creation is a topological order. */
function gradients({ nodes, output }, values) {
  const grads = nodes.map(() => 0);
  grads[output] = 1;
  for (const node of [...nodes].reverse()) {
    node.args.forEach((arg, k) => { grads[arg] += local(node, k, values) * grads[node.id]; });
  }
  return grads;
}

/** A function of x, by its name or as an expression: {f, derivative, title}. */
function functionOf(text) {
  const program = parse(FUNCTIONS[text] ? `${text}(x)` : text);
  const f = (x, round) => evaluate(program, { x }, round)[program.output];
  const x = program.nodes.findIndex((node) => node.name === "x");
  const derivative = (at) => gradients(program, evaluate(program, { x: at }))[x];
  const shown = { square: "x²", abs: "|x|" }[text] ?? (FUNCTIONS[text] ? `${text}(x)`
      : text.replaceAll("**", "^").replaceAll("*", " · "));
  return { f, derivative, title: shown };
}

// --------------------------------------------------------------------------- the shared base

let count = 0;

class Figure extends HTMLElement {
  connectedCallback() {
    if (this.stage) return;
    const words = this.textContent.trim().replace(/\s+/g, " ");
    const about = el("p.mg-about", { id: `mg-about-${++count}` }, words);
    this.stage = el("div.mg-stage");
    this.panel = el("div.mg-panel");
    this.words = el("p.mg-say", { "aria-live": "polite" });
    this.syncs = [];
    this.state = {};
    this.classList.add("mg");
    this.setAttribute("role", "group");
    this.setAttribute("aria-label", this.read("label", this.constructor.label));
    if (words) this.setAttribute("aria-describedby", about.id);
    this.replaceChildren(about, this.stage, this.words, this.panel);
    const caption = this.read("caption", "");
    if (caption) this.append(el("p.mg-caption", {}, caption));
    try {
      this.build();
      this.update();
    } catch (error) {
      this.replaceChildren(el("p.mg-error", {}, `This figure cannot be drawn: ${error.message}`), el("p", {}, words));
    }
  }

  read(name, otherwise) { return this.getAttribute(name) ?? otherwise; }

  /** Change the state and show it. */
  update(change = {}) {
    Object.assign(this.state, change);
    for (const sync of this.syncs) sync(this.state);
    this.draw();
  }

  /** The line that explains what is seen; read aloud when it changes. */
  say(...parts) {
    const fresh = el("p", {}, ...parts);
    if (fresh.textContent !== this.words.textContent) this.words.replaceChildren(...fresh.childNodes);
    this.words.classList.remove("mg-wrong");
  }

  complain(message) {
    this.say(message);
    this.words.classList.add("mg-wrong");
  }

  /** Draw again when the width changes (drawings keep their text size on a phone). */
  watchWidth() {
    this.width = Math.round(this.stage.clientWidth) || 640;
    new ResizeObserver(() => {
      const width = Math.round(this.stage.clientWidth);
      if (width && width !== this.width) { this.width = width; this.draw(); }
    }).observe(this.stage);
  }

  /** Run on its own, or stop: for figures with a Play button, a pace and run(steps). */
  toggle() {
    if (this.timer) { clearInterval(this.timer); this.timer = null; }
    else this.timer = setInterval(() => (this.isConnected ? this.run(this.constructor.pace) : this.toggle()), 60);
    this.play.textContent = this.timer ? "Pause" : "Play";
  }

  // Controls. Each shows this.state[key] and changes it.

  button(text, onclick, more = {}) { return el("button.mg-button", { type: "button", onclick, ...more }, text); }

  choice(legend, key, options) {
    const group = `mg-${key}-${++count}`;
    const labels = options.map(([value, text]) => {
      const input = el("input", { type: "radio", name: group, value, onchange: () => this.update({ [key]: value }) });
      this.syncs.push((state) => { input.checked = state[key] === value; });
      return el("label", {}, input, el("span", {}, text));
    });
    return el("fieldset.mg-choice", {}, el("legend", {}, legend), ...labels);
  }

  menu(text, key, options) {
    const select = el("select", { onchange: () => this.update({ [key]: select.value }) },
      ...options.map((value) => el("option", { value }, value)));
    this.syncs.push((state) => { select.value = state[key]; });
    return el("label.mg-field", {}, el("span", {}, text), select);
  }

  field(text, key, { after = "", ...more } = {}) {
    const input = el("input.mg-code", { type: "text", spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      oninput: () => this.update({ [key]: input.value }), ...more });
    this.syncs.push((state) => { if (input.value !== state[key]) input.value = state[key]; });
    return el("label.mg-field", {}, el("span", {}, text), input, ...(after ? [el("span", {}, after)] : []));
  }

  check(text, key) {
    const input = el("input", { type: "checkbox", onchange: () => this.update({ [key]: input.checked }) });
    this.syncs.push((state) => { input.checked = state[key]; });
    return el("label.mg-check", {}, input, el("span", {}, text));
  }

  slider(text, { min, max, step, get, set, show = fmt, at }) {
    const output = el("output", at ? { "data-at": at } : {});
    const input = el("input", { type: "range", min, max, step, oninput: () => this.update(set(Number(input.value))) });
    this.syncs.push((state) => {
      input.value = get(state);
      output.textContent = show(get(state));
      input.setAttribute("aria-valuetext", output.textContent);
    });
    return el("label.mg-slider", {}, el("span", {}, text), input, output);
  }

  /** Buttons that set the text of a field, from an attribute "one | two | three". */
  examples(text, set) {
    return el("div.mg-row.mg-examples", {}, el("span", {}, "Try"),
      ...text.split("|").map((part) => part.trim()).map((part) =>
        this.button(part, () => this.update(set(part)), { class: "mg-button mg-code" })));
  }
}

// ------------------------------------------------------------------------- an array as a grid

/** Cells of an array with up to three dimensions. Cells are plain, buttons (pick) or fields (edit). */
class Grid {
  constructor({ name, shape, kind = "value", column = false, pick, edit, note = "" }) {
    Object.assign(this, { name, shape, pick });
    const wide = column ? 1 : shape.at(-1) ?? 1;
    const block = (column ? shape[0] : product(shape.slice(-2))) || 1;
    this.cells = range(product(shape)).map((flat) => this.cell(flat, edit));
    const blocks = range(Math.ceil(this.cells.length / block)).map((k) => {
      const cells = el("div.mg-cells", { style: `--columns: ${wide}` },
          ...this.cells.slice(k * block, (k + 1) * block));
      return shape.length < 3 ? cells : el("div", {}, el("div.mg-part", {}, `[${k}]`), cells);
    });
    if (!this.cells.length) blocks.push(el("div.mg-none", {}, "empty"));
    const title = el("div.mg-title", {}, el("b", {}, name), ` ${shapeText(shape)}`, note && el("span", {}, ` ${note}`));
    this.element = el(`div.mg-grid.mg-${kind}`, { role: "group", "aria-label": `${name}, shape ${shapeText(shape)}` },
      title, el("div.mg-blocks", {}, ...blocks));
    this.element.addEventListener("keydown", (event) => this.move(event, wide));
  }

  place(flat) { return this.shape.length ? `${this.name}[${unravel(flat, this.shape).join(", ")}]` : this.name; }

  cell(flat, edit) {
    const options = { "data-at": `${this.name.replaceAll(" ", "")} ${unravel(flat, this.shape).join(",")}`.trim() };
    if (edit) {
      const input = el("input.mg-cell", { type: "number", step: "any", "aria-label": this.place(flat), ...options,
        onfocus: () => this.pick?.(flat),
        oninput: () => {
          const good = input.value !== "" && Number.isFinite(Number(input.value));
          input.setAttribute("aria-invalid", !good);
          if (good) edit(flat, Number(input.value));
        } });
      return input;
    }
    if (!this.pick) return el("span.mg-cell", options);
    return el("button.mg-cell", { type: "button", tabindex: flat ? -1 : 0, ...options,
        onclick: () => this.pick(flat) });
  }

  /** Arrow keys walk over the buttons: the grid is one stop of the Tab key. */
  move(event, wide) {
    const from = this.cells.indexOf(event.target);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[event.key];
    const to = this.cells[from + step];
    if (from < 0 || event.target.tagName !== "BUTTON" || !to) return;
    event.preventDefault();
    to.focus();
    to.click();
  }

  /** Show every cell: look(flat) gives {text, on: "lit pick …", badge}. */
  paint(look) {
    this.cells.forEach((cell, flat) => {
      const { text, on = "", badge = "" } = look(flat);
      const shown = typeof text === "number" ? brief(text) : text;
      cell.classList.remove("lit", "pick", "copy", "dim", "long", "longer");
      cell.classList.add(...on.split(" ").filter(Boolean), ...(shown.length > 6 ? ["longer"] : shown.length > 4
          ? ["long"] : []));
      if (cell.tagName === "INPUT") {
        if (Number(cell.value) !== text || cell.value === "") cell.value = text;
        return;
      }
      cell.textContent = shown;
      cell.dataset.badge = badge;
      if (cell.tagName !== "BUTTON") return;
      const picked = on.includes("pick");
      cell.setAttribute("aria-label", `${this.place(flat)}: ${shown}${badge && `, picked ${badge}`}`);
      cell.setAttribute("aria-pressed", picked);
      if (picked) for (const other of this.cells) other.tabIndex = other === cell ? 0 : -1;
    });
  }
}

const side = (...children) => el("div.mg-side", {}, ...children);

// ------------------------------------------------------------------------ a graph as a drawing

/** What stands in the head of a node: "p = a × b", or "p: ×" where there is little room. */
function title({ op, args, name }, nodes, small = false) {
  if (!OPS[op]) return name;
  if (small) return `${name}: ${{ "*": "×", "-": "−", negative: "−" }[op] ?? op}`;
  return `${name} = ${OPS[op].write(...args.map((arg) => nodes[arg].name))}`;
}

/** The nodes of a program as the player draws them. */
const pictured = ({ nodes }) => ({ nodes: nodes.map((node) => ({ ...node, title: title(node, nodes),
  short: title(node, nodes, true), round: Boolean(OPS[node.op]),
  ...(node.op === "number" ? { data: 1, right: "" } : {}) })) });

// -------------------------------------------------------- chapter 1: steps through a graph

/** Every step of a walk forward and then backward, as the player takes them: words, and changes. */
function walk(program, at, wrong) {
  const { nodes, output } = program;
  const values = evaluate(program, at);
  const grads = new Map();
  const steps = [];
  const record = (phase, words, now, more = {}) => steps.push({ phase, words, now, ...more });
  const value = (id) => [id, 0, fmt(values[id])];
  const gradient = (id) => [id, 1, fmt(grads.get(id))];
  const leaves = range(nodes.length).filter((id) => !OPS[nodes[id].op]);
  record("forward", ["The inputs have their values. ", "Every other node waits for its arguments."], -1,
    { put: leaves.map(value) });
  for (const { id, op, args } of nodes) {
    if (!OPS[op]) continue;
    const filled = OPS[op].write(...args.map((arg) => inBrackets(values[arg])));
    const words = [`${title(nodes[id], nodes)} = ${filled} = `, { v: fmt(values[id]) }];
    record("forward", words, id, { put: [value(id)] });
  }
  grads.set(output, 1);
  const out = nodes[output].name;
  record("backward", [`Backward starts at ${out}: nudge ${out} by a little, and ${out} moves by just as much. `,
    "Its gradient is ", { g: "1" }, "."], output, { put: [gradient(output)] });

  const push = (node, k) => {
    const arg = node.args[k];
    if (nodes[arg].op === "number") return false;
    const [slope, arrives, held] = [local(node, k, values), grads.get(node.id), grads.get(arg)];
    const given = slope * arrives;
    grads.set(arg, (held ?? 0) + given);
    const names = node.args.map((i) => nodes[i].name);
    const formula = OPS[node.op].words[k](...names, node.name);
    const how = formula === fmt(slope) ? fmt(slope) : `${formula} = ${fmt(slope)}`;
    const [from, to] = [node.name, nodes[arg].name];
    const sum = held === undefined
      ? [`. It is the first to arrive: ${to}’s gradient is `, { g: fmt(given) }, "."]
      : [`. ${to} already holds ${fmt(held)}, and gradients add: ${fmt(held)} + ${inBrackets(given)} = `,
        { g: fmt(held + given) }, "."];
    const words = [`${from} sends to ${to}: local derivative ${how}, times what arrived at ${from}, `,
      `${fmt(arrives)}, gives `, { g: fmt(given) }, ...sum];
    record("backward", words, arg, { edge: [arg, node.id, k], label: fmt(slope), put: [gradient(arg)] });
    return true;
  };
  const visit = (id) => nodes[id].args.forEach((arg, k) => {       // the tempting walk
    if (steps.length < 400 && push(nodes[id], k)) visit(arg);
  });
  if (wrong) visit(output);
  else for (const node of [...nodes].reverse()) if (grads.has(node.id)) node.args.forEach((_, k) => push(node, k));
  const right = gradients(program, values);
  const same = (id) => Math.abs((grads.get(id) ?? 0) - right[id]) <= 1e-9 * (1 + Math.abs(right[id]));
  const good = program.inputs.every(({ id }) => same(id));
  const bad = [...grads.keys()].filter((id) => wrong && !same(id));
  record("done", !wrong ? ["Done: every node was visited once, after everything above it had arrived."]
    : good ? ["Done. The numbers are right here, by luck: no node in the middle has two users."]
      : ["Done, and wrong: a node in the middle was visited more than once, ",
        "and each time it sent everything it held, again."], -1, { bad });
  return { steps, right, same };
}

class Steps extends Figure {
  static label = "Steps forward and backward through a small graph";
  static legend = ["In each box: ", { v: "value" }, " on the left, ", { g: "gradient" },
    " on the right. On an edge: the local derivative."];

  build() {
    this.program = parse(this.read("expr", "(a*b + c)*a"));
    const given = Object.fromEntries(this.read("at", this.hasAttribute("expr") ? "" : "a=2 b=-3 c=10")
      .trim().split(/\s+/).filter(Boolean).map((part) => part.split("=")).map(([name, x]) => [name, Number(x)]));
    const order = this.read("order", "right");
    this.state = { order: order === "wrong" ? "wrong" : "right", at: {} };
    for (const { name } of this.program.inputs) this.state.at[name] = given[name] ?? 1;
    const sliders = this.program.inputs.map(({ name }) => this.inputSlider(name));
    this.table = el("div");
    this.walk = new Walk(this, this.stage, this.words, (step) => this.compare(step));
    if (order === "choose") {
      this.panel.append(this.choice("Walk backward", "order",
          [["right", "topological order"], ["wrong", "depth first"]]));
    }
    this.panel.append(this.walk.controls, el("div.mg-sliders", {}, ...sliders), this.table);
    this.walk.step = this.firstStep();
  }

  firstStep() {
    const start = this.read("start", "0");
    const { steps } = walk(this.program, this.state.at, this.state.order === "wrong");
    if (start === "backward") return steps.findIndex((step) => step.phase === "backward");
    return start === "end" ? steps.length - 1 : Number(start) || 0;
  }

  disconnectedCallback() { this.walk?.stop(); }

  inputSlider(name) {
    const far = Math.max(5, Math.ceil(Math.abs(this.state.at[name])));
    const [min, max] = this.hasAttribute("range") ? numbers(this.read("range")) : [-far, far];
    return this.slider(name, { min, max, step: this.read("step", "0.5"), at: `input ${name}`,
      get: (state) => state.at[name], set: (x) => ({ at: { ...this.state.at, [name]: x } }) });
  }

  draw() {
    this.told = walk(this.program, this.state.at, this.state.order === "wrong");
    this.walk.load({ ...pictured(this.program), steps: this.told.steps, legend: Steps.legend });
  }

  /** Beside a walk that goes wrong stand the right numbers. */
  compare({ phase }) {
    if (this.state.order !== "wrong") { this.table.replaceChildren(); return; }
    const { right, same } = this.told;
    const { texts } = this.walk.past();
    const line = ({ id, name }) => el("tr", {}, el("th", { scope: "row" }, `${name}.grad`),
      el("td", { "data-at": `walk ${name}` }, texts[id][1]), el("td", { "data-at": `right ${name}` }, fmt(right[id])),
      el("td", {}, phase === "done" ? (same(id) ? "equal" : "✗ wrong") : ""));
    const head = ["", "this walk", "right", ""].map((text) => el(text ? "th" : "td", text ? { scope: "col" } : {},
        text));
    const shown = this.program.nodes.filter(({ id, op }) => op !== "number" && id !== this.program.output);
    this.table.replaceChildren(el("table.mg-table", {}, el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...shown.map(line))));
  }
}

// --------------------------------------------- chapter 18: values and speeds go forward together

/** Every step of one walk forward in which one input moves by 1: values, and speeds beside them. */
function carried(program, at, moving) {
  const { nodes, output } = program;
  const values = evaluate(program, at);
  const speeds = nodes.map(({ name, op }) => (op === "input" && name === moving ? 1 : 0));
  const inputs = nodes.filter(({ op }) => !OPS[op]);
  const moves = nodes.map(({ op, name, args }) => ({ op, name, args }));
  moves.forEach((node) => { node.on = node.name === moving || node.args.some((arg) => moves[arg].on); });
  const steps = [{ phase: "forward", now: -1,
    words: [`${moving} moves by 1 for each unit of time, and the other inputs stand still. `,
      "Their speeds are ", { g: "1" }, " and ", { g: "0" }, "."],
    put: inputs.flatMap(({ id, op }) => [[id, 0, fmt(values[id])],
      ...(op === "number" ? [] : [[id, 1, fmt(speeds[id])]])]) }];
  for (const node of nodes) {
    const { id, op, args, name } = node;
    if (!OPS[op]) continue;
    const still = moves[id].on ? [] : [". Nothing it is made from moves: its speed is ", { g: "0" }, "."];
    steps.push({ phase: "forward", now: id, put: [[id, 0, fmt(values[id])], ...(still.length ? [[id, 1, "0"]] : [])],
      words: [`${title(node, nodes)} = ${OPS[op].write(...args.map((arg) => inBrackets(values[arg])))} = `,
        { v: fmt(values[id]) }, ...still] });
    let first = true;
    args.forEach((arg, k) => {
      if (!moves[arg].on) return;
      const [slope, held] = [local(node, k, values), speeds[id]];
      const given = slope * speeds[arg];
      speeds[id] += given;
      const names = args.map((i) => nodes[i].name);
      const formula = OPS[op].words[k](...names, name);
      const how = formula === fmt(slope) ? fmt(slope) : `${formula} = ${fmt(slope)}`;
      const sum = first ? [`. ${name} has the speed `, { g: fmt(given) }, "."]
        : [`. ${name} already has ${fmt(held)}, and speeds add: ${fmt(held)} + ${inBrackets(given)} = `,
          { g: fmt(speeds[id]) }, "."];
      first = false;
      steps.push({ phase: "forward", now: id, edge: [arg, id, k], label: fmt(slope), put: [[id, 1, fmt(speeds[id])]],
        words: [`${names[k]} pushes ${name}: local derivative ${how}, times the speed of ${names[k]}, `,
          `${fmt(speeds[arg])}, gives `, { g: fmt(given) }, ...sum] });
    });
  }
  const out = nodes[output].name;
  steps.push({ phase: "done", now: -1, words: [`Done: one run, and the derivative of ${out} with respect to ${moving} is `,
    { g: fmt(speeds[output]) }, ". No step was kept for later."] });
  return { steps, speed: speeds[output] };
}

class Dual extends Figure {
  static label = "Values and their speeds, forward through a small graph";
  static legend = ["In each box: ", { v: "value" }, " on the left, ", { g: "speed" },
    " on the right. On an edge: the local derivative."];

  build() {
    this.program = parse(this.read("expr", "(a*b + c)*a"));
    const given = Object.fromEntries(this.read("at", this.hasAttribute("expr") ? "" : "a=2 b=-3 c=10")
      .trim().split(/\s+/).filter(Boolean).map((part) => part.split("=")).map(([name, x]) => [name, Number(x)]));
    const names = this.program.inputs.map(({ name }) => name);
    const moving = this.read("moving", names[0]);
    if (!names.includes(moving)) throw new Error(`there is no input ${moving} to move`);
    this.found = {};
    this.state = { moving, at: Object.fromEntries(names.map((name) => [name, given[name] ?? 1])) };
    this.table = el("div");
    this.walk = new Walk(this, this.stage, this.words, (step) => this.tell(step));
    this.panel.append(this.choice("What moves?", "moving", names.map((name) => [name, name])), this.walk.controls,
      el("div.mg-sliders", {}, ...names.map((name) => this.inputSlider(name))), this.table);
    if (this.read("start") === "end") this.walk.step = Infinity;
  }

  disconnectedCallback() { this.walk?.stop(); }

  inputSlider(name) {
    const far = Math.max(5, Math.ceil(Math.abs(this.state.at[name])));
    return this.slider(name, { min: -far, max: far, step: this.read("step", "0.5"), at: `input ${name}`,
      get: (state) => state.at[name],
      set: (x) => { this.found = {}; return { at: { ...this.state.at, [name]: x } }; } });
  }

  draw() {
    const again = this.told && this.moved !== this.state.moving;
    this.told = carried(this.program, this.state.at, this.state.moving);
    this.moved = this.state.moving;
    this.walk.load({ ...pictured(this.program), steps: this.told.steps, legend: Dual.legend },
      again ? 0 : this.walk.step);
  }

  /** The derivatives found so far: one run gives one of them. */
  tell({ phase }) {
    if (phase === "done") this.found[this.state.moving] = this.told.speed;
    const picture = this.walk.picture.querySelector("svg");
    picture?.setAttribute("aria-label", picture.getAttribute("aria-label").replaceAll(", gradient", ", speed"));
    const out = this.program.nodes[this.program.output].name;
    const line = ({ name }) => el("tr", {}, el("th", { scope: "row" }, `${out} moves with ${name}`),
      el("td", { "data-at": `found ${name}` }, name in this.found ? fmt(this.found[name]) : "not run yet"));
    this.table.replaceChildren(el("table.mg-table", {}, el("tbody", {}, ...this.program.inputs.map(line))));
  }
}

// ------------------------------------------------------------------------------ plots of curves

/** A picture with axes: X and Y turn numbers into places, `log` makes both axes powers of ten. */
class Plot {
  constructor({ width, height, x, y, log = false, names = ["x", "y"] }) {
    const [left, right, top, bottom] = [46, 10, 26, 40];
    const scale = log ? Math.log10 : (v) => v;
    const place = ([lo, hi], from, to) => (v) => from
        + ((scale(v) - scale(lo)) / (scale(hi) - scale(lo))) * (to - from);
    this.X = place(x, left, width - right);
    this.Y = place(y, height - bottom, top);
    this.unX = (px) => x[0] + ((px - left) / (width - right - left)) * (x[1] - x[0]);
    this.unY = (py) => y[1] - ((py - top) / (height - bottom - top)) * (y[1] - y[0]);
    const clip = `mg-clip-${++count}`;
    const ticks = log ? Plot.powers : Plot.ticks;
    const axis = [];
    for (const v of ticks(x, width / 75)) {
      axis.push(svg("line.mg-rule", { x1: this.X(v), x2: this.X(v), y1: top, y2: height - bottom }),
        svg("text.mg-tick", { x: this.X(v), y: height - bottom + 16, "text-anchor": "middle" }, fmt(v)));
    }
    for (const v of ticks(y, height / 50)) {
      axis.push(svg("line.mg-rule", { x1: left, x2: width - right, y1: this.Y(v), y2: this.Y(v) }),
        svg("text.mg-tick", { x: left - 6, y: this.Y(v) + 4, "text-anchor": "end" }, fmt(v)));
    }
    if (!log && x[0] < 0 && x[1] > 0) axis.push(svg("line.mg-zero",
        { x1: this.X(0), x2: this.X(0), y1: top, y2: height - bottom }));
    if (!log && y[0] < 0 && y[1] > 0) axis.push(svg("line.mg-zero",
        { x1: left, x2: width - right, y1: this.Y(0), y2: this.Y(0) }));
    axis.push(svg("text.mg-axis", { x: width - right, y: height - 6, "text-anchor": "end" }, names[0]),
      svg("text.mg-axis", { x: 4, y: 13 }, names[1]));
    this.layer = svg("g", { "clip-path": `url(#${clip})` });
    this.top = svg("g");
    this.element = svg("svg.mg-plot", { viewBox: `0 0 ${width} ${height}`, role: "img" },
      svg("clipPath", { id: clip }, svg("rect", { x: left, y: top, width: width - left - right,
          height: height - top - bottom })),
      ...axis, this.layer, this.top);
  }

  static ticks([lo, hi], wanted) {
    const rough = (hi - lo) / Math.max(2, wanted);
    const unit = 10 ** Math.floor(Math.log10(rough));
    const step = unit * [1, 2, 5, 10].find((m) => m * unit >= rough);
    return range(Math.floor(hi / step) - Math.ceil(lo / step)
        + 1).map((i) => Number(((Math.ceil(lo / step) + i) * step).toPrecision(6)));
  }

  static powers([lo, hi], wanted) {
    const [from, to] = [lo, hi].map((v) => Math.round(Math.log10(v)));
    const step = Math.max(1, Math.ceil((to - from) / wanted));
    return range(Math.floor((to - from) / step) + 1).map((i) => Number(`1e${to - i * step}`));
  }

  line(points, name) {
    let pen = "M";
    const d = points.map(([x, y]) => {
      if (!Number.isFinite(y)) { pen = "M"; return ""; }
      const part = `${pen}${this.X(x).toFixed(1)},${clamp(this.Y(y), -1e4, 1e4).toFixed(1)}`;
      pen = "L";
      return part;
    });
    this.layer.append(svg(`path.mg-curve.${name}`, { d: d.join("") }));
  }

  dot(x, y, name, r = 6) { this.top.append(svg(`circle.mg-dot.${name}`, { cx: this.X(x), cy: this.Y(y), r })); }

  note(x, y, text, name, anchor = "start", dx = 0, dy = 0) {
    this.top.append(svg(`text.mg-note.${name}`, { x: this.X(x) + dx, y: this.Y(y) + dy, "text-anchor": anchor }, text));
  }
}

/** Named numbers in a row, each with its own place for tests and for the eye. */
function readings(pairs) {
  return el("dl.mg-readings", {}, ...pairs.map(([name, value, kind = "mg-plain"]) =>
    el("div", {}, el("dt", {}, name), el(`dd.${kind}`, { "data-at": name },
        typeof value === "number" ? fmt(value) : value))));
}

// -------------------------------------------- chapters 1 and 8: a nudge, a ratio, a derivative

const RANGES = { log: [-0.5, 5], sqrt: [-0.5, 5], exp: [-3, 2.2], sin: [-5, 5], cos: [-5, 5],
  tanh: [-4, 4], sigmoid: [-6, 6] };
const KINKS = { relu: "At 0 the slope jumps from 0 to 1: there is no derivative. PyTorch, and minigrad, take 0.",
  abs: "At 0 the slope jumps from −1 to 1: there is no derivative. PyTorch, and minigrad, take 0.",
  sqrt: "At 0 the curve is vertical: the derivative is infinite." };

class Nudge extends Figure {
  static label = "A curve, a nudge, and the ratio of the two changes";

  build() {
    const f = this.read("f", "square");
    const push = this.read("pullback", null);
    this.state = { f, x: Number(this.read("x", "1")), dx: Number(this.read("dx", "0.5")), g: Number(push || 1) };
    this.choose(f);
    this.watchWidth();
    if (this.hasAttribute("menu")) {
      const names = this.read("menu").trim().split(/[\s,]+/).filter(Boolean);
      const menu = this.menu("f", "f", [...new Set([f, ...(names.length ? names
          : Object.keys(FUNCTIONS).filter((name) => name !== "cos"))])]);
      menu.addEventListener("change", () => { this.choose(this.state.f); this.update({ x: clamp(this.state.x,
          ...this.span) }); });
      this.panel.append(el("div.mg-row", {}, menu));
    }
    const x = this.slider("x", { min: -10, max: 10, step: 0.01, get: (s) => s.x, set: (x) => ({ x }) });
    this.syncs.unshift(() => {
      const input = x.querySelector("input");
      [input.min, input.max] = this.span;
    });
    const power = (v) => clamp(10 ** v, 1e-4, 2);
    const nudge = el("div.mg-sliders", {}, x, this.slider("nudge dx",
        { min: -4, max: Math.log10(2), step: "any", get: (s) => Math.log10(s.dx),
      set: (v) => ({ dx: Number(power(v).toPrecision(2)) }), show: () => fmt(this.state.dx) }));
    if (push !== null) nudge.append(this.slider("g arrives",
        { min: -3, max: 3, step: 0.5, get: (s) => s.g, set: (g) => ({ g }) }));
    this.numbers = el("div");
    this.panel.append(nudge, el("div.mg-row", {}, this.button("Halve the nudge",
        () => this.update({ dx: Math.max(1e-4, this.state.dx / 2) }))), this.numbers);
    const drag = (event) => {
      if (event.type === "pointermove" && !(event.buttons & 1)) return;
      const box = this.plot.element.getBoundingClientRect();
      const x = this.plot.unX(((event.clientX - box.left) / box.width) * this.width);
      this.update({ x: clamp(Number(x.toFixed(2)), ...this.span) });
    };
    for (const kind of ["pointerdown", "pointermove"]) this.stage.addEventListener(kind, drag);
    this.stage.classList.add("mg-drag");
  }

  /** Take a function: its axes, and the x that may be chosen (where the curve exists). */
  choose(name) {
    this.fun = functionOf(name);
    this.axis = this.hasAttribute("range") ? numbers(this.read("range")) : RANGES[name] ?? [-3, 3];
    this.span = [{ log: 0.05, sqrt: 0 }[name] ?? this.axis[0], this.axis[1]];
  }

  draw() {
    const { x, dx, g } = this.state;
    const { f, derivative, title } = this.fun;
    const [y, slope, next] = [f(x), derivative(x), f(x + dx)];
    const [lo, hi] = this.axis;
    const points = range(321).map((i) => lo + ((hi - lo) * i) / 320).map((v) => [v, f(v)]);
    const seen = points.map((p) => p[1]).filter(Number.isFinite);
    const [low, high] = [Math.max(Math.min(...seen), -20), Math.min(Math.max(...seen), 20)];
    const room = (high - low) * 0.12 || 1;
    const plot = this.plot = new Plot({ width: this.width, height: clamp(this.width * 0.56, 250, 360), x: this.axis,
      y: [low - room, high + room], names: ["x", `y = ${title}`] });
    plot.line(points, "mg-value");
    if (Number.isFinite(slope)) plot.line([lo, hi].map((v) => [v, y + slope * (v - x)]), "mg-tangent");
    plot.line([[x, y], [x + dx, y]], "mg-leg");
    plot.line([[x + dx, y], [x + dx, next]], "mg-rise");
    if (Math.abs(plot.X(x + dx) - plot.X(x)) > 26) {
      const below = next >= y ? 16 : -8;
      plot.note(x + dx / 2, y, "dx", "mg-plain", "middle", 0, below);
      if (Math.abs(plot.Y(next) - plot.Y(y)) > 16) plot.note(x + dx, (y + next) / 2, "dy", "mg-value", "start", 7, 4);
    }
    plot.dot(x + dx, next, "mg-second", 4);
    plot.dot(x, y, "mg-first", 8);
    const [dy, ratio] = [next - y, (next - y) / dx];
    plot.element.setAttribute("aria-label",
        `The curve y = ${title} with its tangent at x = ${fmt(x)}, slope ${fmt(slope)}`);
    this.stage.replaceChildren(plot.element);
    const rows = [["x", x], ["y", y, "mg-v"], ["dx", dx], ["dy", dy, "mg-v"], ["dy / dx", ratio],
        ["dy/dx as dx → 0", slope, "mg-g"]];
    const kink = x === 0 && KINKS[this.state.f] ? ` ${KINKS[this.state.f]}` : "";
    const first = ["Nudge x by ", fmt(dx), " and y moves by ", V(dy),
        `: ${fmt(ratio)} times as much. The tangent says `, G(slope), `.${kink}`];
    if (!this.hasAttribute("pullback")) this.say(...first);
    else {
      rows.push(["g · f′(x)", g * slope, "mg-g"]);
      this.say(...first, " The pullback takes what arrives, g = ", G(g),
          `, and sends back g · f′(x) = ${fmt(g)} · ${inBrackets(slope)} = `, G(g * slope), ".");
    }
    this.numbers.replaceChildren(readings(rows));
  }
}

// ------------------------------------------------------ chapter 2: the step of a difference

class StepSize extends Figure {
  static label = "Error of a difference quotient against its step";

  build() {
    this.fun = functionOf(this.read("f", "exp"));
    this.x = Number(this.read("x", "1"));
    this.state = { power: Math.log10(Number(this.read("h", "1e-4"))), dtype: this.read("dtype", "float64") };
    this.watchWidth();
    this.numbers = el("div");
    this.panel.append(el("div.mg-row", {}, this.choice("Numbers", "dtype",
        [["float64", "float64"], ["float32", "float32"]])),
      el("div.mg-sliders", {}, this.slider("step h", { min: -16, max: 0, step: 0.25, get: (s) => s.power,
        set: (power) => ({ power }), show: (power) => fmt(10 ** power) })), this.numbers);
  }

  /** Both quotients at step h, with every result rounded to the dtype. */
  quotients(h) {
    const round = this.state.dtype === "float32" ? Math.fround : (v) => v;
    const f = (v) => round(this.fun.f(v, round));
    const [x, step] = [round(this.x), round(h)];
    const [here, after, before] = [f(x), f(round(x + step)), f(round(x - step))];
    return { forward: round(round(after - here) / step), central: round(round(after - before) / round(2 * step)) };
  }

  draw() {
    const { power, dtype } = this.state;
    const { f, derivative } = this.fun;
    const [x, h] = [this.x, 10 ** power];
    const truth = derivative(x);
    const eps = dtype === "float32" ? 2 ** -24 : 2 ** -53;
    const k = 1e-2;
    const second = Math.abs((f(x + k) - 2 * f(x) + f(x - k)) / (k * k));
    const third = Math.abs((f(x + 2 * k) - 2 * f(x + k) + 2 * f(x - k) - f(x - 2 * k)) / (2 * k ** 3));
    const guess = { forward: (v) => (v * second) / 2, central: (v) => (v * v * third) / 6,
        rounding: (v) => (eps * Math.abs(f(x))) / v };
    const floor = 1e-17;
    const error = (v, kind) => Math.max(Math.abs(this.quotients(v)[kind] - truth), floor);
    const steps = range(193).map((i) => 10 ** (-16 + i / 12));
    const plot = new Plot({ width: this.width, height: clamp(this.width * 0.62, 280, 400), x: [1e-16, 1],
        y: [floor, 10],
      log: true, names: ["step h", "error"] });
    for (const kind of ["forward", "central", "rounding"]) plot.line([1e-16, 1].map((v) => [v, guess[kind](v)]),
        "mg-guide");
    for (const kind of ["forward", "central"]) {
      plot.line(steps.map((v) => [v, error(v, kind)]), `mg-${kind}`);
    }
    plot.line([[h, floor], [h, 10]], "mg-leg");
    for (const kind of ["forward", "central"]) plot.dot(h, error(h, kind), `mg-${kind}`);
    plot.element.setAttribute("aria-label",
      `Error against step, in powers of ten, in ${dtype}. Each curve falls, reaches a lowest place and rises again.`);
    this.stage.replaceChildren(plot.element, el("p.mg-legend", {},
        el("span.mg-key.mg-forward", {}, "forward (f(x+h) − f(x)) / h"), " ",
      el("span.mg-key.mg-central", {}, "central (f(x+h) − f(x−h)) / 2h"), " ",
          el("span.mg-key.mg-guide", {}, "truncation rising, rounding falling")));
    const now = this.quotients(h);
    const part = (kind) => {
      const [cut, noise] = [guess[kind](h), guess.rounding(h)];
      return cut > 3 * noise ? ", mostly truncation: the step is too big" : noise > 3 * cut
          ? ", mostly rounding: the step is too small" : ", near its best step";
    };
    this.say(`At h = ${fmt(h)} in ${dtype}, the forward quotient is off by `, V(Math.abs(now.forward - truth)),
        `${part("forward")}. The central one is off by `,
      G(Math.abs(now.central - truth)), `${part("central")}.`);
    this.words.dataset.h = h;
    this.numbers.replaceChildren(readings([["f′(x)", fmt(truth, 11)], ["forward", fmt(now.forward, 11), "mg-v"],
        ["forward error", Math.abs(now.forward - truth), "mg-v"],
      ["central", fmt(now.central, 11), "mg-g"], ["central error", Math.abs(now.central - truth), "mg-g"]]));
  }
}

// ---------------------------------------------------------- chapter 3: a matrix times a vector

const terms = (pairs) => pairs.map(([a, b]) => `${inBrackets(a)}·${inBrackets(b)}`).join(" + ");

class MatVec extends Figure {
  static label = "A matrix times a vector, forward and backward";

  build() {
    const a = rows(this.read("a", "1 2 3; 4 5 6"));
    const [m, n] = [a.length, a[0].length];
    const x = numbers(this.read("x", n === 3 ? "2 0 -1" : range(n).map((j) => j + 1).join(" ")));
    const g = numbers(this.read("g", range(m).map((i) => i + 1).join(" ")));
    this.state = { a: a.flat(), x, g, row: 0, mode: this.read("mode", "forward") };
    const change = (key) => (flat, value) => this.update({ [key]: this.state[key].map((old,
        i) => (i === flat ? value : old)) });
    const row = (flat) => this.update({ row: flat });
    const matrix = (name, more) => new Grid({ name, shape: [m, n], pick: (flat) => row(Math.floor(flat / n)),
        ...more });
    const vector = (name, size, more) => new Grid({ name, shape: [size], ...more });
    this.grids = {
      x: vector("x", n, { edit: change("x") }), a: matrix("A", { edit: change("a") }),
      y: vector("y", m, { column: true, pick: row }),
      x2: vector("x", n), da: matrix("A.grad", { kind: "grad" }),
      g: vector("g", m, { column: true, kind: "grad", edit: change("g"), pick: row }),
      a2: matrix("A"), g2: vector("g", m, { column: true, kind: "grad", pick: row }),
          dx: vector("x.grad", n, { kind: "grad" }),
    };
    const shown = Object.fromEntries(Object.entries(this.grids).map(([key, grid]) => [key, grid.element]));
    this.forward = side(el("div.mg-cross", {}, shown.x, el("span"), shown.a, shown.y));
    this.backward = side(
      el("div", {}, el("p.mg-rule-text", {}, "A.grad = outer(g, x)"),
          el("div.mg-cross", {}, shown.x2, el("span"), shown.da, shown.g)),
      el("div", {}, el("p.mg-rule-text", {}, "x.grad = Aᵀ @ g, rows added one by one"),
          el("div.mg-cross", {}, shown.a2, shown.g2, shown.dx)));
    this.stage.append(this.forward, this.backward);
    this.panel.append(el("div.mg-row", {}, this.choice("Direction", "mode",
        [["forward", "forward"], ["backward", "backward"]]),
      this.button("← Row", () => this.update({ row: Math.max(0, this.state.row - 1) })),
      this.button("Row →", () => this.update({ row: Math.min(m - 1, this.state.row + 1) }))));
    this.size = [m, n];
  }

  draw() {
    const { a, x, g, row, mode } = this.state;
    const [m, n] = this.size;
    const { grids } = this;
    const cut = (i) => a.slice(i * n, i * n + n);
    const y = range(m).map((i) => total(cut(i).map((v, j) => v * x[j])));
    const inRow = (flat, name = "lit") => (Math.floor(flat / n) === row ? name : "");
    grids.x.paint((j) => ({ text: x[j], on: "lit" }));
    grids.a.paint((k) => ({ text: a[k], on: inRow(k) }));
    grids.y.paint((i) => ({ text: y[i], on: i === row ? "pick" : "" }));
    // Backward is shown row by row: rows after the chosen one have not sent anything yet.
    const upTo = (j) => total(range(row + 1).map((i) => g[i] * a[i * n + j]));
    grids.x2.paint((j) => ({ text: x[j], on: "lit" }));
    grids.da.paint((k) => ({ text: Math.floor(k / n) <= row ? g[Math.floor(k / n)] * x[k % n] : "·", on: inRow(k) }));
    for (const grid of [grids.g, grids.g2]) grid.paint((i) => ({ text: g[i], on: i === row ? "pick" : "" }));
    grids.a2.paint((k) => ({ text: a[k], on: inRow(k) }));
    grids.dx.paint((j) => ({ text: upTo(j), on: "lit" }));
    this.forward.hidden = mode !== "forward";
    this.backward.hidden = mode === "forward";
    if (mode === "forward") {
      this.say(`A ${shapeText(this.size)} @ x ${shapeText([n])} → y ${shapeText([m])}. `,
        `y[${row}] = A[${row}] · x = ${terms(cut(row).map((v, j) => [v, x[j]]))} = `, V(y[row]), ".");
      return;
    }
    const list = (values) => `[${values.map((v) => fmt(v)).join(", ")}]`;
    const gave = cut(row).map((v) => g[row] * v);
    this.say(`Row ${row} was one dot product, so it sends g[${row}] = `, G(g[row]),
        ` two ways: to its own row, A.grad[${row}] = ${fmt(g[row])}·x = `, G(list(x.map((v) => g[row] * v))),
      `; and to the shared x, ${fmt(g[row])}·A[${row}] = ${list(gave)}, which is added: x.grad = `,
          G(list(range(n).map(upTo))), row < m - 1 ? ` after ${row + 1} of ${m} rows.` : ", complete.");
  }
}

// ---------------------------------------------------------- chapter 4: a matrix times a matrix

class MatMul extends Figure {
  static label = "A matrix times a matrix, forward and backward";

  build() {
    const [a, b] = [rows(this.read("a", "1 2 3; 4 5 6")), rows(this.read("b", "1 0; 2 1; 0 3"))];
    const [n, k, m] = [a.length, b.length, b[0].length];
    if (a[0].length !== k) throw new Error(`A has ${a[0].length} columns but B has ${k} rows`);
    const g = this.hasAttribute("g") ? rows(this.read("g")).flat() : range(n * m).map((i) => i + 1);
    this.size = { n, k, m };
    this.state = { a: a.flat(), b: b.flat(), g, at: { forward: 0, "a.grad": 0, "b.grad": 0 },
        mode: this.read("mode", "forward").toLowerCase() };
    this.panel.append(el("div.mg-row", {}, this.choice("Show", "mode",
        [["forward", "forward"], ["a.grad", "A.grad"], ["b.grad", "B.grad"]])));
    this.syncs.push(({ mode }) => { if (mode !== this.shown) this.lay(mode); });
  }

  /** Three places that never move: A's at the left, B's above, C's where they meet. */
  lay(mode) {
    this.shown = mode;
    const { n, k, m } = this.size;
    const change = (key) => (flat, value) => this.update({ [key]: this.state[key].map((old,
        i) => (i === flat ? value : old)) });
    const pick = (flat) => this.update({ at: { ...this.state.at, [mode]: flat } });
    const grad = { kind: "grad" };
    this.left = mode === "a.grad" ? new Grid({ name: "A.grad", shape: [n, k], pick, ...grad })
        : new Grid({ name: "A", shape: [n, k], edit: change("a") });
    this.above = mode === "b.grad" ? new Grid({ name: "B.grad", shape: [k, m], pick, ...grad })
        : new Grid({ name: "B", shape: [k, m], edit: change("b") });
    this.corner = mode === "forward" ? new Grid({ name: "C", shape: [n, m], pick })
        : new Grid({ name: "G", shape: [n, m], edit: change("g"), note: "= C.grad", ...grad });
    const rule = { forward: "C = A @ B", "a.grad": "A.grad = G @ Bᵀ", "b.grad": "B.grad = Aᵀ @ G" }[mode];
    this.stage.replaceChildren(el("p.mg-rule-text", {}, rule),
        side(el("div.mg-cross.mg-product", {}, el("span"), this.above.element, this.left.element,
        this.corner.element)));
  }

  draw() {
    const { a, b, g, mode } = this.state;
    const { n, k, m } = this.size;
    const flat = this.state.at[mode];
    const [A, B, Gr] = [(i, l) => a[i * k + l], (l, j) => b[l * m + j], (i, j) => g[i * m + j]];
    const mark = (grid, text, on) => grid.paint((f) => ({ text: text(...unravel(f, grid.shape)),
        on: on(...unravel(f, grid.shape)) ? "lit" : "" }));
    const chosen = (grid, text) => grid.paint((f) => ({ text: text(...unravel(f, grid.shape)),
        on: f === flat ? "pick" : "" }));
    const [A2, B2, C2] = [[n, k], [k, m], [n, m]].map(shapeText);
    if (mode === "forward") {
      const [i, j] = unravel(flat, [n, m]);
      const C = (r, c) => total(range(k).map((l) => A(r, l) * B(l, c)));
      mark(this.left, A, (r) => r === i);
      mark(this.above, B, (_, c) => c === j);
      chosen(this.corner, C);
      const pairs = range(k).map((l) => [A(i, l), B(l, j)]);
      this.say(`${A2} @ ${B2} → ${C2}. C[${i}, ${j}] = row ${i} of A · column ${j} of B = ${terms(pairs)} = `, V(C(i, j)), ".");
    } else if (mode === "a.grad") {
      const [i, l] = unravel(flat, [n, k]);
      const D = (r, c) => total(range(m).map((j) => Gr(r, j) * B(c, j)));
      mark(this.corner, Gr, (r) => r === i);
      mark(this.above, B, (r) => r === l);
      chosen(this.left, D);
      const pairs = range(m).map((j) => [Gr(i, j), B(l, j)]);
      this.say(`A[${i}, ${l}] is used in row ${i} of C only, each time with an entry of row ${l} of B. `,
        `A.grad[${i}, ${l}] = ${terms(pairs)} = `, G(D(i, l)),
        `. All entries: G ${C2} @ Bᵀ ${shapeText([m, k])} → ${A2}.`);
    } else {
      const [l, j] = unravel(flat, [k, m]);
      const D = (r, c) => total(range(n).map((i) => A(i, r) * Gr(i, c)));
      mark(this.left, A, (_, c) => c === l);
      mark(this.corner, Gr, (_, c) => c === j);
      chosen(this.above, D);
      const pairs = range(n).map((i) => [A(i, l), Gr(i, j)]);
      this.say(`B[${l}, ${j}] is used in column ${j} of C only, each time with an entry of column ${l} of A. `,
        `B.grad[${l}, ${j}] = ${terms(pairs)} = `, G(D(l, j)),
        `. All entries: Aᵀ ${shapeText([k, n])} @ G ${C2} → ${B2}.`);
    }
  }
}

// ------------------------------------------------------------------- chapter 5: broadcasting

/** "(3, 1)" or "3,1" or "()" as a list of sizes. */
function parseShape(text) {
  const inside = text.trim().replace(/^\(|\)$/g, "").trim();
  const sizes = inside ? inside.replace(/,\s*$/, "").split(",").map((part) => part.trim()) : [];
  if (sizes.some((size) => !/^\d+$/.test(size))) {
    throw new Error(`“${text}” is not a shape: write sizes with commas, such as 3,1.`);
  }
  if (sizes.length > 5) throw new Error("Five dimensions are the most this figure can line up.");
  return sizes.map(Number);
}

/** Line two shapes up at the right: [{a, b, out}] for each dimension; out is null where they clash. */
function align(a, b) {
  const ndim = Math.max(a.length, b.length);
  return range(ndim).map((i) => {
    const [p, q] = [a[a.length - ndim + i], b[b.length - ndim + i]];
    return { a: p, b: q, out: p === undefined ? q : q === undefined || p === q || q === 1 ? p : p === 1 ? q : null };
  });
}

/** For every element of `out`, the element of an array of shape `shape` that it is a copy of. */
function sources(shape, out) {
  return range(product(out)).map((flat) => {
    const index = unravel(flat, out).slice(out.length - shape.length);
    return ravel(index.map((i, axis) => (shape[axis] === 1 ? 0 : i)), shape);
  });
}

class Broadcast extends Figure {
  static label = "Two shapes lined up, copied forward, summed backward";

  build() {
    this.state = { a: this.read("a", "3,1"), b: this.read("b", "4"), mode: this.read("mode", "forward"),
        picked: { side: "a", flat: 0 } };
    const afresh = { picked: { side: "a", flat: 0 } };
    const fields = [this.field("shape of a", "a"), this.field("shape of b", "b")];
    this.panel.append(el("div.mg-row", {}, ...fields, this.choice("Direction", "mode",
        [["forward", "forward"], ["backward", "backward"]])),
      this.examples(this.read("examples", "3,1 & 4 | 3 & 4 | 2,3 & 3 | 2,3,1 & 3,4 | () & 2,2"), (part) => {
        const [a, b] = part.split("&").map((shape) => shape.trim());
        return { a, b, ...afresh };
      }));
    this.table = el("div.mg-scroll");
    this.arrays = el("div");
    this.stage.append(this.table, this.arrays);
  }

  draw() {
    const { mode } = this.state;
    let shapes;
    try { shapes = [parseShape(this.state.a), parseShape(this.state.b)]; } catch (error) {
      this.key = null;
      this.table.replaceChildren();
      this.arrays.replaceChildren();
      this.complain(error.message);
      return;
    }
    const columns = align(...shapes);
    this.table.replaceChildren(this.alignment(columns));
    const both = shapes.map(shapeText).join(" and ");
    const clash = columns.findLastIndex(({ out }) => out === null);
    if (clash >= 0) {
      this.key = null;
      this.arrays.replaceChildren();
      const { a, b } = columns[clash];
      this.complain(`Shapes ${both} cannot be broadcast: dimension ${fmt(clash - columns.length)} has size ${a} in a `
        + `and ${b} in b. Sizes must be equal, or one of them 1 or missing.`);
      return;
    }
    const out = columns.map((column) => column.out);
    if (out.length > 3 || product(out) > 48 || product(out) === 0) {
      this.key = null;
      this.arrays.replaceChildren();
      this.say(`${both} give ${shapeText(out)}${product(out) ? ". Too many cells to draw here." : ": no cells at all."}`);
      return;
    }
    this.fill(shapes, out, mode);
  }

  alignment(columns) {
    const line = (key, name) => el("tr", {}, el("th", { scope: "row" }, name), ...columns.map((column) => {
      const size = column[key];
      const copied = key !== "out" && column.out !== null && (size ?? 1) !== column.out;
      const options = { "data-at": `${name} ${columns.indexOf(column)}` };
      if (key === "out" && size === null) return el("td.mg-clash", options, "✗");
      return el(copied ? "td.mg-copied" : "td", options, size === undefined ? (copied ? `– → ${column.out}` : "–")
          : copied ? `${size} → ${column.out}` : String(size));
    }));
    const head = columns.map((_, i) => el("th", { scope: "col" }, fmt(i - columns.length)));
    return el("table.mg-table.mg-align", {}, el("thead", {},
        el("tr", {}, el("th", { scope: "col" }, "dimension"), ...head)),
      el("tbody", {}, line("a", "a"), line("b", "b"), line("out", "result")));
  }

  /** Draw the arrays. Forward, a and b are shown at the result's shape, copies with a dashed edge. */
  fill(shapes, out, mode) {
    const maps = { a: sources(shapes[0], out), b: sources(shapes[1], out) };
    const values = { a: range(product(shapes[0])).map((i) => 10 * (i + 1)),
        b: range(product(shapes[1])).map((i) => i + 1) };
    const upstream = range(product(out)).map((i) => i + 1);
    const forward = mode === "forward";
    const key = JSON.stringify([shapes, mode]);
    if (key !== this.key) {
      this.key = key;
      const pick = (name, map) => (flat) => this.update({ picked: { side: name, flat: map ? map[flat] : flat } });
      const input = (name, i) => (forward
        ? new Grid({ name, shape: out, pick: pick(name, maps[name]),
            note: shapeText(shapes[i]) === shapeText(out) ? "" : `from ${shapeText(shapes[i])}` })
        : new Grid({ name: `${name}.grad`, shape: shapes[i], kind: "grad", pick: pick(name) }));
      this.grids = { a: input("a", 0), b: input("b", 1), out: new Grid({ name: forward ? "a + b" : "g", shape: out,
          kind: forward ? "value" : "grad" }) };
      const order = forward ? ["a", "b", "out"] : ["out", "a", "b"];
      const signs = forward ? ["+", "=", ""] : ["→", "", ""];
      this.arrays.replaceChildren(side(...order.flatMap((name, i) => [this.grids[name].element,
          el("span.mg-sign", { "aria-hidden": "true" }, signs[i])]).slice(0, -1)));
    }
    const { side: chosen } = this.state.picked;
    const flat = Math.min(this.state.picked.flat, values[chosen].length - 1);
    const fed = range(product(out)).filter((o) => maps[chosen][o] === flat);
    const sumBack = (name, i) => total(upstream.filter((_, o) => maps[name][o] === i));
    for (const name of ["a", "b"]) {
      const first = (o) => maps[name].indexOf(maps[name][o]) === o;
      if (forward) this.grids[name].paint((o) => ({ text: values[name][maps[name][o]],
          on: `${first(o) ? "" : "copy"} ${name === chosen && fed.includes(o) ? (first(o) ? "pick" : "lit") : ""}` }));
      else this.grids[name].paint((i) => ({ text: sumBack(name, i), on: name === chosen && i === flat ? "pick" : "" }));
    }
    this.grids.out.paint((o) => ({ text: forward ? values.a[maps.a[o]] + values.b[maps.b[o]] : upstream[o],
        on: fed.includes(o) ? "lit" : "" }));
    const shape = shapes[chosen === "a" ? 0 : 1];
    const place = shape.length ? `${chosen}[${unravel(flat, shape).join(", ")}]` : chosen;
    const times = fed.length === 1 ? "once" : `${fed.length} times`;
    if (forward) this.say(`${shapes.map(shapeText).join(" and ")} give ${shapeText(out)}. ${place} = `,
        V(values[chosen][flat]), ` is used ${times}${fed.length > 1 ? ": copies have a dashed edge" : ""}.`);
    else this.say(`${place} was used ${times}, so ${fed.length > 1 ? "its gradients add" : "one gradient returns"}: `,
      `${chosen}.grad${place.slice(1)} = ${fed.map((o) => fmt(upstream[o])).join(" + ")} = `, G(sumBack(chosen, flat)),
      `. ${chosen}.grad has the shape of ${chosen}, ${shapeText(shape)}.`);
  }
}

// ------------------------------------------------------------------------ chapter 6: slicing

/** Read an index, "1:, ::2" or "[0, 0, 2]" or "x > 6", as a list of items, as NumPy would. */
function parseIndex(text, shape, values) {
  const mask = text.match(/^\s*x\s*(?:%\s*(\d+)\s*)?(<=|>=|==|!=|<|>)\s*(-?\d+)\s*$/);
  if (mask) {
    const [, modulus, sign, number] = mask;
    const test = { "<": (v, n) => v < n, ">": (v, n) => v > n, "<=": (v, n) => v <= n, ">=": (v, n) => v >= n,
        "==": (v, n) => v === n, "!=": (v, n) => v !== n }[sign];
    return where(values.map((v) => test(modulus ? v % Number(modulus) : v, Number(number))), shape);
  }
  const part = /\[[^\]]*\]|[^,[\]]+/g;
  if (/[[\]]/.test(text.replace(part, ""))) throw new Error("A bracket is not closed, or not opened.");
  const parts = text.match(part) ?? [];
  return parts.map((part) => part.trim()).filter(Boolean).flatMap((part) => {
    if (part === "..." || part === "Ellipsis") return [{ kind: "dots" }];
    if (part === "None") return [{ kind: "new" }];
    if (/^-?\d+$/.test(part)) return [{ kind: "int", value: Number(part) }];
    const slice = part.match(/^(-?\d+)?\s*:\s*(-?\d+)?\s*(?::\s*(-?\d+)?)?$/);
    if (slice) return [{ kind: "slice", limits: slice.slice(1).map((v) => (v === undefined ? null : Number(v))) }];
    return parseList(part);
  });
}

function parseList(part) {
  let list;
  try { list = JSON.parse(part.replaceAll("True", "true").replaceAll("False", "false")); } catch { /* told below */ }
  if (!Array.isArray(list)) {
    throw new Error(`“${part}” is not an index. Try a number, a slice 1:3, a list [0, 2], ... or None.`);
  }
  if (list.length && list.every((v) => typeof v === "boolean")) {
    return [{ kind: "list", shape: [list.filter(Boolean).length], data: list.flatMap((yes, i) => (yes ? [i] : [])),
        mask: list.length }];
  }
  if (!list.every(Number.isInteger)) throw new Error("A list in an index holds whole numbers, or only True and False.");
  return [{ kind: "list", shape: [list.length], data: list }];
}

/** A mask of the whole array picks what its list of positions picks. */
function where(mask, shape) {
  const hits = range(mask.length).filter((flat) => mask[flat]).map((flat) => unravel(flat, shape));
  return shape.map((_, axis) => ({ kind: "list", shape: [hits.length], data: hits.map((index) => index[axis]) }));
}

/** The positions a slice picks on a dimension of this size (negative steps too). */
function slicePositions([start, stop, step], size) {
  step ??= 1;
  if (step === 0) throw new Error("The step of a slice cannot be 0.");
  const [lo, hi] = step > 0 ? [0, size] : [-1, size - 1];
  const limit = (v, otherwise) => (v === null ? otherwise : clamp(v < 0 ? v + size : v, lo, hi));
  const [from, to] = [limit(start, step > 0 ? lo : hi), limit(stop, step > 0 ? hi : lo)];
  return range(Math.max(0, Math.ceil((to - from) / step))).map((i) => from + i * step);
}

/** Apply an index: the shape of the result and, for each of its elements, the element of x it is. */
function takeIndex(items, shape) {
  const used = items.filter(({ kind }) => kind !== "new" && kind !== "dots").length;
  if (used > shape.length) {
    throw new Error(`Too many indices: x has ${shape.length} dimension${shape.length === 1 ? "" : "s"}, the index names ${used}.`);
  }
  if (items.filter(({ kind }) => kind === "dots").length > 1) throw new Error("An index may hold only one ...");
  const all = { kind: "slice", limits: [null, null, null] };
  const rest = range(shape.length - used).map(() => all);
  const whole = items.some(({ kind }) => kind === "dots") ? items.flatMap((item) => (item.kind === "dots" ? rest
      : [item])) : [...items, ...rest];
  let axis = 0;
  const fancy = items.some(({ kind }) => kind === "list");
  const parts = whole.map((item) => {
    if (item.kind === "new") return { shape: [1] };
    const size = shape[axis];
    const part = { axis: axis++ };
    if (item.kind === "slice") { part.at = slicePositions(item.limits, size); return { ...part,
        shape: [part.at.length] }; }
    if (item.mask !== undefined && item.mask !== size) {
      throw new Error(`The mask has ${item.mask} entries, but dimension ${part.axis} has size ${size}.`);
    }
    part.at = (item.kind === "int" ? [item.value] : item.data).map((i) => {
      if (i >= -size && i < size) return i < 0 ? i + size : i;
      throw new Error(`Index ${fmt(i)} is out of range for dimension ${part.axis} with size ${size}.`);
    });
    return { ...part, shape: item.kind === "int" ? [] : item.shape, together: fancy };
  });
  // Lists walk together: they give one block of dimensions, at the front unless they stand side by side.
  const lists = parts.filter((part) => part.together);
  const block = lists.reduce((out, { shape: own }) => {
    const columns = align(out, own);
    if (columns.some((column) => column.out === null)) {
      throw new Error(`Lists of length ${out[0]} and ${own[0]} cannot be used together.`);
    }
    return columns.map((column) => column.out);
  }, []);
  const places = lists.map((part) => parts.indexOf(part));
  const beside = places.every((place, i) => !i || place === places[i - 1] + 1);
  const others = parts.filter((part) => !part.together);
  const before = lists.length && beside ? parts.slice(0, places[0]).length : 0;
  const out = [...others.slice(0, before).flatMap((part) => part.shape), ...block,
      ...others.slice(before).flatMap((part) => part.shape)];
  const start = total(others.slice(0, before).map((part) => part.shape.length));
  const from = range(product(out)).map((flat) => {
    const index = unravel(flat, out);
    const shared = index.splice(start, block.length);
    const source = shape.map(() => 0);
    for (const part of lists) source[part.axis] = part.at[part.at.length === 1 ? 0 : shared.at(-1)];
    for (const part of others) {
      const [i] = part.shape.length ? index.splice(0, 1) : [0];
      if (part.axis !== undefined) source[part.axis] = part.at[i];
    }
    return ravel(source, shape);
  });
  return { shape: out, from };
}

class Slice extends Figure {
  static label = "An index, what it picks, and the way of the gradient back";
  static asks = { key: "index", before: "y = x[", after: "]", first: "1:, ::2",
    examples: "1:, ::2 | [0, 0, 2] | ..., -1 | None, 1 | x > 6 | [0, 2], [1, 1]" };

  /** The shape of y and, for each of its elements, the element of x it is. */
  take(text) { return takeIndex(parseIndex(text, this.shape, this.values), this.shape); }

  build() {
    const { key, before, after, first, examples } = this.constructor.asks;
    this.shape = parseShape(this.read("shape", "3,4"));
    this.values = range(product(this.shape));
    this.state = { text: this.read(key, first), mode: this.read("mode", "forward"), at: null };
    this.panel.append(el("div.mg-row", {}, this.field(before, "text", { after, "aria-label": key }),
      this.choice("Direction", "mode", [["forward", "forward"], ["backward", "backward"]])),
    this.examples(this.read("examples", examples), (text) => ({ text, at: null })));
  }

  draw() {
    let taken;
    try { taken = this.take(this.state.text); } catch (error) {
      this.complain(error.message);
      this.stage.classList.add("mg-old");
      return;
    }
    this.stage.classList.remove("mg-old");
    const { shape, from } = taken;
    if (shape.length > 3 || from.length > 64) {
      this.say(`y has the shape ${shapeText(shape)}: too many ${from.length > 64 ? "cells" : "dimensions"} to draw here.`);
      this.stage.classList.add("mg-old");
      return;
    }
    this.lay(shape, from);
    const forward = this.state.mode === "forward";
    const at = this.state.at;
    const uses = this.values.map((_, i) => range(from.length).filter((o) => from[o] === i));
    const g = (o) => o + 1;
    const sum = (i) => total(uses[i].map(g));
    const look = (i) => (i === at ? "pick" : uses[i].length ? "lit" : "dim");
    const badge = (i) => (uses[i].length > 1 ? `×${uses[i].length}` : "");
    this.x.paint((i) => ({ text: forward ? this.values[i] : sum(i), on: look(i), badge: badge(i) }));
    this.y.paint((o) => ({ text: forward ? this.values[from[o]] : g(o), on: from[o] === at ? "pick" : "lit" }));
    this.explain(`x ${shapeText(this.shape)} → y ${shapeText(shape)}. `, uses, forward, g);
  }

  /** New grids when the shapes, or what goes where, have changed. */
  lay(shape, from) {
    const forward = this.state.mode === "forward";
    const key = JSON.stringify([shape, from, forward]);
    if (key === this.key) return;
    this.key = key;
    this.state.at = null;
    const name = (letter) => (forward ? letter : `${letter}.grad`);
    const kind = forward ? "value" : "grad";
    this.x = new Grid({ name: name("x"), shape: this.shape, kind, pick: (at) => this.update({ at }) });
    this.y = new Grid({ name: name("y"), shape, kind, pick: (flat) => this.update({ at: from[flat] }) });
    const arrow = el("span.mg-sign", { "aria-hidden": "true" }, forward ? "→" : "←");
    this.stage.replaceChildren(side(this.x.element, arrow, this.y.element));
  }

  explain(gone, uses, forward, g) {
    const at = this.state.at;
    const often = uses.some((list) => list.length > 1);
    if (at === null && forward) {
      const seen = uses.filter((list) => list.length).length;
      const all = seen === uses.length ? `All ${seen}` : `${seen} of the ${uses.length}`;
      this.say(gone, `${all} cells of x appear in y${often ? ", some more than once" : ""}. `,
        "Click a cell to follow it.");
    } else if (at === null) {
      this.say(gone, "Each gradient goes back to the cell it came from",
        often ? ", and where a cell appears more than once, they add" : "",
        uses.every((list) => list.length) ? "." : "; cells that do not appear in y get 0.");
    } else {
      const place = `x[${unravel(at, this.shape).join(", ")}]`;
      const times = uses[at].length;
      if (forward) {
        const often = ["does not appear", "appears once", "appears twice"][times] ?? `appears ${times} times`;
        this.say(gone, `${place} = `, V(this.values[at]), ` ${often} in y.`);
      } else {
        const parts = times > 1 ? `${uses[at].map((o) => fmt(g(o))).join(" + ")} = ` : "";
        const end = times ? "." : ": it does not appear in y.";
        this.say(gone, `The gradient of ${place} is ${parts}`, G(total(uses[at].map(g))), end);
      }
    }
  }
}

// -------------------------------------------------------------------- chapter 7: new shapes

/** A dimension, counted from either end. */
function dimension(d, ndim) {
  if (!Number.isInteger(d) || d < -ndim || d >= ndim) {
    throw new Error(`Dimension ${fmt(d)} does not exist: there are ${ndim}, numbered ${-ndim} to ${ndim - 1}.`);
  }
  return d < 0 ? d + ndim : d;
}

/** Sizes with at most one −1, which stands for "whatever fills the rest". */
function fillSizes(sizes, count) {
  const known = product(sizes.filter((size) => size !== -1));
  const out = sizes.map((size) => (size === -1 ? count / known : size));
  if (sizes.filter((size) => size === -1).length > 1) throw new Error("Only one size may be −1.");
  if (product(out) !== count || !out.every(Number.isInteger)) {
    throw new Error(`${count} numbers do not fill the shape ${shapeText(sizes.map((size) => fmt(size)))}.`);
  }
  return out;
}

// Each operation gives the new shape, and where the element at an index of y stands in x.
const flatOrder = (shape, old) => [shape, (index) => unravel(ravel(index, shape), old)];
const permuted = (old, dims) => [dims.map((d) => old[d]), (index) => old.map((_, d) => index[dims.indexOf(d)])];
const MOVES = {
  reshape: (old, sizes) => flatOrder(fillSizes(sizes, product(old)), old),
  flatten: (old) => flatOrder([product(old)], old),
  unsqueeze: (old, [d]) => {
    const at = dimension(d, old.length + 1);
    return flatOrder([...old.slice(0, at), 1, ...old.slice(at)], old);
  },
  squeeze: (old, dims) => {
    const away = dims.length ? dims.map((d) => dimension(d, old.length)) : range(old.length);
    return flatOrder(old.filter((size, d) => size !== 1 || !away.includes(d)), old);
  },
  permute: (old, dims) => {
    const order = dims.map((d) => dimension(d, old.length));
    if (order.length !== old.length || new Set(order).size !== order.length) {
      throw new Error(`permute names each of the ${old.length} dimensions once.`);
    }
    return permuted(old, order);
  },
  transpose: (old, [a, b]) => {
    const [p, q] = [dimension(a, old.length), dimension(b, old.length)];
    return permuted(old, range(old.length).map((d) => (d === p ? q : d === q ? p : d)));
  },
  flip: (old, dims) => {
    const turned = dims.map((d) => dimension(d, old.length));
    return [old, (index) => index.map((i, d) => (turned.includes(d) ? old[d] - 1 - i : i))];
  },
  roll: (old, [shift, d]) => {
    const axis = dimension(d ?? NaN, old.length);
    return [old, (index) => index.map((i, k) => (k === axis ? (((i - shift) % old[k]) + old[k]) % old[k] : i))];
  },
  repeat: (old, times) => {
    if (times.length < old.length) throw new Error(`repeat needs at least ${old.length} numbers, one for each dimension.`);
    const lead = times.length - old.length;
    const out = times.map((time, d) => time * (old[d - lead] ?? 1));
    return [out, (index) => index.slice(lead).map((i, d) => i % old[d])];
  },
  expand: (old, sizes) => {
    const lead = sizes.length - old.length;
    const out = sizes.map((size, d) => (size === -1 && d >= lead ? old[d - lead] : size));
    if (lead < 0 || old.some((size, d) => size !== 1 && size !== out[d + lead])) {
      const wish = shapeText(sizes.map((size) => fmt(size)));
      throw new Error(`${shapeText(old)} cannot be expanded to ${wish}: only sizes of 1 grow.`);
    }
    return [out, (index) => index.slice(lead).map((i, d) => (old[d] === 1 ? 0 : i))];
  },
};

class Shape extends Slice {
  static label = "A change of shape: where every cell goes, and the way of its gradient back";
  static asks = { key: "call", before: "y = x.", after: "", first: "reshape(4, 3)",
    examples: "reshape(4, 3) | transpose(0, 1) | flatten() | reshape(2, -1, 2) | flip(1) | roll(1, 0) | repeat(2, 1)" };

  take(text) {
    const call = text.trim().replace(/^T$/, "permute(1, 0)").match(/^(\w+)\(([-\d,\s]*)\)$/);
    if (!call || !MOVES[call[1]]) throw new Error(`Write one of ${Object.keys(MOVES).join(", ")}, with numbers in parentheses.`);
    const given = call[2].trim() ? call[2].replace(/,\s*$/, "").split(",").map(Number) : [];
    if (given.some((v) => v < 0) && call[1] === "repeat") throw new Error("repeat counts, so its numbers are not negative.");
    const [shape, source] = MOVES[call[1]](this.shape, given);
    return { shape, from: range(product(shape)).map((flat) => ravel(source(unravel(flat, shape)), this.shape)) };
  }
}

// --------------------------------------------------------------------- chapter 9: reductions

// op: the value of a group, the gradient of a group when g arrives, and both in words.
// `index` tells the two kinds of max apart: over an axis it picks one index, else ties share.
const ties = (v) => v.filter((x) => x === Math.max(...v)).length;
const logsumexp = (v) => Math.max(...v) + Math.log(total(v.map((x) => Math.exp(x - Math.max(...v)))));
const shared = (v, g) => v.map((x) => (x === Math.max(...v) ? g / ties(v) : 0));
const REDUCTIONS = {
  sum: { value: total, grad: (v, g) => v.map(() => g), words: (list) => list.join(" + "),
      back: (g) => `every cell gets ${g}` },
  mean: { value: (v) => total(v) / v.length, grad: (v, g) => v.map(() => g / v.length),
      words: (list) => `(${list.join(" + ")}) / ${list.length}`,
    back: (g, v) => `every cell gets ${g} / ${v.length}` },
  max: { value: (v) => Math.max(...v), grad: (v, g, index) => (index
      ? v.map((_, i) => (i === v.indexOf(Math.max(...v)) ? g : 0)) : shared(v, g)),
    words: (list) => `max(${list.join(", ")})`,
    back: (g, v, index) => (index ? `the first largest cell gets all of ${g}` : ties(v) > 1
        ? `over everything, the ${ties(v)} largest cells share ${g} evenly` : `the largest cell gets ${g}`) },
  amax: { value: (v) => Math.max(...v), grad: shared, words: (list) => `max(${list.join(", ")})`,
    back: (g, v) => (ties(v) > 1 ? `the ${ties(v)} largest cells share ${g} evenly` : `the largest cell gets ${g}`) },
  logsumexp: { value: logsumexp, grad: (v, g) => v.map((x) => g * Math.exp(x - logsumexp(v))),
      words: (list) => `log(${list.map((x) => `exp ${x}`).join(" + ")})`,
    back: (g) => `each cell gets exp(x − y) · ${g}: shares that add up to ${g}` },
};

class Reduce extends Figure {
  static label = "A reduction, and how its gradient returns";

  build() {
    const x = rows(this.read("x", "3 1 4 1; 5 9 2 6; 5 3 5 9"));
    this.shape = [x.length, x[0].length];
    this.state = { x: x.flat(), g: [], op: this.read("op", "sum"), axis: this.read("axis", "None"),
        keepdim: this.hasAttribute("keepdim"), at: 0 };
    const ops = this.read("ops", Object.keys(REDUCTIONS).join(" ")).split(/[\s,]+/).filter((op) => REDUCTIONS[op]);
    this.panel.append(el("div.mg-row", {}, this.menu("operation", "op", ops),
        this.choice("over", "axis", [["None", "all"], ["0", "dim 0"], ["1", "dim 1"]]),
        this.check("keepdim", "keepdim")));
  }

  /** The shape of the result, and for every group the cells of x that it is made of. */
  groups() {
    const [m, n] = this.shape;
    const keep = this.state.keepdim;
    if (this.state.axis === "0") return { shape: keep ? [1, n] : [n],
        cells: range(n).map((j) => range(m).map((i) => i * n + j)) };
    if (this.state.axis === "1") return { shape: keep ? [m, 1] : [m],
        cells: range(m).map((i) => range(n).map((j) => i * n + j)) };
    return { shape: keep ? [1, 1] : [], cells: [range(m * n)] };
  }

  lay(shape, cells) {
    const { axis } = this.state;
    const pick = (at) => this.update({ at });
    const holder = (flat) => pick(cells.findIndex((group) => group.includes(flat)));
    const set = (flat, value) => this.update({ g: this.state.g.map((old, i) => (i === flat ? value : old)) });
    const edit = (flat, value) => this.update({ x: this.state.x.map((old, i) => (i === flat ? value : old)) });
    const column = axis === "1";
    this.state.g = cells.map((_, i) => i + 1);
    this.state.at = 0;
    this.x = new Grid({ name: "x", shape: this.shape, edit, pick: holder });
    this.y = new Grid({ name: "y", shape, column, pick });
    this.dx = new Grid({ name: "x.grad", shape: this.shape, kind: "grad", pick: holder });
    this.g = new Grid({ name: "g", shape, column, kind: "grad", edit: set, pick, note: "= y.grad" });
    const way = column ? "mg-across" : "mg-down";
    this.stage.replaceChildren(side(el(`div.mg-pair.${way}`, {}, this.x.element, this.y.element),
        el(`div.mg-pair.${way}`, {}, this.dx.element, this.g.element)));
  }

  draw() {
    const { shape, cells } = this.groups();
    const key = JSON.stringify([shape, this.state.axis]);
    if (key !== this.key) { this.key = key; this.lay(shape, cells); }
    const { x, g, at, op, axis, keepdim } = this.state;
    const { value, grad, words, back } = REDUCTIONS[op];
    const index = axis !== "None";
    const pick = (group) => group.map((flat) => x[flat]);
    const y = cells.map((group) => value(pick(group)));
    const returned = [];
    cells.forEach((group, k) => grad(pick(group), g[k], index).forEach((v, i) => { returned[group[i]] = v; }));
    const lit = (flat) => (cells[at].includes(flat) ? "lit" : "");
    const winner = (flat) => (op.includes("max") && lit(flat) && x[flat] === y[at] ? " pick" : "");
    this.x.paint((flat) => ({ text: x[flat], on: lit(flat) + winner(flat) }));
    this.y.paint((k) => ({ text: y[k], on: k === at ? "pick" : "" }));
    this.dx.paint((flat) => ({ text: returned[flat],
        on: `${lit(flat)} ${returned[flat] === 0 && op.includes("max") ? "dim" : ""}` }));
    this.g.paint((k) => ({ text: g[k], on: k === at ? "pick" : "" }));
    const call = `x.${op}(${index ? `dim=${axis}` : ""}${keepdim ? `${index ? ", " : ""}keepdim=True` : ""})`;
    const name = this.y.place(at);
    const chosen = pick(cells[at]);
    this.say(el("code", {}, call), ` ${shapeText(this.shape)} → ${shapeText(shape)}. `,
      `${name} = ${words(chosen.map((v) => fmt(v)))} = `, V(y[at]), ". Backward, ", G(g[at]),
      ` arrives and ${back(fmt(g[at]), chosen, index)}.`);
  }
}

// --------------------------------------- chapter 11: scores, shares, and the push against each score

class Softmax extends Figure {
  static label = "Scores, the shares they claim, and the gradient of the cross-entropy";

  build() {
    const scores = numbers(this.read("scores", "2 1 -1"));
    this.names = this.read("names", range(scores.length).join(" ")).trim().split(/[\s,]+/);
    this.state = { scores, target: this.read("target", "0") };
    this.watchWidth();
    this.numbers = el("div");
    const move = (by) => () => this.update({ scores: this.state.scores.map(by) });
    this.panel.append(
      el("div.mg-row", {}, this.choice("The right class", "target", this.names.map((name, i) => [`${i}`, name]))),
      el("div.mg-sliders", {}, ...this.names.map((name, i) => this.slider(`score ${name}`, { min: -10, max: 10, step: 0.1,
        get: (s) => s.scores[i], set: (v) => ({ scores: this.state.scores.map((old, k) => (k === i ? v : old)) }) }))),
      el("div.mg-row", {}, this.button("All up by 1", move((v) => Number((v + 1).toFixed(6)))),
        this.button("All times 2", move((v) => v * 2)), this.button("All times 0.5", move((v) => v / 2))), this.numbers);
  }

  draw() {
    const { scores, target } = this.state;
    const exps = scores.map((z) => Math.exp(z - Math.max(...scores)));
    const p = exps.map((v) => v / total(exps));
    const gradient = p.map((v, i) => v - Number(`${i}` === target));
    const loss = Math.log(total(exps)) + Math.max(...scores) - scores[target];
    const [name, right] = [this.names[target], p[target]];
    this.stage.replaceChildren(this.bars(p, gradient));
    this.say("The right class, ", el("b", {}, name), ", has the share ", V(fmt(right, 3)), ", so the loss is ",
        fmt(loss, 3), ". Its score is pushed up by ", G(fmt(Math.abs(gradient[target]), 3)),
        ", every other one down by the share it claims. All gradients add up to 0.");
    this.numbers.replaceChildren(readings([["loss", loss],
      ...this.names.map((each, i) => [`p ${each}`, p[i], "mg-v"]),
      ...this.names.map((each, i) => [`p − y ${each}`, gradient[i], "mg-g"])]));
  }

  /** For each class a bar of its share, and beside it one of its gradient, up or down. */
  bars(p, gradient) {
    const [width, height] = [this.width, clamp(this.width * 0.45, 230, 300)];
    const [left, right, top, bottom] = [46, 10, 24, 30];
    const column = (width - left - right) / p.length;
    const wide = Math.min(column * 0.3, 70);
    const Y = (v) => top + ((1 - v) / 2) * (height - top - bottom);
    const parts = [-1, -0.5, 0, 0.5, 1].flatMap((v) => [
      svg(v ? "line.mg-rule" : "line.mg-zero", { x1: left, x2: width - right, y1: Y(v), y2: Y(v) }),
      svg("text.mg-tick", { x: left - 6, y: Y(v) + 4, "text-anchor": "end" }, fmt(v))]);
    const bar = (x, v, kind) => [
      svg(`rect.mg-bar.${kind}`, { x, y: Math.min(Y(v), Y(0)), width: wide, height: Math.abs(Y(v) - Y(0)) }),
      svg(`text.mg-note.${kind}`, { x: x + wide / 2, y: Y(v) + (v < 0 ? 15 : -5), "text-anchor": "middle" },
          fmt(Number(v.toFixed(2))))];
    p.forEach((share, i) => {
      const middle = left + column * (i + 0.5);
      const mine = `${i}` === this.state.target;
      parts.push(...bar(middle - wide - 2, share, "mg-value"), ...bar(middle + 2, gradient[i], "mg-grad"),
        svg("text.mg-axis", { x: middle, y: height - 8, "text-anchor": "middle", "font-weight": mine ? 700 : 400 },
            mine ? `✓ ${this.names[i]}` : this.names[i]));
    });
    parts.push(svg("text.mg-axis", { x: 4, y: 13 }, "share p, and gradient p − y"));
    return svg("svg.mg-plot", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label":
        this.names.map((name, i) => `${name}: share ${fmt(p[i], 3)}, gradient ${fmt(gradient[i], 3)}`).join("; ") }, ...parts);
  }
}

// ------------------------------------------------------- chapter 10: leaf, non-leaf, constant

const TOGGLES = ["w.requires_grad", "x.requires_grad", "b.requires_grad", "no_grad", "detach", "retain_grad"];

/** Run h = w * x; y = h + b; L = y * y; L.backward() with these toggles, by PyTorch's rules. */
function family(on, { nodes, output }, values) {
  const facts = nodes.map(({ id, op, name, args }) => ({ id, name, args,
      needs: op === "input" && Boolean(on[`${name}.requires_grad`]), leaf: true, grad: null }));
  for (const fact of facts.filter(({ args }) => args.length)) {
    const cut = fact.name === "h" && (on.no_grad || on.detach);
    fact.needs = !cut && fact.args.some((arg) => facts[arg].needs);
    fact.leaf = !fact.needs;
  }
  const [h, end] = [facts.find(({ name }) => name === "h"), facts[output]];
  if (on.retain_grad && !h.needs) return { facts, error: "h.retain_grad() fails: h does not require a gradient." };
  if (!end.needs) return { facts,
      error: "L.backward() fails: L does not require a gradient, so there is no graph behind it." };
  const arrived = nodes.map(() => null);
  arrived[output] = 1;
  for (const node of [...nodes].reverse()) {
    if (!facts[node.id].needs) continue;
    node.args.forEach((arg, k) => { arrived[arg] += local(node, k, values) * arrived[node.id]; });
    if (facts[node.id].leaf || (node.name === "h" && on.retain_grad)) facts[node.id].grad = arrived[node.id];
  }
  return { facts, error: null };
}

class Family extends Figure {
  static label = "Leaf, non-leaf and constant: which tensors get a gradient";

  build() {
    this.program = parse("h = w*x; y = h + b; L = y*y");
    this.at = { w: 3, x: 2, b: 1 };
    const set = this.read("set", "w.requires_grad b.requires_grad").split(/[\s,]+/);
    this.state = Object.fromEntries(TOGGLES.map((name) => [name, set.includes(name)]));
    this.code = el("pre.mg-program", { tabindex: "0", role: "group", "aria-label": "the program" });
    this.picture = el("div");
    this.table = el("div.mg-scroll");
    this.stage.append(this.picture);
    this.watchWidth();
    const text = { no_grad: "compute h under no_grad()", detach: "detach h", retain_grad: "h.retain_grad()" };
    this.panel.append(el("div.mg-row.mg-toggles", {}, ...TOGGLES.map((name) => this.check(text[name] ?? name, name))),
      side(this.code, this.table));
  }

  source() {
    const { state } = this;
    const asks = (name) => (state[`${name}.requires_grad`] ? ", requires_grad=True" : "");
    const leaf = (name) => `${name} = tensor(${this.at[name]}.${asks(name)})`;
    const h = state.detach ? "h = (w * x).detach()" : "h = w * x";
    return [...["w", "x", "b"].map(leaf), ...(state.no_grad ? ["with no_grad():", `    ${h}`] : [h]),
        ...(state.retain_grad ? ["h.retain_grad()"] : []),
      "y = h + b", "L = y * y", "L.backward()"].join("\n");
  }

  draw() {
    const values = evaluate(this.program, this.at);
    const { facts, error } = family(this.state, this.program, values);
    const gradOf = ({ grad }) => (grad === null ? "None" : fmt(grad));
    const kind = ({ needs, leaf }) => (!needs ? "constant" : leaf ? "leaf" : "non-leaf");
    const look = {
      node: (id) => ({ on: `mg-${kind(facts[id])}`, left: kind(facts[id]),
          right: gradOf(facts[id]) }),
      edge: (edge) => ({ on: !error && facts[edge.from].needs && facts[edge.to].needs ? "mg-done" : "mg-cut",
          label: "" }),
    };
    const line = facts.map((fact) => `${fact.name}: ${kind(fact)}, grad ${gradOf(fact)}`).join("; ");
    this.picture.replaceChildren(drawGraph(pictured(this.program), this.width, look, `Family tree. ${line}`),
      el("p.mg-legend", {}, "On the left of each box: what the tensor is; on the right: its ", G(".grad"),
          " afterwards. Dashed edges: no gradient passes."));
    this.code.textContent = this.source();
    const yes = (flag) => (flag ? "True" : "False");
    const row = (fact) => el("tr", {}, el("th", { scope: "row" }, fact.name),
        el("td", { "data-at": `${fact.name} requires_grad` }, yes(fact.needs)),
      el("td", { "data-at": `${fact.name} is_leaf` }, yes(fact.leaf)),
          el(`td${fact.grad === null ? "" : ".mg-g"}`, { "data-at": `${fact.name} grad` },
          gradOf(fact)));
    this.table.replaceChildren(el("table.mg-table", {}, el("thead", {},
        el("tr", {}, ...["tensor", "requires_grad", "is_leaf",
        "grad"].map((text) => el("th", { scope: "col" }, text)))),
      el("tbody", {}, ...["w", "x", "b", "h", "y", "L"].map((name) => row(facts.find((fact) => fact.name === name))))));
    if (error) { this.complain(error); return; }
    const filled = facts.filter(({ grad }) => grad !== null).flatMap(({ name, grad },
        i) => [`${i ? ", " : ""}${name}.grad = `, G(grad)]);
    this.say("After backward: ", ...filled,
        ". Non-leaf tensors pass their gradient on and keep none, unless asked by retain_grad().");
  }
}

// ------------------------------------------- chapters 15 and 16: a network that learns as you look

/** Random numbers between 0 and 1 that a seed makes repeatable (the generator mulberry32). */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Linear, activation, linear: rows of numbers in, rows of numbers out, PyTorch's uniform start. */
class Network {
  constructor(inputs, hidden, outputs, activation, seed) {
    const next = random(seed);
    const layer = (n, m) => range(n).map(() => range(m + 1).map(() => (2 * next() - 1) / Math.sqrt(m)));
    this.layers = [layer(hidden, inputs), layer(outputs, hidden)]; // the last number of a row is its bias
    this.activation = activation;
    this.memory = this.layers.map((rows) => rows.map((row) => row.map(() => [0, 0])));
    this.time = 0;
  }

  /** What each layer makes of a point: the sums of the hidden units, their values, the outputs. */
  at(point) {
    const [first, last] = this.layers;
    const sums = first.map((row) => total(point.map((x, i) => x * row[i])) + row[point.length]);
    const values = sums.map((z) => (this.activation === "relu" ? Math.max(z, 0) : Math.tanh(z)));
    return { sums, values, outputs: last.map((row) => total(values.map((h, i) => h * row[i])) + row[values.length]) };
  }

  /** One step down: slopes(outputs, row) is the gradient of the loss in the outputs of that row. */
  step(points, slopes, { rule, rate }) {
    const [, last] = this.layers;
    const sums = this.layers.map((rows) => rows.map((row) => row.map(() => 0)));
    points.forEach((point, row) => {
      const { sums: z, values, outputs } = this.at(point);
      const g = slopes(outputs, row);
      const back = values.map((h, i) => total(g.map((slope, k) => slope * last[k][i]))
          * (this.activation === "relu" ? Number(z[i] > 0) : 1 - h * h));
      for (const [place, pushes, inputs] of [[0, back, point], [1, g, values]]) {
        pushes.forEach((push, k) => [...inputs, 1].forEach((x, i) => { sums[place][k][i] += push * x; }));
      }
    });
    this.time += 1;
    this.layers.forEach((rows, place) => rows.forEach((row, k) => row.forEach((_, i) => {
      row[i] -= rate * this.push(rule, this.memory[place][k][i], sums[place][k][i]);
    })));
  }

  /** What an optimizer makes of a gradient, with its memory of the earlier ones. */
  push(rule, memory, gradient) {
    if (rule === "SGD") return gradient;
    if (rule === "momentum") return (memory[0] = 0.9 * memory[0] + gradient);
    memory[0] = 0.9 * memory[0] + 0.1 * gradient;
    memory[1] = 0.999 * memory[1] + 0.001 * gradient * gradient;
    const [first, second] = [memory[0] / (1 - 0.9 ** this.time), memory[1] / (1 - 0.999 ** this.time)];
    return first / (Math.sqrt(second) + 1e-8);
  }
}

class Learn extends Figure {
  build() {
    this.state = { hidden: this.read("hidden", this.constructor.hidden), rule: this.read("rule", "momentum"), step: 0,
      rate: Number(this.read("rate", "0.1")), seed: Number(this.read("seed", "1")),
      activation: this.read("activation", this.constructor.activation) };
    this.prepare();
    this.restart();
    this.watchWidth();
    this.play = this.button("Play", () => this.toggle());
    this.numbers = el("div");
    const again = (change) => { this.restart(change); this.update(); };
    const menus = [["units", "hidden", this.constructor.sizes], ["activation", "activation", ["relu", "tanh"]],
      ["optimizer", "rule", ["SGD", "momentum", "Adam"]]].map(([text, key, options]) => {
      const menu = this.menu(text, key, options);
      menu.addEventListener("change", () => again({}));
      return menu;
    });
    this.panel.append(
      el("div.mg-row", {}, this.play, this.button("1 step", () => this.run(1)), this.button("50 steps",
          () => this.run(50)), this.button("Start again", () => again({})),
          this.button("Other start", () => again({ seed: this.state.seed + 1 }))),
      el("div.mg-row", {}, ...menus),
      el("div.mg-sliders", {}, this.slider("learning rate", { min: -3, max: 1.5, step: 0.25,
        get: (s) => Math.log10(s.rate), set: (v) => ({ rate: Number((10 ** v).toPrecision(2)) }),
        show: () => fmt(this.state.rate) })), this.numbers);
  }

  restart(change = {}) {
    Object.assign(this.state, change, { step: 0 });
    const { hidden, activation, seed } = this.state;
    this.net = new Network(this.points[0].length, Number(hidden), this.constructor.outputs, activation, seed);
    this.losses = [this.loss()];
  }

  run(steps) {
    for (const _ of range(steps)) {
      this.net.step(this.points, (outputs, row) => this.slopes(outputs, row), this.state);
      this.losses.push(this.loss());
    }
    this.update({ step: this.state.step + steps });
  }

  loss() { return total(this.points.map((point, row) => this.cost(this.net.at(point).outputs, row))) / this.points.length; }

  curve(width, height) {
    const every = Math.max(1, Math.ceil(this.losses.length / 300));
    const shown = this.losses.map((loss, step) => [step, loss]).filter(([step]) => step % every === 0);
    const finite = shown.map(([, loss]) => loss).filter(Number.isFinite);
    const plot = new Plot({ width, height, x: [0, Math.max(20, this.losses.length - 1)],
      y: [0, Math.min(Math.max(...finite, 1e-3), 4 * this.losses[0]) * 1.08], names: ["step", "loss"] });
    plot.line(shown, "mg-value");
    plot.element.setAttribute("aria-label", `The loss over ${this.state.step} steps, now ${fmt(this.losses.at(-1), 3)}`);
    return plot.element;
  }
}

class Xor extends Learn {
  static label = "A small network learns the exclusive or";
  static outputs = 2;
  static hidden = "8";
  static sizes = ["2", "3", "4", "8", "16"];
  static activation = "relu";
  static pace = 2;

  prepare() {
    this.points = [[0, 0], [0, 1], [1, 0], [1, 1]];
    this.classes = [0, 1, 1, 0];
    this.classList.add("mg-learn");
  }

  share(outputs) { return sigmoid(outputs[1] - outputs[0]); }

  cost(outputs, row) {
    const top = Math.max(...outputs);
    return top + Math.log(total(outputs.map((z) => Math.exp(z - top)))) - outputs[this.classes[row]];
  }

  slopes(outputs, row) {
    const p = this.share(outputs);
    return [1 - p, p].map((q, k) => (q - Number(k === this.classes[row])) / 4);
  }

  draw() {
    const shares = this.points.map((point) => this.share(this.net.at(point).outputs));
    const right = shares.filter((p, row) => (p > 0.5 ? 1 : 0) === this.classes[row]).length;
    const live = range(Number(this.state.hidden)).filter((i) => this.points.some((p) => this.net.at(p).sums[i] > 0));
    const side = Math.min(this.width, 330);
    const room = this.width - side - 32;
    const wide = room > 220 ? room : this.width;
    this.stage.replaceChildren(el("div.mg-side", {}, this.map(side, shares), el("div", { style: `width: ${wide}px` },
        this.curve(wide, clamp(wide * 0.75, 180, 260)))));
    const [loss, relu] = [this.losses.at(-1), this.state.activation === "relu"];
    this.say(`After ${this.state.step} steps ${right} of 4 points are right and the loss is `, V(fmt(loss, 3)), ". ",
        !Number.isFinite(loss) ? "The numbers have run away." : loss < 0.01 ? "It has learned the exclusive or."
        : relu && !live.length ? "No unit is live on any point: no gradient reaches the first layer any more." : "");
    this.numbers.replaceChildren(readings([["step", this.state.step], ["loss", loss, "mg-v"], ["right", right],
      ...(relu ? [["live units", live.length]] : []), ["start", this.state.seed]]));
  }

  /** The share of class 1 over the square, the four points, and where each ReLU bends. */
  map(side, shares) {
    const [n, lo, hi] = [28, -0.4, 1.4];
    const place = (v) => ((v - lo) / (hi - lo)) * side;
    const cell = side / n;
    const tiles = range(n * n).map((flat) => {
      const [i, j] = [flat % n, Math.floor(flat / n)];
      const [x, y] = [i, j].map((k) => lo + ((k + 0.5) / n) * (hi - lo));
      const p = this.share(this.net.at([x, y]).outputs);
      return svg("rect", { x: i * cell, y: side - (j + 1) * cell, width: cell, height: cell,
        fill: p > 0.5 ? "var(--mg-grad)" : "var(--mg-value)", "fill-opacity": (Math.abs(p - 0.5) * 1.5 + 0.02).toFixed(3) });
    });
    const bends = this.state.activation !== "relu" ? [] : this.net.layers[0].map(([a, b, c]) => {
      const flat = Math.abs(b) > Math.abs(a);
      const ends = [-1, 2].map((v) => (flat ? [v, -(a * v + c) / b] : [-(b * v + c) / a, v]));
      const [[x1, y1], [x2, y2]] = ends.map(([x, y]) => [place(x), side - place(y)].map((v) => clamp(v, -1e4, 1e4)));
      return svg("line.mg-bend", { x1, y1, x2, y2 });
    });
    const dots = this.points.map(([x, y], row) => svg("g", {},
      svg(`circle.mg-dot.${this.classes[row] ? "mg-first" : "mg-second"}`, { cx: place(x), cy: side - place(y), r: 9 }),
      svg("text.mg-class", { x: place(x), y: side - place(y) + 4.5, "text-anchor": "middle" }, String(this.classes[row]))));
    const said = this.points.map(([x, y], row) => `(${x}, ${y}): ${fmt(Number(shares[row].toFixed(2)))}`).join(", ");
    return svg("svg.mg-map", { viewBox: `0 0 ${side} ${side}`, style: `width: ${side}px`, role: "img",
      "aria-label": `The share of class 1 over the square. ${said}` }, ...tiles, ...bends, ...dots);
  }
}

class Fit extends Learn {
  static label = "A small network learns a curve";
  static outputs = 1;
  static hidden = "16";
  static sizes = ["2", "4", "8", "16", "32"];
  static activation = "tanh";
  static pace = 10;

  prepare() {
    const [lo, hi] = this.span = numbers(this.read("range", "-6 4.5"));
    const n = Number(this.read("points", "24"));
    this.fun = functionOf(this.read("f", "sin(x) + 0.3*exp(x)"));
    const noise = random(7);
    const spread = Number(this.read("noise", "0"));
    this.xs = range(n).map((i) => lo + ((hi - lo) * i) / (n - 1));
    this.ys = this.xs.map((x) => this.fun.f(x) + spread * (2 * noise() - 1));
    // The network sees numbers of about size 1: inputs and outputs are brought there and back.
    const mean = total(this.ys) / n;
    const scale = Math.sqrt(total(this.ys.map((y) => (y - mean) ** 2)) / n);
    this.inward = (x) => (2 * x - lo - hi) / (hi - lo) * 1.7;
    this.outward = (out) => mean + scale * out;
    this.points = this.xs.map((x) => [this.inward(x)]);
    this.targets = this.ys.map((y) => (y - mean) / scale);
    this.classList.add("mg-learn");
  }

  cost([out], row) { return (out - this.targets[row]) ** 2; }

  slopes([out], row) { return [(2 * (out - this.targets[row])) / this.points.length]; }

  draw() {
    const [lo, hi] = this.span;
    const line = range(201).map((i) => lo + ((hi - lo) * i) / 200);
    const truth = line.map((x) => [x, this.fun.f(x)]);
    const seen = [...truth.map(([, y]) => y), ...this.ys];
    const room = (Math.max(...seen) - Math.min(...seen)) * 0.15;
    const plot = new Plot({ width: this.width, height: clamp(this.width * 0.5, 240, 340), x: [lo, hi],
      y: [Math.min(...seen) - room, Math.max(...seen) + room], names: ["x", `y = ${this.fun.title}`] });
    plot.line(truth, "mg-guide");
    plot.line(line.map((x) => [x, this.outward(this.net.at([this.inward(x)]).outputs[0])]), "mg-value");
    this.xs.forEach((x, i) => plot.dot(x, this.ys[i], "mg-second", 3));
    const loss = this.losses.at(-1);
    plot.element.setAttribute("aria-label", `The points, the true curve and the fit after ${this.state.step} steps`);
    this.stage.replaceChildren(plot.element, this.curve(this.width, 190));
    this.say(`After ${this.state.step} steps the mean squared error is `, V(fmt(loss, 3)),
        Number.isFinite(loss) ? " (of targets with variance 1)." : ": the numbers have run away.");
    this.numbers.replaceChildren(readings([["step", this.state.step], ["loss", loss, "mg-v"], ["start", this.state.seed]]));
  }
}

// ---------------------------------------------------------- chapter 13: optimizers in a race

// name: the function, what is shown of it, where the race begins (the first of three places)
const LANDSCAPES = {
  valley: { f: "x*x/2 + 10*y*y", x: [-5, 5], y: [-2.4, 2.4], starts: [[-4, 1.5], [4, 0.5], [-3, -2]] },
  "tilted valley": { f: "(x + y)*(x + y)/4 + 5*(y - x)*(y - x)", x: [-5, 5], y: [-4, 4],
    starts: [[-4, -2], [3, 1], [-2, -4]] },
  rosenbrock: { f: "(1 - x)**2 + 100*(y - x*x)**2", close: 6, x: [-2, 2], y: [-1, 3], starts: [[-1.2, 1], [0, 2.5], [1.5, -0.5]] },
  saddle: { f: "x*x/2 - y*y/2 + y*y*y*y/4", x: [-3, 3], y: [-2, 2], starts: [[-2.5, 0.01], [-2, 0], [2.5, 1.9]] },
};

// name: its letter on the map, its learning rate on each landscape, and the step it makes of a
// gradient, with its memory m of the earlier ones
const RUNNERS = {
  SGD: { rates: [0.09, 0.09, 0.001, 0.2], push: (g) => g },
  momentum: { rates: [0.02, 0.02, 0.0005, 0.05], push: (g, m, t) => (m.v = t === 1 ? g : 0.9 * m.v + g) },
  Nesterov: { rates: [0.02, 0.02, 0.0005, 0.05], push: (g, m, t) => {
    m.v = t === 1 ? g : 0.9 * m.v + g;
    return g + 0.9 * m.v;
  } },
  Adagrad: { letter: "G", rates: [1, 1, 0.3, 0.5], push: (g, m) => {
    m.squares = (m.squares ?? 0) + g * g;
    return g / (Math.sqrt(m.squares) + 1e-10);
  } },
  RMSprop: { rates: [0.1, 0.1, 0.02, 0.05], push: (g, m) => {
    m.squares = 0.99 * (m.squares ?? 0) + 0.01 * g * g;
    return g / (Math.sqrt(m.squares) + 1e-8);
  } },
  Adam: { rates: [0.3, 0.3, 0.1, 0.1], push: (g, m, t) => {
    m.first = 0.9 * (m.first ?? 0) + 0.1 * g;
    m.second = 0.999 * (m.second ?? 0) + 0.001 * g * g;
    return m.first / (1 - 0.9 ** t) / (Math.sqrt(m.second / (1 - 0.999 ** t)) + 1e-8);
  } },
};

/** Where a function on a grid crosses a level: two places on the sides of each cell it passes. */
function contour(values, xs, ys, level) {
  const across = (a, b, p, q) => p + ((level - a) / (b - a)) * (q - p);
  const pieces = [];
  for (const i of range(xs.length - 1)) for (const j of range(ys.length - 1)) {
    const [a, b, c, d] = [values[i][j], values[i + 1][j], values[i + 1][j + 1], values[i][j + 1]];
    const [x, X, y, Y] = [xs[i], xs[i + 1], ys[j], ys[j + 1]];
    const places = [];
    if (a < level !== b < level) places.push([across(a, b, x, X), y]);
    if (b < level !== c < level) places.push([X, across(b, c, y, Y)]);
    if (c < level !== d < level) places.push([across(c, d, X, x), Y]);
    if (d < level !== a < level) places.push([x, across(d, a, Y, y)]);
    for (let k = 0; k + 1 < places.length; k += 2) pieces.push([places[k], places[k + 1]]);
  }
  return pieces;
}

class Race extends Figure {
  static label = "Optimizers in a race on one landscape";
  static pace = 1;
  static last = 300;

  build() {
    const on = this.read("on", "valley");
    if (!LANDSCAPES[on]) throw new Error(`there is no landscape ${on}`);
    const names = this.read("runners", "SGD momentum Nesterov Adagrad RMSprop Adam").split(/\s+/);
    const wrong = names.find((name) => !RUNNERS[name]);
    if (wrong) throw new Error(`there is no runner ${wrong}`);
    this.names = names;
    this.state = { on, step: Number(this.read("step", "0")), factor: Number(this.read("factor", "1")), start: null,
      ...Object.fromEntries(names.map((name) => [name, true])) };
    this.watchWidth();
    this.play = this.button("Play", () => this.toggle());
    this.numbers = el("div");
    const menu = this.menu("landscape", "on", Object.keys(LANDSCAPES));
    menu.addEventListener("change", () => this.update({ start: null, step: 0 }));
    this.syncs.unshift(() => this.prepare());
    this.panel.append(
      el("div.mg-row", {}, this.play, this.button("1 step", () => this.run(1)), this.button("10 steps",
          () => this.run(10)), this.button("To the start", () => this.update({ step: 0 })),
          this.button("Other start", () => this.elsewhere())),
      el("div.mg-row", {}, menu, ...(names.length > 1 ? names.map((name) => this.check(name, name)) : [])),
      el("div.mg-sliders", {},
        this.slider("step", { min: 0, max: Race.last, step: 1, get: (s) => s.step, set: (step) => ({ step }) }),
        this.slider("learning rates, times", { min: -4, max: 4, step: 0.5, get: (s) => Math.log2(s.factor),
          set: (v) => ({ factor: Number((2 ** v).toPrecision(3)) }), show: () => fmt(this.state.factor) })),
      this.numbers);
    this.stage.addEventListener("pointerdown", (event) => {
      const box = this.plot.element.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top].map((v) => (v / box.width) * this.width);
      this.update({ start: [this.plot.unX(x), this.plot.unY(y)].map((v) => Number(v.toFixed(2))), step: 0 });
    });
  }

  elsewhere() {
    const { starts } = LANDSCAPES[this.state.on];
    const now = starts.findIndex((start) => String(start) === String(this.state.start));
    this.update({ start: starts[(now + 1) % starts.length], step: 0 });
  }

  run(steps) { this.update({ step: Math.min(Race.last, this.state.step + steps) }); }

  /** Let everybody run to the end, once for each landscape, start and factor. */
  prepare() {
    const { on, factor } = this.state;
    this.state.start ??= this.hasAttribute("start") && on === this.read("on", "valley")
      ? numbers(this.read("start")) : LANDSCAPES[on].starts[0];
    const wanted = JSON.stringify([on, factor, this.state.start]);
    if (wanted === this.made) return;
    this.made = wanted;
    const program = parse(LANDSCAPES[on].f);
    const names = program.inputs.map((node) => node.name);
    this.f = (place) => evaluate(program, { x: place[0], y: place[1] })[program.output];
    this.slope = ([x, y]) => {
      const all = gradients(program, evaluate(program, { x, y }));
      return ["x", "y"].map((name) => all[program.inputs[names.indexOf(name)].id]);
    };
    this.rates = {};
    this.paths = Object.fromEntries(this.names.map((name) => {
      this.rates[name] = RUNNERS[name].rates[Object.keys(LANDSCAPES).indexOf(on)] * factor;
      return [name, this.path(name)];
    }));
  }

  /** The places of one runner, until the last step or until its numbers have run away. */
  path(name) {
    const memory = [{}, {}];
    const places = [this.state.start];
    while (places.length <= Race.last && places.at(-1).every((v) => Math.abs(v) < 1e6)) {
      const g = this.slope(places.at(-1));
      places.push(places.at(-1).map((v, k) => v - this.rates[name] * RUNNERS[name].push(g[k], memory[k], places.length)));
    }
    return places;
  }

  /** The lines of equal height, closer to each other where it is low. */
  lines(plot) {
    const { x, y, close = 3 } = LANDSCAPES[this.state.on];
    const [xs, ys] = [[x, 96], [y, 64]].map(([[lo, hi], n]) => range(n + 1).map((i) => lo + ((hi - lo) * i) / n));
    const values = xs.map((a) => ys.map((b) => this.f([a, b])));
    const [low, high] = [Math.min(...values.flat()), Math.max(...values.flat())];
    return range(14).map((k) => contour(values, xs, ys, low + (high - low) * ((k + 1) / 15) ** close)
      .map((ends) => ends.map(([a, b]) => `${plot.X(a).toFixed(1)},${plot.Y(b).toFixed(1)}`).join("L"))
      .map((piece) => `M${piece}`).join("")).map((d) => svg("path.mg-level", { d }));
  }

  draw() {
    const { on, step, start } = this.state;
    const land = LANDSCAPES[on];
    const height = clamp(this.width * 0.62, 230, 400);
    const plot = this.plot = new Plot({ width: this.width, height, x: land.x, y: land.y });
    const wanted = `${on} ${this.width}`;
    if (wanted !== this.drawn) [this.drawn, this.levels] = [wanted, this.lines(plot)];
    plot.layer.append(...this.levels);
    const shown = this.names.filter((name) => this.state[name]);
    const inside = ([x, y]) => x >= land.x[0] && x <= land.x[1] && y >= land.y[0] && y <= land.y[1];
    shown.forEach((name) => {
      const style = `mg-run-${Object.keys(RUNNERS).indexOf(name) + 1}`;
      const places = this.paths[name].slice(0, step + 1);
      plot.line(places.map(([x, y]) => [clamp(x, -1e5, 1e5), y]), style);
      if (!inside(places.at(-1)) || !step) return;
      plot.dot(...places.at(-1), style, 4);
      plot.note(...places.at(-1), RUNNERS[name].letter ?? name[0], style, "start", 6, -5);
    });
    plot.dot(...start, "mg-start", 4);
    plot.element.setAttribute("aria-label", `Lines of equal height of the ${on}, and ${shown.length} paths of ${step} steps`);
    this.stage.replaceChildren(plot.element);
    this.tell(shown);
  }

  tell(shown) {
    const { step, start } = this.state;
    const height = (name) => (this.paths[name].length > step ? this.f(this.paths[name][step]) : NaN);
    const best = [...shown].filter((name) => Number.isFinite(height(name))).sort((a, b) => height(a) - height(b))[0];
    const lost = shown.filter((name) => this.paths[name].length <= step);
    this.say(...(step === 0 ? [`All start at (${start.map((v) => fmt(v)).join(", ")}), where f is `, V(this.f(start)), "."]
      : best ? [`After ${step} ${step === 1 ? "step" : "steps"} ${best} is lowest, with f = `, V(fmt(height(best), 3)), "."] : []),
      lost.length ? ` ${lost.join(", ")} ${lost.length > 1 ? "have" : "has"} run away.` : "");
    const head = ["", "rate", "x", "y", "f"].map((text) => el(`${text ? "th" : "td"}.mg-${text}`,
        text ? { scope: "col" } : {}, text));
    const row = (name) => {
      const place = this.paths[name][step] ?? [NaN, NaN];
      const cells = [this.rates[name], ...place, height(name)].map((v, k) => el(`td.mg-${"rxyf"[k]}`,
        { "data-at": `${name} ${["rate", "x", "y", "f"][k]}` }, Number.isNaN(v) ? "away" : fmt(Number(v.toPrecision(4)))));
      return el("tr", {}, el("th", { scope: "row" }, el(`span.mg-mark.mg-run-${Object.keys(RUNNERS).indexOf(name) + 1}`,
        { "aria-hidden": "true" }), name), ...cells);
    };
    this.numbers.replaceChildren(el("table.mg-table", {}, el("thead", {}, el("tr", {}, ...head)),
      el("tbody", {}, ...shown.map(row))));
  }
}

// ------------------------------------------- chapter 12: the size of a signal through many layers

class Depth extends Figure {
  static label = "The size of a signal, and of its gradient, through thirty layers";

  build() {
    this.state = { gain: Number(this.read("gain", "1")), activation: this.read("activation", "relu"),
      seed: Number(this.read("seed", "1")) };
    this.depth = Number(this.read("layers", "30"));
    this.units = 64;
    this.draw_weights();
    this.watchWidth();
    this.numbers = el("div");
    const gains = [["1", 1], ["√2", Math.SQRT2], ["5/3", 5 / 3], ["1/√3", 1 / Math.sqrt(3)]];
    this.panel.append(
      el("div.mg-row", {}, this.choice("Behind each layer", "activation",
          [["relu", "ReLU"], ["tanh", "tanh"], ["none", "nothing"]])),
      el("div.mg-sliders", {}, this.slider("gain", { min: 0.4, max: 3, step: 0.01, get: (s) => s.gain,
        set: (gain) => ({ gain }) })),
      el("div.mg-row.mg-examples", {}, el("span", {}, "Try"), ...gains.map(([text, gain]) =>
          this.button(text, () => this.update({ gain }))), this.button("Other weights", () => {
            this.state.seed += 1;
            this.draw_weights();
            this.update();
          })), this.numbers);
  }

  /** Numbers of variance 1 for all weights, eight examples, and a gradient for each of them. */
  draw_weights() {
    const next = random(this.state.seed);
    const normal = () => total(range(12).map(next)) - 6;
    const matrix = (rows) => range(rows).map(() => range(this.units).map(normal));
    this.weights = range(this.depth).map(() => matrix(this.units));
    [this.start, this.arriving] = [matrix(8), matrix(8)];
  }

  /** The root mean square of the signal behind each layer, and of the gradient that comes back there. */
  sizes() {
    const { gain, activation } = this.state;
    const scale = gain / Math.sqrt(this.units);
    const bend = { relu: (z) => Math.max(z, 0), tanh: Math.tanh, none: (z) => z }[activation];
    const slope = { relu: (h) => Number(h > 0), tanh: (h) => 1 - h * h, none: () => 1 }[activation];
    const dot = (row, h) => row.reduce((sum, w, i) => sum + w * h[i], 0) * scale;
    const size = (many) => Math.sqrt(total(many.flat().map((v) => v * v)) / (many.length * this.units));
    const values = [this.start];
    for (const rows of this.weights) values.push(values.at(-1).map((h) => rows.map((row) => bend(dot(row, h)))));
    const grads = [this.arriving];
    for (const layer of range(this.depth).reverse()) {
      const columns = range(this.units).map((i) => this.weights[layer].map((row) => row[i]));
      grads.unshift(grads[0].map((g, n) => {
        const back = g.map((v, k) => v * slope(values[layer + 1][n][k]));
        return columns.map((column) => dot(column, back));
      }));
    }
    return { signal: values.map(size), gradient: grads.map(size) };
  }

  draw() {
    const { gain, activation } = this.state;
    const { signal, gradient } = this.sizes();
    const power = (v) => Math.log10(Math.max(v, 1e-30));
    const seen = [...signal, ...gradient].map(power);
    const plot = new Plot({ width: this.width, height: clamp(this.width * 0.5, 240, 340), x: [0, this.depth],
      y: [Math.min(-3, Math.floor(Math.min(...seen))), Math.max(3, Math.ceil(Math.max(...seen)))],
      names: ["layer", "size, as a power of ten"] });
    plot.line(signal.map((v, i) => [i, power(v)]), "mg-value");
    plot.line(gradient.map((v, i) => [i, power(v)]), "mg-tangent");
    plot.element.setAttribute("aria-label", `Sizes through ${this.depth} layers: the signal ends at `
        + `${fmt(signal.at(-1), 2)}, the gradient at the input is ${fmt(gradient[0], 2)}`);
    this.stage.replaceChildren(plot.element);
    const factor = (signal.at(-1) / signal[0]) ** (1 / this.depth);
    const kept = (v) => v > 0.02 && v < 50;
    const verdict = kept(signal.at(-1)) && kept(gradient[0]) ? "Both keep their size."
      : kept(signal.at(-1)) ? "The signal is there, but its gradient is not of its size any more."
      : signal.at(-1) < 1 ? "The signal dies out." : "The signal explodes.";
    this.say(`A gain of ${fmt(gain, 3)} with ${{ relu: "ReLU", tanh: "tanh", none: "no activation" }[activation]}: `,
        `behind layer ${this.depth} the signal has size `, V(fmt(signal.at(-1), 2)),
        ", and the gradient that comes back to the input ", G(fmt(gradient[0], 2)), `. ${verdict}`);
    this.numbers.replaceChildren(readings([["signal", signal.at(-1), "mg-v"], ["gradient", gradient[0], "mg-g"],
      ["factor per layer", factor]]));
  }
}

// --------------------------------------------------- chapter 20: a window that moves over a picture

class Windows extends Figure {
  static label = "A window that moves over a picture, forward and backward";

  build() {
    const [x, k] = [rows(this.read("x", "0 1 2 0; 1 3 1 0; 0 2 1 1; 1 0 1 2")), rows(this.read("k", "1 0; 2 -1"))];
    this.sizes = { X: [x.length, x[0].length], K: [k.length, k[0].length] };
    this.sizes.Y = this.sizes.X.map((n, i) => n - this.sizes.K[i] + 1);
    if (Math.min(...this.sizes.Y) < 1) throw new Error("the window is larger than the picture");
    const g = this.hasAttribute("g") ? rows(this.read("g")).flat() : range(product(this.sizes.Y)).map((i) => (i % 3) - 1);
    this.state = { x: x.flat(), k: k.flat(), g, at: { forward: 0, "k.grad": 0, "x.grad": 0 }, mode: this.read("mode", "forward") };
    this.panel.append(el("div.mg-row", {}, this.choice("Show", "mode",
        [["forward", "forward"], ["k.grad", "k.grad"], ["x.grad", "x.grad"]])));
    this.syncs.push(({ mode }) => { if (mode !== this.shown) this.lay(mode); });
  }

  lay(mode) {
    this.shown = mode;
    const change = (key) => (flat, value) => this.update({ [key]: this.state[key].map((old, i) => (i === flat ? value : old)) });
    const pick = (flat) => this.update({ at: { ...this.state.at, [mode]: flat } });
    const grid = (name, key) => (mode === `${name}.grad` ? new Grid({ name: `${name}.grad`, shape: this.sizes[key], pick, kind: "grad" })
        : new Grid({ name, shape: this.sizes[key], edit: change(name) }));
    this.x = grid("x", "X");
    this.k = grid("k", "K");
    this.y = mode === "forward" ? new Grid({ name: "y", shape: this.sizes.Y, pick })
        : new Grid({ name: "g", shape: this.sizes.Y, edit: change("g"), note: "= y.grad", kind: "grad" });
    this.stage.replaceChildren(side(this.x.element, this.k.element, this.y.element));
  }

  /** All pairs of numbers that meet in one entry: of y, of k.grad or of x.grad. */
  pairs(mode, flat) {
    const { X, K, Y } = this.sizes;
    const found = [];
    for (const place of range(product(Y))) {
      const [i, j] = unravel(place, Y);
      for (const inside of range(product(K))) {
        const [r, c] = unravel(inside, K);
        const point = ravel([i + r, j + c], X);
        if (flat === { forward: place, "k.grad": inside, "x.grad": point }[mode]) found.push({ place, inside, point });
      }
    }
    return found;
  }

  draw() {
    const { x, k, g, mode, at } = this.state;
    const both = { forward: ({ point, inside }) => [x[point], k[inside]],
      "k.grad": ({ point, place }) => [g[place], x[point]], "x.grad": ({ inside, place }) => [g[place], k[inside]] }[mode];
    const value = (flat) => total(this.pairs(mode, flat).map(both).map(([a, b]) => a * b));
    const met = this.pairs(mode, at[mode]);
    const paint = (grid, numbers, key, own) => grid.paint((flat) => ({ text: own ? value(flat) : numbers[flat],
      on: own ? (flat === at[mode] ? "pick" : "") : met.some((pair) => pair[key] === flat) ? "lit" : "" }));
    paint(this.x, x, "point", mode === "x.grad");
    paint(this.k, k, "inside", mode === "k.grad");
    paint(this.y, g, "place", mode === "forward");
    const [name, shape] = { forward: ["y", "Y"], "k.grad": ["k.grad", "K"], "x.grad": ["x.grad", "X"] }[mode];
    const entry = `${name}[${unravel(at[mode], this.sizes[shape]).join(", ")}]`;
    const why = { forward: "The window's points times the weights: ",
      "k.grad": "This weight is used at every place, so every place sends a part: ",
      "x.grad": `This point stands in ${met.length} window${met.length === 1 ? "" : "s"}, and each sends a part: ` }[mode];
    this.say(why, `${entry} = ${terms(met.map(both))} = `, (mode === "forward" ? V : G)(value(at[mode])), ".");
  }
}

// ------------------------------------------- chapter 17: a curve and its Taylor polynomials

/** Power series cut off after so many terms: of a product, a quotient, exp, log, sin and cos. */
const SERIES = {
  "+": (a, b) => a.map((v, k) => v + b[k]),
  "-": (a, b) => a.map((v, k) => v - b[k]),
  "*": (a, b) => a.map((_, k) => total(range(k + 1).map((i) => a[i] * b[k - i]))),
  "/": (a, b) => a.reduce((c, v, k) =>
    [...c, (v - total(range(k).map((i) => b[i + 1] * c[k - i - 1]))) / b[0]], []),
  negative: (a) => a.map((v) => -v),
  square: (a) => SERIES["*"](a, a),
  exp: (a) => a.reduce((c, v, k) =>
    [...c, k ? total(range(k).map((i) => (i + 1) * a[i + 1] * c[k - i - 1])) / k : Math.exp(v)], []),
  log: (a) => a.reduce((c, v, k) =>
    [...c, k ? (v - total(range(k - 1).map((i) => (i + 1) * c[i + 1] * a[k - i - 1])) / k) / a[0] : Math.log(v)], []),
  sin: (a) => SERIES.turn(a)[0],
  cos: (a) => SERIES.turn(a)[1],
  turn: (a) => {
    const [s, c] = [[Math.sin(a[0])], [Math.cos(a[0])]];
    for (const k of range(a.length).slice(1)) {
      const sum = (other) => total(range(k).map((i) => (i + 1) * a[i + 1] * other[k - i - 1])) / k;
      [s[k], c[k]] = [sum(c), -sum(s)];
    }
    return [s, c];
  },
  number: (value, like) => like.map((_, k) => (k ? 0 : value)),
  sigmoid: (a) => {
    const one = SERIES.number(1, a);
    return SERIES["/"](one, SERIES["+"](one, SERIES.exp(SERIES.negative(a))));
  },
  tanh: (a) => {
    const twice = SERIES.sigmoid(a.map((v) => 2 * v));
    return SERIES["-"](SERIES["+"](twice, twice), SERIES.number(1, a));
  },
};

/** The first terms of the power series of an expression in x around a. */
function seriesOf(text, a, terms) {
  const { nodes, output } = parse(FUNCTIONS[text] ? `${text}(x)` : text);
  const x = range(terms).map((k) => (k === 0 ? a : k === 1 ? 1 : 0));
  const found = [];
  for (const { op, args, constant } of nodes) {
    const [p, q] = args.map((arg) => found[arg]);
    if (op === "input") found.push(x);
    else if (op === "number") found.push(SERIES.number(constant, x));
    else if (op === "**" && Number.isInteger(q[0]) && q[0] > 0) found.push(range(q[0] - 1).reduce((c) => SERIES["*"](c, p), p));
    else if (SERIES[op]) found.push(SERIES[op](p, q));
    else throw new Error(`${op} has no series here`);
  }
  return found[output];
}

const SMOOTH = ["sin", "cos", "exp", "tanh", "sigmoid", "log", "exp(-x*x)", "1/(1 + x*x)"];
const PRIMES = ["f(a)", "f′(a)", "f″(a)", "f‴(a)"];

class Taylor extends Figure {
  static label = "A curve and the Taylor polynomial that fits it at a point";

  build() {
    const f = this.read("f", "sin");
    this.state = { f, a: Number(this.read("a", "0")), order: Number(this.read("order", "1")) };
    this.choose(f);
    this.watchWidth();
    if (this.hasAttribute("menu")) {
      const menu = this.menu("f", "f", [...new Set([f, ...SMOOTH])]);
      menu.addEventListener("change", () => {
        this.choose(this.state.f);
        this.update({ a: clamp(this.state.a, ...this.span) });
      });
      this.panel.append(el("div.mg-row", {}, menu));
    }
    const point = this.slider("point a", { min: -10, max: 10, step: 0.05, get: (s) => s.a, set: (a) => ({ a }) });
    this.syncs.unshift(() => {
      const input = point.querySelector("input");
      [input.min, input.max] = this.span;
    });
    this.numbers = el("div");
    this.panel.append(el("div.mg-sliders", {}, point, this.slider("order",
      { min: 0, max: 12, step: 1, get: (s) => s.order, set: (order) => ({ order }) })), this.numbers);
  }

  /** Take a function: its axis, and the points where its series exists. */
  choose(name) {
    this.fun = functionOf(name);
    this.axis = name === "log" ? [-0.5, 5] : this.hasAttribute("range") ? numbers(this.read("range")) : [-5, 5];
    this.span = [name === "log" ? 0.2 : this.axis[0], this.axis[1]];
  }

  draw() {
    const { f: name, a, order } = this.state;
    const { f, title } = this.fun;
    const terms = seriesOf(name, a, order + 1);
    const polynomial = (x) => terms.reduceRight((sum, c) => sum * (x - a) + c, 0);
    const [lo, hi] = this.axis;
    const xs = range(401).map((i) => lo + ((hi - lo) * i) / 400);
    const seen = xs.map((x) => f(x)).filter(Number.isFinite);
    const [low, high] = [Math.max(Math.min(...seen), -6), Math.min(Math.max(...seen), 6)];
    const room = (high - low) * 0.5 || 1;
    const plot = new Plot({ width: this.width, height: clamp(this.width * 0.56, 250, 360), x: this.axis,
      y: [low - room, high + room], names: ["x", `y = ${title}`] });
    plot.line(xs.map((x) => [x, f(x)]), "mg-value");
    plot.line(xs.map((x) => [x, polynomial(x)]), "mg-central");
    plot.dot(a, f(a), "mg-first");
    plot.element.setAttribute("aria-label",
      `The curve y = ${title}, and its Taylor polynomial of order ${order} around ${fmt(a)}`);
    this.stage.replaceChildren(plot.element, el("p.mg-legend", {}, el("span.mg-key", {}, title), " ",
      el("span.mg-key.mg-central", {}, `polynomial of order ${order}`)));
    const near = (x) => Math.abs(polynomial(x) - f(x)) <= 0.05;
    const reach = (end) => [...xs.filter((x) => (x - a) * (end - a) > 0)].sort((p, q) => Math.abs(p - a) - Math.abs(q - a));
    const until = (end) => { const way = reach(end); const k = way.findIndex((x) => !near(x)); return k < 0 ? end : way[k - 1] ?? a; };
    const [left, right] = [until(lo), until(hi)];
    this.say("The polynomial of order ", G(order), ` around a = ${fmt(a)} stays within 0.05 of the curve from x = `,
      V(Number(left.toFixed(2))), " to ", V(Number(right.toFixed(2))), ".");
    let factorial = 1;
    const readable = terms.map((c, k) => {
      factorial *= k || 1;
      return [PRIMES[k] ?? `f⁽${[...String(k)].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("")}⁾(a)`, c * factorial + 0, k ? "mg-g" : "mg-v"];
    });
    this.numbers.replaceChildren(readings(readable));
  }
}

// ------------------------------------------------------------ chapter 14: an epoch in batches

class Batches extends Figure {
  static label = "Which examples go into which batch of an epoch";

  build() {
    this.count = Number(this.read("examples", "10"));
    if (!(Number.isInteger(this.count) && this.count >= 2 && this.count <= 40)) throw new Error("examples must be 2 to 40");
    this.state = { size: Number(this.read("size", "4")), epoch: 1, shuffle: this.hasAttribute("shuffle"),
      drop: this.hasAttribute("drop_last") };
    this.heaps = el("div.mg-side");
    this.stage.append(this.heaps);
    this.panel.append(
      el("div.mg-sliders", {}, this.slider("batch_size", { min: 1, max: this.count, step: 1,
        get: (s) => s.size, set: (size) => ({ size }), at: "batch_size" })),
      el("div.mg-row.mg-toggles", {}, this.check("shuffle", "shuffle"), this.check("drop_last", "drop"),
        this.button("Next epoch", () => this.update({ epoch: this.state.epoch + 1 }))));
  }

  /** The order of the examples in this epoch: as they stand, or shuffled by a seed of its own. */
  order() {
    const order = range(this.count);
    const draw = random(1000 + this.state.epoch);
    if (this.state.shuffle) {
      for (let i = order.length - 1; i > 0; i--) {
        const j = Math.floor(draw() * (i + 1));
        [order[i], order[j]] = [order[j], order[i]];
      }
    }
    return order;
  }

  label(i) { return i < this.count / 2 ? 0 : 1; }

  cell(i) {
    const orange = "--tone: var(--mg-grad); --soft: var(--mg-grad-soft); color: var(--mg-grad); ";
    return el("div.mg-cell.lit", { style: `${this.label(i) ? orange : ""}width: 2.4rem`, "data-at": `example ${i}`,
      role: "img", "aria-label": `example ${i}, class ${this.label(i)}` }, String(i));
  }

  heap(title, examples) {
    const ones = total(examples.map((i) => this.label(i)));
    const note = ` ${examples.length - ones} of class 0, ${ones} of class 1`;
    return el("div", { role: "group", "aria-label": `${title}:${note}`, "data-heap": title },
      el("div.mg-title", {}, el("b", {}, title), note), el("div.mg-row", {}, ...examples.map((i) => this.cell(i))));
  }

  draw() {
    const { size, epoch, drop } = this.state;
    const order = this.order();
    const heaps = range(Math.ceil(this.count / size)).map((k) => order.slice(k * size, (k + 1) * size));
    const left = drop && heaps.at(-1).length < size ? heaps.pop() : [];
    this.heaps.replaceChildren(...heaps.map((heap, k) => this.heap(`batch ${k + 1}`, heap)),
      ...(left.length ? [this.heap("left out", left)] : []));
    const many = (n, word, words) => `${n} ${n === 1 ? word : words}`;
    const pure = heaps.filter((heap) => heap.length > 1 && new Set(heap.map((i) => this.label(i))).size === 1).length;
    const short = heaps.length && heaps.at(-1).length < size ? `, the last of ${heaps.at(-1).length}` : "";
    this.say(`Epoch ${epoch}: `, V(many(heaps.length, "step", "steps")), ` on batches of ${size}${short}. `,
      left.length ? `Left out: ${many(left.length, "example", "examples")}. ` : "Every example comes once. ",
      pure ? `${many(pure, "batch holds", "batches hold")} only one class.` : "");
  }
}

// ---------------------------------------------------------------------------- put to work

const figures = { steps: Steps, nudge: Nudge, stepsize: StepSize, matvec: MatVec, matmul: MatMul,
  broadcast: Broadcast, slice: Slice, shape: Shape, reduce: Reduce, family: Family, softmax: Softmax,
  race: Race, batches: Batches, xor: Xor, fit: Fit, windows: Windows, depth: Depth, taylor: Taylor,
  dual: Dual };
const define = () => Object.entries(figures).forEach(([name, figure]) => {
  if (!customElements.get(`mg-${name}`)) customElements.define(`mg-${name}`, figure);
});
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", define);
else define();
})();
