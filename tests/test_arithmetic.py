"""Arithmetic entry by entry: shapes, dtypes, numbers on either side, and every gradient."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad.arithmetic import axes_of, common_dtype, elementwise, fit, meet
from tests.gradients import LAYOUTS, assert_gradients, leaf, peak
from tests.needs import installed_torch

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "power_of": operator.pow,
}
SHAPES = [
    ((3, 2), (2,)),
    ((3, 2), (1, 2)),
    ((3, 2), (1,)),
    ((3, 2), ()),
    ((3, 1), (1, 4)),
    ((4, 5, 3, 1), (3, 1)),
]
quick = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    return installed_torch()


def numbers(*shape: int, seed: int = 0) -> Any:
    """Random numbers away from zero, so that they can be divided by and raised to powers."""
    return np.random.default_rng(seed).uniform(0.5, 2, shape)


def meeting(count: int = 2) -> Any:
    return hnp.mutually_broadcastable_shapes(
        num_shapes=count, max_dims=4, min_side=0, max_side=3
    ).map(lambda found: found.input_shapes)


layouts = st.sampled_from(sorted(LAYOUTS))
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize("operation", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize(("big", "small"), SHAPES)
def test_a_gradient_has_the_shape_of_its_tensor(operation: Any, big: Any, small: Any) -> None:
    """Row 1 of the seeds: the bias that grew."""
    for a, b in ((big, small), (small, big)):
        assert_gradients(operation, numbers(*a), numbers(*b, seed=1))


def test_a_bias_keeps_its_shape_through_descent() -> None:
    x, b = mg.tensor(numbers(4, 3)), mg.zeros(3, dtype=mg.float64, requires_grad=True)
    for _ in range(3):
        ((x + b) ** 2).sum().backward()
        with mg.no_grad():
            b -= 0.1 * b.grad
        b.grad = None
        assert b.shape == (3,)


@quick
@given(meeting(), st.sampled_from(sorted(BINARY)), layouts)
def test_every_broadcast_has_right_gradients(found: Any, name: str, layout: str) -> None:
    a, b = found
    assert_gradients(BINARY[name], numbers(*a), numbers(*b, seed=1), layout=layout)


@quick
@given(meeting(3), layouts)
def test_three_operands_broadcast(found: Any, layout: str) -> None:
    @elementwise
    def addcmul(a: Any, b: Any, c: Any) -> Any:
        return a + b * c, lambda g: g, lambda g: g * c, lambda g: g * b

    arrays = [numbers(*shape, seed=i) for i, shape in enumerate(found)]
    try:
        assert_gradients(addcmul, *arrays, layout=layout)
    finally:
        mg.rules.pop("addcmul")


@quick
@given(meeting())
def test_fit_is_the_transpose_of_the_copy(found: Any) -> None:
    small, other = found
    big = meet(small, other)
    assert big is not None
    rng = np.random.default_rng(3)
    v, g = rng.normal(size=small), rng.normal(size=big)
    assert fit(g, small).shape == small
    assert np.isclose(np.sum(np.broadcast_to(v, big) * g), np.sum(v * fit(g, small)))


@quick
@given(meeting(), st.sampled_from(sorted(BINARY)))
def test_as_in_torch(torch: ModuleType, found: Any, name: str) -> None:
    a, b = (numbers(*shape, seed=i) for i, shape in enumerate(found))
    results = []
    for library in (mg, torch):
        x, y = (library.tensor(v, requires_grad=True) for v in (a, b))
        z = BINARY[name](x, y)
        z.backward(library.tensor(np.cos(np.arange(np.prod(z.shape)))).reshape(tuple(z.shape)))
        results.append([np.asarray(t.detach()) for t in (z, x.grad, y.grad)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize("operation", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize(("big", "small"), SHAPES)
def test_second_derivatives_as_in_torch(
    torch: ModuleType, operation: Any, big: Any, small: Any
) -> None:
    results = []
    for library in (mg, torch):
        x = library.tensor(numbers(*big), requires_grad=True)
        y = library.tensor(numbers(*small, seed=1), requires_grad=True)
        (operation(x, y) ** 3).sum().backward(create_graph=True)
        first = (x.grad * 2).sum() + (y.grad * y.grad).sum()
        x.grad = y.grad = None
        first.backward()
        results.append([np.asarray(t.detach()) for t in (x.grad, y.grad)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_a_wrong_gradient_is_noticed() -> None:
    """The twin: the measuring used by all these tests does reject."""

    @elementwise
    def wrong(a: Any, b: Any) -> Any:
        return a * b, lambda g: g * b, lambda g: g * b

    @elementwise
    def constant_upstream_only(a: Any, b: Any) -> Any:
        return a + b, lambda g: g * 0 + g.mean(), lambda g: g

    try:
        for rule in (wrong, constant_upstream_only):
            with pytest.raises(AssertionError):
                assert_gradients(rule, numbers(3, 2), numbers(2, seed=1))
    finally:
        del mg.rules["wrong"], mg.rules["constant_upstream_only"]


def test_the_engine_refuses_a_gradient_of_another_shape() -> None:
    @mg.differentiable
    def naive(a: Any, b: Any) -> Any:
        return a + b, lambda g: g, lambda g: g

    del mg.rules["naive"]
    b = leaf(np.zeros(3))
    with pytest.raises(RuntimeError, match=r"naive: .* float64\[4, 3\] .* float64\[3\]"):
        naive(leaf(np.ones((4, 3))), b).backward(mg.ones(4, 3, dtype=mg.float64))


# ---------------------------------------------------------------- one operand


@quick
@given(shapes, layouts, st.sampled_from([-2, -1.5, -1, 0, 0.5, 1, 2, 2.0, 3, 4]))
def test_powers_of_every_shape(shape: Any, layout: str, n: float) -> None:
    assert_gradients(lambda x: x**n, numbers(*shape), layout=layout)


@quick
@given(shapes, layouts)
def test_one_operand_of_every_shape(shape: Any, layout: str) -> None:
    for operation in (operator.neg, operator.pos, lambda x: 2 - x, lambda x: 3 / x, lambda x: 2**x):
        assert_gradients(operation, numbers(*shape), layout=layout)


@quick
@given(shapes, st.booleans(), layouts, st.data())
def test_sums_of_every_shape(shape: Any, keep: bool, layout: str, data: Any) -> None:
    span = max(len(shape), 1)
    dims = st.sets(st.integers(0, span - 1)).map(
        lambda axes: tuple(a - span if a % 2 else a for a in axes)
    )
    dim = data.draw(st.one_of(st.none(), st.integers(-span, span - 1), dims))
    assert_gradients(lambda x: x.sum(dim, keepdim=keep), numbers(*shape), layout=layout)


@quick
@given(meeting(), layouts)
def test_copies_into_every_shape(found: Any, layout: str) -> None:
    small, other = found
    big = meet(small, other)
    assert_gradients(lambda x: mg.broadcast_to(x, big), numbers(*small), layout=layout)


def test_alpha_weighs_the_second_operand() -> None:
    x, y = numbers(3, 2), numbers(2, seed=1)
    np.testing.assert_allclose(np.asarray(mg.add(leaf(x), leaf(y), alpha=3)), x + 3 * y)
    np.testing.assert_allclose(np.asarray(leaf(x).sub(leaf(y), alpha=3)), x - 3 * y)
    assert_gradients(lambda a, b: mg.add(a, b, alpha=3), x, y)
    assert_gradients(lambda a, b: mg.sub(a, b, alpha=3), x, y)


def test_every_rule_of_the_module_is_tested_here() -> None:
    """A new rule fails this test until it gets one of its own above."""
    ours = {n for n, rule in mg.rules.items() if rule.__module__ == "minigrad.arithmetic"}
    assert ours == {*BINARY, "neg", "power", "cast", "sum", "broadcast"}


# ---------------------------------------------------------------- sum


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("dim", [None, 0, 1, 2, -1, -3, (0, 2), (-1, 1), (0, 1, 2), ()])
def test_sum_over_any_axes(dim: Any, keep: bool) -> None:
    """Row 15 of the seeds."""
    x = numbers(2, 3, 4)
    total = leaf(x).sum(dim, keepdim=keep)
    expected = x.sum(dim if dim != () else None, keepdims=keep)
    assert total.shape == expected.shape
    np.testing.assert_allclose(np.asarray(total), expected)
    assert_gradients(lambda t: t.sum(dim, keepdim=keep), x)
    assert_gradients(lambda t: np.sum(t, axis=dim, keepdims=keep), x)


def test_sum_of_a_value_without_dimensions_has_none() -> None:
    x = leaf(np.array(3.0))
    for total in (x.sum(), x.sum(0), x.sum(-1, keepdim=True)):
        assert total.shape == () and total.item() == 3
    x.sum().backward()
    assert x.grad.shape == () and x.grad.item() == 1


def test_sum_of_nothing_is_zero() -> None:
    x = leaf(np.zeros((0, 3)))
    x.sum().backward()
    assert x.sum().item() == 0 and x.grad.shape == (0, 3)
    assert x.sum(0).tolist() == [0, 0, 0]


def test_sum_of_whole_numbers_is_int64() -> None:
    for dtype in (mg.uint8, mg.int32, mg.bool):
        assert mg.ones(300, dtype=dtype).sum().dtype == mg.int64
    assert mg.ones(300, dtype=mg.uint8).sum().item() == 300


def test_sum_in_another_dtype_gives_the_gradient_in_its_own() -> None:
    x = mg.ones(3, requires_grad=True)
    total = x.sum(dtype=mg.float64)
    total.backward()
    assert total.dtype == mg.float64 and x.grad.dtype == mg.float32


# ---------------------------------------------------------------- constants, numbers, arrays


@pytest.mark.parametrize("operation", BINARY.values(), ids=BINARY)
def test_constants_in_any_position_keep_no_gradient(operation: Any) -> None:
    """Row 16 of the seeds."""
    for shape in ((3, 2), (2,), ()):
        parameter, data = leaf(numbers(3, 2)), leaf(numbers(*shape), requires_grad=False)
        for y in (operation(parameter, data), operation(data, parameter)):
            y.backward(mg.ones(3, 2, dtype=mg.float64))
            assert parameter.grad.shape == (3, 2) and data.grad is None


@pytest.mark.parametrize("operation", BINARY.values(), ids=BINARY)
@pytest.mark.parametrize(
    "other",
    [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2), np.bool_(True), np.array(2.5)],
    ids=lambda x: f"{type(x).__name__} {x}",
)
def test_numbers_on_either_side(operation: Any, other: Any) -> None:
    """Row 18 of the seeds; a number never changes the dtype."""
    x = numbers(3).astype(np.float32)
    for flip in (False, True):
        t = leaf(x)
        y = operation(other, t) if flip else operation(t, other)
        expected = operation(float(other), x) if flip else operation(x, float(other))
        assert isinstance(y, mg.Tensor) and y.dtype == mg.float32 and y.shape == (3,)
        np.testing.assert_allclose(np.asarray(y.detach()), expected, rtol=1e-6)
        y.sum().backward()
        assert t.grad.dtype == mg.float32 and t.grad.shape == (3,)


@pytest.mark.parametrize("operation", BINARY.values(), ids=BINARY)
def test_arrays_on_either_side(operation: Any) -> None:
    a = numbers(3, 2)
    assert_gradients(lambda t: operation(a, t), numbers(2, seed=1))
    assert_gradients(lambda t: operation(t, a), numbers(2, seed=1))
    assert isinstance(operation(a, leaf(numbers(2))), mg.Tensor)


def test_an_array_changed_later_changes_no_gradient() -> None:
    a, t = numbers(3), leaf(numbers(3))
    y = t * a
    a[:] = 0
    y.sum().backward()
    np.testing.assert_array_equal(np.asarray(t.grad), numbers(3))


@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.power])
def test_numpy_spells_the_operations(ufunc: Any) -> None:
    assert_gradients(ufunc, numbers(3, 1), numbers(4, seed=1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 0.0, 1.0, 2, 3])
def test_powers_at_zero(n: float, dtype: str) -> None:
    """Row 19 of the seeds: no nan, and float32 stays."""
    for x in (np.zeros(2, dtype), np.zeros((), dtype)):
        t = leaf(x)
        y = t**n
        y.sum().backward()
        assert (np.asarray(y.detach()) == (n == 0)).all()
        assert t.grad.dtype == dtype and t.grad.shape == x.shape
        assert (np.asarray(t.grad) == (n == 1)).all()


def test_zero_to_a_power_that_is_a_tensor() -> None:
    base, exponent = leaf(np.array([0.0, 0.0, 2.0])), leaf(np.array([0.0, 1.0, 0.0]))
    (base**exponent).sum().backward()
    np.testing.assert_allclose(np.asarray(base.grad), [0, 1, 0])
    np.testing.assert_allclose(np.asarray(exponent.grad), [0, 0, np.log(2)])


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_a_leaf_used_twice(shape: Any) -> None:
    """Row 2 of the seeds, for arithmetic."""
    for operation in (*BINARY.values(), lambda a, b: a * b + b):
        assert_gradients(lambda x, f=operation: f(x, x), numbers(*shape))


# ---------------------------------------------------------------- dtypes


def test_a_gradient_has_the_dtype_of_its_tensor() -> None:
    """Row 17 of the seeds."""
    single, double = mg.ones(2, requires_grad=True), leaf(np.ones((3, 2)))
    for operation in BINARY.values():
        single.grad = double.grad = None
        y = operation(single, double)
        assert y.dtype == mg.float64
        y.sum().backward()
        assert single.grad.dtype == mg.float32 and double.grad.dtype == mg.float64


@pytest.mark.parametrize("shape", [(), (3,)])
def test_single_precision_stays(shape: Any) -> None:
    x = mg.tensor(numbers(*shape).astype(np.float32), requires_grad=True)
    y = ((x * 0.5 + 1) / 3 - 2 * x) ** 2 / np.float64(3) - x**0.5
    y = y * np.array(2.0) if shape else y
    assert y.dtype == mg.float32
    y.sum().backward()
    assert x.grad.dtype == mg.float32


def test_whole_numbers_stay_whole_and_divide_into_floats() -> None:
    n = mg.tensor([1, 2, 3])
    assert [(n + 1).dtype, (n * n).dtype, (n**2).dtype, (-n).dtype] == [mg.int64] * 4
    assert (n / 2).dtype == (n * 0.5).dtype == (1 / n).dtype == mg.float32
    assert (mg.tensor([True]) + 1).dtype == (mg.tensor([True]) ** 2).dtype == mg.int64


SCALARS = [True, 2, 0.5]
DTYPES = ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"]


def test_dtypes_meet_as_in_torch(torch: ModuleType) -> None:
    """Arrays over values without dimensions over Python numbers; bool, then int, then float."""
    operands = [(d, shape) for d in DTYPES for shape in ((2,), ())]
    for one in operands:
        for two in [*operands, *SCALARS]:
            names = []
            for library in (mg, torch):
                x, y = (
                    library.ones(t[1], dtype=getattr(library, t[0])) if isinstance(t, tuple) else t
                    for t in (one, two)
                )
                names.append([str(z.dtype).split(".")[-1] for z in (x + y, y * x, x / y)])
            assert names[0] == names[1], (one, two)


def test_the_default_dtype_is_for_numbers_only() -> None:
    whole, half = np.arange(3), np.ones(2, np.float16)
    assert common_dtype((whole, 0.5)) == np.float32
    assert common_dtype((half, 0.5)) == np.float16
    mg.set_default_dtype(mg.float64)
    try:
        assert common_dtype((whole, 0.5)) == np.float64
        assert common_dtype((half, 0.5)) == np.float16
    finally:
        mg.set_default_dtype(mg.float32)


def test_cast_converts_forward_and_back() -> None:
    x = mg.ones(3, requires_grad=True)
    y = x.double() * mg.tensor(numbers(3))
    y.sum().backward()
    assert y.dtype == mg.float64 and x.grad.dtype == mg.float32
    np.testing.assert_array_equal(np.asarray(x.grad), numbers(3).astype(np.float32))


# ---------------------------------------------------------------- memory


def test_what_is_copied_is_not_stored() -> None:
    """Row 24 of the seeds: a broadcast operand costs its own size, not that of the result."""
    x, b = leaf(np.ones((1000, 500))), leaf(np.ones(500))
    size = 1000 * 500 * 8
    assert peak(lambda: x + b) < 1.1 * size
    assert peak(lambda: mg.broadcast_to(b, (1000, 500))) < 0.1 * size
    assert peak(lambda: x.sum().backward()) < 1.2 * size
    y = x + b
    assert peak(lambda: y.backward(mg.ones(1000, 500, dtype=mg.float64))) < 3.2 * size


# ---------------------------------------------------------------- errors


def says(error: type[Exception], text: str) -> Any:
    return pytest.raises(error, match=f"^{re.escape(text)}$")


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_shapes_that_do_not_broadcast(name: str) -> None:
    text = (
        f"{name}: the shapes [2, 3] and [2] do not broadcast: lined up at the right, two sizes "
        "must be equal or one of them 1 (unsqueeze and keepdim=True make a 1)"
    )
    for error in (mg.ShapeError, ValueError, RuntimeError):
        with says(error, text):
            BINARY[name](mg.ones(2, 3), mg.ones(2))
    with says(mg.ShapeError, text):
        BINARY[name](np.ones((2, 3)), mg.ones(2, requires_grad=True))


@pytest.mark.parametrize(
    ("foreign", "named"),
    [
        ("a", "str"),
        (None, "NoneType"),
        ([1, 2], "list"),
        (1j, "complex"),
        (np.array(["a"]), "<U1[1]"),
        (np.ones(2, complex), "complex128[2]"),
        (np.array([None, 1]), "object[2]"),
    ],
    ids=str,
)
def test_foreign_operands(foreign: Any, named: str) -> None:
    text = f"mul: it takes tensors, arrays and numbers, not {named}"
    with says(TypeError, text):
        mg.ones(2) * foreign
    with says(TypeError, text):
        foreign * mg.ones(2)


def test_truth_values_are_not_subtracted() -> None:
    with pytest.raises(TypeError, match=r"^sub\(bool\[1\], bool\[1\]\): .* logical_xor"):
        mg.tensor([True]) - mg.tensor([True])
    with pytest.raises(TypeError, match=r"^neg\(bool\[1\]\): .* logical_not"):
        -mg.tensor([True])


@pytest.mark.parametrize(
    ("dim", "ndim", "error", "text"),
    [
        (2, 2, IndexError, "sum: dim 2 is out of range: 2 dimensions count from -2 to 1"),
        (-3, 2, IndexError, "sum: dim -3 is out of range: 2 dimensions count from -2 to 1"),
        (1, 0, IndexError, "sum: dim 1 is out of range: 0 dimensions count from -1 to 0"),
        ((0, 0), 2, RuntimeError, "sum: a dim appears twice in (0, 0)"),
        ((1, -1), 2, RuntimeError, "sum: a dim appears twice in (1, -1)"),
    ],
)
def test_axes_out_of_range(dim: Any, ndim: int, error: Any, text: str) -> None:
    with says(error, text):
        axes_of("sum", dim, ndim)
    with says(error, text):
        mg.ones((2,) * ndim).sum(dim)


@pytest.mark.parametrize(("shape", "into"), [((3,), (2,)), ((2, 3), (3,)), ((3,), (-1, 3))])
def test_copies_that_do_not_fit(shape: Any, into: Any) -> None:
    text = (
        f"expand: {list(shape)} cannot be copied into {list(into)}: "
        "lined up at the right, a size must be the same or 1"
    )
    with says(mg.ShapeError, text):
        mg.broadcast_to(mg.ones(shape), into)


def test_whole_numbers_to_negative_powers() -> None:
    with pytest.raises(ValueError, match=r"^power.*negative integer powers"):
        mg.tensor([1, 2]) ** -1


def test_an_option_that_broadcasts_is_fitted_too() -> None:
    """where(condition, x, y): the operands are alike already, the condition is larger."""
    mask = mg.tensor([[True, False, True], [False, False, True]])
    assert_gradients(lambda x, y: mg.where(mask, x, y), numbers(3), numbers(3, seed=1))
    assert_gradients(lambda x: mg.where(mask, x, 0.5), numbers(3))
