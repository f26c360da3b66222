"""The picture: what stands in its boxes and on its edges is what the engine recorded."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
import minigrad.arithmetic
from minigrad import draw, grid
from minigrad.check import numeric_gradient
from minigrad.engine import Node, differentiable

module: Any = sys.modules["minigrad.draw"]
BOX = re.compile(r'^  (n\d+) \[label="(.*?)", (.*)\]$', re.M)
ARROW = re.compile(r'^  (n\d+) -> (n\d+) \[label="(.*?)"(, style=dotted)?\]$', re.M)


def boxes(picture: Any) -> dict[str, str]:
    """Label by name of the box."""
    return {name: label for name, label, _ in BOX.findall(picture.source)}


def arrows(picture: Any) -> list[tuple[str, str, str]]:
    """(first line of the start, of the end, what stands on it) for every arrow."""
    label = {name: text.split("\\n")[0] for name, text in boxes(picture).items()}
    return [(label[a], label[b], text) for a, b, text, _ in ARROW.findall(picture.source)]


def look(picture: Any, title: str) -> str:
    """How the box with this title is drawn, its colour aside."""
    found = [look for _, label, look in BOX.findall(picture.source) if label.startswith(title)]
    return re.sub(r', fillcolor="#\w+"', "", found[0])


def leaf(value: Any, name: str = "", requires_grad: bool = True) -> Any:
    tensor = minigrad.tensor(value, dtype=minigrad.float64, requires_grad=requires_grad)
    tensor.name = name
    return tensor


def example() -> Any:
    a, b = leaf(2.0, "a"), leaf(3.0, "b")
    h = a * b
    h.name = "h"
    return a, b, h * h + h


def chain(length: int) -> Any:
    y, step = leaf(0.0, "start"), leaf(0.5, "step")
    for _ in range(length):
        y = y + step
    return y


# What stands on the edges


def test_every_edge_carries_its_local_derivative() -> None:
    assert arrows(draw(example()[2])) == [
        ("a", "h = mul", "3"),
        ("b", "h = mul", "2"),
        ("h = mul", "mul", "6"),
        ("h = mul", "mul", "6"),
        ("mul", "add", "1"),
        ("h = mul", "add", "1"),
    ]


def test_a_wrong_rule_shows_its_wrong_derivative() -> None:
    """The twin: labels come from the pullbacks, and from nothing that knows better."""

    @differentiable
    def swapped(a: Any, b: Any) -> Any:
        return a * b, lambda g: g * a, lambda g: g * b

    assert arrows(draw(swapped(leaf(2.0, "a"), leaf(3.0, "b")))) == [
        ("a", "swapped", "2"),
        ("b", "swapped", "3"),
    ]


@pytest.mark.parametrize("name", ["exp", "tanh", "sqrt", "sigmoid", "log", "square", "reciprocal"])
def test_the_label_is_the_measured_slope(name: str) -> None:
    function = getattr(minigrad, name)
    [(_, _, label)] = arrows(draw(function(leaf(0.7, "x"))))
    assert float(label) == pytest.approx(float(numeric_gradient(function, leaf(0.7))), rel=1e-3)


def test_an_edge_between_small_arrays_carries_the_jacobian() -> None:
    W = np.array([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]])
    x = leaf([4.0, 5.0, -1.0], "x")
    assert arrows(draw(W @ x))[0][2] == r"[1, -2, 3]\n[0, 4, -1]"
    assert arrows(draw(x.sum()))[0][2] == "[1, 1, 1]"
    assert arrows(draw(leaf(2.0, "s").expand(3)))[0][2] == "[1, 1, 1]"


def test_an_edge_between_big_arrays_says_how_big_the_jacobian_is() -> None:
    assert arrows(draw(leaf(np.ones((2, 3))) * 2.0))[0][2] == "6×6 Jacobian"
    assert arrows(draw(leaf(np.ones(12)).sum()))[0][2].startswith("[1, ")
    assert arrows(draw(leaf(np.ones(13)).sum()))[0][2] == "1×13 Jacobian"
    assert arrows(draw(leaf(np.ones(0)).sum()))[0][2] == "1×0 Jacobian"


def test_a_pullback_that_breaks_its_contract_is_named() -> None:
    @differentiable
    def broken(x: Any) -> Any:
        return x * 2.0, lambda g: np.sum(g)

    with pytest.raises(RuntimeError) as error:
        draw(broken(leaf([1.0, 2.0])))
    assert str(error.value) == (
        "draw: the pullback of broken returned float64[] for an input of float64[2]"
    )


# What stands in the boxes


def test_boxes_show_name_shape_and_value() -> None:
    W = leaf([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]], "W")
    labels = boxes(draw((W * 2.0).sum())).values()
    assert r"W\n(2, 3)\n[1, -2, 3]\n[0, 4, -1]" in labels
    assert r"sum\n10" in labels


def test_big_arrays_are_shown_as_dtype_and_shape() -> None:
    labels = boxes(draw(leaf(np.arange(20.0).reshape(4, 5), "big") * 2.0)).values()
    assert r"big\nfloat64 (4, 5)" in labels and "19" not in "".join(labels)


def test_numeric_options_stand_beside_the_name_of_the_operation() -> None:
    labels = list(boxes(draw(leaf(3.0, "x") ** 2)).values())
    assert any("n=2" in label for label in labels), labels


def test_options_are_not_drawn_as_inputs() -> None:
    x = leaf(np.arange(6.0), "x")
    assert len(boxes(draw(x.reshape(2, 3)))) == 2
    assert len(boxes(draw(x[np.array([0, 0, 2])]))) == 2
    assert len(boxes(draw(x.cumsum(0)))) == 2


def test_parameters_data_and_constants_differ_by_more_than_colour() -> None:
    picture = draw(leaf(2.0, "w") * leaf(3.0, "x", requires_grad=False) + 7.0)
    looks = [look(picture, title) for title in ("w", "x", "7", "mul")]
    assert len(set(looks)) == 4, looks
    assert "peripheries=2" in looks[0] and "dashed" in looks[2] and "rounded" in looks[3]


def test_no_gradient_flows_along_a_dotted_arrow() -> None:
    picture = draw(leaf(2.0, "w") * leaf(3.0, "x", requires_grad=False))
    assert [bool(dotted) for *_, dotted in ARROW.findall(picture.source)] == [False, True]


def test_data_used_twice_is_one_box() -> None:
    x = leaf(3.0, "x", requires_grad=False)
    labels = list(boxes(draw(leaf(2.0) * x + x)).values())
    assert sum(label.startswith("x") for label in labels) == 1


def test_an_input_changed_in_place_is_drawn_as_it_was_used() -> None:
    x = leaf([3.0], "x", requires_grad=False)
    y = leaf([2.0], "w") * x
    x += 1.0
    assert r"x\n(1,)\n[3]" in boxes(draw(y)).values()


def test_a_leaf_alone_is_one_box() -> None:
    assert list(boxes(draw(leaf(2.0))).values()) == [r"parameter\n2"]
    assert list(boxes(draw(leaf(2.0, requires_grad=False))).values()) == [r"data\n2"]


def test_names_may_hold_anything() -> None:
    picture = draw(leaf(2.0, 'a "b" \\ <c> & é') * 2.0)
    assert r"a \"b\" \\ <c> & é" in picture.source
    assert "a &quot;b&quot; \\ &lt;c&gt; &amp; é" in picture._repr_svg_()


# Gradients


def test_gradients_of_all_nodes_are_shown_and_none_is_kept() -> None:
    a, b, L = example()
    labels = list(boxes(draw(L, gradients=True)).values())
    assert labels == [
        r"a\n2\ngrad 39",
        r"b\n3\ngrad 26",
        r"h = mul\n6\ngrad 13",
        r"mul\n36\ngrad 1",
        r"add\n42\ngrad 1",
    ]
    assert a.grad is None and b.grad is None
    L.backward()
    assert float(a.grad) == 39


def test_kept_gradients_are_shown_where_there_are_some() -> None:
    _, _, L = example()
    assert "grad" not in draw(L).source
    L.backward(retain_graph=True)
    labels = list(boxes(draw(L)).values())
    assert ["grad" in label for label in labels] == [True, True, False, False, False]


def test_gradients_need_a_single_number() -> None:
    with pytest.raises(RuntimeError) as error:
        draw(leaf([1.0, 2.0]) * 2.0, gradients=True)
    assert str(error.value) == (
        "draw: gradients=True needs a single number that requires a gradient, not float64[2]: "
        "draw a sum of it, or call backward first"
    )


def test_a_released_graph_is_refused_with_the_mend() -> None:
    _, _, L = example()
    L.backward()
    with pytest.raises(RuntimeError) as error:
        draw(L)
    assert str(error.value) == (
        "draw: backward() has released this graph: draw it before, "
        "or call backward(retain_graph=True)"
    )


def test_only_tensors_have_a_graph() -> None:
    with pytest.raises(TypeError) as error:
        draw(np.ones(3))
    assert str(error.value) == "draw: it draws a tensor and its history, not ndarray"


# Big graphs


def test_a_chain_of_a_hundred_thousand_is_folded_and_quick() -> None:
    y = chain(100_000)
    start = time.perf_counter()
    picture = draw(y, most=4)
    assert time.perf_counter() - start < 5
    assert sorted(boxes(picture).values()) == [
        "99,997 more operations",
        *[r"add\n5e+04"] * 3,
        *(r"start\n0", r"step\n0.5"),
    ]
    assert repr(picture) == "Drawing(graph of 100,000 operations on 2 parameters)"


def test_named_leaves_stay_however_far_away() -> None:
    shown = [label.split("\\n")[0] for label in boxes(draw(chain(500))).values()]
    assert "start" in shown and "step" in shown
    assert ("start", "441 more operations", "") in arrows(draw(chain(500)))


def test_drawn_and_left_out_add_up() -> None:
    for most in (1, 2, 7, 60):
        labels = boxes(draw(chain(200), most=most)).values()
        drawn = sum(label.startswith("add") for label in labels)
        [left] = [int(label.split()[0]) for label in labels if "more operation" in label]
        assert drawn + left == 200
        assert len(labels) <= most + 3


def test_a_small_graph_is_not_folded() -> None:
    assert "more" not in draw(chain(50)).source


def test_nameless_parameters_that_are_left_out_are_counted() -> None:
    y = leaf(1.0)
    for _ in range(100):
        y = y * leaf(1.0)
    assert r"90 more operations\nand 93 more parameters" in draw(y, most=18).source


def test_a_wide_graph_is_folded_too() -> None:
    total = minigrad.stack([leaf(float(i)) for i in range(1000)]).sum()
    assert len(boxes(draw(total))) <= 61


# The picture as a whole


def test_drawing_twice_gives_the_same_text() -> None:
    _, _, L = example()
    assert draw(L).source == draw(L).source == draw(example()[2]).source


def test_the_text_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from tests.test_draw import chain\nfrom minigrad import draw\n"
        "print(draw(chain(300), most=9).source)"
    )
    root = str(Path(__file__).resolve().parents[1])
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": root},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(texts) == 1 and texts.pop()


def test_wide_pictures_run_down_the_page() -> None:
    assert "rankdir=LR" in draw(chain(3)).source
    assert "rankdir=TB" in draw(chain(30)).source


@pytest.fixture
def no_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def check_svg(svg: str) -> None:
    assert svg.startswith("<svg") and 'role="img"' in svg[:200]
    assert 'aria-label="graph of 3 operations on 2 parameters"' in svg
    assert "<!--" not in svg and 'fill="white"' not in svg
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"a", "b", "h = mul", "36", "42"} <= set(texts)
    assert sorted(t for t in texts if t in ("1", "6")) == ["1", "1", "6", "6", "6"]
    assert not re.search(r'="#[0-9a-fA-F]{3}"', svg)


def test_a_picture_shows_itself_as_svg_with_a_description() -> None:
    check_svg(draw(example()[2])._repr_svg_())


def test_without_the_systems_graphviz_the_one_from_pip_draws(no_dot: None) -> None:
    check_svg(draw(example()[2])._repr_svg_())


def test_without_any_graphviz_the_error_says_what_to_install(
    no_dot: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "pip_program", lambda: None)
    with pytest.raises(RuntimeError, match=re.escape('pip install "minigrad[draw]"')):
        draw(example()[2])._repr_svg_()


def test_without_the_graphviz_package_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    picture = draw(example()[2])
    assert picture.source.startswith("digraph")
    with pytest.raises(ImportError, match=re.escape('pip install "minigrad[draw]"')):
        picture._repr_svg_()


def test_pictures_are_saved_by_the_end_of_the_name(tmp_path: Path) -> None:
    picture = draw(example()[2])
    for form, first in (("svg", b"<svg"), ("png", b"\x89PNG"), ("dot", b"digraph")):
        picture.save(tmp_path / f"graph.{form}")
        assert (tmp_path / f"graph.{form}").read_bytes().startswith(first)
    picture.save(str(tmp_path / "again.dot"))
    with pytest.raises(ValueError) as error:
        picture.save("graph.gif")
    assert str(error.value) == "save: 'graph.gif' does not end in one of .svg, .png, .dot"


def test_nothing_of_graphviz_is_imported_before_something_is_drawn() -> None:
    code = "import minigrad, sys; print('graphviz' in sys.modules, 'subprocess' in sys.modules)"
    root = str(Path(__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout.split()[0] == "False"


def stored(code: str) -> list[str]:
    """The texts in the drawing that chapter 2 keeps below the cell which ends like this."""
    path = Path(__file__).resolve().parents[1] / "book" / "02_instruments.ipynb"
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if "".join(cell["source"]).endswith(code):
            svg = "".join(cell["outputs"][0]["data"]["image/svg+xml"])
            return re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    raise AssertionError(f"no cell ends with {code}")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("draw(L, gradients=True)", "1 1 2 3 36 6 6 6 grad 1 grad 1 grad 13 grad 26 grad 39"),
        ("draw(example(swapped)[2], gradients=True)", "2 3 grad 26 grad 39 h = swapped"),
        ("+ w[2] * x[2]\ndraw(L)", "&#45;1 &#45;10 &#45;3 &#45;6 &#45;9 4 5 w0 w1 w2 x0 x1 x2"),
        ("draw(dot(w, x) * 2.0)", "[4, 5, &#45;1] dot mul 2"),
        ("draw(long_sum(100_000), most=3)", "99,998 more operations start rate"),
        ("a * b, gradients=True)  # b: 1 · 2 · 3 through the sum, and 10 straight: 16", "grad 16"),
    ],
)
def test_the_drawings_in_the_chapter_show_these_numbers(code: str, expected: str) -> None:
    shown = " ".join(stored(code))
    assert all(shown.count(word) >= expected.count(word) for word in expected.split())


# The grid


def texts(picture: Any) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture._repr_svg_())


def test_a_grid_shows_every_number_of_a_small_tensor() -> None:
    picture = grid(leaf([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]], "W"))
    assert repr(picture) == "Picture(grid of shape (2, 3): [1, -2, 3] [0, 4, -1])"
    assert texts(picture) == ["W (2, 3)", "1", "-2", "3", "0", "4", "-1"]


def test_a_grid_colours_by_sign_and_not_the_zeros() -> None:
    svg = grid(np.array([2.0, -2.0, 0.0]))._repr_svg_()
    inks = re.findall(r'fill="(#\w+)" fill-opacity="([\d.]+)"', svg)
    assert [ink for _, ink in inks] == ["0.55", "0.55", "0.00"]
    assert inks[0][0] != inks[1][0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.array(2.5), ["()", "2.5"]),
        (np.array([True, False]), ["(2,)", "True", "False"]),
        (np.array([1, 2]), ["(2,)", "1", "2"]),
        (np.array([np.nan, np.inf, -0.0]), ["(3,)", "nan", "inf", "0"]),
        (np.zeros((0, 3)), ["(0, 3)"]),
        (np.zeros((2, 1, 2)), ["(2, 1, 2)", "0", "0", "0", "0"]),
    ],
    ids=["number", "bools", "integers", "not finite", "empty", "three dimensions"],
)
def test_a_grid_of_anything(value: Any, expected: list[str]) -> None:
    assert texts(grid(value)) == expected


def test_a_grid_cuts_long_axes_short_and_many_matrices_too() -> None:
    assert texts(grid(np.arange(100))) == [
        *["(100,)", "0", "1", "2", "3", "4", "…"],
        *["95", "96", "97", "98", "99"],
    ]
    assert len(texts(grid(np.ones((50, 50, 50))))) == 1 + 4 * 11 * 11


def test_a_grid_escapes_its_title() -> None:
    assert texts(grid(leaf(1.0, "<w>")))[0] == "&lt;w&gt; ()"


def test_nodes_of_any_family_are_drawn() -> None:
    assert "mul" in draw(minigrad.arithmetic.mul(Node(2.0, True), Node(3.0))).source
