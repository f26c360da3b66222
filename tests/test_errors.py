"""Errors are part of the interface: what they say to the mistakes that everybody makes.

The text given here is how the message begins: the operation, what it met, and where it is not told
in the tests of a chapter, the mend.
"""

# ruff: noqa: E501 (a message stands on one line)

from __future__ import annotations

import copy

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import ShapeError

ERRORS: list[tuple[str, type[Exception], str]] = [
    # mismatching shapes
    ("mg.zeros(2) + mg.zeros(3)", ShapeError, "add: the shapes [2] and [3] do not broadcast"),
    (
        "mg.zeros(2, 3) - mg.zeros(3, 2)",
        ShapeError,
        "sub: the shapes [2, 3] and [3, 2] do not broadcast",
    ),
    ("mg.zeros(2, 3) * np.zeros(2)", ShapeError, "mul: the shapes [2, 3] and [2] do not broadcast"),
    ("mg.zeros(2) / mg.zeros(3)", ShapeError, "div: the shapes [2] and [3] do not broadcast"),
    (
        "mg.maximum(mg.zeros(2), mg.zeros(3))",
        ShapeError,
        "maximum: the shapes [2] and [3] do not broadcast",
    ),
    (
        "mg.where(mg.ones(2) > 0, mg.zeros(3), mg.zeros(3))",
        ShapeError,
        "where: the shapes [2] and [3] and [3] do not broadcast",
    ),
    ("mg.zeros(2) @ mg.zeros(3)", ShapeError, "dot: [2] and [3] do not fit"),
    ("mg.zeros(2, 3) @ mg.zeros(2)", ShapeError, "matvec: [2, 3] and [2] do not fit"),
    ("mg.zeros(3) @ mg.zeros(2, 3)", ShapeError, "vecmat: [3] and [2, 3] do not fit"),
    ("mg.zeros(2, 3) @ mg.zeros(2, 3)", ShapeError, "matmat: [2, 3] and [2, 3] do not fit"),
    (
        "mg.zeros(2, 3, 4) @ mg.zeros(3, 4, 2)",
        ShapeError,
        "batched: [2, 3, 4] and [3, 4, 2] do not fit",
    ),
    (
        "mg.zeros(2, 2).dot(mg.zeros(2))",
        ShapeError,
        "dot: it takes 1-D and 1-D tensors, not [2, 2] and [2]: for others use @",
    ),
    (
        "mg.mm(mg.zeros(2), mg.zeros(2, 2))",
        ShapeError,
        "mm: it takes 2-D and 2-D tensors, not [2] and [2, 2]: for others use @",
    ),
    (
        "mg.mv(mg.zeros(2, 2), mg.zeros(2, 2))",
        ShapeError,
        "mv: it takes 2-D and 1-D tensors, not [2, 2] and [2, 2]: for others use @",
    ),
    (
        "mg.bmm(mg.zeros(1, 2, 2), mg.zeros(3, 2, 2))",
        ShapeError,
        "bmm: [1, 2, 2] and [3, 2, 2] are not as many matrices on both sides",
    ),
    (
        "mg.outer(mg.zeros(2, 2), mg.zeros(2))",
        ShapeError,
        "outer: it takes 1-D and 1-D tensors, not [2, 2] and [2]: for others use @",
    ),
    (
        'mg.einsum("ij,jk->ik", mg.zeros(2, 3), mg.zeros(2, 3))',
        ShapeError,
        "einsum: 'ij,jk->ik' does not fit the shapes [2, 3], [2, 3]",
    ),
    (
        "mg.zeros(2, 3).reshape(4)",
        ShapeError,
        "reshape: [2, 3] has 6 entries, which do not fill [4]",
    ),
    (
        "mg.zeros(2, 3).reshape(-1, 4)",
        ShapeError,
        "reshape: [2, 3] has 6 entries, which do not fill [-1, 4]",
    ),
    ("mg.zeros(2, 3).expand(3, 3)", ShapeError, "expand: [2, 3] cannot be copied into [3, 3]"),
    (
        "mg.cat([mg.zeros(2, 3), mg.zeros(2, 2)])",
        ShapeError,
        "cat: [2, 3], [2, 2] do not line up along dim 0",
    ),
    (
        "mg.stack([mg.zeros(2), mg.zeros(3)])",
        ShapeError,
        "stack: all shapes must be equal, not [[2], [3]]",
    ),
    (
        "mg.zeros(2, 3).split([1, 1], dim=1)",
        RuntimeError,
        "split: the sizes [1, 1] do not add up to 3",
    ),
    (
        "x = mg.zeros(2, 3); x[0] = mg.zeros(2)",
        ShapeError,
        "setitem: a value of [2] does not broadcast into the [3] it is for",
    ),
    (
        "x = mg.zeros(2); x += mg.zeros(3, 2)",
        ShapeError,
        "in place, float32[2] cannot become float32[3, 2]",
    ),
    ("mg.zeros(2, -1)", ShapeError, "a size cannot be negative: [2, -1]"),
    (
        "mg.zeros(2).item()",
        ShapeError,
        "a tensor of shape [2] is not a single number: reduce it first, as in .sum(), or pick one, as in x[0]",
    ),
    (
        "float(mg.zeros(2))",
        ShapeError,
        "a tensor of shape [2] is not a single number: reduce it first, as in .sum(), or pick one, as in x[0]",
    ),
    (
        "bool(mg.zeros(2))",
        ShapeError,
        "a tensor of shape [2] is neither true nor false: use .any() or .all()",
    ),
    (
        'f"{mg.zeros(2):.3f}"',
        ShapeError,
        "a tensor of shape [2] is not a single number: reduce it first, as in .sum(), or pick one, as in x[0]",
    ),
    # a wrong dtype
    ("mg.ones(2) @ mg.ones(2, dtype=mg.float64)", RuntimeError, "matmul: float32 @ float64"),
    ("mg.dot(mg.ones(2), mg.ones(2, dtype=mg.float64))", RuntimeError, "matmul: float32 @ float64"),
    ("mg.ones(2, 2) @ mg.arange(2)", RuntimeError, "matmul: float32 @ int64"),
    (
        "mg.arange(3).mean()",
        RuntimeError,
        "mean: it needs floating entries, not int64: convert with .float() first",
    ),
    (
        "x = mg.arange(2); x += 0.5",
        RuntimeError,
        "in place, int64 cannot hold float32: write x = x … instead",
    ),
    (
        "mg.allclose(mg.ones(2), mg.ones(2, dtype=mg.float64))",
        RuntimeError,
        "allclose: float32 and float64 are different dtypes: convert one of them",
    ),
    (
        "mg.set_default_dtype(mg.int64)",
        TypeError,
        "set_default_dtype: it must be a floating dtype, not int64",
    ),
    ('"abc"[mg.tensor(1.0)]', TypeError, "only a whole number can be an index, not float32"),
    ("mg.zeros(2)[mg.tensor([0.5])]", IndexError, "getitem: float32[1] cannot be an index"),
    (
        "mg.zeros(2).masked_fill(mg.zeros(2), 1.0)",
        RuntimeError,
        "where: the condition must be bool, not float32",
    ),
    # an integer tensor asked for a gradient
    (
        "mg.tensor([1, 2], requires_grad=True)",
        RuntimeError,
        "only floating values can require a gradient, and this one is int64: write 2.0 for 2, or convert it to float first",
    ),
    (
        "mg.arange(3, requires_grad=True)",
        RuntimeError,
        "only floating values can require a gradient, and this one is int64: write 2.0 for 2, or convert it to float first",
    ),
    (
        "mg.ones(2, dtype=mg.int64).requires_grad_()",
        RuntimeError,
        "only floating values can require a gradient, and this one is int64: write 2.0 for 2, or convert it to float first",
    ),
    (
        "(w > 0).requires_grad_()",
        RuntimeError,
        "only floating values can require a gradient, and this one is bool: write 2.0 for 2, or convert it to float first",
    ),
    (
        "w.data = mg.tensor([1, 2])",
        RuntimeError,
        "only floating values can require a gradient, and this one is int64: write 2.0 for 2, or convert it to float first",
    ),
    # backward
    (
        "(w * 2).backward()",
        RuntimeError,
        "backward: a value of shape [2] is not a single number: reduce it first, for example with .sum(), or pass the gradient that arrives at it",
    ),
    (
        "mg.ones(2).sum().backward()",
        RuntimeError,
        "backward: nothing this value was made from requires a gradient",
    ),
    (
        "(w * 2).backward(mg.ones(3))",
        ShapeError,
        "backward: the gradient is float32[3], the value float32[2]; shape and dtype must be the same",
    ),
    (
        "w.sum().backward(mg.ones(1))",
        ShapeError,
        "backward: the gradient is float32[1], the value float32[]; shape and dtype must be the same",
    ),
    (
        "y = (w * w).sum(); y.backward(); y.backward()",
        RuntimeError,
        "the graph behind sum was released by an earlier backward(): call that one with retain_graph=True",
    ),
    (
        "h = w * w; h.sum().backward(); h.mean().backward()",
        RuntimeError,
        "the graph behind mul was released by an earlier backward(): call that one with retain_graph=True",
    ),
    (
        "w.argmax().backward()",
        RuntimeError,
        "backward: nothing this value was made from requires a gradient",
    ),
    (
        "mg.ones(2).retain_grad()",
        RuntimeError,
        "retain_grad: no gradient comes to a tensor that requires none",
    ),
    (
        "mg.ones(2).register_hook(print)",
        RuntimeError,
        "register_hook: no gradient comes to a tensor that requires none",
    ),
    (
        "(w * 2).requires_grad_(False)",
        RuntimeError,
        "requires_grad_: this is a result, not a leaf: use its detach()",
    ),
    (
        "w.numpy()",
        RuntimeError,
        "numpy: this tensor requires a gradient, which would be lost: use detach().numpy()",
    ),
    (
        "w.fill_(0.0)",
        RuntimeError,
        "a leaf that requires a gradient cannot be changed in place while operations are recorded: do it under no_grad()",
    ),
    (
        "copy.deepcopy(w * 2)",
        RuntimeError,
        "this tensor was made by mul: only leaves can be copied or pickled, so detach() it",
    ),
    # foreign types
    ('mg.ones(2) + "a"', TypeError, "add: it takes tensors, arrays and numbers, not str"),
    ('"a" + mg.ones(2)', TypeError, "add: it takes tensors, arrays and numbers, not str"),
    ("mg.ones(2) * None", TypeError, "mul: it takes tensors, arrays and numbers, not NoneType"),
    (
        "mg.ones(2) @ 2",
        TypeError,
        "matmul: it takes tensors and arrays, not int; for numbers use *",
    ),
    ('mg.sin("a")', TypeError, "sin: it takes tensors, arrays and numbers, not str"),
    ('mg.tensor(["a"])', TypeError, "tensor: it takes numbers and truth values, not text"),
    (
        "mg.tensor([1.0, None])",
        TypeError,
        "tensor: it takes numbers and truth values, not other objects",
    ),
    ("mg.tensor(1j)", TypeError, "tensor: it takes numbers and truth values, not complex numbers"),
    ("mg.tensor({})", TypeError, "tensor: it takes numbers and truth values, not other objects"),
    ("mg.from_numpy([1, 2])", TypeError, "from_numpy: it takes a NumPy array, not list"),
    ('mg.zeros("a")', TypeError, "sizes must be whole numbers, not ('a',)"),
    ("mg.zeros(2.5)", TypeError, "sizes must be whole numbers, not (2.5,)"),
    ("mg.cat([mg.zeros(2), 1])", TypeError, "cat: it takes tensors or arrays, not int"),
    (
        'mg.ones(2).to("cuda")',
        RuntimeError,
        "there is no device 'cuda': minigrad computes on the CPU",
    ),
    (
        'mg.zeros(2, device="cuda")',
        RuntimeError,
        "there is no device 'cuda': minigrad computes on the CPU",
    ),
    ("len(mg.tensor(1.0))", TypeError, "len() of a tensor without dimensions"),
    ("list(mg.tensor(1.0))", TypeError, "a tensor without dimensions cannot be walked through"),
    (
        "np.linalg.inv(mg.ones(2, 2, requires_grad=True))",
        TypeError,
        "np.linalg.inv has no rule here, so no gradient could come back through it: give it tensor.detach(), or write a rule for it with @differentiable",
    ),
    # a ragged list
    (
        "mg.tensor([[1, 2], [3]])",
        ValueError,
        "tensor: the rows of a nested list must all be equally long",
    ),
    (
        "mg.tensor([[1.0, 2.0], 3.0])",
        ValueError,
        "tensor: the rows of a nested list must all be equally long",
    ),
    (
        "mg.tensor([[[1], [2, 3]]])",
        ValueError,
        "tensor: the rows of a nested list must all be equally long",
    ),
    # an axis or an index out of range
    (
        "mg.zeros(2, 3).sum(2)",
        IndexError,
        "sum: dim 2 is out of range: 2 dimensions count from -2 to 1",
    ),
    (
        "mg.zeros(2, 3).mean((0, -3))",
        IndexError,
        "mean: dim -3 is out of range: 2 dimensions count from -2 to 1",
    ),
    (
        "mg.zeros(2, 3).cumsum(2)",
        IndexError,
        "cumsum: dim 2 is out of range: 2 dimensions count from -2 to 1",
    ),
    (
        "mg.zeros(2, 3).transpose(0, 2)",
        IndexError,
        "transpose: dim 2 is out of range: 2 dimensions count from -2 to 1",
    ),
    (
        "mg.zeros(2, 3).squeeze(2)",
        IndexError,
        "squeeze: dim 2 is out of range: 2 dimensions count from -2 to 1",
    ),
    (
        "mg.zeros(2, 3).unsqueeze(4)",
        IndexError,
        "unsqueeze: dim 4 is out of range: 3 dimensions count from -3 to 2",
    ),
    ("mg.zeros(2, 3).sum((0, 0))", RuntimeError, "sum: a dim appears twice in (0, 0)"),
    (
        "mg.zeros(2, 3)[2]",
        IndexError,
        "getitem(float32[2, 3], int): index 2 is out of bounds for axis 0 with size 2",
    ),
    (
        "mg.zeros(2, 3)[0, 3]",
        IndexError,
        "getitem(float32[2, 3], tuple): index 3 is out of bounds for axis 1 with size 3",
    ),
    (
        "mg.zeros(2, 3)[0, 0, 0]",
        IndexError,
        "getitem(float32[2, 3], tuple): too many indices for array",
    ),
    (
        "mg.zeros(2, 3)[[0, 2]]",
        IndexError,
        "getitem(float32[2, 3], int64[2]): index 2 is out of bounds for axis 0 with size 2",
    ),
    ("mg.zeros(2, 3).narrow(1, 2, 3)", RuntimeError, "narrow: 2 to 5 leaves an axis of 3"),
    ("mg.zeros(2, 3).topk(4)", RuntimeError, "topk: k = 4 is out of range for an axis of 3"),
    (
        "mg.zeros(0).max()",
        RuntimeError,
        "amax: an axis of size 0 in [0] has no largest or smallest",
    ),
    ("mg.arange(1, 5, -1)", RuntimeError, "arange: steps of -1 do not lead from 1 to 5"),
    ("mg.linspace(0, 1, -1)", RuntimeError, "linspace: the number of steps cannot be negative: -1"),
    ("mg.cat([mg.zeros(2), mg.zeros(2)], 1)", IndexError, "cat: dim 1 is out of range"),
    # not a number
    (
        "mg.multinomial(mg.tensor([0.5, mg.nan]), 1)",
        RuntimeError,
        "multinomial: chances must be finite, not negative, and not all 0 (is there a nan?)",
    ),
    (
        "mg.multinomial(mg.zeros(2), 1)",
        RuntimeError,
        "multinomial: chances must be finite, not negative, and not all 0 (is there a nan?)",
    ),
    ("int(mg.tensor(mg.nan))", ValueError, "cannot convert float NaN to integer"),
    ("mg.arange(2) // mg.tensor(0)", RuntimeError, "floor_divide: division of integers by 0"),
]


@pytest.mark.parametrize(("code", "kind", "text"), ERRORS, ids=[code for code, *_ in ERRORS])
def test_an_error_says(code: str, kind: type[Exception], text: str) -> None:
    names = {"mg": mg, "np": np, "copy": copy, "w": mg.tensor([1.0, 2.0], requires_grad=True)}
    with pytest.raises(kind) as caught:
        exec(code, names)
    assert str(caught.value).startswith(text)
    assert len(str(caught.value)) < 260 and "\n" not in str(caught.value)


def test_the_next_line_runs_after_an_error() -> None:
    """A mistake leaves nothing switched off or half recorded."""
    w = mg.tensor([1.0, 2.0], requires_grad=True)
    for code, kind, _ in ERRORS:
        with pytest.raises(kind):
            exec(code, {"mg": mg, "np": np, "copy": copy, "w": w})
        w.grad = None
    (w * w).sum().backward()
    assert mg.is_grad_enabled() and mg.get_default_dtype() == mg.float32
    assert w.tolist() == [1.0, 2.0] and w.grad.tolist() == [2.0, 4.0]


def test_a_shape_error_is_caught_under_either_name() -> None:
    """NumPy's users expect a ValueError, PyTorch's a RuntimeError."""
    for expected in (ValueError, RuntimeError):
        with pytest.raises(expected):
            mg.zeros(2) + mg.zeros(3)


def test_nan_is_no_error_and_stays_visible() -> None:
    x = mg.tensor([1.0, mg.nan, -1.0], requires_grad=True)
    y = x * 2
    y.backward(mg.ones(3))
    assert np.isnan(y.tolist()).tolist() == [False, True, False]
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
    assert np.isnan(x.max().item()) and np.isnan(x.relu().tolist()[1])
    assert mg.nan in x.tolist() or np.isnan(x.sum().item())
