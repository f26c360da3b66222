"""Chapter 19: the player's list of steps, anomaly mode, the profile, the list of rules."""

from __future__ import annotations

import gc
import inspect
import os
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn.functional as F
from minigrad.autograd import detect_anomaly, profiler, set_detect_anomaly
from minigrad.autograd.anomaly import AnomalyError
from minigrad.autograd.watching import Watcher
from minigrad.engine import rules, state
from minigrad.inventory import inventory, library, worst_error
from minigrad.play import Player, in_a_box, rows_of
from minigrad.sources import parts_of, source_of
from tests.chapters import ROOT
from tests.needs import installed_torch


def leaf(value: Any, name: str = "", dtype: Any = mg.float64) -> Any:
    x = mg.tensor(value, dtype=dtype, requires_grad=True)
    x.name = name
    return x


def texts(player: Player) -> list[str]:
    return [step.text() for step in player.steps]


# ------------------------------------------------------------------------------------ the player


def test_the_steps_of_a_small_graph_word_by_word() -> None:
    a, b = leaf(2.0, "a"), leaf(-3.0, "b")
    assert texts(mg.play(a * b + a)) == [
        "The leaves have their values: a = 2, b = -3. Every operation waits for its inputs.",
        "v1 = mul(a, b) = -6.",
        "L = add(v1, a) = -4.",
        "Backward starts at L: nudge L by a little, and L moves by just as much. "
        "Its gradient is 1.",
        "L sends to v1: local derivative 1, times what arrived at L, 1, gives 1. It is the first "
        "to arrive: v1’s gradient is 1. In the rule this pullback reads g.",
        "L sends to a: local derivative 1, times what arrived at L, 1, gives 1. It is the first "
        "to arrive: a’s gradient is 1. In the rule this pullback reads g.",
        "v1 sends to a: local derivative -3, times what arrived at v1, 1, gives -3. a already "
        "holds 1, and gradients add: 1 + (-3) = -2. In the rule this pullback reads g * b.",
        "v1 sends to b: local derivative 2, times what arrived at v1, 1, gives 2. It is the first "
        "to arrive: b’s gradient is 2. In the rule this pullback reads g * a.",
        "b is a leaf, and all that used it have sent: b.grad gets 2.",
        "a is a leaf, and all that used it have sent: a.grad gets -2.",
        "Done: every node was visited once, after everything above it had sent.",
    ]


def test_the_order_is_that_of_the_engine() -> None:
    """A watcher that wraps the pullbacks before the walk sees what the player says of it."""
    order: list[str] = []

    class Order(Watcher):
        def watch(self, operation: Any, rule: Any, inputs: Any, options: Any) -> Any:
            result = operation(*inputs, **options)
            result.edges = tuple(
                (x, lambda g, back=back, k=k: order.append(f"{rule.__name__} {k}") or back(g), k)
                for x, back, k in result.edges
            )
            return result

    w = leaf([[0.5, -1.0], [2.0, 0.25]], "w")
    with Order():
        h = (w @ mg.tensor([1.0, 2.0], dtype=mg.float64)).tanh()
        loss = (h * h + h.exp()).sum()
    player = mg.play(loss)
    told = []
    for step in player.steps:
        if step.phase == "backward" and step.edge:
            to, start, k = step.edge
            assert player.scene.boxes[start]["args"][k] == to
            told.append(f"{player.scene.boxes[start]['title'].split(' = ')[1].split('(')[0]} {k}")
    order.clear()
    loss.backward()
    assert told == order
    assert len(order) == 8


@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
def test_the_gradients_shown_are_those_of_backward_and_nothing_is_changed(dtype: Any) -> None:
    x, w = leaf([[0.5, -1.0], [2.0, 0.25]], "x", dtype), leaf([1.5, -0.5], "w", dtype)
    loss = F.softplus(x[0] * w + x[1, 0] * 2).sum() * w.sum()
    edges = loss.edges
    player = mg.play(loss)
    assert x.grad is None
    assert loss.edges == edges
    loss.backward()  # the graph is still there
    final = {tuple(step.put[0][:2]): step.arrays for step in player.steps if "leaf" in step.text()}
    shown = {arrays[0][0].split()[2]: arrays[0][2] for arrays in final.values()}
    assert shown == {"x": rows_of(x.grad.value), "w": rows_of(w.grad.value)}


def test_a_gradient_that_is_there_already_a_hook_and_a_retained_one_are_seen() -> None:
    a = leaf(2.0, "a")
    (a * a).backward()
    h = a * 3
    h.name = "h"
    h.retain_grad()
    h.register_hook(lambda g: g * 10)
    told = texts(mg.play(h * h))
    assert "h retains its gradient, and all that used it have sent: h.grad gets 120." in told
    last = "a is a leaf, and all that used it have sent: a.grad gets 360."
    assert f"{last} It is added to what is there from an earlier backward. " in told[-2] + " "
    assert a.grad.item() == 4


def test_names_are_given_once() -> None:
    a, b = leaf(1.0, "a"), leaf(2.0, "a")
    c, d = leaf(3.0), leaf(4.0, "v1")
    boxes = mg.play(a * b + c * d).scene.boxes
    names = [box["name"] for box in boxes]
    assert sorted(names) == ["L", "a", "a2", "v1", "v2", "v3", "w1"]


def test_options_and_constants_stand_in_the_title() -> None:
    titles = [box["title"] for box in mg.play(leaf(2.0, "a") ** 3 * 0.5).scene.boxes]
    assert titles == ["a", "v1 = power(a, n=3)", "L = mul(v1, 0.5)"]


def test_data_have_a_box_and_no_gradient() -> None:
    x = mg.tensor([1.0, 2.0], dtype=mg.float64)
    x.name = "x"
    boxes = mg.play(leaf([3.0, 4.0], "w") @ x).scene.boxes
    data = next(box for box in boxes if box["name"] == "x")
    assert (data["data"], data["right"], data["args"]) == (1, "", [])


def test_a_gradient_can_be_passed_and_big_arrays_are_summed_up() -> None:
    x = leaf(np.linspace(-1, 1, 100), "x")
    told = texts(mg.play(x * 2, mg.ones(100, dtype=mg.float64)))
    start = "Backward starts at L, with the gradient that was passed in."
    assert any(text.startswith(start) for text in told)
    assert "(x (100,): [float64[100], from -1 to 1])" in told[0]
    assert in_a_box(x.value) == "(100,)"
    assert in_a_box(-x.value, gradient=True) == "≤ 1"
    assert rows_of(np.zeros((0, 2))) == [["no entries"]]


def test_a_player_prints_as_its_steps_and_carries_its_script_once() -> None:
    player = mg.play(leaf(2.0, "a") * 3)
    assert repr(player).splitlines()[1] == "  1 forward  L = mul(a, 3) = 6."
    html = player._repr_html_()
    assert html.count("<script>") == 1
    assert "http" not in re.sub(r"http://www\.w3\.org/\S*", "", html)
    assert html == mg.play(player.scene.root)._repr_html_()  # the same in every run


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: [1.0], RuntimeError, "play: there is no way back from list: it requires no"),
        (lambda: mg.tensor(1.0), RuntimeError, "play: there is no way back from float32[]: it"),
        (lambda: leaf([1.0, 2.0]) * 2, RuntimeError, "backward: a value of shape [2] is not a"),
        (lambda: chain(70), ValueError, "play: 71 nodes are many to step through: play a part"),
    ],
)
def test_what_cannot_be_played(make: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(text)}"):
        mg.play(make())


def chain(n: int) -> Any:
    x = leaf(1.0)
    for _ in range(n):
        x = x * 1.01
    return x


def test_more_steps_on_request_and_none_of_a_released_graph() -> None:
    root = chain(70)
    assert len(mg.play(root, most=71).steps) > 140
    root.backward()
    with pytest.raises(RuntimeError, match="was released by an earlier backward"):
        mg.play(root)


def test_a_failing_walk_leaves_the_graph_as_it_was() -> None:
    x = leaf(1.0)
    y = x * 2
    y.register_hook(lambda g: g.float())
    edges = y.edges
    with pytest.raises(RuntimeError, match="hook"):
        mg.play(y)
    assert y.edges == edges


# ------------------------------------------------------------------------------------- sources


def test_rules_are_read_from_their_source() -> None:
    assert parts_of(rules["batched"])[2] == "swapped(turned).reshape(B.shape)"
    assert parts_of(rules["mul"]) == ["a * b", "g * b", "g * a"]
    assert source_of(rules["tanh"]).endswith("return y, lambda g: g * (1 - y * y)")
    assert parts_of(rules["clone"])
    made: dict[str, Any] = {}
    exec("def nowhere(x):\n    return x, lambda g: g", made)
    assert source_of(made["nowhere"]) == ""
    assert parts_of(made["nowhere"]) == []


# --------------------------------------------------------------------------------- anomaly mode


def first_line(error: Any) -> str:
    return str(error.value).split("\n")[0]


def test_the_first_operation_that_makes_a_nan_is_named_with_its_line() -> None:
    x = leaf([-1.0, 4.0], "x")
    with detect_anomaly(), pytest.raises(AnomalyError) as error:
        (x.log() * 2).sum()  # this line
    assert first_line(error) == "log(x float64[2] from -1 to 4) made 1 nan in 2 numbers"
    where = str(error.value).split("\n")[1]
    assert where.startswith(f'called in File "{__file__}", line ')
    assert where.endswith(
        "in test_the_first_operation_that_makes_a_nan_is_named_with_its_line: "
        "(x.log() * 2).sum()  # this line"
    )


FORWARD = [
    (lambda: leaf([0.0, 1.0]).log(), "log(float64[2] from 0 to 1) made 1 inf in 2 numbers"),
    (lambda: leaf([0.0]) / leaf([0.0]), "div(float64[1] of 0, float64[1] of 0) made 1 nan in 1 n"),
    (lambda: leaf([1.0, -1.0]) / 0, "div(float64[2] from -1 to 1) made 2 inf in 2 numbers"),
    (
        lambda: leaf([np.inf, 1.0]) - leaf([np.inf, 1.0]),
        "sub(float64[2] of 1 with 1 inf, float64[2] of 1 with 1 inf) made 1 nan in 2 numbers",
    ),
    (
        lambda: leaf([np.nan, 1.0], "x") + 1,
        "add(x float64[2] of 1 with 1 nan) passed on 1 nan in 2 numbers",
    ),
    (lambda: mg.tensor([200.0]).exp(), "exp(float32[1] of 200) made 1 inf in 1 number"),
]


@pytest.mark.parametrize(("make", "text"), FORWARD)
def test_an_anomaly_on_the_way_forward(make: Any, text: str) -> None:
    with detect_anomaly(), pytest.raises(AnomalyError, match=f"^{re.escape(text)}"):
        make()
    assert not state.around


MASK = np.array([True, False])
FINE = [
    lambda: leaf([1.0, 2.0]).masked_fill(mg.tensor(MASK), -np.inf).softmax(0).sum().backward(),
    lambda: leaf([-np.inf, 2.0]).exp(),
    lambda: mg.where(mg.tensor(MASK), leaf([1.0, 2.0]), -np.inf).max(),
    lambda: (leaf([1.0, 2.0]) + np.array([np.inf, 0.0])).sum(),
    lambda: mg.tensor([np.nan, 1.0]).isnan(),
    lambda: mg.where(mg.tensor([False, True]), mg.tensor([np.nan, 1.0]), 0.0),
]


@pytest.mark.parametrize("program", FINE)
def test_infinities_that_were_there_already_are_fine(program: Any) -> None:
    with detect_anomaly():
        program()


def test_an_anomaly_on_the_way_back_names_the_line_that_made_the_node() -> None:
    x = leaf([0.0, 4.0], "x")
    with detect_anomaly():
        root = x.sqrt()  # the node
        total = (root * 3).sum()
        with pytest.raises(AnomalyError) as error:
            total.backward()
    assert first_line(error) == (
        "the backward of sqrt(x float64[2] from 0 to 4), given float64[2] of 3, "
        "made 1 inf in 2 numbers"
    )
    assert str(error.value).endswith("root = x.sqrt()  # the node")


def test_where_hides_a_nan_forward_and_not_backward() -> None:
    x = leaf([0.0, 4.0], "x")
    with detect_anomaly():
        y = mg.where(x > 0, x.sqrt(), 0.0).sum()
        with pytest.raises(AnomalyError, match=r"given float64.2. from 0 to 1, made 1 nan"):
            y.backward()


def test_slices_in_place_changes_and_higher_derivatives_are_watched() -> None:
    x = leaf([[0.0, 1.0], [4.0, 9.0]], "x")
    with detect_anomaly():
        y = x[1].sqrt().sum()
        y.backward()  # a part of a gradient is looked at, too
        z = x * 1
        with pytest.raises(AnomalyError, match=r"div|sqrt|reciprocal|rsqrt"):
            z[0, 0] = x[0, 0] / (x[0, 0] - x[0, 0])
        with pytest.raises(AnomalyError):
            mg.autograd.grad(x[0].sqrt().sum(), x, create_graph=True)
    assert x.grad.shape == (2, 2)


def test_what_is_looked_for_can_be_chosen() -> None:
    zero, minus = leaf([0.0]), leaf([-1.0])
    with detect_anomaly(check_inf=False):
        zero.log()
        with pytest.raises(AnomalyError):
            minus.log()
    with detect_anomaly(check_nan=False), np.errstate(all="ignore"):
        zero.log(), minus.log()
    with detect_anomaly(check_nan=False, check_inf=True):
        minus.log()
        with pytest.raises(AnomalyError):
            zero.log()


def test_it_is_switched_as_in_pytorch() -> None:
    minus = leaf([-1.0])
    set_detect_anomaly(True)
    try:
        with pytest.raises(RuntimeError):
            minus.log()
        with set_detect_anomaly(False), np.errstate(all="ignore"):
            minus.log()
        with (
            pytest.raises(RuntimeError),
            set_detect_anomaly(True, check_nan=False),
            detect_anomaly(),
        ):
            minus.log()
    finally:
        set_detect_anomaly(False)
    assert state.around == ()
    with set_detect_anomaly(True):
        assert len(state.around) == 1
    assert state.around == ()


def programs() -> list[Any]:
    x, one = mg.tensor([-1.0, 2.0]), mg.ones(2)
    return [
        lambda: mg.func.jvp(entropy, (x,), (one,)),
        lambda: mg.func.grad(entropy)(x),
        lambda: mg.func.hessian(entropy)(x),
        lambda: mg.func.jvp(mg.func.grad(entropy), (x,), (one,)),
    ]


def entropy(x: Any) -> Any:
    return (x.log() * x).sum()


@pytest.mark.parametrize("program", programs())
def test_every_mode_of_differentiation_is_watched(program: Any) -> None:
    with pytest.raises(AnomalyError) as error, detect_anomaly():
        program()
    assert first_line(error) == "log(float32[2] from -1 to 2) made 1 nan in 2 numbers"
    assert str(error.value).endswith("in entropy: return (x.log() * x).sum()")


def guarded(torch: Any) -> None:
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    torch.where(x > 0, x.sqrt(), 0.0).sum().backward()


def switched(torch: Any) -> None:
    with torch.autograd.set_detect_anomaly(True):
        guarded(torch)


def unchecked(torch: Any) -> None:
    with torch.autograd.detect_anomaly(check_nan=False):
        guarded(torch)


@pytest.mark.filterwarnings("ignore")
def test_pytorch_stops_at_the_same_programs() -> None:
    for torch in (mg, installed_torch()):
        guarded(torch)
        unchecked(torch)
        with pytest.raises(RuntimeError, match=r"(?i)sqrt"):
            switched(torch)
        for mode in ("detect_anomaly", "set_detect_anomaly"):
            names = list(inspect.signature(getattr(torch.autograd, mode)).parameters)
            assert names[: names.index("check_nan") + 1] in (["check_nan"], ["mode", "check_nan"])


def test_modes_nest_and_an_error_leaves_nothing_behind() -> None:
    minus = leaf([-1.0])
    with pytest.raises(AnomalyError), mg.profile() as measured, detect_anomaly():
        minus.log()
    assert state.around == ()
    assert measured.rows["log"].calls == 1


def test_off_costs_nothing_and_leaves_the_edges_alone() -> None:
    x = leaf([1.0])
    assert state.around == ()
    with detect_anomaly():
        pass
    names = [back.__qualname__ for _, back, _ in (x * x).edges]
    assert not any("guard" in name for name in names)


def test_a_line_in_a_script_is_quoted(tmp_path: Any) -> None:
    script = tmp_path / "train.py"
    script.write_text(
        "import minigrad as mg\n\n\ndef loss(x):\n    return x.log().sum()\n\n\n"
        "with mg.autograd.detect_anomaly():\n    loss(mg.tensor([-1.0]))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True)
    assert f'called in File "{script}", line 5, in loss: return x.log().sum()' in run.stderr


def test_a_line_inside_a_layer_is_that_of_the_caller() -> None:
    model = mg.nn.Linear(1, 1)
    with detect_anomaly(), pytest.raises(AnomalyError) as error:
        model(mg.tensor([[np.nan]]))
    assert str(error.value).endswith("model(mg.tensor([[np.nan]]))")


# ----------------------------------------------------------------------------------- the profile


def measured_step(repeat: int = 1) -> Any:
    mg.manual_seed(0)
    x, w = mg.randn(50, 20), mg.randn(20, 10, requires_grad=True)
    with mg.profile() as measured:
        for _ in range(repeat):
            (x @ w).tanh().sum().backward()
            w.grad = None
    return measured


def test_a_profile_counts_calls_and_bytes() -> None:
    rows = measured_step().rows
    assert {name: row.calls for name, row in rows.items()} == {"matmat": 1, "tanh": 1, "sum": 1}
    assert {name: row.made for name, row in rows.items()} == {
        "matmat": 2000,
        "tanh": 2000,
        "sum": 4,
    }
    assert {name: row.kept for name, row in rows.items()} == {
        "matmat": 2000,
        "tanh": 2000,
        "sum": 0,
    }
    assert measured_step(3).rows["tanh"].made == 6000


def test_times_add_up_to_the_whole() -> None:
    measured = measured_step()
    rows = measured.rows.values()
    assert all(row.forward > 0 for row in rows)
    assert all(row.backward > 0 for row in rows)
    assert sum(row.time for row in rows) < measured.total
    shares = re.findall(r"(\d+)%", str(measured.table()))
    assert abs(sum(map(int, shares[-2:])) - 100) <= 1


def test_a_profile_keeps_nothing_alive() -> None:
    import weakref

    with mg.profile() as measured:
        y = leaf(np.ones(1000)) * 2
        there = weakref.ref(y.value)
        del y
        gc.collect()
        assert there() is None
    assert measured.rows["mul"].made == 8000


def test_views_make_nothing_and_constants_are_not_kept() -> None:
    x = leaf(np.ones((30, 20)))
    with mg.profile() as measured:
        x.T.reshape(-1)
        mg.zeros(100) + 1
    assert measured.rows["permuted"].made == 0
    assert measured.rows["permuted"].kept == 0
    assert measured.rows["add"].kept == 0


TABLE = """\
operation       calls  made  kept
matmat              1  2 kB  2 kB
tanh                1  2 kB  2 kB
sum                 1   4 B   0 B
all operations      3  4 kB  4 kB"""


def test_a_table_without_times_is_always_the_same() -> None:
    assert str(measured_step().table(times=False)) == TABLE
    short = str(measured_step().table("calls", row_limit=1, times=False)).splitlines()
    assert [line.split("  ")[0] for line in short] == [
        "operation",
        "matmat",
        "2 more",
        "all operations",
    ]


def test_a_table_shows_itself_in_a_notebook() -> None:
    table = measured_step().table(times=False)
    assert repr(table) == str(table)
    html = table._repr_html_()
    assert html.count("<tr>") == 5
    assert "<th>operation</th>" in html
    assert "<td>tanh</td>" in html
    assert repr(measured_step()).splitlines()[-1].startswith("the rest")


def test_orders_by_our_names_and_by_pytorchs() -> None:
    measured = measured_step()
    for order in ("time", "forward", "backward", "calls", "made", "kept"):
        assert len(measured.table(order).cells) == 6
    averages = measured.key_averages()
    for order in ("cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "count"):
        assert "tanh" in averages.table(sort_by=order, row_limit=10)
    with pytest.raises(
        ValueError, match=r"^table: it cannot sort by 'colour': use one of time, fo"
    ):
        measured.table("colour")
    assert profiler.profile is mg.profile


def test_a_profile_as_a_picture() -> None:
    measured = measured_step()
    for what, unit in (("time", "milliseconds"), ("memory", "megabytes")):
        axes = measured.plot(what)
        assert axes.get_xlabel() == unit
        assert {text.get_text() for text in axes.get_yticklabels()} == set(measured.rows)
        widths = [bar.get_width() for bar in axes.patches]
        assert len(widths) == 6
    assert max(widths) == pytest.approx(2000e-6)


# ------------------------------------------------------------------------------------- the list


def test_every_rule_of_the_library_is_listed_and_right() -> None:
    found = inventory()
    assert [entry.name for entry in found] == library()
    for entry in found:
        reason = getattr(rules[entry.name], "once", None)
        for error in entry.errors:
            assert error == reason or error < 1e-6, entry
        assert entry.source.split("def ")[1]
        assert (ROOT / "book" / f"{entry.chapter}.ipynb").exists()
    assert f"def {found[0].name}" in found[0].source


def test_a_rule_stands_in_the_chapter_that_exports_it() -> None:
    chapters = {entry.name: entry.chapter for entry in inventory(["dot", "matmat", "batched"])}
    assert chapters == {"dot": "01_dot", "matmat": "04_matmul", "batched": "05_broadcasting"}


def test_a_wrong_rule_is_found_out_and_one_without_an_example_refused() -> None:
    @mg.differentiable
    def wrong(x):  # type: ignore[no-untyped-def]
        return x * x, lambda g: g * x

    try:
        assert worst_error(wrong, [leaf([1.0, 2.0])]) > 0.4
        assert "wrong" not in library()
        with pytest.raises(KeyError, match="inventory: there is no example for the rule wrong"):
            inventory(["wrong"])
    finally:
        del rules["wrong"]


def test_the_list_is_html_with_nothing_but_text_in_it() -> None:
    html = inventory(["chosen", "relu"])._repr_html_()
    assert html.count("<pre>") == 2
    assert "&lt;= 0" in html
    assert '<a href="08_functions.html">chapter 8</a>' in html
    assert "first derivative &lt; 1e-6, second &lt; 1e-6, forward mode &lt; 1e-6" in html
    assert repr(inventory(["relu"])) == (
        "relu             minigrad.functions           < 1e-6  < 1e-6  < 1e-6"
    )
