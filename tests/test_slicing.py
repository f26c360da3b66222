"""Picking and placing: each statement of chapter 6 about x[…], x[…] = v and their names."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad import slicing
from minigrad.check import gradcheck
from minigrad.engine import Node, ShapeError, differentiable
from minigrad.slicing import add_rows, assign, getitem, in_turns, put

rng = np.random.default_rng(0)


def leaf(value: Any) -> Any:
    return mg.tensor(np.array(value, float), requires_grad=True)


def counted(*shape: int) -> Any:
    return np.arange(float(np.prod(shape))).reshape(shape)


def assert_gradient(f: Callable[..., Any], *leaves: Any) -> None:
    """By gradcheck, which sends another number into every entry of the output."""
    assert gradcheck(f, leaves)


def raises(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=f"^{re.escape(text)}")


# ---------------------------------------------------------------- every kind of index

LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "as made": lambda a: a,
    "fortran": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "reversed": lambda a: np.flip(np.flip(a).copy()),
    "read-only": lambda a: np.broadcast_to(a, a.shape),
}
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


def bounds(n: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(-n - 1, n + 1)


def slices(n: int) -> st.SearchStrategy[slice]:
    return st.builds(slice, bounds(n), bounds(n), st.sampled_from([None, 1, 2, -1, -2]))


@st.composite
def boxes(draw: Any, shape: tuple[int, ...]) -> Any:
    """Numbers, slices, None and ... in any mixture."""
    parts: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        numbers = st.integers(-n, n - 1) if n else st.nothing()
        parts.append(draw(slices(n) | numbers))
    if draw(st.booleans()):
        parts.append(...)
    for _ in range(draw(st.integers(0, 2))):
        parts.insert(draw(st.integers(0, len(parts))), None)
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


@st.composite
def lists(draw: Any, shape: tuple[int, ...]) -> Any:
    """Integer arrays that broadcast, on some axes; slices on the others. Repeats are likely."""
    size = draw(st.integers(0, 3)) if all(shape) else 0
    forms = [(size,), (1,) if size else (0,), (2, size)]
    parts: list[Any] = []
    for n in shape:
        part: Any = slice(None)
        if draw(st.booleans()):
            part = draw(
                hnp.arrays(
                    np.int64,
                    draw(st.sampled_from(forms)),
                    elements=st.integers(-n, n - 1) if n else st.just(0),
                )
            )
        parts.append(part)
    if len(parts) > 1 and draw(st.booleans()):  # whole rows, by an index that is no tuple
        return parts[0]
    return tuple(parts)


@st.composite
def masks(draw: Any, shape: tuple[int, ...]) -> Any:
    axes = draw(st.integers(0, len(shape)))
    return draw(hnp.arrays(np.bool_, shape[:axes]))


@st.composite
def picks(draw: Any, kind: Any) -> tuple[Any, Any]:
    shape = draw(shapes)
    array = draw(st.sampled_from(list(LAYOUTS.values())))(np.sin(1 + counted(*shape)))
    return array, draw(kind(shape))


def check_pick(array: Any, index: Any) -> None:
    """Values as NumPy's, the gradient as nudging says, the same from the transposed pair."""
    x = mg.tensor(array, requires_grad=True)
    y = x[index]
    np.testing.assert_array_equal(y.value, array[index])
    assert y.shape == array[index].shape
    assert_gradient(lambda x: x[index], x)
    g = np.cos(counted(*y.shape))
    np.testing.assert_allclose(
        (y.value * g).sum(),
        (array * np.asarray(put(g, slicing.checked_index(index), x.shape))).sum(),
        atol=1e-12,
    )


@settings(deadline=None)
@given(picks(boxes))
def test_numbers_slices_none_and_dots(picked: Any) -> None:
    check_pick(*picked)


@settings(deadline=None)
@given(picks(lists))
def test_integer_arrays(picked: Any) -> None:
    check_pick(*picked)


@settings(deadline=None)
@given(picks(masks))
def test_masks(picked: Any) -> None:
    check_pick(*picked)


@settings(deadline=None)
@given(picks(boxes) | picks(lists) | picks(masks), st.booleans())
def test_what_is_written_at_an_index_is_there_and_both_gradients_are_right(
    picked: Any, broadcast: bool
) -> None:
    array, index = picked
    target = array[index].shape
    v = np.cos(1 + counted(*(target[1:] if broadcast else target)))
    expected = np.array(array)
    expected[index] = v
    x, new = leaf(array), leaf(v)
    assert_gradient(lambda x, v: written(x, index, v), x, new)
    np.testing.assert_array_equal(written(x, index, new).value, expected)


def written(x: Any, index: Any, v: Any) -> Any:
    z = x * 1
    z[index] = v
    return z


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("index", [True, False, np.True_, mg.tensor(True), (), ..., None])
def test_indices_of_no_dimensions(shape: tuple[int, ...], index: Any) -> None:
    array = counted(*shape)
    plain = bool(index) if isinstance(index, Node) else index
    y = leaf(array)[index]
    assert y.shape == array[plain].shape
    assert_gradient(lambda x: x[index], leaf(array))


@pytest.mark.parametrize(
    ("index", "plain"),
    [
        (mg.tensor([0, 2]), [0, 2]),
        ([mg.tensor(0), mg.tensor(2)], [0, 2]),
        (mg.tensor([True, False, True]), [True, False, True]),
        (mg.tensor(1), 1),
        (slice(mg.tensor(1), mg.tensor(3)), slice(1, 3)),
        ([], np.array([], int)),
        (np.array([0, 2], np.uint8), [0, 2]),
    ],
)
def test_tensors_and_lists_are_indices_too(index: Any, plain: Any) -> None:
    x = leaf(counted(3, 2))
    np.testing.assert_array_equal(x[index].value, x.value[plain])


@pytest.mark.parametrize(
    ("index", "shape"),
    [
        ((0, slice(None), [1, 2]), (3, 2)),
        ((slice(None), 0, [1, 2]), (4, 2)),
        (([1, 2], slice(None), 0), (2, 3)),
        ((0, None, [1, 2]), (1, 2, 5)),
        ((0, ..., [1, 2]), (3, 2)),
        ((0, np.array([True, False, True])), (2, 5)),
        ((np.ones((4, 3), bool), 2), (12,)),
        ((mg.tensor(0), slice(None), mg.tensor([1, 2])), (3, 2)),
    ],
)
def test_numbers_are_used_before_arrays_as_in_pytorch(index: Any, shape: tuple[int, ...]) -> None:
    x = leaf(counted(4, 3, 5))
    assert x[index].shape == shape
    assert_gradient(lambda x: x[index], x)
    assert_gradient(lambda x, v: written(x, index, v), x, leaf(np.cos(counted(*shape))))


def test_numpy_reads_a_number_beside_an_array_otherwise() -> None:
    """The twin: without the two turns the axes would be NumPy's."""
    index = (0, slice(None), [1, 2])
    assert counted(4, 3, 5)[index].shape == (2, 3)
    assert len(in_turns(slicing.checked_index(index))) == 2


# ---------------------------------------------------------------- repeated indices


def test_repeated_indices_add() -> None:
    """Seeds, row 13."""
    x = leaf([4.0, 5.0, -1.0])
    x[[0, 0, 1]].backward([2.0, -1.0, 3.0])
    assert x.grad.shape == x.shape
    assert x.grad.tolist() == [1.0, 3.0, 0.0]


def test_repeated_rows_add() -> None:
    x = leaf(counted(4, 2))
    ids = [[0, 1, 0], [2, 0, -4]]
    g = rng.standard_normal((2, 3, 2))
    x[ids].backward(g)
    expected = np.zeros((4, 2))
    np.add.at(expected, np.array(ids), g)
    assert x.grad.shape == x.shape
    np.testing.assert_allclose(x.grad.value, expected, rtol=1e-15)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_repeats_in_take_along_dim_and_gather_add(dim: int) -> None:
    x, index = leaf(np.sin(counted(3, 3))), np.array([[0, 0, 1], [2, 0, 1], [0, 0, 2]])
    assert_gradient(lambda x: x.take_along_dim(index, dim), x)
    assert_gradient(lambda x: x.gather(dim, index), x)
    expected = np.take_along_axis(x.value, index, dim)
    np.testing.assert_array_equal(x.gather(dim, index).value, expected)
    np.testing.assert_array_equal(np.take_along_axis(x, index, axis=dim).value, expected)


def test_the_check_would_notice_a_repeat_that_does_not_add() -> None:
    """The twin of the tests above: the tempting pullback fails where an index repeats."""

    def tempting(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
        whole = np.zeros(shape)
        whole[index] += g
        return whole

    with mock.patch.dict("minigrad.engine.rules"):

        @differentiable
        def wrong(x: Any, index: Any) -> Any:
            return x[index], lambda g: tempting(g, index, x.shape)

    x = leaf([4.0, 5.0, -1.0])
    assert gradcheck(lambda x: wrong(x, [2, 0]), (x,))
    assert not gradcheck(lambda x: wrong(x, [0, 0]), (x,), raise_exception=False)


@pytest.mark.parametrize("size", [3, 300, 70_000])
def test_rows_are_added_however_often_they_repeat(size: int) -> None:
    """Once, twice, eight times, nine times and a hundred times; by numbers of 8, 16 and 32 bits."""
    buffer = np.ones((size, 2), np.float32)
    rows = rng.permutation(np.repeat([0, 1, 2, size - 1, size // 2], [1, 2, 8, 9, 100]))
    piece = rng.standard_normal((len(rows), 2)).astype(np.float32)
    add_rows(buffer, rows, piece)
    assert buffer.dtype == np.float32
    expected = np.ones((size, 2))
    np.add.at(expected, rows, piece)
    np.testing.assert_allclose(buffer, expected, atol=1e-4)


def test_of_values_written_to_one_place_the_last_one_counts() -> None:
    x, v = leaf([1.0, 2.0, 3.0]), leaf([10.0, 20.0, 30.0])
    y = written(x, [0, 0, 2], v)
    assert y.tolist() == [20.0, 2.0, 30.0]
    y.backward([1.0, 2.0, 4.0])
    assert x.grad.tolist() == [0.0, 2.0, 0.0]
    assert v.grad.tolist() == [0.0, 1.0, 4.0]


# ---------------------------------------------------------------- what it costs


def slices_of_a_table(rows: int, width: int = 64) -> tuple[Any, Any]:
    table = leaf(np.ones((1000, width)))
    return table, sum((table[row] * 2.0).sum() for row in range(rows))


def peak_of(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_many_slices_of_one_table_share_one_buffer() -> None:
    table, total = slices_of_a_table(200)
    with mock.patch.object(np, "zeros", wraps=np.zeros) as zeros:
        total.backward()
    whole = [call for call in zeros.call_args_list if call.args[0] == (1000, 64)]
    assert len(whole) == 1
    assert table.grad.value.sum() == 200 * 64 * 2


def test_memory_of_many_slices_is_one_table_and_what_they_touch() -> None:
    """Seeds, row 24, for slices: no array of the whole for each of them."""
    _, total = slices_of_a_table(500)
    assert peak_of(total.backward) < 2 * 1000 * 64 * 8


def test_work_grows_with_the_slices_and_not_with_the_table() -> None:
    """The numbers that are added, counted: each slice touches its own row only."""
    for rows in (10, 100, 400):
        _, total = slices_of_a_table(rows)
        with mock.patch.object(slicing, "add_at", wraps=slicing.add_at) as add_at:
            total.backward()
        assert sum(call.args[2].size for call in add_at.call_args_list) == rows * 64


def test_a_gather_of_rows_makes_no_one_hot_matrix() -> None:
    """Seeds, row 24: 2,000 of 5,000 rows would be a table of 80 MB."""
    table, ids = leaf(np.ones((5000, 8))), rng.integers(0, 5000, 2000)
    assert peak_of(lambda: (table[ids] * 2.0).sum().backward()) < 4_000_000


def test_parts_meet_whole_gradients_in_any_order() -> None:
    w = np.cos(counted(3, 2))
    for orders in ("x[0] + whole", "whole + x[0]"):
        x = leaf(counted(3, 2))
        whole, part = (x * mg.tensor(w)).sum(), (x[0] * 3.0).sum() + (x[0:2] * 5.0).sum()
        (part + whole if orders.startswith("x") else whole + part).backward()
        np.testing.assert_allclose(x.grad.value, w + [[8.0] * 2, [5.0] * 2, [0.0] * 2])


def test_rows_of_several_picks_add() -> None:
    x = leaf(counted(4, 2))
    ((x[[0, 1, 0]] * 2.0).sum() + (x[[1, 3]] * 3.0).sum() + (x[[1, 1]] * 5.0).sum()).backward()
    assert x.grad.tolist() == [[4.0] * 2, [15.0] * 2, [0.0] * 2, [3.0] * 2]


@pytest.mark.parametrize("picks_first", [True, False])
def test_a_gradient_that_two_tensors_share_is_not_added_into(picks_first: bool) -> None:
    """x + y hands one array to both; the slice of x must not write into y's."""
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    if picks_first:
        picked = x[0] * 10.0 + x[1] * 20.0
        (picked + ((x + y) * 1.0).sum()).backward()
    else:
        both = ((x + y) * 1.0).sum()
        (both + (x[0] * 10.0 + x[1] * 20.0)).backward()
    assert x.grad.tolist() == [11.0, 21.0]
    assert y.grad.tolist() == [1.0, 1.0]


# ---------------------------------------------------------------- indices are copied


def test_changing_an_index_later_changes_nothing() -> None:
    x, index = leaf([1.0, 2.0, 3.0]), np.array([0, 2])
    y = x[index]
    index[:] = 1
    y.backward([1.0, 2.0])
    assert x.grad.tolist() == [1.0, 0.0, 2.0]


def test_changing_an_index_beside_others_later_changes_nothing() -> None:
    x, index = leaf(counted(2, 3)), np.array([0, 2])
    y = x[:, index]
    index[:] = 1
    y.backward(np.ones((2, 2)))
    assert x.grad.tolist() == [[1.0, 0.0, 1.0]] * 2


def test_changing_a_tensor_used_as_a_bound_changes_nothing() -> None:
    x, n = leaf([1.0, 2.0, 3.0]), mg.tensor(2)
    y = x[:n]
    n += 1
    y.backward([1.0, 2.0])
    assert x.grad.tolist() == [1.0, 2.0, 0.0]


# ---------------------------------------------------------------- derivatives of derivatives


@pytest.mark.parametrize(
    "index", [0, slice(None, None, -2), [0, 0, 2], np.array([True, False, True])]
)
def test_second_derivatives_go_through_picks(index: Any) -> None:
    x = leaf([1.0, 2.0, 3.0])
    (x[index] ** 3).sum().backward(create_graph=True)
    first, x.grad = x.grad, None
    (first * first).sum().backward()
    times = np.asarray(put(np.ones(np.shape(x.value[index])), index, (3,)))
    np.testing.assert_allclose(x.grad.value, 2 * (3 * times * x.value**2) * (6 * times * x.value))


def test_second_derivatives_go_through_writes() -> None:
    x, v = leaf([1.0, 2.0, 3.0]), leaf([2.0, 5.0])
    y = assign(x, v, [0, 0])
    (y**3).sum().backward(create_graph=True)
    first, v.grad = v.grad, None
    (first * first).sum().backward()
    assert v.grad.tolist() == [0.0, 2 * 3 * 25.0 * 6 * 5.0]


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.select(1, 2),
        lambda x: x.select(-1, -1),
        lambda x: x.narrow(0, 1, 2),
        lambda x: x.narrow(1, -2, 1),
        lambda x: x.split(2)[1],
        lambda x: x.split([1, 0, 3], dim=1)[2],
        lambda x: x.chunk(2, dim=-1)[0],
        lambda x: x.unbind(1)[3],
        lambda x: x.index_select(1, [3, 3, 0]),
        lambda x: x.masked_select(np.array([True, False, True, True])),
        lambda x: x[:, :1].masked_select(np.ones((1, 2), bool)),
        lambda x: x.gather(0, np.array([[1, 1], [2, 0]])),
        lambda x: x.take_along_dim(np.array([[1], [0], [3]]), 1),
        lambda x: x.take_along_dim(np.array([[-1]]), 0),
        lambda x: x.take_along_dim(np.array([11, 0, 0])),
        lambda x: x.scatter(1, np.array([[0], [3], [3]]), 2.0),
        lambda x: x.scatter(0, np.array([[0, 0, 2, 1]]), x * x),
        lambda x: x.scatter_add(1, np.array([[0, 0], [3, 1], [3, 3]]), x * x),
        lambda x: x.index_add(0, [2, 2], x[:2] * x[:2], alpha=3),
        lambda x: x.index_add(1, [1, 1], x[:, :2] * x[:, 1:3]),
    ],
)
def test_the_gradient_of_every_name(f: Callable[[Any], Any]) -> None:
    assert_gradient(f, leaf(np.sin(1 + counted(3, 4))))


def test_split_and_chunk_cover_the_axis_in_order() -> None:
    x = mg.tensor(counted(7))
    for pieces in (x.split(3), x.chunk(3), x.split([0, 5, 2]), x.chunk(10)):
        assert np.concatenate([p.value for p in pieces]).tolist() == x.tolist()
    assert [len(p) for p in x.split(3)] == [3, 3, 1]
    assert [len(p) for p in x.chunk(4)] == [2, 2, 2, 1]
    assert [p.shape for p in mg.zeros(0, 2).split(3)] == [(0, 2)]


def test_scatter_add_is_the_transpose_of_gather() -> None:
    x, index = rng.standard_normal((3, 4)), rng.integers(0, 3, (2, 4))
    g = rng.standard_normal((2, 4))
    back = mg.zeros(3, 4, dtype=mg.float64).scatter_add(0, mg.tensor(index), mg.tensor(g))
    out = mg.tensor(x).gather(0, mg.tensor(index))
    np.testing.assert_allclose((out.value * g).sum(), (x * back.value).sum())


def test_picks_keep_dtype_and_family() -> None:
    for dtype in (mg.float32, mg.float64, mg.int64, mg.bool):
        x = mg.ones(2, 3).to(dtype)
        for y in (x[0], x[:, [0, 0]], x[x == x], x[0, 1], x.gather(0, mg.zeros(1, 1).long())):
            assert type(y) is mg.Tensor
            assert y.dtype == x.dtype
            assert not y.requires_grad


def test_values_take_the_dtype_of_what_they_are_written_into() -> None:
    x = mg.zeros(3)
    x[0] = np.float64(0.1)
    x[1] = mg.tensor(2)
    x[2] = mg.tensor([[3.0]], dtype=mg.float64)
    assert x.dtype == mg.float32
    assert x.tolist() == [np.float32(0.1), 2.0, 3.0]


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (2, "getitem(float32[2, 3], int): index 2 is out of bounds for axis 0 with size 2"),
        (
            (0, -4),
            "getitem(float32[2, 3], tuple): index -4 is out of bounds for axis 1 with size 3",
        ),
        (
            [0, 5],
            "getitem(float32[2, 3], int64[2]): index 5 is out of bounds for axis 0 with size 2",
        ),
        ((0, 0, 0), "getitem(float32[2, 3], tuple): too many indices for array"),
        ((..., ...), "getitem(float32[2, 3], tuple): an index can only have a single ellipsis"),
        (np.ones(3, bool), "getitem(float32[2, 3], bool[3]): boolean index did not match"),
        (([0, 1], [0, 1, 2]), "getitem(float32[2, 3], tuple): shape mismatch"),
        (1.0, "getitem: float64[] cannot be an index: use integers, slices, None, ..., masks or"),
        ("row", "getitem: <U3[] cannot be an index: use integers, slices, None, ..., masks or"),
        (mg.ones(2), "getitem: float32[2] cannot be an index: use integers, slices, None, ..."),
    ],
)
def test_an_index_that_does_not_fit_is_an_index_error(index: Any, text: str) -> None:
    with raises(IndexError, text):
        mg.zeros(2, 3)[index]


def test_a_slice_goes_from_integer_to_integer() -> None:
    with pytest.raises(TypeError, match="integer"):
        mg.zeros(3)[:1.5]


@pytest.mark.parametrize(
    ("kind", "work", "text"),
    [
        (IndexError, lambda x: x.select(0, 2), "getitem(float32[2, 3], int): index 2 is out of"),
        (IndexError, lambda x: x.select(2, 0), "select: dim 2 is out of range: 2 dimensions"),
        (IndexError, lambda x: x[0, 0].unbind(), "unbind: a tensor without dimensions has no axis"),
        (RuntimeError, lambda x: x.narrow(1, 2, 2), "narrow: 2 to 4 leaves an axis of 3"),
        (RuntimeError, lambda x: x.split(0), "split: the size of a piece must be 1 or more, not 0"),
        (RuntimeError, lambda x: x.split([1, 1], 1), "split: the sizes [1, 1] do not add up to 3"),
        (RuntimeError, lambda x: x.chunk(0), "chunk: there must be 1 piece or more, not 0"),
        (
            IndexError,
            lambda x: x.index_select(0, mg.tensor([[0]])),
            "index_select: the index must have 1 dimension, not 2",
        ),
        (
            RuntimeError,
            lambda x: x.masked_select(mg.ones(2, 3)),
            "masked_select: a mask holds truth values, not float32",
        ),
        (
            ShapeError,
            lambda x: x.masked_select(mg.ones(2) == 1),
            "masked_select: a tensor and a mask of [2, 3] and [2] do not broadcast",
        ),
        (
            ShapeError,
            lambda x: x.gather(1, mg.tensor([0])),
            "gather: an index of shape [1] does not fit into [2, 3]: as many dims, and no size",
        ),
        (
            ShapeError,
            lambda x: x.gather(1, mg.zeros(3, 1).long()),
            "gather: an index of shape [3, 1] does not fit into [2, 3]: as many dims, and no size",
        ),
        (
            RuntimeError,
            lambda x: x.gather(1, mg.tensor([[0, 3]])),
            "gather: 0 to 3 are not all places on an axis of 3",
        ),
        (
            ShapeError,
            lambda x: x.take_along_dim(mg.tensor([0]), 1),
            "take_along_dim: 1 dims of indices for 2 of the tensor",
        ),
        (
            ShapeError,
            lambda x: x.scatter(1, mg.tensor([[0, 1]]), mg.ones(1, 1)),
            "scatter: src must be a tensor of at least [1, 2], the shape of the index, not "
            "float32[1, 1]",
        ),
        (
            ShapeError,
            lambda x: x.scatter_add(1, mg.tensor([[0, 1]]), 2.0),
            "scatter_add: src must be a tensor of at least [1, 2], the shape of the index, not "
            "float",
        ),
        (
            ShapeError,
            lambda x: x.index_add(0, mg.tensor([0, 0]), mg.ones(1, 3)),
            "index_add: the source has shape [1, 3], these places [2, 3]",
        ),
    ],
)
def test_errors_of_the_names(kind: type[Exception], work: Callable[[Any], Any], text: str) -> None:
    with raises(kind, text):
        work(mg.zeros(2, 3))


@pytest.mark.parametrize(
    ("kind", "index", "v", "text"),
    [
        (IndexError, 2, 0.0, "setitem(float32[2, 3]): index 2 is out of bounds for axis 0"),
        (IndexError, (0, slice(None), 0), 0.0, "setitem(float32[2, 3]): too many indices"),
        (
            ShapeError,
            0,
            mg.ones(2),
            "setitem: a value of [2] does not broadcast into the [3] it is for",
        ),
        (
            ShapeError,
            slice(1),
            mg.ones(2, 3),
            "setitem: a value of [2, 3] does not broadcast into the [1, 3] it is for",
        ),
    ],
)
def test_errors_of_writing(kind: type[Exception], index: Any, v: Any, text: str) -> None:
    x = mg.zeros(2, 3)
    with raises(kind, text):
        x[index] = v
    assert x.tolist() == [[0.0] * 3] * 2


def test_plain_arrays_are_picked_as_they_are() -> None:
    a = counted(2, 3)
    assert getitem(a, (0, [1, 1])).tolist() == [1.0, 1.0]
    assert np.asarray(put(np.ones(2), [0, 0], (3,))).tolist() == [2.0, 0.0, 0.0]
