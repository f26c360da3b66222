"""The tensor: what chapter 10 says of reading, printing, gradients, histories and copies."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import minigrad as mg
from minigrad.engine import Node
from tests.needs import installed_torch


def leaf(value: Any, **options: Any) -> Any:
    return mg.tensor(value, requires_grad=True, **options)


# ---------------------------------------------------------------- the sum of skills


def test_no_method_is_defined_twice() -> None:
    """But for what Python puts on every class, and what Tensor says anew about a node."""
    own = {"__init__", "__repr__", "__hash__", "__doc__", "__slots__", "__module__"}
    own |= {"__firstlineno__", "__static_attributes__", "__annotations__", "__abstractmethods__"}
    seen: dict[str, str] = {}
    for skill in mg.Tensor.__mro__[:-1]:
        for name in vars(skill).keys() - own:
            if not (name.startswith("__") and name in vars(object)):
                assert name not in seen, f"{name}: in {skill.__name__} and in {seen[name]}"
                seen[name] = skill.__name__


def test_a_tensor_has_no_dictionary() -> None:
    """Every skill says __slots__ = (), or each tensor would cost a dictionary more."""
    assert not hasattr(mg.ones(2), "__dict__")
    with pytest.raises(AttributeError):
        mg.ones(2).weight = 3


def test_results_are_of_the_family() -> None:
    class Mine(mg.Tensor):
        __slots__ = ()

    x = Mine([1.0, 2.0], requires_grad=True)
    (x * mg.ones(2)).sum().backward()
    assert type(x + 1) is Mine and type(x[0]) is Mine and type(x.grad) is Mine
    assert type(x.detach()) is Mine and type(x.new_zeros(2)) is Mine


# ---------------------------------------------------------------- reading (seeds 30)


@pytest.mark.parametrize("value", [2.5, [2.5], [[2.5]]])
def test_one_number_is_read_in_every_way(value: Any) -> None:
    x = mg.tensor(value)
    assert x.item() == 2.5 and type(x.item()) is float
    assert float(x) == 2.5 and int(x) == 2 and bool(x) is True and bool(x * 0) is False
    assert f"{x:.2f}" == "2.50"


def test_a_tensor_without_dimensions() -> None:
    x = mg.tensor(3)
    assert (x.ndim, x.dim(), x.shape, x.numel(), x.size()) == (0, 0, (), 1, ())
    assert (repr(x), str(x), f"{x}") == ("tensor(3)", "tensor(3)", "3")
    assert (
        [10, 11, 12, 13][x] == 13 and x.tolist() == 3 and list(range(5))[: mg.tensor(2)] == [0, 1]
    )
    assert repr(leaf(3.0)) == "tensor(3., requires_grad=True)"
    assert repr(leaf(3.0) * 1) == "tensor(3., grad_fn=<mul>)"
    assert repr(mg.ones(2).sum()) == "tensor(2.)"


def test_length_and_rows() -> None:
    x = leaf([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(x) == 3 and x.size(1) == 2 and x.size(-1) == 2 and 6.0 in x and 7.0 not in x
    total = mg.tensor(0.0)
    for k, row in enumerate(x):
        total = total + row.sum() * k
    total.backward()
    assert x.grad.tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    first, *_ = x
    assert first.tolist() == [1.0, 2.0]


def test_numpys_view_is_locked() -> None:
    x = mg.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 5.0
    assert np.array(x).flags.writeable and np.shares_memory(x.numpy(), x.value)


def test_truth() -> None:
    x = mg.tensor([1.0, 2.0])
    assert (x == x).all() and not (x > 1).all() and (x > 1).any()
    if x.sum() > 2.5:
        x = x * 0
    assert x.sum().item() == 0


# ---------------------------------------------------------------- printing

PRINTED = [
    (lambda: mg.tensor([1.0, 2.5]), "tensor([1.0000, 2.5000])"),
    (lambda: mg.tensor([1.0, -2.0]), "tensor([ 1., -2.])"),
    (lambda: mg.tensor([1.0, 2000.0]), "tensor([1.0000e+00, 2.0000e+03])"),
    (lambda: mg.tensor([1, 20, 300]), "tensor([  1,  20, 300])"),
    (lambda: mg.tensor([True, False]), "tensor([ True, False])"),
    (lambda: mg.tensor([mg.nan, mg.inf, 0.5]), "tensor([   nan,    inf, 0.5000])"),
    (lambda: mg.tensor([]), "tensor([])"),
    (lambda: mg.zeros(2, 0), "tensor([], size=(2, 0))"),
    (lambda: mg.tensor([], dtype=mg.int64), "tensor([], dtype=int64)"),
    (lambda: mg.tensor([1.0], dtype=mg.float64), "tensor([1.], dtype=float64)"),
    (lambda: mg.tensor([1], dtype=mg.int32), "tensor([1], dtype=int32)"),
    (lambda: leaf([[1.0]], name="w"), "tensor([[1.]], requires_grad=True, name='w')"),
    (lambda: mg.arange(2000), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"),
    (lambda: mg.zeros(2, 1, 2), "tensor([[[0., 0.]],\n\n        [[0., 0.]]])"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "text"), PRINTED, ids=[text for _, text in PRINTED])
def test_printed(make: Callable[[], Any], text: str) -> None:
    assert repr(make()) == text


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.bool_]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=12),
    )
)
def test_everything_can_be_printed(array: Any) -> None:
    lines = repr(mg.tensor(array)).splitlines()
    assert all(len(line) <= 110 for line in lines)


def test_printed_as_pytorch_prints() -> None:
    torch = installed_torch()
    rng = np.random.default_rng(0)
    for _ in range(300):
        shape = tuple(rng.integers(0, [4, 9, 40][rng.integers(3)], rng.integers(0, 4)))
        array = np.float32(rng.normal(size=shape) * 10.0 ** rng.integers(-6, 8))
        array = np.asarray([array, np.round(array), np.int64(array)][rng.integers(3)])
        ours = repr(mg.tensor(array)).replace("dtype=", "dtype=torch.")
        assert ours == repr(torch.tensor(array))


# ---------------------------------------------------------------- dtypes (seeds 17)


@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])
def test_a_gradient_has_the_dtype_of_its_tensor(dtype: Any) -> None:
    x = mg.tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    y = (x * 2.0 + np.float64(1.0)).tanh().sum()
    y.backward()
    assert y.dtype == dtype and x.grad.dtype == dtype and x.grad.shape == (2,)


def test_each_operand_gets_its_own_dtype_back() -> None:
    single = mg.tensor([1.0, 2.0], requires_grad=True)
    double = mg.tensor([1.0, 2.0], dtype=mg.float64, requires_grad=True)
    (single * double).sum().backward()
    assert single.grad.dtype == mg.float32 and double.grad.dtype == mg.float64
    single.grad = None
    single.double().sum().backward()
    assert single.grad.dtype == mg.float32


@pytest.mark.parametrize("data", [[1, 2], True, np.arange(2), [True, False]])
def test_only_floats_can_require_a_gradient(data: Any) -> None:
    with pytest.raises(RuntimeError, match="only floating values"):
        leaf(data)


def test_conversions() -> None:
    x = mg.tensor([0.0, 1.5])
    for name in ("half", "float", "double", "int", "long", "bool"):
        assert getattr(x, name)().dtype == getattr(mg, name)
    assert x.to(mg.float64).dtype == x.to(x.double()).dtype == x.to("cpu", mg.double).dtype
    assert x.to() is x and x.to("cpu") is x and x.cpu() is x and x.float() is x
    assert x.type(mg.int64).dtype == x.type_as(mg.tensor(1)).dtype == mg.int64
    assert str(x.device) == "cpu" and x.device == mg.device("cpu") and not mg.cuda.is_available()


def test_whole_numbers_are_int64_on_every_system() -> None:
    for made in (mg.tensor([1, 2]), mg.tensor([[1], [2]]), mg.full((2,), 7), mg.arange(3)):
        assert made.dtype == mg.int64
    assert mg.tensor(np.ones(2, np.int32)).dtype == mg.int32
    assert mg.tensor(mg.ones(2, dtype=mg.int32)).dtype == mg.int32


def test_default_dtype() -> None:
    try:
        mg.set_default_dtype(mg.float64)
        assert mg.tensor(0.5).dtype == mg.zeros(2).dtype == mg.randn(2).dtype == mg.float64
        assert repr(mg.tensor([0.5], dtype=mg.float32)) == "tensor([0.5000], dtype=float32)"
    finally:
        mg.set_default_dtype(mg.float32)
    assert mg.get_default_dtype() == mg.float32


# ---------------------------------------------------------------- constants (seeds 16, 18)


def test_constants_anywhere_keep_no_gradient() -> None:
    for place in range(3):
        x = [mg.tensor([1.0, 2.0], requires_grad=k == place) for k in range(3)]
        ((x[0] - x[1]) * x[2] + x[0] / x[2]).sum().backward()
        assert [tensor.grad is not None for tensor in x] == [k == place for k in range(3)]


def test_targets_and_indices_need_no_gradient() -> None:
    w, data, target = leaf([[1.0, 2.0]]), mg.ones(3, 1), mg.tensor([0, 1, 1])
    (data @ w)[mg.arange(3), target].sum().backward()
    assert w.grad.tolist() == [[1.0, 2.0]] and data.grad is None and target.grad is None


NUMBERS = [
    2,
    2.0,
    True,
    np.float32(2),
    np.float64(2),
    np.int64(2),
    np.array(2.0),
    np.array([2.0, 3.0]),
]


@pytest.mark.parametrize("number", NUMBERS, ids=[repr(n) for n in NUMBERS])
@pytest.mark.parametrize("operation", ["a + b", "a - b", "a * b", "a / b", "a ** b"])
def test_numbers_on_both_sides(operation: str, number: Any) -> None:
    for order in ("ab", "ba"):
        x = leaf([1.5, 0.5])
        values = dict(zip(order, (x, number), strict=True))
        y = eval(operation, values)
        arrays = dict(zip(order, (np.array([1.5, 0.5]), np.asarray(number, float)), strict=True))
        assert type(y) is mg.Tensor and y.shape == (2,)
        np.testing.assert_allclose(y.tolist(), eval(operation, arrays), rtol=1e-6)
        y.sum().backward()
        assert x.grad.shape == (2,) and x.grad.dtype == mg.float32


# ---------------------------------------------------------------- who keeps a gradient (seeds 23)


def test_leaves_and_non_leaves() -> None:
    w, x = leaf(3.0), mg.tensor(2.0)
    h = w * x
    y = h + 1
    h.retain_grad()
    y.backward()
    assert (w.grad.item(), h.grad.item(), x.grad, y.grad) == (2.0, 1.0, None, None)
    assert w.is_leaf and x.is_leaf and not h.is_leaf and w.grad_fn is None and h.grad_fn
    with mg.no_grad():
        assert (w * x).is_leaf


def test_a_gradient_is_cleared_before_and_after_backward() -> None:
    w = leaf([1.0, 2.0])
    w.grad = None
    (w * mg.nan).sum().backward()
    w.grad = None
    (w * 3).sum().backward()
    assert w.grad.tolist() == [3.0, 3.0]
    w.grad.zero_()
    (w * 4).sum().backward()
    assert w.grad.tolist() == [4.0, 4.0]


def test_a_second_backward_doubles_or_says_so() -> None:
    w = leaf([1.0, -2.0])
    y = (w * w).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert w.grad.tolist() == [4.0, -8.0]
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()


def test_freezing() -> None:
    first, second, x = leaf([[1.0, 2.0]]), leaf([[3.0], [4.0]]), mg.ones(2, 1)
    first.requires_grad_(False)
    h = x @ first
    assert not h.requires_grad and h.edges == ()
    (h @ second).sum().backward()
    assert first.grad is None and second.grad.tolist() == [[2.0], [4.0]]
    first.requires_grad_()
    (x @ first @ second).sum().backward()
    assert first.grad.tolist() == [[6.0, 8.0]]


# ---------------------------------------------------------------- hooks


def test_hooks_watch_change_and_go() -> None:
    w = leaf(3.0)
    h = w * 2
    seen: list[float] = []
    watch = h.register_hook(lambda g: seen.append(g.item()))
    halve = h.register_hook(lambda g: g * 0.5)
    h.square().backward(retain_graph=True)
    assert seen == [12.0] and w.grad.item() == 12.0
    halve.remove()
    halve.remove()
    w.grad = None
    h.square().backward(retain_graph=True)
    assert seen == [12.0, 12.0] and w.grad.item() == 24.0
    watch.remove()
    h.square().backward()
    assert len(seen) == 2 and h.hooks == ()


def test_the_same_hook_twice_goes_one_at_a_time() -> None:
    w = leaf(1.0)

    def double(g: Any) -> Any:
        return g * 2

    first, second = w.register_hook(double), w.register_hook(double)
    (w * 1).backward()
    first.remove()
    first.remove()
    (w * 1).backward()
    second.remove()
    (w * 1).backward()
    assert w.grad.item() == 4 + 2 + 1


# ---------------------------------------------------------------- histories


def test_detach_clone_and_data() -> None:
    w = leaf([1.0, 2.0])
    (w.detach() * w).sum().backward()
    assert w.grad.tolist() == [1.0, 2.0] and w.detach().is_leaf
    w.grad = None
    (w.clone() * w).sum().backward()
    assert w.grad.tolist() == [2.0, 4.0] and not w.clone().is_leaf
    w.data -= 0.5
    w.detach()[1] = 7.0
    assert w.tolist() == [0.5, 7.0] and w.is_leaf and w.requires_grad
    w.data = [3.0, 4.0]
    assert w.tolist() == [3.0, 4.0]


@pytest.mark.parametrize("value", [2.0, [1.0, 2.0]])
@pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64, mg.int64, mg.bool])
def test_a_clone_keeps_its_dtype(value: Any, dtype: Any) -> None:
    x = mg.tensor(value, dtype=dtype)
    assert x.clone().dtype == np.copy(x).dtype == dtype and x.clone().equal(x)


def test_data_changed_between_forward_and_backward() -> None:
    w = leaf([1.0, 2.0])
    y = (w * w).sum()
    w.data -= 0.5
    y.backward()
    assert w.grad.tolist() == [2.0, 4.0] and w.tolist() == [0.5, 1.5]


# ---------------------------------------------------------------- copies


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_are_copied(again: Callable[[Any], Any]) -> None:
    w = leaf([1.0, -2.0], name="w")
    (w * w).sum().backward()
    other = again({"w": w, "shared": w, "x": mg.tensor(3)})
    assert other["w"] is other["shared"] and other["x"].item() == 3
    twin = other["w"]
    assert (twin.tolist(), twin.requires_grad, twin.name, twin.is_leaf) == (
        [1.0, -2.0],
        True,
        "w",
        True,
    )
    assert twin.grad.tolist() == [2.0, -4.0] and twin.dtype == w.dtype
    twin.data -= 1.0
    twin.grad.zero_()
    assert w.tolist() == [1.0, -2.0] and w.grad.tolist() == [2.0, -4.0]
    (twin * w).sum().backward()
    assert twin.grad.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.dumps])
def test_results_are_not_copied(again: Callable[[Any], Any]) -> None:
    with pytest.raises(RuntimeError, match="only leaves can be copied or pickled, so detach"):
        again(leaf(1.0) * 2)
    assert again((leaf(1.0) * 2).detach()) is not None


# ---------------------------------------------------------------- recording


def test_recording_comes_back_whatever_happens() -> None:
    w, recorded = leaf(1.0), []

    def broken() -> None:
        with mg.no_grad():
            recorded.append((w * 2).requires_grad)
            with mg.enable_grad():
                recorded.append((w * 2).requires_grad)
                mg.ones(2).item()

    with pytest.raises(RuntimeError, match="not a single number"):
        broken()
    assert recorded == [False, True]
    assert mg.is_grad_enabled()


@pytest.mark.parametrize("decorator", [mg.no_grad, mg.no_grad(), mg.inference_mode()])
def test_recording_as_a_decorator(decorator: Any) -> None:
    @decorator
    def twice(x: Any, depth: int = 2) -> Any:
        """Twice as much."""
        return twice(x, depth - 1) if depth else x * 2

    assert not twice(leaf(1.0)).requires_grad and mg.is_grad_enabled()
    assert (twice.__name__, twice.__doc__) == ("twice", "Twice as much.")


def test_set_grad_enabled_from_here_on_or_for_a_block() -> None:
    with mg.set_grad_enabled(False):
        assert not mg.is_grad_enabled()
    assert mg.is_grad_enabled()
    mg.set_grad_enabled(False)
    assert not mg.is_grad_enabled()
    mg.set_grad_enabled(True)
    assert mg.is_grad_enabled()


def test_each_thread_has_its_own_switch() -> None:
    seen: list[bool] = []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append(mg.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# ---------------------------------------------------------------- memory


def test_a_graph_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        before = sum(issubclass(type(x), Node) for x in gc.get_objects())
        w = leaf([1.0, 2.0])
        h = (w * 2).tanh()
        h.register_hook(lambda g: g * 2)
        h.retain_grad()
        h.sum().backward()
        del w, h
        assert sum(issubclass(type(x), Node) for x in gc.get_objects()) == before
    finally:
        gc.enable()


FAULTS = """
import resource, numpy as np
{}
def work():
    for _ in range(20):
        layers = [np.ones(2**17) for _ in range(20)]  # 20 MiB, freed together
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the line is for glibc")
def test_freed_memory_is_kept() -> None:
    without, with_it = (
        int(subprocess.check_output([sys.executable, "-c", FAULTS.format(line)]))
        for line in ("", "import minigrad")
    )
    assert with_it <= without
    if without > 10_000:  # elsewhere (musl, or a tuned malloc) there was nothing to gain
        assert with_it < without / 10
