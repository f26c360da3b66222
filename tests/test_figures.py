"""The figures a reader operates show right numbers: driven in Chromium, compared with NumPy."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.play import COLOURS, SCRIPT
from tests.needs import installed_torch

STATIC = Path(__file__).parent.parent / "book" / "_static"
NAMES = ["steps", "nudge", "stepsize", "matvec", "matmul"]
NAMES += [
    "broadcast",
    "slice",
    "shape",
    "reduce",
    "family",
    "race",
    "batches",
    "xor",
    "fit",
    "windows",
    "depth",
]
NAMES += ["taylor", "softmax", "dual"]
PAGE = """<!doctype html><html lang="en" data-theme="{theme}"><head><title>t</title>
<meta name="viewport" content="width=device-width"><style>{css}</style></head>
<body style="margin: 16px; font-family: sans-serif">{body}<script>{js}</script></body></html>"""


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., Any]]:
    """show('<mg-…>…</mg-…>') opens a page and returns the figure in it."""
    pages, troubles = [], []

    def open_page(
        body: str, width: int = 800, theme: str = "light", site: bool = True, **options: Any
    ) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        context.set_default_timeout(4000)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: troubles.append(f"asked for {request.url}"))
        css, js = ((STATIC / f"figures.{end}").read_text(encoding="utf8") for end in ("css", "js"))
        css, js = (css, f"{SCRIPT}\n{js}") if site else ("", "")  # the player of graphs first
        page.set_content(PAGE.format(theme=theme, css=css, js=js, body=body))
        pages.append(context)
        return page.locator(".mg").first if options.get("java_script_enabled", True) else page

    yield open_page
    for context in pages:
        context.close()
    assert not troubles


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf").replace("✗", ""))


def said(figure: Any) -> str:
    return str(figure.locator(".mg-say").inner_text()).replace("−", "-")


def array(figure: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of the (visible) grid with this name; every index must be there, and no other."""
    script = """(figure, name) => [...figure.querySelectorAll(".mg-cell")]
        .filter(cell => cell.dataset.at.split(" ")[0] === name && cell.offsetParent)
        .map(cell => [cell.dataset.at.split(" ")[1] ?? "", cell.value || cell.firstChild.data])"""
    cells = figure.evaluate(script, name)
    found = {tuple(int(i) for i in place.split(",") if i): text for place, text in cells}
    assert set(found) == set(np.ndindex(*shape))
    return np.array([number(found[index]) for index in np.ndindex(*shape)]).reshape(shape)


def close(shown: Any, expected: Any) -> None:
    """Equal as far as three decimals can be (a cell is rounded to them), shapes first."""
    assert np.shape(shown) == np.shape(expected)
    np.testing.assert_allclose(shown, expected, rtol=2e-3, atol=6e-4)


def reading(figure: Any, name: str) -> float:
    return number(figure.locator(f'[data-at="{name}"]').inner_text())


def slide(figure: Any, label: str, value: float) -> None:
    """Move the slider with this label."""
    field = figure.locator(".mg-slider", has=figure.page.get_by_text(label, exact=True)).locator(
        "input"
    )
    field.evaluate("(i, v) => { i.value = v; i.dispatchEvent(new Event('input')); }", value)


# ---------------------------------------------------------------------------- every figure

BARE = "\n".join(f"<mg-{name}>The words of {name}, 1 + 1 = 2.</mg-{name}>" for name in NAMES)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_all_figures_draw_and_fit_a_phone(show: Any, theme: str) -> None:
    page = show(BARE, width=390, theme=theme).page
    assert page.locator(".mg").count() == len(NAMES)
    assert page.locator(".mg-error").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    wide = "[...document.querySelectorAll('.mg')].filter(f => f.scrollWidth > f.clientWidth).length"
    assert page.evaluate(wide) == 0


def test_without_scripts_the_words_are_on_the_page(show: Any) -> None:
    page = show(BARE, java_script_enabled=False)
    for name in NAMES:
        assert page.locator(f"mg-{name}").inner_text() == f"The words of {name}, 1 + 1 = 2."


def test_with_scripts_the_words_describe_the_figure(show: Any) -> None:
    page = show(BARE).page
    for name in NAMES:
        about = page.locator(f"mg-{name}").get_attribute("aria-describedby")
        assert page.locator(f"#{about}").inner_text() == f"The words of {name}, 1 + 1 = 2."


def test_controls_have_names_and_are_big_enough_to_touch(show: Any) -> None:
    page = show(BARE, width=390).page
    script = """() => [...document.querySelectorAll(".mg button, .mg input, .mg select")]
        .filter(c => c.offsetParent).map(c => {
            const box = (c.closest("label") ?? c).getBoundingClientRect();
            const name = c.ariaLabel || c.closest("label")?.innerText || c.innerText;
            return [c.outerHTML, name.trim(), box.width, box.height]; })"""
    controls = page.evaluate(script)
    assert len(controls) > 100
    for html, name, width, height in controls:
        assert name and width >= 24 and height >= 24, html


def luminance(colour: str) -> float:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [":root", 'html[data-theme="dark"]'])
def test_colours_have_contrast(theme: str) -> None:
    css = (STATIC / "figures.css").read_text(encoding="utf8")
    block = css[css.index(theme + " {") :].split("}")[0]
    colour = dict(re.findall(r"--mg-([\w-]+): (#\w{6});", block))
    for text in ["ink", "muted", "value", "grad", "wrong"]:
        for back in ["card", "paper"]:
            assert contrast(colour[text], colour[back]) >= 4.5, (text, back)
    for text, back in [("value", "value-soft"), ("grad", "grad-soft")]:
        assert contrast(colour[text], colour[back]) >= 4.5, (text, back)
        assert contrast(colour["ink"], colour[back]) >= 4.5, back
    assert min(contrast(colour["edge"], colour[back]) for back in ["card", "paper"]) >= 3


def test_a_mistake_of_the_author_is_told_and_leaves_the_words(show: Any) -> None:
    figure = show('<mg-steps expr="a * (b">The words.</mg-steps>')
    assert "cannot be drawn: expected )" in figure.locator(".mg-error").inner_text()
    assert "The words." in figure.inner_text()


# ------------------------------------------------------------------------------------ steps

SMOOTH = {
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "sqrt": np.sqrt,
    "square": np.square,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}
PROGRAMS = [
    ("(a*b + c)*a", {"a": 2, "b": -3, "c": 10}),
    ("a - b - c/a/b", {"a": 2, "b": 4, "c": 3}),
    ("-a**2 + 2*b**3 - (-b)", {"a": 3, "b": -2}),
    ("h = a*b; L = h*h + h", {"a": 2, "b": -3}),
    ("h = a + b; p = tanh(h); L = p + h*sigmoid(p)", {"a": 0.5, "b": -1}),
    ("exp(sin(a)) + log(b)*cos(a) + sqrt(square(b))/b", {"a": 0.5, "b": 2}),
    ("a0*b0 + a1*b1 + a2*b2", {"a0": 1, "b0": 4, "a1": 2, "b1": 5, "a2": 3, "b2": 6}),
]


def by_complex_step(expr: str, at: dict[str, float]) -> tuple[float, dict[str, float]]:
    """The value of a program and its exact gradients, by a tiny step into the imaginary."""
    lines = [line.strip() for line in expr.split(";")]
    code = "\n".join([*lines[:-1], "L = " + lines[-1].removeprefix("L = ")])

    def run(point: dict[str, complex]) -> complex:
        space: dict[str, Any] = {**SMOOTH, **point}
        exec(code, space)
        return complex(space["L"])

    point = {name: complex(x) for name, x in at.items()}
    step = 1e-30
    grads = {name: run(point | {name: x + step * 1j}).imag / step for name, x in point.items()}
    return run(point).real, grads


def node(figure: Any, name: str, which: str) -> float:
    return number(figure.locator(f'[data-node="{name}"] .mg-{which}').text_content())


def steps_tag(expr: str, at: dict[str, float], more: str = "") -> str:
    given = " ".join(f"{name}={x}" for name, x in at.items())
    return f'<mg-steps expr="{expr}" at="{given}" {more}>Words.</mg-steps>'


@pytest.mark.parametrize(("expr", "at"), PROGRAMS)
def test_steps_end_at_the_right_gradients(show: Any, expr: str, at: dict[str, float]) -> None:
    figure = show(steps_tag(expr, at, 'start="end"'))
    value, grads = by_complex_step(expr, at)
    close(node(figure, "L", "left"), value)
    for name, grad in grads.items():
        close(node(figure, name, "left"), at[name])
        close(node(figure, name, "right"), grad)


def test_steps_show_the_sum_at_a_fork_and_the_keys_walk(show: Any) -> None:
    figure = show("<mg-steps>Words.</mg-steps>")
    button = figure.get_by_role("button", name="Next")
    seen = [said(figure)]
    button.focus()
    for _ in range(30):
        figure.page.keyboard.press("ArrowRight")
        seen.append(said(figure))
    assert any("a already holds 4, and gradients add: 4 + (-6) = -2" in line for line in seen)
    assert node(figure, "a", "right") == -2
    last = figure.locator(".mg-progress").inner_text()
    assert last == "step 11 of 11 · done"
    for _ in range(30):
        figure.page.keyboard.press("ArrowLeft")
    assert figure.locator(".mg-progress").inner_text() == "step 0 of 11 · forward"
    assert figure.locator('[data-node="p"] .mg-left').text_content() == "·"


def test_steps_write_the_local_derivative_on_every_edge(show: Any) -> None:
    figure = show('<mg-steps start="end">Words.</mg-steps>')  # p = a*b, q = p + c, L = q*a
    labels = figure.evaluate("f => [...f.querySelectorAll('.mg-local')].map(t => t.textContent)")
    assert sorted(map(number, labels)) == sorted([-3, 2, 1, 1, 2, 4])


def test_steps_sliders_change_the_numbers(show: Any) -> None:
    figure = show('<mg-steps start="end">Words.</mg-steps>')
    slide(figure, "c", 6)
    slide(figure, "b", 1.5)
    _, grads = by_complex_step("(a*b + c)*a", {"a": 2, "b": 1.5, "c": 6})
    for name, grad in grads.items():
        close(node(figure, name, "right"), grad)


def naive_walk(graph: dict[str, list[tuple[str, float]]], root: str) -> dict[str, float]:
    """The tempting walk: push along an edge, go there at once, and push all that is held there."""
    grads = {root: 1.0}

    def visit(name: str) -> None:
        for parent, slope in graph.get(name, []):
            grads[parent] = grads.get(parent, 0.0) + slope * grads[name]
            visit(parent)

    visit(root)
    return grads


def test_steps_wrong_walk_shows_its_wrong_number_beside_the_right_one(show: Any) -> None:
    at = {"a": 2, "b": -3}
    figure = show(steps_tag("h = a*b; L = h*h + h", at, 'order="choose" start="end"'))
    figure.get_by_label("depth first", exact=True).check()
    while "done" not in figure.locator(".mg-progress").inner_text():
        figure.get_by_role("button", name="Next").click()
    graph = {
        "L": [("p", 1.0), ("h", 1.0)],
        "p": [("h", -6.0), ("h", -6.0)],
        "h": [("a", -3.0), ("b", 2.0)],
    }
    wrong = naive_walk(graph, "L")
    _, right = by_complex_step("h = a*b; L = h*h + h", at)
    for name in at:
        close(reading(figure, f"walk {name}"), wrong[name])
        close(node(figure, name, "right"), wrong[name])
        close(reading(figure, f"right {name}"), right[name])
        assert wrong[name] != right[name]
    assert "Done, and wrong" in said(figure)


# ------------------------------------------------- the same player, in a notebook of one's own


def small_loss() -> Any:
    w = mg.tensor([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]], requires_grad=True)
    b = mg.tensor([0.5, -1.0], requires_grad=True)
    x = mg.tensor([0.4, 0.5, -0.1])
    for tensor, name in ((w, "w"), (b, "b"), (x, "x")):
        tensor.name = name
    y = (w @ x + b).tanh()
    return w, b, (y * y * 3).sum()


@pytest.fixture
def output() -> str:
    """What a notebook shows of two players, without anything of this book's site."""
    a = mg.tensor(2.0, requires_grad=True)
    a.name = "a"
    return f"<div>{mg.play(small_loss()[2])._repr_html_()}</div>{mg.play(a * a)._repr_html_()}"


def player(page: Any, which: int = 0) -> Any:
    return page.page.locator("mg-player").nth(which)


def press(figure: Any, key: str, times: int = 1) -> None:
    figure.get_by_role("button", name="Next").focus()
    for _ in range(times):
        figure.page.keyboard.press(key)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_players_work_in_a_page_without_the_site(show: Any, output: str, theme: str) -> None:
    first = player(show(output, width=390, theme=theme, site=False))
    w, b, loss = small_loss()
    count = len(mg.play(loss).steps) - 1
    assert first.locator(".mg-progress").inner_text() == f"step 0 of {count} · forward"
    press(first, "End")
    loss.backward()
    for leaf in (w, b):
        shown = first.locator(f'[data-node="{leaf.name}"] .mg-right').text_content()
        close(number(shown.removeprefix("≤ ")), float(f"{leaf.grad.abs().max().item():.2g}"))
    second = player(show(output, site=False), 1)
    press(second, "ArrowRight", 50)
    assert node(second, "a", "right") == 4
    assert "a is a leaf, and all that used it have sent: a.grad gets 4." in seen_before(second)
    page = first.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    back = page.evaluate("getComputedStyle(document.querySelector('mg-player')).backgroundColor")
    assert (back == "rgb(26, 32, 39)") == (theme == "dark")


def seen_before(figure: Any) -> str:
    figure.page.keyboard.press("ArrowLeft")
    return said(figure)


def test_a_player_comes_to_life_when_a_notebook_puts_it_on_the_page(show: Any, output: str) -> None:
    """A front end sets the HTML of an output and then runs the scripts in it, again and again."""
    page = show("<main></main><i class='mg'></i>", site=False).page
    insert = """(html) => {
        const place = document.createElement("div");
        place.innerHTML = html;
        document.querySelector("main").append(place);
        for (const old of place.querySelectorAll("script")) {
            const script = document.createElement("script");
            script.textContent = old.textContent;
            old.replaceWith(script);
        } }"""
    for count in (2, 4):
        page.evaluate(insert, output)
        assert page.locator("mg-player .mg-progress").count() == count
    page.evaluate("const p = document.querySelector('mg-player'); p.parentNode.append(p)")
    figure = page.locator("mg-player").last
    press(figure, "ArrowRight")
    assert figure.locator(".mg-progress").inner_text().startswith("step 1 of")


def test_a_player_is_driven_by_buttons_slider_and_keys(show: Any, output: str) -> None:
    figure = player(show(output, site=False))
    progress = figure.locator(".mg-progress")
    for name, step in [("Next", 1), ("Next", 2), ("Back", 1), ("Start again", 0)]:
        figure.get_by_role("button", name=name).click()
        assert progress.inner_text().startswith(f"step {step} of"), name
    slider = figure.get_by_label("step", exact=True)
    slider.evaluate("(s) => { s.value = 7; s.dispatchEvent(new Event('input')); }")
    assert progress.inner_text().startswith("step 7 of")
    press(figure, "Home")
    assert slider.input_value() == "0"
    figure.get_by_role("button", name="Play").click()
    assert figure.get_by_role("button", name="Pause").count() == 1
    figure.evaluate("f => f.remove()")  # its clock stops with it


def test_a_player_shows_what_arrives_and_what_is_sent(show: Any, output: str) -> None:
    figure = player(show(output, site=False))
    w, b, loss = small_loss()
    steps = mg.play(loss).steps
    wanted = next(i for i, x in enumerate(steps) if "sends to w" in x.text())
    press(figure, "ArrowRight", wanted)
    tables = figure.locator(".mg-array").all()
    captions = [table.locator("caption").inner_text() for table in tables]
    assert captions == ["arrived at v1 (2,)", "local derivative", "sent to w (2, 3)"]
    loss.backward()
    cells = [number(cell) for cell in tables[2].locator("td").all_inner_texts()]
    close(np.reshape(cells, (2, 3)), w.grad.numpy())
    assert "np.outer(g, x)" in said(figure)
    assert b.grad is not None


def test_without_scripts_a_player_is_a_list_of_its_steps(show: Any, output: str) -> None:
    page = show(output, site=False, java_script_enabled=False)
    items = page.locator("mg-player").first.locator("li").all_inner_texts()
    assert items == [step.text() for step in mg.play(small_loss()[2]).steps]
    # A notebook that is not trusted drops scripts and tags it does not know, and keeps the list.
    harmless = re.sub(r"(?s)<script>.*?</script>|</?mg-player[^>]*>", "", output)
    page = show(harmless, site=False, java_script_enabled=False)
    assert page.locator("li").all_inner_texts()[: len(items)] == items


def test_names_are_text_wherever_a_player_shows_them(show: Any) -> None:
    a = mg.tensor([2.0, 1.0], requires_grad=True)
    a.name = "</script><img src=x onerror=alert(1)>\"'&`${1}"
    figure = player(show(mg.play((a * a).sum())._repr_html_(), site=False))
    press(figure, "End")
    assert figure.page.locator("img").count() == 0
    assert figure.locator(".mg-head").first.text_content() == a.name
    assert figure.locator("li", has_text=a.name).count() > 0


def test_the_player_and_the_figures_have_the_same_colours() -> None:
    css = (STATIC / "figures.css").read_text(encoding="utf8")
    for theme in (":root", 'html[data-theme="dark"]'):
        blocks = [text[text.index(theme) :].split("{")[1].split("}")[0] for text in (css, COLOURS)]
        one, other = (dict(re.findall(r"(--mg-[\w-]+): (#\w{6})", block)) for block in blocks)
        assert one == other
        assert len(one) > 10


# ------------------------------------------------------------------------------------ nudge

DERIVATIVES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "square": (np.square, lambda x: 2 * x),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "sqrt": (np.sqrt, lambda x: 0.5 * x**-0.5),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "tanh": (np.tanh, lambda x: np.cosh(x) ** -2.0),
    "sigmoid": (SMOOTH["sigmoid"], lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "relu": (lambda x: np.maximum(x, 0), lambda x: float(x > 0)),
    "abs": (np.abs, np.sign),
    "x**3 - 2*x": (lambda x: x**3 - 2 * x, lambda x: 3 * x**2 - 2),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_nudge(show: Any, name: str) -> None:
    figure = show(f'<mg-nudge f="{name}" x="1.25" dx="0.5" pullback="-1.5">Words.</mg-nudge>')
    f, derivative = DERIVATIVES[name]
    for x, dx in [(1.25, 0.5), (0.5, 0.01)]:
        slide(figure, "x", x)
        slide(figure, "nudge dx", np.log10(dx))
        dy = f(x + dx) - f(x)
        for label, expected in [
            ("x", x),
            ("y", f(x)),
            ("dy", dy),
            ("dy / dx", dy / dx),
            ("dy/dx as dx → 0", derivative(x)),
            ("g · f′(x)", -1.5 * derivative(x)),
        ]:
            np.testing.assert_allclose(reading(figure, label), expected, rtol=6e-3, atol=5e-4)


def test_nudge_can_be_dragged_and_switched(show: Any) -> None:
    figure = show('<mg-nudge menu="square relu sqrt" pullback>Words.</mg-nudge>')
    box = figure.locator(".mg-plot").bounding_box()
    mouse = figure.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    mouse.down()
    mouse.move(box["x"] + box["width"] - 10, box["y"] + 120)
    mouse.up()
    assert reading(figure, "x") == 3
    assert reading(figure, "dy/dx as dx → 0") == 6
    figure.locator("select").select_option("relu")
    slide(figure, "x", 0)
    assert "no derivative" in said(figure)
    assert reading(figure, "dy/dx as dx → 0") == 0


# --------------------------------------------------------------------------------- stepsize


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_stepsize(show: Any, dtype: Any) -> None:
    """x*x*x at 1.7: only multiplications, so that every rounding is the same as NumPy's."""
    figure = show(f'<mg-stepsize f="x*x*x" x="1.7" dtype="{dtype.__name__}">Words.</mg-stepsize>')
    x, truth = dtype(1.7), 3 * 1.7**2
    cube: Callable[[Any], Any] = lambda v: v * v * v  # noqa: E731
    for power in [-1, -2.5, -4, -5.25, -7, -9, -12.75, -16]:
        slide(figure, "step h", power)
        h = dtype(float(figure.locator(".mg-say").get_attribute("data-h")))
        np.testing.assert_allclose(float(h), 10.0**power, rtol=1e-6)
        forward = (cube(x + h) - cube(x)) / h
        central = (cube(x + h) - cube(x - h)) / (dtype(2) * h)
        assert forward.dtype == dtype
        for name, quotient in [("forward", float(forward)), ("central", float(central))]:
            shown, error = reading(figure, name), reading(figure, f"{name} error")
            np.testing.assert_allclose(shown, quotient, rtol=1e-9, atol=1e-10)
            np.testing.assert_allclose(error, abs(quotient - truth), rtol=6e-3, atol=1e-14)


# ----------------------------------------------------------------------------------- taylor

BELL = "exp(-x*x)"
CURVES: dict[str, Callable[[Any], Any]] = {
    "sin": lambda x: x.sin(),
    "exp": lambda x: x.exp(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
    "log": lambda x: x.log(),
    BELL: lambda x: mg.exp(-x * x),
    "1/(1 + x*x)": lambda x: 1 / (1 + x * x),
    "x**3 - 2*x": lambda x: x**3 - 2 * x,
    "cos(x) / square(x)": lambda x: x.cos() / x.square(),
}
LABELS = ["f(a)", "f′(a)", "f″(a)", "f‴(a)", "f⁽⁴⁾(a)", "f⁽⁵⁾(a)"]


@pytest.mark.parametrize("name", CURVES)
def test_taylor_shows_the_derivatives(show: Any, name: str) -> None:
    figure = show(f'<mg-taylor f="{name}" a="0.7" order="5">Words.</mg-taylor>')
    derivative = CURVES[name]
    for label in LABELS:
        expected = derivative(mg.tensor(0.7, dtype=mg.float64)).item()
        np.testing.assert_allclose(reading(figure, label), expected, rtol=6e-3, atol=5e-4)
        derivative = mg.func.grad(derivative)


def test_taylor_says_how_far_the_polynomial_is_good(show: Any) -> None:
    figure = show('<mg-taylor f="sin" a="0" order="1" menu>Words.</mg-taylor>')
    [_, zero, left, right] = map(
        float, re.findall(r"-?\d+\.?\d*(?= around| stays| to|\.$)", said(figure))
    )
    assert zero == 0
    assert abs(np.sin(right) - right) < 0.051 < abs(np.sin(right + 0.05) - right - 0.05)
    assert left == -right
    slide(figure, "order", 12)
    assert reading(figure, "f⁽⁵⁾(a)") == 1
    figure.locator("select").select_option("log")
    assert reading(figure, "f(a)") == pytest.approx(np.log(0.2), abs=1e-3)
    assert "0.05 of the curve" in said(figure)


# --------------------------------------------------------------------- matvec and matmul


def tag(name: str, **arrays: np.ndarray) -> str:
    def text(a: np.ndarray) -> str:
        return "; ".join(" ".join(f"{v:g}" for v in row) for row in np.atleast_2d(a))

    attributes = " ".join(f'{key}="{text(a)}"' for key, a in arrays.items())
    return f"<mg-{name} {attributes}>Words.</mg-{name}>"


def test_matvec(show: Any) -> None:
    rng = np.random.default_rng(0)
    a, x, g = rng.integers(-5, 6, (3, 4)), rng.integers(-5, 6, 4), rng.integers(-5, 6, 3)
    figure = show(tag("matvec", a=a, x=x, g=g))
    close(array(figure, "y", (3,)), a @ x)
    figure.locator('[data-at="A 1,2"]').first.fill("2.5")
    a = a.astype(float)
    a[1, 2] = 2.5
    close(array(figure, "y", (3,)), a @ x)
    figure.get_by_role("button", name="y[1]").click()
    assert said(figure).endswith(f"= {a[1] @ x:g}.")
    figure.get_by_label("backward", exact=True).check()
    close(array(figure, "x.grad", (4,)), a[:2].T @ g[:2])  # rows 0 and 1 so far
    figure.get_by_role("button", name="Row →").click()
    close(array(figure, "x.grad", (4,)), a.T @ g)
    close(array(figure, "A.grad", (3, 4)), np.outer(g, x))


def test_matmul(show: Any) -> None:
    rng = np.random.default_rng(1)
    a, b, g = (rng.integers(-4, 5, shape) for shape in [(2, 4), (4, 3), (2, 3)])
    figure = show(tag("matmul", a=a, b=b, g=g))
    close(array(figure, "C", (2, 3)), a @ b)
    figure.get_by_role("button", name="C[1, 2]").click()
    assert said(figure).endswith(f"= {(a @ b)[1, 2]}.")
    lit = figure.evaluate("f => [...f.querySelectorAll('.lit')].map(c => c.dataset.at)")
    assert set(lit) == {f"A 1,{k}" for k in range(4)} | {f"B {k},2" for k in range(4)}
    figure.get_by_label("A.grad", exact=True).check()
    close(array(figure, "A.grad", (2, 4)), g @ b.T)
    figure.get_by_role("button", name="A.grad[0, 3]").click()
    assert f"= {(g @ b.T)[0, 3]}." in said(figure)
    figure.get_by_label("B.grad", exact=True).check()
    close(array(figure, "B.grad", (4, 3)), a.T @ g)
    figure.get_by_role("button", name="B.grad[3, 1]").click()
    assert f"= {(a.T @ g)[3, 1]}." in said(figure)


def test_arrow_keys_walk_over_a_grid(show: Any) -> None:
    figure = show("<mg-matmul>Words.</mg-matmul>")
    figure.get_by_role("button", name="C[0, 0]").focus()
    figure.page.keyboard.press("ArrowDown")
    figure.page.keyboard.press("ArrowRight")
    assert "C[1, 1] = row 1 of A · column 1 of B" in said(figure)
    assert figure.page.evaluate("document.activeElement.dataset.at") == "C 1,1"


# ------------------------------------------------------------------------------- broadcast

PAIRS = "3,1 & 4 | 3 & 2,3 | 2,3,1 & 3,4 | () & 2,2 | 4 & 4 | 1 & 1,1 | (2, 1, 3) & 4, 1 | &"


def shape_of(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


@pytest.mark.parametrize("pair", PAIRS.split("|"))
def test_broadcast(show: Any, pair: str) -> None:
    a, b = (text.strip() for text in pair.split("&"))
    figure = show(f'<mg-broadcast a="{a}" b="{b}">Words.</mg-broadcast>')
    shapes = {"a": shape_of(a), "b": shape_of(b)}
    out = np.broadcast_shapes(*shapes.values())
    x = 10.0 * np.arange(1, 1 + np.prod(shapes["a"], dtype=int)).reshape(shapes["a"])
    y = 1.0 * np.arange(1, 1 + np.prod(shapes["b"], dtype=int)).reshape(shapes["b"])
    close(array(figure, "a", out), np.broadcast_to(x, out))
    close(array(figure, "b", out), np.broadcast_to(y, out))
    close(array(figure, "a+b", out), x + y)
    figure.get_by_label("backward", exact=True).check()
    g = 1.0 * np.arange(1, 1 + np.prod(out, dtype=int)).reshape(out)
    close(array(figure, "g", out), g)
    for name, shape in shapes.items():
        expected = np.zeros(shape)
        where = np.broadcast_to(np.arange(expected.size).reshape(shape), out)
        np.add.at(expected.reshape(-1), where.ravel(), g.ravel())
        close(array(figure, f"{name}.grad", shape), expected)
        figure.get_by_role("button", name=re.compile(rf"^{name}\.grad\b")).last.click()
        assert f"= {expected.ravel()[-1]:g}. {name}.grad has the shape" in said(figure)
        lit = figure.evaluate("f => f.querySelectorAll('[data-at^=g].lit').length")
        assert lit == (where == expected.size - 1).sum()


def test_broadcast_tells_what_clashes_and_takes_any_text(show: Any) -> None:
    figure = show("<mg-broadcast>Words.</mg-broadcast>")
    first, second = figure.locator("input[type=text]").all()
    first.fill("2, 3")
    second.fill("2, 4")
    assert "dimension -1 has size 3 in a and 4 in b" in said(figure)
    second.fill("2,")
    assert "dimension -1 has size 3 in a and 2 in b" in said(figure)
    answers = {"2, x": "is not a shape", "0, 1": "cannot be", "0, 2, 3": "no cells"}
    for text, words in (answers | {"9, 2, 3": "Too many cells", "2, 1": "give (2, 3)"}).items():
        second.fill(text)
        assert words in said(figure)
    figure.get_by_role("button", name="3 & 4", exact=True).click()
    assert "cannot be broadcast" in said(figure)


# ----------------------------------------------------------------------------------- slice

# Indices, between bars, for arrays of three shapes.
INDICES = {
    (3, 4): """: | 1 | -1 | 1:, ::2 | ::-1 | 2:0:-1, -3: | 5: | ..., -1 | None, 1 | 1, None | ... |
        :, None, 2 | ..., None | 2, 3 | [0, 0, 2] | [0, 2], [1, 1] | :, [3, 0, 3] | 0, [1, 1, 2] |
        [True, False, True] | :, [False, True, True, False] | [1], None, [2] | [2], [0, 1, 1] |
        [-1, 0], ::-2 | x > 6 | x % 2 == 0 | x > 100""",
    (
        2,
        2,
        3,
    ): """1 | :, 0 | ..., ::2 | 0, :, [0, 0] | [1, 0], :, [2, 2] | :, [0, 1], [1, 1] | x < 5 |
        None, 1, ..., 0 | 1, 1, 2 | :, [0, 1], None, [2, 0] | None, [0, 1], :, [1, 2]""",
    (5,): "1:4 | ::-2 | [4, 4, 4] | x != 2 | [True, False, True, True, False] | -2 | None",
}
MISTAKES = """3 | -4 | 0, 4 | 1, 2, 3 | [0, 5] | [True, False] | [0, 1], [1, 2, 3] | ::0 | 1.5 | y |
    ..., ... | [0, 1.5] | [0"""


@pytest.mark.parametrize("shape", INDICES)
def test_slice(show: Any, shape: tuple[int, ...]) -> None:
    figure = show(f'<mg-slice shape="{",".join(map(str, shape))}">Words.</mg-slice>')
    x = np.arange(np.prod(shape)).reshape(shape)
    for index in (text.strip() for text in INDICES[shape].split("|")):
        y = eval(f"x[{index}]")  # the list above, read by Python itself
        figure.get_by_label("index").fill(index)
        figure.get_by_label("forward").check()
        close(array(figure, "x", shape), x)
        close(array(figure, "y", y.shape), y)
        assert f"y ({', '.join(map(str, y.shape))}{',' * (y.ndim == 1)})" in said(figure), index
        g = np.arange(1, 1 + y.size).reshape(y.shape)
        expected = np.zeros(shape)
        np.add.at(expected, eval(f"np.s_[{index}]"), g)
        figure.get_by_label("backward").check()
        close(array(figure, "y.grad", y.shape), g)
        close(array(figure, "x.grad", shape), expected)


def test_slice_tells_what_is_wrong(show: Any) -> None:
    figure = show("<mg-slice>Words.</mg-slice>")
    x = np.arange(12).reshape(3, 4)
    told = set()
    for index in (text.strip() for text in MISTAKES.split("|")):
        with pytest.raises((IndexError, ValueError, SyntaxError, NameError)):
            eval(f"x[{index}]", {"x": x})
        figure.get_by_label("index").fill(index)
        assert "mg-wrong" in figure.locator(".mg-say").get_attribute("class"), index
        told.add(said(figure))
    assert len(told) == len(MISTAKES.split("|"))
    assert "Index 3 is out of range for dimension 0 with size 3." in {t.strip("✗ ") for t in told}


def test_slice_follows_a_cell(show: Any) -> None:
    figure = show('<mg-slice index="[0, 0, 2]" mode="backward">Words.</mg-slice>')
    figure.get_by_role("button", name="x.grad[0, 1]").click()
    assert "The gradient of x[0, 1] is 2 + 6 = 8." in said(figure)
    figure.get_by_role("button", name="y.grad[2, 3]").click()
    assert "The gradient of x[2, 3] is 12." in said(figure)


# ----------------------------------------------------------------------------------- shape

CALLS = {
    (3, 4): {
        "reshape(4, 3)": lambda x: x.reshape(4, 3),
        "reshape(2, -1, 2)": lambda x: x.reshape(2, -1, 2),
        "reshape(-1)": lambda x: x.reshape(-1),
        "flatten()": lambda x: x.ravel(),
        "transpose(0, 1)": lambda x: x.T,
        "transpose(-1, -1)": lambda x: x,
        "T": lambda x: x.T,
        "unsqueeze(1)": lambda x: x[:, None],
        "unsqueeze(-1)": lambda x: x[..., None],
        "flip(1)": lambda x: x[:, ::-1],
        "flip(0, -1)": lambda x: x[::-1, ::-1],
        "roll(1, 0)": lambda x: np.roll(x, 1, 0),
        "roll(-7, 1)": lambda x: np.roll(x, -7, 1),
        "repeat(2, 1)": lambda x: np.tile(x, (2, 1)),
        "repeat(2, 1, 2)": lambda x: np.tile(x, (2, 1, 2)),
        "expand(2, -1, 4)": lambda x: np.broadcast_to(x, (2, 3, 4)),
    },
    (1, 3, 1): {
        "squeeze()": lambda x: x.squeeze(),
        "squeeze(0)": lambda x: x.squeeze(0),
        "squeeze(1)": lambda x: x,
        "permute(1, 2, 0)": lambda x: x.transpose(1, 2, 0),
        "transpose(0, 1)": lambda x: x.swapaxes(0, 1),
        "expand(2, 3, 4)": lambda x: np.broadcast_to(x, (2, 3, 4)),
        "repeat(2, 2, 2)": lambda x: np.tile(x, (2, 2, 2)),
    },
    (2, 3, 2): {
        "permute(2, 0, 1)": lambda x: x.transpose(2, 0, 1),
        "permute(1, 2, 0)": lambda x: x.transpose(1, 2, 0),
        "transpose(0, 2)": lambda x: x.swapaxes(0, 2),
        "roll(2, 1)": lambda x: np.roll(x, 2, 1),
        "reshape(6, 2)": lambda x: x.reshape(6, 2),
    },
}


@pytest.mark.parametrize("shape", CALLS)
def test_shape(show: Any, shape: tuple[int, ...]) -> None:
    figure = show(f'<mg-shape shape="{",".join(map(str, shape))}">Words.</mg-shape>')
    x = np.arange(np.prod(shape)).reshape(shape)
    for call, run in CALLS[shape].items():
        y = run(x)
        figure.get_by_label("call").fill(call)
        figure.get_by_label("forward").check()
        close(array(figure, "y", y.shape), y)
        expected = np.zeros(x.size)
        np.add.at(expected, y.ravel(), np.arange(1, 1 + y.size))  # x holds its own positions
        figure.get_by_label("backward").check()
        close(array(figure, "x.grad", shape), expected.reshape(shape))


def test_shape_tells_what_is_wrong(show: Any) -> None:
    figure = show("<mg-shape>Words.</mg-shape>")
    for call, words in {
        "reshape(5, 2)": "12 numbers do not fill the shape (5, 2)",
        "reshape(-1, -1)": "Only one size",
        "permute(0, 0)": "each of the 2 dimensions once",
        "transpose(0, 2)": "Dimension 2 does not exist",
        "flip(-3)": "Dimension -3 does not exist",
        "roll(1)": "does not exist",
        "expand(3, 5)": "(3, 4) cannot be expanded to (3, 5)",
        "repeat(2)": "at least 2 numbers",
        "twist(1)": "Write one of",
        "repeat(50, 1)": "too many cells",
    }.items():
        figure.get_by_label("call").fill(call)
        assert words in said(figure)


# ---------------------------------------------------------------------------------- reduce

X = np.array([[3.0, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 9]])


def reduced(op: str, axis: int | None, keepdims: bool) -> np.ndarray:
    if op == "logsumexp":
        return np.asarray(np.log(np.exp(X).sum(axis=axis, keepdims=keepdims)))
    return np.asarray(getattr(X, op.replace("amax", "max"))(axis=axis, keepdims=keepdims))


def returned(op: str, axis: int | None, g: np.ndarray) -> np.ndarray:
    """The gradient of X when g, with the dimensions kept, arrives at its reduction."""
    best = np.equal(X, X.max(axis=axis, keepdims=True)).astype(float)
    if op == "max" and axis is not None:  # the first largest index takes everything
        best = best * (np.cumsum(best, axis=axis) == 1)
    ways = {
        "sum": np.ones_like(X),
        "mean": np.ones_like(X) / (X.size if axis is None else X.shape[axis]),
        "max": best / best.sum(axis=axis, keepdims=True),
        "amax": best / best.sum(axis=axis, keepdims=True),
        "logsumexp": np.exp(X) / np.exp(X).sum(axis=axis, keepdims=True),
    }
    return np.asarray(ways[op] * g)


@pytest.mark.parametrize("op", ["sum", "mean", "max", "amax", "logsumexp"])
def test_reduce(show: Any, op: str) -> None:
    figure = show("<mg-reduce>Words.</mg-reduce>")
    figure.locator("select").select_option(op)
    for (axis, label), keep in itertools.product(
        [(None, "all"), (0, "dim 0"), (1, "dim 1")], [False, True]
    ):
        figure.get_by_label(label, exact=True).check()
        figure.get_by_label("keepdim").set_checked(keep)
        y = reduced(op, axis, keep)
        close(array(figure, "y", y.shape), y)
        g = np.arange(1.0, 1 + y.size).reshape(y.shape)
        close(array(figure, "g", y.shape), g)
        kept = g.reshape(reduced(op, axis, True).shape)
        close(array(figure, "x.grad", X.shape), returned(op, axis, kept))
        figure.locator('[data-at^="g"]').last.fill("-2.5")
        kept.flat[-1] = -2.5
        close(array(figure, "x.grad", X.shape), returned(op, axis, kept))


def test_reduce_takes_the_readers_numbers(show: Any) -> None:
    figure = show('<mg-reduce x="1 2; 3 4" op="mean" axis="0">Words.</mg-reduce>')
    figure.locator('[data-at="x 1,0"]').fill("-7")
    close(array(figure, "y", (2,)), [-3.0, 3.0])
    figure.locator('[data-at="x 1,0"]').fill(
        ""
    )  # half-typed: the old number stays, and it is marked
    close(array(figure, "y", (2,)), [-3.0, 3.0])
    assert figure.locator('[data-at="x 1,0"]').get_attribute("aria-invalid") == "true"


# ---------------------------------------------------------------------------------- family

TOGGLES = [
    "w.requires_grad",
    "x.requires_grad",
    "b.requires_grad",
    "no_grad",
    "detach",
    "retain_grad",
]
TENSORS = ["w", "x", "b", "h", "y", "L"]


def run_family(on: dict[str, bool]) -> dict[str, tuple[bool, bool, float | None]] | str:
    """The same program in PyTorch: requires_grad, is_leaf and grad of every tensor, or an error."""
    import torch

    values = {"w": 3.0, "x": 2.0, "b": 1.0}
    made = {n: torch.tensor(v, requires_grad=on[f"{n}.requires_grad"]) for n, v in values.items()}
    with torch.set_grad_enabled(not on["no_grad"]):
        made["h"] = made["w"] * made["x"]
    if on["detach"]:
        made["h"] = made["h"].detach()
    try:
        if on["retain_grad"]:
            made["h"].retain_grad()
        made["y"] = made["h"] + made["b"]
        made["L"] = made["y"] * made["y"]
        made["L"].backward()
    except RuntimeError:
        return "error"
    grads = {n: t.grad if t.is_leaf or t.retains_grad else None for n, t in made.items()}
    items = {n: None if grad is None else grad.item() for n, grad in grads.items()}
    return {n: (t.requires_grad, t.is_leaf, items[n]) for n, t in made.items()}


def expected_family(on: dict[str, bool]) -> dict[str, tuple[bool, bool, float | None]] | str:
    """What PyTorch answers, written down case by case (compared with PyTorch itself below)."""
    cut = on["no_grad"] or on["detach"]
    w, x, b = (on[f"{name}.requires_grad"] for name in "wxb")
    h = (w or x) and not cut
    if (on["retain_grad"] and not h) or not (h or b):
        return "error"
    grad_h = 14.0 if on["retain_grad"] else None
    leaves = {"w": (w, 28.0 if w and h else None), "x": (x, 42.0 if x and h else None)}
    facts = {name: (needs, True, grad) for name, (needs, grad) in leaves.items()}
    facts["b"] = (b, True, 14.0 if b else None)
    return facts | {"h": (h, not h, grad_h), "y": (True, False, None), "L": (True, False, None)}


EVERY = itertools.product([False, True], repeat=len(TOGGLES))
COMBINATIONS = [dict(zip(TOGGLES, flags, strict=True)) for flags in EVERY]


def test_family_agrees_with_the_rules_in_every_combination(show: Any) -> None:
    figure = show('<mg-family set="">Words.</mg-family>')
    read = """(figure, on) => { figure.update(on);
        const cells = [...figure.querySelectorAll("[data-at]")];
        return Object.fromEntries(cells.map(cell => [cell.dataset.at, cell.textContent])); }"""
    for on in COMBINATIONS:
        shown = figure.evaluate(read, on)
        expected = expected_family(on)
        wrong = "mg-wrong" in figure.locator(".mg-say").get_attribute("class")
        assert wrong == (expected == "error")
        if isinstance(expected, str):
            assert all(shown[f"{name} grad"] == "None" for name in TENSORS)
            continue
        for name, (needs, leaf, grad) in expected.items():
            assert shown[f"{name} requires_grad"] == str(needs)
            assert shown[f"{name} is_leaf"] == str(leaf)
            assert shown[f"{name} grad"] == ("None" if grad is None else f"{grad:g}")


def test_the_rules_of_the_family_are_pytorchs() -> None:
    installed_torch()
    for on in COMBINATIONS:
        assert run_family(on) == expected_family(on), on


def test_family_toggles_change_the_program(show: Any) -> None:
    figure = show("<mg-family>Words.</mg-family>")
    figure.get_by_label("compute h under no_grad()").check()
    assert "with no_grad():\n    h = w * x" in figure.locator("pre").inner_text()
    figure.get_by_label("h.retain_grad()", exact=True).check()
    assert "h.retain_grad() fails" in said(figure)


# ---------------------------------------------------------------------------- optimizers in a race

LANDSCAPES = {
    "valley": lambda x, y: x * x / 2 + 10 * y * y,
    "tilted valley": lambda x, y: (x + y) ** 2 / 4 + 5 * (y - x) ** 2,
    "rosenbrock": lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    "saddle": lambda x, y: x * x / 2 - y * y / 2 + y**4 / 4,
}
RUNNERS: dict[str, Callable[..., Any]] = {
    "SGD": mg.optim.SGD,
    "momentum": lambda params, lr: mg.optim.SGD(params, lr, momentum=0.9),
    "Nesterov": lambda params, lr: mg.optim.SGD(params, lr, momentum=0.9, nesterov=True),
    "Adagrad": mg.optim.Adagrad,
    "RMSprop": mg.optim.RMSprop,
    "Adam": mg.optim.Adam,
}


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_the_race_is_run_as_minigrad_runs_it(show: Any, landscape: str) -> None:
    figure = show(f'<mg-race on="{landscape}" factor="0.5">w</mg-race>')
    start, rates = figure.evaluate("f => f.state.start"), figure.evaluate("f => f.rates")
    for name, maker in RUNNERS.items():
        place = mg.tensor(start, dtype=mg.float64, requires_grad=True)
        optimizer, path = maker([place], lr=rates[name]), [list(start)]
        for _ in range(60):
            optimizer.zero_grad()
            LANDSCAPES[landscape](place[0], place[1]).backward()
            optimizer.step()
            path.append(place.tolist())
        shown = figure.evaluate("(f, name) => f.paths[name].slice(0, 61)", name)
        np.testing.assert_allclose(shown, path, rtol=1e-9, atol=1e-12)
        figure.evaluate("f => f.update({ step: 60 })")
        close([reading(figure, f"{name} {k}") for k in "xy"], path[-1])


def test_the_race_is_driven_by_its_controls(show: Any) -> None:
    figure = show("<mg-race>w</mg-race>")
    press = lambda name: figure.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    assert "All start at (-4, 1.5), where f is 30.5" in said(figure)
    press("1 step")
    press("10 steps")
    assert figure.evaluate("f => f.state.step") == 11
    slide(figure, "step", 40)
    assert "After 40 steps RMSprop is lowest" in said(figure)
    figure.get_by_label("RMSprop").uncheck()
    assert "After 40 steps Adagrad is lowest" in said(figure)
    slide(figure, "learning rates, times", 1)
    assert reading(figure, "SGD rate") == 0.18
    assert "SGD" in said(figure) or reading(figure, "SGD f") > 1e3
    press("Other start")
    assert "All start at" in said(figure)
    figure.get_by_label("landscape").select_option("saddle")
    assert "(-2.5, 0.01)" in said(figure)
    figure.locator("svg").click(position={"x": 300, "y": 100})
    assert figure.evaluate("f => f.state.start[1]") > 0
    press("Play")
    figure.page.wait_for_function("f => f.state.step > 3", arg=figure.element_handle())
    press("Pause")


def test_a_wrong_race_says_so(show: Any) -> None:
    figure = show('<mg-race runners="SGD Newton">w</mg-race>')
    assert "there is no runner Newton" in figure.inner_text()


# ---------------------------------------------------------------------------- networks that learn

LAYERS = "f => f.net.layers"
OPTIMIZERS = {
    "SGD": lambda parameters: mg.optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: mg.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "Adam": lambda parameters: mg.optim.Adam(parameters, lr=0.1),
}


def trained(layers: Any, points: Any, loss_of: Any, rule: str, activation: str) -> Any:
    """Loss and layers after 30 steps of minigrad, from the figure's own start."""
    layers = [mg.tensor(layer, dtype=mg.float64, requires_grad=True) for layer in layers]
    optimizer, x = OPTIMIZERS[rule](layers), mg.tensor(points, dtype=mg.float64)

    def loss() -> Any:
        (w1, b1), (w2, b2) = ((layer[:, :-1], layer[:, -1]) for layer in layers)
        hidden = getattr(x @ w1.T + b1, activation)()
        return loss_of(hidden @ w2.T + b2)

    for _ in range(30):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    return loss().item(), [layer.detach().numpy() for layer in layers]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_xor_learns_as_minigrad_does(show: Any, rule: str, activation: str) -> None:
    figure = show(f'<mg-xor rule="{rule}" activation="{activation}" seed="3">w</mg-xor>')
    layers = figure.evaluate(LAYERS)
    assert [np.shape(layer) for layer in layers] == [(8, 3), (2, 9)]
    points = [[0, 0], [0, 1], [1, 0], [1, 1]]
    loss, after = trained(
        layers,
        points,
        lambda scores: mg.nn.functional.cross_entropy(scores, mg.tensor([0, 1, 1, 0])),
        rule,
        activation,
    )
    figure.evaluate("f => f.run(30)")
    assert figure.evaluate("f => f.losses.at(-1)") == pytest.approx(loss, rel=1e-9)
    for shown, expected in zip(figure.evaluate(LAYERS), after, strict=True):
        np.testing.assert_allclose(shown, expected, rtol=1e-9)
    assert reading(figure, "step") == 30
    close(reading(figure, "loss"), loss)


@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_a_fit_learns_as_minigrad_does(show: Any, rule: str) -> None:
    figure = show(f'<mg-fit rule="{rule}" noise="0.5">w</mg-fit>')
    layers, points = figure.evaluate(LAYERS), figure.evaluate("f => f.points")
    targets = mg.tensor(figure.evaluate("f => f.targets"), dtype=mg.float64)[:, None]
    assert targets.mean().item() == pytest.approx(0, abs=1e-12)
    loss, after = trained(
        layers, points, lambda out: mg.nn.functional.mse_loss(out, targets), rule, "tanh"
    )
    figure.evaluate("f => f.run(30)")
    assert figure.evaluate("f => f.losses.at(-1)") == pytest.approx(loss, rel=1e-9)
    for shown, expected in zip(figure.evaluate(LAYERS), after, strict=True):
        np.testing.assert_allclose(shown, expected, rtol=1e-9)


def test_a_learning_figure_is_driven_by_its_controls(show: Any) -> None:
    figure = show("<mg-xor>w</mg-xor>")
    press = lambda name: figure.get_by_role("button", name=name, exact=True).click()  # noqa: E731
    start = figure.evaluate("f => f.losses[0]")
    press("1 step")
    press("50 steps")
    assert reading(figure, "step") == 51
    press("Start again")
    assert reading(figure, "step") == 0 and figure.evaluate("f => f.losses[0]") == start
    press("Other start")
    assert reading(figure, "start") == 2 and figure.evaluate("f => f.losses[0]") != start
    figure.get_by_label("units").select_option("3")
    assert [np.shape(layer) for layer in figure.evaluate(LAYERS)] == [(3, 3), (2, 4)]
    slide(figure, "learning rate", 1.5)
    for _ in range(4):
        press("50 steps")
    assert "is" in said(figure)
    press("Play")
    figure.page.wait_for_function("f => f.state.step > 200", arg=figure.element_handle())
    press("Pause")
    step = reading(figure, "step")
    figure.page.wait_for_timeout(200)
    assert reading(figure, "step") == step


@pytest.mark.parametrize("activation", ["relu", "tanh", "none"])
def test_a_signal_through_many_layers_has_the_size_that_minigrad_finds(
    show: Any, activation: str
) -> None:
    figure = show(f'<mg-depth activation="{activation}" gain="1.2">w</mg-depth>')
    weights, start, arriving = (
        mg.tensor(figure.evaluate(f"f => f.{name}"), dtype=mg.float64)
        for name in ("weights", "start", "arriving")
    )
    h = x = start.requires_grad_()
    for weight in weights:
        h = h @ (weight * (1.2 / len(weight) ** 0.5)).T
        h = h if activation == "none" else getattr(h, activation)()
    h.backward(arriving)
    close(reading(figure, "signal"), h.square().mean().item() ** 0.5)
    close(reading(figure, "gradient"), x.grad.square().mean().item() ** 0.5)


def test_a_signal_keeps_its_size_at_the_right_gain(show: Any) -> None:
    figure = show("<mg-depth>w</mg-depth>")
    assert "dies out" in said(figure)
    figure.get_by_role("button", name="√2", exact=True).click()
    assert "Both keep their size" in said(figure)
    slide(figure, "gain", 3)
    assert "explodes" in said(figure)
    before = reading(figure, "signal")
    figure.get_by_role("button", name="Other weights", exact=True).click()
    assert reading(figure, "signal") != before


# ---------------------------------------------------------------------------- windows


def test_a_window_moves_over_a_picture(show: Any) -> None:
    rng = np.random.default_rng(3)
    x, k, g = (rng.integers(-4, 5, shape) for shape in [(4, 5), (2, 3), (3, 3)])
    leaves = [mg.tensor(a.astype(float), requires_grad=True) for a in (x, k)]
    y = mg.nn.functional.conv2d(leaves[0][None, None], leaves[1][None, None])[0, 0]
    y.backward(mg.tensor(g.astype(float)))
    figure = show(tag("windows", x=x, k=k, g=g))
    close(array(figure, "y", (3, 3)), y.detach().numpy())
    figure.get_by_role("button", name="y[1, 2]").click()
    assert said(figure).endswith(f"= {int(y[1, 2].item())}.")
    lit = figure.evaluate("f => [...f.querySelectorAll('.lit')].map(c => c.dataset.at)")
    window = {f"x {i},{j}" for i in (1, 2) for j in (2, 3, 4)}
    assert set(lit) == window | {f"k {i},{j}" for i in (0, 1) for j in (0, 1, 2)}
    figure.get_by_label("k.grad", exact=True).check()
    close(array(figure, "k.grad", (2, 3)), leaves[1].grad.numpy())
    figure.get_by_label("x.grad", exact=True).check()
    close(array(figure, "x.grad", (4, 5)), leaves[0].grad.numpy())
    figure.get_by_role("button", name="x.grad[0, 0]").click()
    assert "stands in 1 window," in said(figure)


# ---------------------------------------------------------------------------- batches


def heaps(figure: Any) -> dict[str, list[int]]:
    """The examples of each batch, and those left out, as they stand in the figure."""
    script = """f => [...f.querySelectorAll("[data-heap]")].map(
        h => [h.dataset.heap, [...h.querySelectorAll("[data-at]")].map(c => +c.innerText)])"""
    return dict(figure.evaluate(script))


def test_an_epoch_in_batches_is_what_the_loader_gives(show: Any) -> None:
    loader = mg.utils.data.DataLoader
    figure = show("<mg-batches>w</mg-batches>")
    for size, drop_last in [(4, False), (4, True), (3, True), (10, False), (1, False)]:
        slide(figure, "batch_size", size)
        figure.get_by_label("drop_last").set_checked(drop_last)
        expected = [b.tolist() for b in loader(range(10), size, drop_last=drop_last)]
        shown = heaps(figure)
        left = shown.pop("left out", [])
        assert list(shown.values()) == expected
        assert sorted([*itertools.chain(*expected), *left]) == list(range(10))
    assert "10 steps on batches of 1. Every example comes once." in said(figure)


def test_batches_are_shuffled_anew_in_each_epoch(show: Any) -> None:
    figure = show("<mg-batches>w</mg-batches>")
    assert "2 batches hold only one class." in said(figure)
    figure.get_by_label("shuffle").check()
    orders = []
    for _ in range(4):
        orders.append([*itertools.chain(*heaps(figure).values())])
        figure.get_by_role("button", name="Next epoch").click()
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert "Epoch 5: 3 steps on batches of 4, the last of 2." in said(figure)
    figure.get_by_label("drop_last").check()
    assert "Left out: 2 examples." in said(figure)


# ---------------------------------------------------------------------------- softmax


@pytest.mark.parametrize("target", [0, 1, 2])
@pytest.mark.parametrize("scores", [[2.0, 1.0, -1.0], [10.0, -10.0, 0.0], [0.0, 0.0, 0.0]])
def test_softmax_shows_shares_and_the_gradient_of_the_loss(
    show: Any, scores: list[float], target: int
) -> None:
    figure = show('<mg-softmax names="cat dog bird" target="1">w</mg-softmax>')
    names = ["cat", "dog", "bird"]
    for name, score in zip(names, scores, strict=True):
        slide(figure, f"score {name}", score)
    figure.get_by_label(names[target], exact=True).check()
    z = mg.tensor([scores], dtype=mg.float64, requires_grad=True)
    loss = mg.nn.functional.cross_entropy(z, mg.tensor([target]))
    loss.backward()
    close(reading(figure, "loss"), loss.item())
    close([reading(figure, f"p {n}") for n in names], z.detach().softmax(1).numpy()[0])
    close([reading(figure, f"p − y {n}") for n in names], z.grad.numpy()[0])
    assert f"The right class, {names[target]}," in said(figure)


def test_softmax_knows_only_differences(show: Any) -> None:
    figure = show("<mg-softmax>w</mg-softmax>")
    before = [reading(figure, f"p {i}") for i in range(3)]
    for _ in range(3):
        figure.get_by_role("button", name="All up by 1").click()
    assert [reading(figure, f"p {i}") for i in range(3)] == before
    figure.get_by_role("button", name="All times 2").click()
    assert reading(figure, "p 0") > before[0]


# ------------------------------------------------------------------------------------- dual


@pytest.mark.parametrize(("expr", "at"), PROGRAMS)
def test_dual_ends_at_the_right_speed_for_every_input(
    show: Any, expr: str, at: dict[str, float]
) -> None:
    figure = show(steps_tag(expr, at, 'start="end"').replace("mg-steps", "mg-dual"))
    value, grads = by_complex_step(expr, at)
    for name, grad in grads.items():
        figure.get_by_role("radio", name=name, exact=True).check(force=True)
        figure.get_by_role("slider", name="step").evaluate(
            "i => { i.value = i.max; i.dispatchEvent(new Event('input')); }"
        )
        close(node(figure, "L", "left"), value)
        close(node(figure, "L", "right"), grad)
        close(reading(figure, f"found {name}"), grad)


def test_dual_keeps_what_was_found_until_a_number_changes(show: Any) -> None:
    figure = show('<mg-dual start="end">Words.</mg-dual>')  # p = a*b, q = p + c, L = q*a
    found = [figure.locator(f'[data-at="found {name}"]') for name in "abc"]
    assert [number(found[0].inner_text()), found[1].inner_text()] == [-2, "not run yet"]
    figure.get_by_role("radio", name="b").check(force=True)
    assert figure.locator(".mg-progress").inner_text() == "step 0 of 7 · forward"
    assert [node(figure, name, "right") for name in "abc"] == [0, 1, 0]
    for _ in range(7):
        figure.get_by_role("button", name="Next").click()
    assert [number(f.inner_text()) for f in found[:2]] == [-2, 4]
    slide(figure, "c", 6)
    assert [f.inner_text().replace("−", "-") for f in found] == [
        "not run yet",
        "4",
        "not run yet",
    ]


def test_dual_adds_the_speeds_that_meet(show: Any) -> None:
    figure = show("<mg-dual>Words.</mg-dual>")
    seen = [said(figure)]
    for _ in range(8):
        figure.get_by_role("button", name="Next").click()
        seen.append(said(figure))
    assert any("L already has -6, and speeds add: -6 + 4 = -2" in line for line in seen)
    assert "No step was kept for later" in seen[-1]
    picture = figure.locator("svg.mg-graph").get_attribute("aria-label")
    assert "L = 8, speed" in picture.replace("−", "-")
    assert "gradient" not in picture


def test_dual_says_where_nothing_moves(show: Any) -> None:
    figure = show('<mg-dual expr="p = a*b; L = p*c" moving="c">Words.</mg-dual>')
    figure.get_by_role("button", name="Next").click()
    assert "Nothing it is made from moves: its speed is 0." in said(figure)
    bad = show('<mg-dual moving="z">Words.</mg-dual>')
    assert "there is no input z to move" in bad.inner_text()
