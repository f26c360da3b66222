"""The check: right gradients pass, wrong ones are refused, and nothing is disturbed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import gradcheck, numeric_gradient
from minigrad.check import GradcheckError, steps
from minigrad.engine import Node, differentiable

A = np.array([[0.5, -1.2, 2.0], [1.5, 0.3, -0.7]])


def leaf(value: Any, requires_grad: bool = True, dtype: Any = minigrad.float64) -> Any:
    return minigrad.tensor(value, dtype=dtype, requires_grad=requires_grad)


def with_pullback(pullback: Callable[..., Any]) -> Callable[..., Any]:
    """The operation a * a entry by entry, with this pullback: pullback(g, a)."""

    @differentiable
    def squared(a: Any) -> Any:
        return a * a, lambda g: pullback(g, a)

    return squared


def refusal(function: Callable[..., Any], inputs: Any, **options: Any) -> str:
    with pytest.raises(GradcheckError) as error:
        gradcheck(function, inputs, **options)
    return str(error.value)


# Right gradients pass


def test_a_right_gradient_passes() -> None:
    assert gradcheck(with_pullback(lambda g, a: 2 * a * g), leaf(A)) is True


RIGHT: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "several inputs": (lambda a, b, c: a * b + c, (A, A + 1, 2 * A)),
    "matrix to vector": (lambda a: a.sum(0), (A,)),
    "matrix to number": (lambda a: (a * a).sum(), (A,)),
    "number to matrix": (lambda s: s * minigrad.tensor(A), (0.7,)),
    "three dimensions": (lambda a: a.reshape(1, 3, 2) * 2.0, (A,)),
    "several outputs": (lambda a, b: (a * b, a.sum(), b), (A, A + 1)),
    "an output that ignores an input": (lambda a, b: (a * 2.0, b * 3.0), (A, A)),
    "the input itself": (lambda a: a, (A,)),
    "nothing at all": (lambda a: a * 2.0, (np.zeros((0, 3)),)),
    "products": (lambda a, b: a @ b, (A, A.T.copy())),
    "functions": (lambda a: minigrad.tanh(a) / minigrad.exp(a), (A,)),
    "a list": (lambda a: [a * a, a + a], (A,)),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_programs_pass(case: str) -> None:
    function, values = RIGHT[case]
    assert gradcheck(function, tuple(leaf(value) for value in values))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_step_and_tolerance_go_by_the_dtype(dtype: str) -> None:
    a = leaf(A, dtype=getattr(minigrad, dtype))
    assert gradcheck(lambda a: minigrad.tanh(a) * a, a)
    assert not gradcheck(with_pullback(lambda g, a: a * g), a, raise_exception=False)


def test_the_input_may_be_a_list_or_a_tensor_alone() -> None:
    assert gradcheck(lambda a, b: a * b, [leaf(A), leaf(A)])
    assert gradcheck(lambda a: a * a, leaf(A))


def test_values_in_between_can_be_checked() -> None:
    assert gradcheck(lambda h: h * h, leaf(A) * 2.0)


def test_the_same_input_twice_gets_the_whole_derivative() -> None:
    a = leaf(A)
    assert gradcheck(lambda x, y: x * y, (a, a))


# Wrong gradients are refused

WRONG: dict[str, Callable[[Any, Any], Any]] = {
    "one percent off": lambda g, a: 2.02 * a * g,
    "half of it": lambda g, a: a * g,
    "wrong sign": lambda g, a: -2 * a * g,
    "ignores what arrives": lambda g, a: 2 * a,
    "ignores the sign of what arrives": lambda g, a: 2 * a * np.abs(g),
    "only the sign of what arrives": lambda g, a: 2 * a * np.sign(g),
    "squares what arrives": lambda g, a: 2 * a * g * g,
    "asks the gradient instead of the input": lambda g, a: 2 * a * g * (g > 0),
    "turned round": lambda g, a: (2 * a * g)[::-1].copy(),
    "the mean at every entry": lambda g, a: np.full(a.shape, np.mean(2 * a * g)),
    "one entry missing": lambda g, a: 2 * a * g * (np.arange(a.size).reshape(a.shape) > 0),
    "nothing": lambda g, a: np.zeros(a.shape),
    "not a number": lambda g, a: np.full(a.shape, np.nan),
    "infinite": lambda g, a: np.full(a.shape, np.inf),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_gradient_is_refused(case: str) -> None:
    operation = with_pullback(WRONG[case])
    assert refusal(operation, leaf(A)).startswith("gradcheck: output 0, input 0: the derivative")
    assert gradcheck(operation, leaf(A), raise_exception=False) is False


@pytest.mark.parametrize("case", ["ignores what arrives", "ignores the sign of what arrives"])
def test_a_wrong_gradient_of_a_single_number_is_refused(case: str) -> None:
    """Where the output is one number, an upstream gradient of 1 would find none of these."""
    assert not gradcheck(with_pullback(WRONG[case]), leaf(0.5), raise_exception=False)


def test_a_gradient_that_was_cut_off_is_refused() -> None:
    assert "is 0, but measured 2" in refusal(lambda a: a.detach() * 2.0, leaf(0.5))
    assert "is 0.5, but measured 1" in refusal(lambda a: a.detach() * a, leaf(0.5))


def test_only_the_wrong_output_and_input_are_named() -> None:
    @differentiable
    def product(a: Any, b: Any) -> Any:
        return a * b, lambda g: g * b, lambda g: g * (a + (b == 5.0))

    text = refusal(lambda a, b: (a + b, product(a, b)), (leaf([2.0, 3.0]), leaf([4.0, 5.0])))
    assert text == (
        "gradcheck: output 1, input 1: the derivative of entry [1] by entry [1] is 4, "
        "but measured 3 (1 of 4 are wrong)"
    )


def test_the_message_leaves_out_entries_where_there_are_none() -> None:
    text = refusal(with_pullback(lambda g, a: a * g), leaf(3.0))
    assert text == (
        "gradcheck: output 0, input 0: the derivative is 3, but measured 6 (1 of 1 are wrong)"
    )


@pytest.mark.parametrize(
    ("pullback", "met"),
    [
        (lambda g, a: (2 * a * g)[None], "float64[1, 2, 3]"),
        (lambda g, a: (2 * a * g).astype(np.float32), "float32[2, 3]"),
    ],
    ids=["shape", "dtype"],
)
def test_a_gradient_of_the_wrong_kind_is_refused_by_the_engine(pullback: Any, met: str) -> None:
    with pytest.raises(RuntimeError) as error:
        gradcheck(with_pullback(pullback), leaf(A))
    assert "squared" in str(error.value) and met in str(error.value)


def test_a_kink_is_refused_and_beside_it_all_is_well() -> None:
    assert gradcheck(minigrad.relu, leaf([-1.0, 2.0]))
    assert not gradcheck(minigrad.relu, leaf([-1.0, 0.0]), raise_exception=False)


# What a weaker check lets pass


def slide(wrong: bool) -> Callable[..., Any]:
    """A vector slid along another; NumPy's convolve turns round what it slides."""
    back = np.convolve if wrong else np.correlate

    @differentiable
    def sliding(x: Any, w: Any) -> Any:
        y = np.correlate(x, w, "valid")
        return y, lambda g: np.convolve(g, w), lambda g: back(x, g, "valid")

    return sliding


def test_a_constant_upstream_gradient_hides_what_gradcheck_finds() -> None:
    rng = np.random.default_rng(0)
    for wrong in (False, True):
        x, w = leaf(rng.normal(size=8)), leaf(rng.normal(size=3))
        operation = slide(wrong)
        operation(x, w).sum().backward()
        by_sum = numeric_gradient(lambda w, x=x, op=operation: op(x, w).sum(), w)
        assert np.allclose(w.grad.numpy(), by_sum)
        assert gradcheck(operation, (x, w), raise_exception=False) is not wrong


def test_a_comparison_that_stretches_hides_what_gradcheck_finds() -> None:
    W = A.T.copy()

    @differentiable
    def row_times(x: Any) -> Any:
        return x @ W, lambda g: g[None, :] @ W.T

    x, g = np.array([1.0, 2.0, 3.0]), np.array([1.0, -1.0])
    assert np.allclose(g[None, :] @ W.T, W @ g)
    with pytest.raises(RuntimeError, match="row_times"):
        gradcheck(row_times, leaf(x))


# What it needs, and what it leaves alone


def test_inputs_that_require_no_gradient_are_left_out() -> None:
    lying = with_pullback(WRONG["half of it"])
    assert gradcheck(lambda a, b: lying(a) * b, (leaf(A, requires_grad=False), leaf(A)))
    assert gradcheck(lambda a, k: a * k, (leaf(A), 3))


def test_without_any_gradient_there_is_nothing_to_check() -> None:
    with pytest.raises(ValueError) as error:
        gradcheck(lambda a: a * a, (leaf(A, requires_grad=False), 3.0))
    assert str(error.value) == "gradcheck: none of the inputs requires a gradient"


def test_a_function_that_changes_is_noticed() -> None:
    rng = np.random.default_rng(0)
    assert refusal(lambda a: (a, a * rng.random()), leaf(A)) == (
        "gradcheck: output 1 differs between two runs on the same inputs, so nothing can be "
        "measured: start random numbers from one seed in every run"
    )


def test_outputs_must_be_tensors() -> None:
    with pytest.raises(TypeError) as error:
        gradcheck(lambda a: (a, a.detach().numpy()), leaf(A))
    assert "output 1 is a" in str(error.value) and "must be a tensor" in str(error.value)


def test_outputs_of_whole_numbers_have_no_derivative() -> None:
    assert gradcheck(lambda a: (a * a, a.argmax()), leaf(A))


def test_nothing_is_disturbed() -> None:
    a, b = leaf(A), leaf(A + 1)
    before = a.value
    h = a * b
    gradcheck(lambda a, b: (a * b).sum(), (a, b))
    gradcheck(lambda h: h * h, h)
    assert a.grad is None and b.grad is None and h.grad is None
    assert a.value is before and np.array_equal(a.value, A)
    h.sum().backward()
    assert np.array_equal(a.grad.numpy(), A + 1)


def test_the_value_is_put_back_even_after_an_error() -> None:
    a = leaf(A)

    def picky(x: Any) -> Any:
        if not np.array_equal(x.value, A):
            raise ZeroDivisionError
        return x * x

    with pytest.raises(ZeroDivisionError):
        gradcheck(picky, a)
    assert np.array_equal(a.value, A)


def test_a_parameter_used_from_outside_is_measured() -> None:
    weight = leaf(A)
    assert gradcheck(lambda _: minigrad.tanh(weight), weight)


def test_a_second_derivative_can_be_checked() -> None:
    from minigrad.engine import pull

    def slope(a: Any) -> Any:
        y = a * a * a
        return pull({y: leaf(1.0)}, lambda node: node is a, retain=True, create=True)[a]

    assert gradcheck(slope, leaf(1.5))


# Step and tolerance


def test_the_step_is_the_cube_root_of_the_precision() -> None:
    for dtype in (np.float16, np.float32, np.float64):
        step = float(steps(np.zeros(1, dtype), None)[0])
        assert step**3 == pytest.approx(float(np.finfo(dtype).eps))


def test_the_step_grows_with_the_entry() -> None:
    assert steps(np.array([0.0, 1.0, -100.0]), None) == pytest.approx(
        [6.06e-6, 6.06e-6, 6.06e-4], 1e-2
    )
    big = leaf([1e8, -3e9])
    assert gradcheck(lambda a: a * a, big)
    with pytest.raises(ValueError) as error:
        gradcheck(lambda a: a * a, big, eps=1e-8)
    assert str(error.value) == "numeric_gradient: a step of 1e-08 does not move -3e+09 in float64"


def test_a_step_that_is_too_small_is_of_no_use() -> None:
    a = leaf(A)
    assert gradcheck(minigrad.exp, a, eps=1e-4)
    assert not gradcheck(minigrad.exp, a, eps=1e-15, raise_exception=False)


def test_tolerances_can_be_given() -> None:
    almost = with_pullback(lambda g, a: 2.02 * a * g)
    assert not gradcheck(almost, leaf(A), raise_exception=False)
    assert gradcheck(almost, leaf(A), rtol=0.02)
    assert gradcheck(almost, leaf(A), atol=0.05)
    assert not gradcheck(with_pullback(lambda g, a: 2 * a * g), leaf(A), 1e-2, 0.0, 0.0, False)


# The measuring function


def test_the_measured_gradient_has_the_shape_of_output_and_input() -> None:
    assert numeric_gradient(lambda a: (a * a).sum(), A) == pytest.approx(2 * A)
    assert numeric_gradient(lambda a: a.sum(axis=0), A).shape == (3, 2, 3)
    assert numeric_gradient(lambda x: x * x, 3.0) == pytest.approx(6.0)
    assert numeric_gradient(lambda x: x.value**2, Node(3.0)).shape == ()


def test_arrays_handed_in_are_not_written_to() -> None:
    frozen = A.copy()
    frozen.flags.writeable = False
    assert numeric_gradient(lambda a: (a * a).sum(), frozen) == pytest.approx(2 * A)


def test_the_measured_gradient_is_exact_to_ten_digits() -> None:
    x = np.array([0.3, -1.1, 2.0])
    assert numeric_gradient(lambda x: np.sin(x).sum(), x) == pytest.approx(np.cos(x), rel=1e-9)


def test_whole_numbers_cannot_be_nudged() -> None:
    with pytest.raises(TypeError) as error:
        numeric_gradient(lambda x: x * x, np.array([1, 2]))
    assert str(error.value) == "numeric_gradient: it nudges floats, not int64[2]"
