"""Lines of PyTorch code, one case each, by the chapter of the book that they belong to.

`"x + y": [((3, 2), (2,)), …]` runs the line once for every tuple of inputs. An input is a shape to
fill with random numbers, or the numbers themselves; the inputs are the leaves `x`, `y`, `z`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, product
from typing import Any

from . import (
    Case,
    Table,
    calls,
    forward,
    higher,
    layers,
    lines,
    losses,
    optimizers,
    pictures,
    positive,
    programs,
    promotion,
    unit,
    words,
)

# ---------------------------------------------------------------- chapters 1, 3 and 4: products

VECTOR, MATRIX, BATCH, BATCHES = (3,), (3, 3), (2, 3, 3), (2, 1, 3, 3)
PAIRS = [
    *[((3,), (3,)), ((2, 3), (3,)), ((2,), (2, 3)), ((2, 3), (3, 4))],
    *product([VECTOR, MATRIX, BATCH, BATCHES], repeat=2),
]
STRICT = [
    ((1, 3), (3,)), ((3, 1), (1,)), ((1,), (1, 3)), ((1,), (1,)), ((1, 1), (1, 1)),
    ((3, 1), (1, 2)),
]  # fmt: skip
BATCHED = [
    ((2, 3, 4), (4, 2)), ((3, 4), (2, 4, 2)), ((2, 3, 4), (1, 4, 2)), ((1, 3, 4), (2, 4, 2)),
    ((2, 1, 3, 2), (4, 2, 3)), ((2, 3, 4), (4,)), ((4,), (2, 4, 3)), ((2, 1, 2, 3), (3,)),
    ((1, 2, 1, 2), (3, 1, 2, 2)),
]  # fmt: skip
EMPTY = [((0,), (0,)), ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((2, 0), (0,)), ((0, 2, 3), (3, 1))]

PRODUCTS: Table = {
    "x @ y": PAIRS + STRICT + BATCHED + EMPTY,
    "torch.matmul(x, y)": [((3,), (3,)), ((2, 3), (3,)), ((2, 1, 3, 2), (4, 2, 3))],
    "x.matmul(y)": [((3,), (3, 2)), ((2, 3), (3, 2))],
    "torch.dot(x, y)": [((3,), (3,)), ((1,), (1,)), ((0,), (0,))],
    "x.dot(y)": [((4,), (4,))],
    "torch.inner(x, y)": [((3,), (3,)), ((2, 3), (4, 3))],
    "torch.outer(x, y)": [((3,), (2,)), ((1,), (1,))],
    "x.outer(y)": [((3,), (2,))],
    "torch.mv(x, y)": [((2, 3), (3,))],
    "x.mv(y)": [((2, 3), (3,))],
    "torch.mm(x, y)": [((2, 3), (3, 4))],
    "x.mm(y)": [((2, 3), (3, 4))],
    "torch.bmm(x, y)": [((2, 3, 4), (2, 4, 2))],
    "x.bmm(y)": [((2, 3, 4), (2, 4, 2))],
    "torch.addmm(x, y, z)": [(shape, (2, 3), (3, 4)) for shape in [(2, 4), (4,), (2, 1)]],
    "torch.addmm(x, y, z, beta=0.5, alpha=2)": [((4,), (2, 3), (3, 4))],
    "x @ x": [((3,),), ((3, 3),), ((2, 3, 3),)],
    "x @ x.T": [((2, 3),)],
    "x.T @ x": [((2, 3),)],
    "x @ y @ z": [((2, 3), (3, 4), (4,)), ((2,), (2, 3), (3, 2))],
    "x @ y + x @ y": [((2, 3), (3, 4))],
    "torch.trace(x)": [((3, 3),), ((2, 3),)],
}

# ---------------------------------------------------------------- chapter 5: broadcasting

BROADCASTS = [
    ((3, 2), (3, 2)), ((3, 2), (2,)), ((3, 2), (1, 2)), ((3, 2), (1,)), ((3, 2), ()),
    ((3, 1), (1, 4)), ((2,), (3, 2)), ((), ()), ((), (2, 2)), ((2, 1, 3), (4, 1)),
    ((2, 0), (1,)), ((0,), ()),
]  # fmt: skip
MANY = [*BROADCASTS, ((4, 5, 3, 1), (3, 1))]
FEW = [((3, 2), (2,)), ((3, 1), (1, 4)), ((2,), ())]

ARITHMETIC: list[Table] = [
    lines("""
        x + y    x - y    x * y    x / y    torch.maximum(x, y)
    """, MANY),
    {
        "torch.minimum(x, y)": BROADCASTS,
        "torch.where(x > y, x, 2 * y)": BROADCASTS,
    },
    lines("""
        torch.add(x, y)    x.add(y)    x.sub(y)    torch.subtract(x, y)
        torch.mul(x, y)    x.mul(y)    torch.multiply(x, y)    x.div(y)    torch.divide(x, y)
        torch.sub(x, y)    torch.div(x, y)    torch.true_divide(x, y)
        torch.add(x, y, alpha=3)    torch.sub(x, y, alpha=3)
        torch.div(x, y, rounding_mode='floor')    torch.div(x, y, rounding_mode='trunc')
        x % y    torch.remainder(x, y)    torch.fmod(x, y)    x.remainder(y)
        torch.atan2(x, y)    torch.arctan2(x, y)    torch.hypot(x, y)    torch.logaddexp(x, y)
        torch.lerp(x, y, 0.3)    x.lerp(y, 0.3)    torch.lerp(x, y, x * y)    (x - y) ** 2
        x.maximum(y)    x.minimum(y)    torch.max(x, y)    torch.min(x, y)    x.atan2(y)
        x > y    x < y    x >= y    x <= y    x == y    x != y    torch.gt(x, y)    x.le(y)
        x.detach() // y.detach()    torch.floor_divide(x.detach(), y.detach())
        x.detach().floor_divide(2)
    """, FEW),
    {
        "torch.addcmul(x, y, z, value=0.5)": [((3, 2), (2,), (3, 1))],
        "torch.addcdiv(x, y, z, value=0.5)": [((3, 2), (2,), (3, 1))],
        "x * y + z": [((2, 3), (3,), ()), ((2, 3), (2, 1), (1, 3))],
        "x.pow(y)": [(positive(3, 2), (2,)), (positive(2), ()), (positive(3, 1), (1, 4))],
        "x ** y": [
            (positive(3, 2), (3, 2)), (positive(3, 2), (2,)), (positive(), (3,)),
            ([0.0, 0.0, 2.0, 1.0], [2.0, 1.0, 0.0, 0.5]), ([0.0], [0.0]),
            ([-2.0, -1.5, -2.0], [2.0, 3.0, -1.0]),
        ],
        "torch.maximum(x, y), torch.minimum(x, y)": [([1.0, 2.0, 3.0], [1.0, 5.0, 3.0])],
        "torch.broadcast_to(x, (3, 2))": [((2,),), ((3, 1),), ((),)],
        "torch.broadcast_tensors(x, y)": [((3, 1), (2,))],
        "torch.broadcast_shapes((3, 1), (1, 4), (2, 1, 1))": [()],
    },
]  # fmt: skip

PYTHON_NUMBERS = lines("""
    2 + x
    x - 2.5
    2.5 - x
    1 - x
    x * 3
    0.1 * x
    x / 2
    2 / x
    x * True
    x.detach() // 2
    7 // x.detach()
    x % 2
    -7 % x.detach()
    x ** 2
    2 ** x
    2.5 ** x
    x ** -1
    x ** -2.0
    -x
    +x
    abs(x)
    x + np.float64(0.5)
    x * np.float32(0.5)
    x - np.int64(3)
    x / np.int32(3)
    x ** np.float64(2.0)
    x > 0
    0 < x
    x == 1
    x != 0.5
    x <= -0.5
    1 - 2 / (x * x + 1)
    torch.rsub(x, 2)
    torch.add(x, 2, alpha=3)
    torch.mul(x, 2)
    torch.pow(x, 3)
    torch.pow(2, x)
    x.pow(2)
    torch.clamp(2 * x + 1, 0, 1)
    x.neg()
    torch.neg(x)
    torch.negative(x)
    torch.positive(x)
""", [((3, 2),)])  # fmt: skip

EXPONENTS = words("0|1|2|3|0.0|1.0|2.0|-1|-2.0", "|")
POWERS = [
    calls("x ** {}", [([0.0, 2.0, -1.5],)], EXPONENTS),
    calls("x ** {}", [([0.0, 2.0, 0.25, -1.0],)], ["0.5", "1.5", "-0.5", "2.5"]),
    calls("torch.{}(x)", [([0.0, 4.0, -1.0],)], ["sqrt", "square"]),
    calls("{} ** x", [([0.0, 1.0, 2.0],)], ["0", "torch.tensor([0., 0.5, 2.], dtype=x.dtype)"]),
]

# ---------------------------------------------------------------- chapter 6: slicing

INDEXING = [lines("""
    x[1]
    x[-1]
    x[1, 2]
    x[1, 2, 3]
    x[-1, -2, -3]
    x[1][2][3]
    x[1:3]
    x[:2]
    x[-2:]
    x[1:-1, 1:-1, 1:-1]
    x[:, 1]
    x[:, -1:]
    x[::2]
    x[1::2, :, 1:4:3]
    x[0:100]
    x[3:1]
    x[4:]
    x[:]
    x[...]
    x[()]
    x[..., 0]
    x[0, ...]
    x[1, ..., 2]
    x[..., 1:3, 0]
    x[None]
    x[:, None, 1]
    x[..., None]
    x[None, 1, None, :, None]
    x[slice(1, 3)]
    x[(1, 2)]
    x[np.int64(1)]
    x[[0, 0, 1]]
    x[[-1, -1, 0]]
    x[[]]
    x[[2]]
    x[[0, 2], [1, 1]]
    x[[0, 0], [1, 1], [2, 2]]
    x[:, [0, 2]]
    x[:, [0, 0, 2, 0]]
    x[:, :, [4, 4]]
    x[..., [0, 4]]
    x[1:3, [0, 1]]
    x[[0, 1], 1:3]
    x[[0, 1], :, [1, 2]]
    x[0, :, [1, 2]]
    x[[1, 2], :, 0]
    x[:, 0, [1, 2]]
    x[[1], 0]
    x[[1, 2], None, 0]
    x[None, [1, 2]]
    x[[1, 2], ..., [0, 0]]
    x[::2, [0, 1], None]
    x[np.array([0, 1, 1])]
    x[torch.tensor([0, 0, 1])]
    x[torch.tensor([3, -1])]
    x[torch.tensor([[0, 1], [2, 2]])]
    x[torch.tensor(1)]
    x[torch.tensor(1), torch.tensor(2)]
    x[torch.tensor([1, 2]), torch.tensor(0)]
    x[torch.tensor([[0], [1]]), torch.tensor([0, 2])]
    x[:, torch.tensor([[0], [1]]), torch.tensor([0, 2])]
    x[torch.tensor([0, 1]), None, :, torch.tensor(2)]
    x[torch.zeros(0, dtype=torch.int64)]
    x[torch.tensor([0, 1], dtype=torch.int32)]
    x[torch.tensor([0, 1], dtype=torch.uint8).to(torch.int64)]
    x[x > 0]
    x[x > 100]
    x[x[:, 0, 0] > 0]
    x[x[:, :, 0] > 0]
    x[x[:, :, 0] > 0, 1]
    x[:, torch.tensor([True, False, True])]
    x[:, torch.tensor([True, False, True]), 1]
    x[torch.tensor([True, False, True, False]), [0, 1]]
    x[[True, False, True, False]]
    x[1, x[1] > 0]
    x[True]
    x[False]
    x[torch.tensor(True)]
    x[0][[1, 1]] + x[1][[0, 2]]
    [row.sum() for row in x]
    [*x[0]]
    [x[i, i] for i in range(3)]
""", [((4, 3, 5),)]), lines("""
    x[()]
    x[...]
    x[None]
    x[None, None]
    x[..., None]
    x[True]
    x[x > 100]
    x.reshape(1)[0]
""", [((),)])]  # fmt: skip

GATHERING: Table = {
    "torch.take_along_dim(x, torch.tensor([[0, 0, 1], [2, 2, 2]]), 1)": [((2, 3),)],
    "torch.take_along_dim(x, torch.tensor([[0, 1, 1]]), dim=0)": [((2, 3),)],
    "torch.take_along_dim(x, torch.tensor([5, 0, 0]))": [((2, 3),)],
    "torch.take_along_dim(x, torch.argsort(x, dim=1), dim=1)": [((3, 4),)],
    "x.take_along_dim(torch.tensor([[1], [0]]), 1)": [((2, 3),)],
    "torch.gather(x, 1, torch.tensor([[0, 0], [2, 1]]))": [((2, 3),)],
    "torch.gather(x, 0, torch.tensor([[1, 1, 1], [0, 1, 0], [1, 1, 1]]))": [((2, 3),)],
    "torch.gather(x, 1, torch.tensor([[2]]))": [((2, 3),)],
    "x.gather(-1, torch.tensor([[0, 0], [2, 1]]))": [((2, 3),)],
    "torch.index_select(x, 0, torch.tensor([1, 1, 0]))": [((2, 3),)],
    "torch.index_select(x, -1, torch.tensor([2, 2]))": [((2, 3),)],
    "x.index_select(1, torch.tensor([0]))": [((2, 3),)],
    "torch.take(x, torch.tensor([0, 0, 5]))": [((2, 3),)],
    "torch.masked_select(x, x > 0)": [((2, 3),), ((),)],
    "torch.masked_select(x, torch.tensor([True, False, True]))": [((2, 3),)],
    "x.masked_select(x < 0)": [((2, 3),)],
    "x.masked_fill(x > 0, 0.5)": [((2, 3),), ((),)],
    "torch.masked_fill(x, torch.tensor([True, False, True]), -1)": [((2, 3),)],
    "x.masked_fill(torch.tensor([True, False, True]), float('-inf'))": [((2, 3),)],
    "torch.where(x > 0, x, 0.)": [((2, 3),)],
    "torch.where(x > 0, 1., x)": [((2, 3),)],
    "torch.where(x > 0, 2 * x, -x)": [((2, 3),), ((),)],
    "torch.where(torch.tensor([True, False, True]), x, y)": [((2, 3), (2, 1)), ((), (3,))],
    "x.where(x > 0, y)": [((2, 3), ()), ((2, 3), (2, 3))],
    "torch.where(x > 0)": [((2, 3),)],
    "torch.nonzero(x > 0)": [((2, 3),)],
    "(x > 0).nonzero()": [((4,),)],
    "torch.argwhere(x > 0)": [((2, 3),)],
    "torch.count_nonzero(x > 0)": [((2, 3),)],
    "x[torch.tensor([0, 2, 0, 0])][:, 1]": [((3, 2),)],
    "torch.stack([x[i] for i in [0, 0, 2]])": [((3, 2),)],
}

SHAPING: list[Table] = [
    lines("""
        x.reshape(6, 4)    x.reshape(-1)    x.reshape((4, 6))    x.reshape(2, -1)
        x.reshape(4, 3, -1)    x.view(6, 4)    x.view(-1, 2)    x.flatten()    x.flatten(1)
        x.flatten(0, 1)    x.flatten(start_dim=-2)    x.flatten(1, 1)    x.ravel()
        x.unflatten(2, (2, 2))    x.unflatten(-1, (-1, 2))    x.unflatten(0, (2, 1))
        x.unsqueeze(0)    x.unsqueeze(-1)    x.unsqueeze(1)    x.unsqueeze(dim=3)
        x.transpose(0, 1)    x.transpose(-1, 0)    x.transpose(1, 1)    x.permute(2, 0, 1)
        x.permute((1, 0, 2))    x.permute(-1, 0, 1)    x.mT    x.swapaxes(0, 2)
        x.movedim(0, -1)    x.movedim((0, 1), (1, 2))    x.moveaxis(2, 0)    x.repeat(2, 1, 1)
        x.repeat(2, 1, 1, 1)    x.repeat(1, 0, 1)    x.repeat_interleave(2, dim=1)
        x.repeat_interleave(2)    x.repeat_interleave(torch.tensor([1, 0, 2]), dim=1)
        x.tile((2,))    x.tile(2, 1, 1, 1)    x.expand(5, 2, 3, 4)    x.expand(-1, -1, -1)
        x.flip(0)    x.flip(0, 2)    x.flip((1,))    x.flip(-1)    x.roll(1)    x.roll(1, 0)
        x.roll(-2, -1)    x.roll((1, 2), (0, 1))    x.roll(5, dims=1)    x.narrow(1, 1, 2)
        x.narrow(-1, 0, 3)    x.select(1, 2)    x.select(-1, 0)    x.diagonal()
        x.diagonal(1, 1, 2)    x.diagonal(dim1=0, dim2=2)    x.unbind()    x.unbind(1)
        x.unbind(dim=-1)    x.chunk(2)    x.chunk(2, dim=1)    x.chunk(3, -1)    x.chunk(5, 2)
        x.split(1)    x.split(3, dim=2)    x.split([1, 2], dim=1)    x.split([4, 0], -1)
        x.tril()    x.triu()    x.triu(1)    x.tril(-1)    x.contiguous()    x.view_as(x)
        x.reshape(x.shape)    x.reshape(3, 2, 4).transpose(1, 2)
        x.permute(1, 2, 0).reshape(6, 4)    x.mT.mT
    """, [((2, 3, 4),)]),
    lines("""
        x.T    x.t()    torch.t(x)    torch.transpose(x, 0, 1)    torch.swapaxes(x, 0, 1)
        torch.permute(x, (1, 0))    torch.movedim(x, 0, 1)    torch.reshape(x, (3, 2))
        torch.flatten(x)    torch.ravel(x)    torch.unflatten(x, 1, (3, 1))
        torch.unsqueeze(x, 1)    torch.flip(x, (0, 1))    torch.flip(x, [1])    torch.fliplr(x)
        torch.flipud(x)    torch.roll(x, 1)    torch.roll(x, (1, 1), (0, 1))
        torch.tile(x, (2, 2))    torch.tile(x, (2,))    torch.repeat_interleave(x, 3, dim=0)
        torch.repeat_interleave(x, 2)    torch.narrow(x, 1, 0, 2)    torch.select(x, 0, 1)
        torch.unbind(x)    torch.split(x, 2, dim=1)    torch.chunk(x, 2, dim=1)    torch.tril(x)
        torch.triu(x)    torch.tril(x, 1)    torch.triu(x, diagonal=-1)    torch.diag(x)
        torch.diag(x, 1)    torch.diagonal(x)    torch.diagonal(x, offset=-1)    torch.rot90(x)
        x.expand_as(torch.zeros(4, 2, 3))    x.reshape_as(torch.zeros(6))
    """, [((2, 3),)]),
    lines("""
        x.squeeze()    x.squeeze(0)    x.squeeze(1)    x.squeeze(-1)    x.squeeze((0, 2))
        torch.squeeze(x)    torch.squeeze(x, 2)    x.expand(2, 3, 4)    x.expand(5, 1, 3, 2)
        x.expand((2, -1, 4))    x.expand(-1, 3, 2)    x.expand_as(torch.zeros(2, 3, 2))
    """, [((1, 3, 1),)]),
    lines("""
        torch.diag(x)    torch.diag(x, -1)    torch.diag(x, diagonal=1)    torch.diag_embed(x)
        torch.atleast_2d(x)    torch.atleast_1d(x)    x.repeat(2)    x.repeat(2, 2)    x.roll(1)
        x.roll(-4)    x.flip(0)    x.view(3, 1)    x.expand(2, 3)    x[:, None] * x[None, :]
        x.view(1, 3)    x.unbind()    torch.tensor_split(x, 2)    torch.cartesian_prod(x, x)
        x.unfold(0, 2, 1)
    """, [((3,),)]),
    lines("""
        x.reshape(1)    x.reshape(-1)    x.view(1, 1)    x.flatten()    x.squeeze()
        x.unsqueeze(0)    x.expand(3)    x.expand(2, 3)    x.repeat(2)    x.reshape(())
        x.ravel()    x.permute(())
    """, [((),)]),
    lines("""
        x.reshape(0, 6)    x.reshape(3, 0)    x.flatten()    x.transpose(0, 2)    x.flip(0)
        x.roll(1, 0)    x.repeat(1, 2, 2)    x.unsqueeze(0)
    """, [((2, 0, 3),)]),
    {
        "torch.vstack((x, y))": [((3,), (3,)), ((2, 3), (1, 3))],
        "torch.hstack((x, y))": [((3,), (2,)), ((2, 3), (2, 1))],
        "torch.meshgrid(x, y, indexing='ij')": [((3,), (2,))],
        "torch.meshgrid(x, y, indexing='xy')": [((3,), (2,))],
        "torch.atleast_2d(x)": [((),)],
    },
]  # fmt: skip

JOINING: Table = {
    "torch.cat([x, y])": [((2, 3), (1, 3)), ((2,), (3,)), ((2,), (0,)), ((2, 3), (0,))],
    "torch.cat((x, y), 1)": [((2, 3), (2, 1))],
    "torch.cat((x, y), dim=-1)": [((2, 1, 3), (2, 1, 2))],
    "torch.cat([x, x, y, x])": [((2,), (1,))],
    "torch.cat([x])": [((2,),)],
    "torch.concat([x, y])": [((2,), (1,))],
    "torch.concatenate([x, y], dim=0)": [((2,), (1,))],
    "torch.cat([x, torch.zeros(2, 3, dtype=x.dtype)])": [((2, 3),)],
    "torch.stack([x, y])": [((2, 3), (2, 3)), ((), ()), ((0,), (0,))],
    "torch.stack((x, y), 1)": [((2, 3), (2, 3))],
    "torch.stack((x, y), dim=-1)": [((2, 3), (2, 3))],
    "torch.stack([x, x, y])": [((2,), (2,))],
    "torch.cat(torch.split(x, 2) + (y,))": [((5, 2), (1, 2))],
    "torch.stack(torch.unbind(x, 1), 1)": [((2, 3),)],
    "pad(x, (1, 2))": [((2, 3),), ((3,),)],
    "pad(x, (1, 2, 0, 1))": [((2, 3),)],
    "pad(x, (1, 1), value=0.5)": [((2, 3),)],
    "pad(x, (0, 0, 1, 0), 'constant', 2)": [((2, 3),)],
    "pad(x, (-1, 1))": [((2, 3),)],
    "pad(x, (0, 0))": [((2, 3),)],
}

# an assignment is recorded: what was overwritten gets no gradient, what was written does
ASSIGNING = {
    f"z = x.clone(); {statement}; z * 2": [((3, 4), shape)]
    for shape, statements in {
        (4,): """z[0] = y | z[:] = y | z[1:] = y | z[[0, 2]] = y | z[...] = y
            | z[torch.tensor([True, False, True])] = y""",
        (3,): """z[:, 1] = y | z[..., -1] = y | z[[0, 1, 2], [0, 1, 2]] = y | z[:, 0] += y
            | z[:, ::4] = y[:, None]""",
        (): """z[1, 2] = y | z[0] = y | z[x > 0] = y | z[:, [0, 2]] = y | z[-1, :2] = y * y
            | z[0, 0] += y | z[...] = y""",
        (
            2,
        ): """z[0, 1:3] = y | z[torch.tensor([0, 2]), torch.tensor([1, 1])] = y | z[:2, 0] = y * y
            | z[1, [0, 3]] *= y""",
        (3, 4): """z[:] = y | z += y | z -= y | z *= y | z /= y | z **= 2; z += y | z = z + y
            | z[x > 0] = y[x > 0] | z[:2] += y[1:]""",
        (1, 2): """z[:, 1:3] = y | z[::2, :2] = y""",
    }.items()
    for statement in map(str.strip, statements.split("|"))
}
ASSIGNING |= lines("""
    z = x.clone(); z[0] = 0; z
    z = x * 1; z[1:, 1:] = -1.5; z * x
    z = x * 2; z[z > 0] = 0; z
    z = x * 2; z[0] = z[1]; z
    z = x * 2; z[0] = x[1] * x[0]; z[1] = z[0]; z
    z = x.clone(); z[0] = 1; z[0] = x[1]; z
    z = x.clone(); z[0, 0] = 7; z[1, 1] = x[0, 0]; z.sum() * z
    z = torch.zeros(2, 3, dtype=x.dtype); z[1] = x[0]; z
    z = torch.zeros(2, 3, dtype=x.dtype); z[:] = x; z
    z = torch.zeros(2, 3, dtype=x.dtype); z += x; z
    z = torch.zeros(4, dtype=x.dtype); z[[0, 3]] = x[:, 1]; z[1] = x[0, 0] * z[0].clone(); z
    z = torch.zeros(2, 3, dtype=x.dtype); z[0, :2] = torch.tensor([1., 2.]); z + x
    z = torch.zeros(2, 3, dtype=x.dtype); z[0] = torch.arange(3); z + x
    z = x.clone(); z += 1; z
    z = x.clone(); z -= 1; z *= 3; z /= 2; z
    z = x.clone(); y = z; z += x; y
    z = x.exp(); w = z * 2; z = z + 1; w * z
    z = x.clone(); z @= x.T; z
    z = x * 1; z.zero_(); z + x
    z = x * 1; z.fill_(3); z * x
    z = x * 1; z.add_(2); z
    z = x * 1; z.add_(x, alpha=2); z
    z = x * 1; z.sub_(x * x); z
    z = x * 1; z.mul_(x); z
    z = x * 1; z.div_(x + 3); z
    z = x * 1; z.copy_(x * x); z
    z = x * 1; z.clamp_(-1, 1); z
    z = x * 1; z.masked_fill_(x > 0, 0); z
""", [((2, 3),)])  # fmt: skip

# ---------------------------------------------------------------- elementwise mathematics

EVERYWHERE = words("""
    exp expm1 abs absolute sign sin cos tan tanh sinh cosh atan arctan asinh sigmoid relu erf square
    floor ceil round trunc frac neg exp2 erfc sinc
""")
POSITIVE = words("log log2 log10 log1p sqrt rsqrt reciprocal lgamma")
UNIT = words("asin acos arcsin arccos atanh logit")
NAN, INF = float("nan"), float("inf")
CORNERS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.0, INF, -INF, NAN]

FUNCTIONS: list[Table] = [
    calls("torch.{}(x)", [((2, 3),), ((),), ((0, 2),), (CORNERS,)], EVERYWHERE),
    calls("torch.{}(x)", [(positive(2, 3),), (positive(),), (CORNERS,)], POSITIVE),
    calls("torch.{}(x)", [(unit(2, 3),), (unit(),), (CORNERS,)], UNIT),
    {f"torch.equal(torch.{f}(x), x.{f}())": [(unit(2) + 1,)] for f in EVERYWHERE + POSITIVE},
    {f"torch.equal(torch.{f}(x), x.{f}())": [(unit(2),)] for f in UNIT},
    lines("""
        torch.clamp(x, -1, 1)    torch.clamp(x, min=0)    torch.clamp(x, max=0.5)    x.clamp(0, 1)
        x.clamp(min=-0.5, max=0.5)    x.clip(0, 1)    torch.clip(x, 0, 1)    x.clamp_min(0)
        x.clamp_max(0.5)    torch.clamp(x, 1, -1)    torch.clamp(x, -INF, INF)
        torch.maximum(x, torch.tensor(0., dtype=x.dtype))    torch.nan_to_num(x)    torch.relu(-x)
        x.relu() * -3
    """.replace("INF", "float('inf')"), [((2, 3),), ([-1.0, 0.0, 0.5, 1.0, NAN],)]),
    {
        "torch.clamp(x, y, z)": [((2, 3), [-0.5, 0.0, 0.5], [1.0, 0.5, 1.0])],
        "torch.clamp(x, min=y)": [((2, 3), ()), ([1.0, 2.0], [1.0, 3.0])],
        "torch.clamp(x, max=y)": [((2, 3), (2, 1)), ([1.0, 2.0], [1.0, 1.0])],
        "torch.round(x, decimals=1)": [((2, 3),)],
        "torch.round(x, decimals=-1)": [([14.0, 15.0, 26.0],)],
        "torch.acosh(x)": [(positive(2, 3) + 1,)],
        "torch.logaddexp(x, y)": [([0.0, 1000.0, -1000.0], [0.0, 1000.0, 5.0])],
        "torch.hypot(x, y)": [([3.0, 1e200], [4.0, 1e200])],
        "torch.atan2(x, y)": [([0.0, 1.0, -1.0, 0.0], [1.0, 0.0, -1.0, -1.0])],
        "torch.sigmoid(x)": [([-1000.0, -40.0, 0.0, 40.0, 1000.0],)],
        "torch.tanh(x)": [([-1000.0, -20.0, 0.0, 20.0, 1000.0],)],
        "torch.exp(x)": [([-1000.0, 1000.0],)],
        "torch.log1p(x)": [([1e-12, -1.0, -0.5],)],
        "torch.expm1(x)": [([1e-12, -1e-12],)],
        "torch.relu(x)": [([0.0, -0.0, 1e-9, -1e-9],)],
        "torch.erf(x)": [([-10.0, -3.0, -1.0, -1e-9, 0.0, 0.1, 0.8, 2.0, 5.0, 6.0],)],
        "torch.xlogy(x, y)": [([0.0, 1.0, 2.0], positive(3))],
    },
]  # fmt: skip

PREDICATES = lines("""
    torch.isnan(x)
    torch.isinf(x)
    torch.isfinite(x)
    x.isnan()
    x.isinf()
    x.isfinite()
    torch.signbit(x)
    torch.eq(x, 0)
    torch.ne(x, 0)
    torch.lt(x, 0)
    torch.gt(x, 0)
    torch.le(x, 0)
    torch.ge(x, 0)
    x.eq(0)
    x.gt(0)
    x == x
    x != x
    torch.logical_not(x)
    torch.logical_and(x > 0, x < 2)
    torch.logical_or(x > 0, x < -1)
    torch.logical_xor(x > 0, x < 1)
    (x > 0).logical_not()
    (x > 0) & (x < 2)
    (x > 0) | (x < -1)
    (x > 0) ^ (x < 1)
    ~(x > 0)
    torch.isclose(x, x + 1e-9)
    torch.isclose(x, x, equal_nan=True)
    torch.allclose(x, x)
    torch.allclose(x, x, equal_nan=True)
    torch.equal(x, x)
    x.equal(x.clone())
    torch.isin(x, torch.tensor([0., 3.], dtype=x.dtype))
""", [(CORNERS,)])  # fmt: skip

# ---------------------------------------------------------------- reductions

# arguments, separated by `|`
OVER_DIMS = words(
    """
|0|1|-1|dim=0|(0, 2)|dim=(-1, 0)|0, keepdim=True|dim=(0, 1), keepdim=True|dim=-2, keepdim=True
|[0, 1, 2]
""",
    "|",
)
ONE_DIM = words("|0|1|-1|dim=0|dim=-2, keepdim=True|2, True", "|")
NO_KEEP = words("|0|1|-1|dim=-2", "|")
NORMS = words(
    """
|2|1|0|p=3|float('inf')|float('-inf')|2, 0|p=2, dim=1, keepdim=True|1, dim=-1|dim=(0, 1)
""",
    "|",
)
SPREADS = words(
    """
|unbiased=True|unbiased=False|0, unbiased=False|correction=0|dim=1, correction=2
|dim=1, keepdim=True, correction=0
""",
    "|",
)
SORTS = words("0|descending=True|dim=0, descending=True|stable=True", "|")
TO_ONE = words("sum mean prod max min amax amin argmax argmin median")

REDUCTIONS: list[Table] = [
    calls("x.{}({})", [((2, 3, 4),)], ["sum", "mean", "var", "std", "amax", "amin"], OVER_DIMS),
    calls("x.logsumexp({})", [((2, 3, 4),)], OVER_DIMS[1:]),
    calls("x.{}({})", [((2, 3, 4),)], words("prod argmax argmin max min median"), ONE_DIM),
    calls("x.{}({})", [((2, 3, 4),)], ["sort", "argsort"], NO_KEEP),
    calls("x.{}({})", [((2, 3, 4),)], ["cumsum", "cumprod", "logcumsumexp"], NO_KEEP[1:]),
    calls("torch.{}(x)", [((2, 3),), ((),), ((3,),)], [*TO_ONE, "norm"]),
    calls("torch.{}(x, 1)", [((2, 3),)], TO_ONE + words("var std logsumexp cumsum cumprod")),
    calls("torch.{}(x, dim=0, keepdim=True)", [((2, 3),)], [*TO_ONE, "var", "std", "logsumexp"]),
    calls("x.{}(axis=0)", [((2, 3),)], words("sum mean prod amax amin argmax var std cumsum")),
    calls("x.{}(axis=0, keepdims=True)", [((2, 3),)], ["sum", "mean", "amax"]),
    calls("x.{}({})", [((2, 3),)], ["var", "std"], SPREADS),
    calls("x.norm({})", [((2, 3),)], NORMS),
    calls("torch.topk(x, {})", [((3, 5),)], ["2", "3, 0", "2, largest=False", "k=1, dim=-1", "5"]),
    calls("torch.sort(x, {})", [((3, 4),)], SORTS),
    calls("torch.argsort(x, {})", [((3, 4),)], ["0", "descending=True", "dim=-1, stable=True"]),
    lines("""
        x.max()    x.min()    x.amax()    x.amin()    x.max(0)    x.min(0)    x.max(dim=-1)
        x.amax(0)    x.amin(-1)    x.argmax()    x.argmin()    x.argmax(0)
        torch.sort(x, stable=True)    torch.sort(x, descending=True, stable=True)    x.median()
        x.median(-1)    x.norm(float('inf'))    torch.logsumexp(x, 0)    x.detach().unique()
        x.cummax(0)
    """, [([1.0, 3.0, 3.0, -1.0, 3.0],), ([[2.0, 2.0], [2.0, 1.0]],)]),
    lines("""
        x.sum()    x.mean()    x.prod()    x.sum(0)    x.cumsum(0)    x.sort()    x.norm()
        x.var()    x.logsumexp(0)    x.any()    x.all()
    """, [((0,),)]),
    lines("""
        x.sum(1)    x.sum(0)    x.mean(0)    x.mean(1)    x.prod(1)    x.amax(0)
        x.sum(1, keepdim=True)    x.max(0)    x.argmax(0)
    """, [((2, 0),)]),
    lines("""
        x.sum(0)    x.mean(-1)    x.max(0)    x.argmax(0)    x.prod(0)    x.cumsum(0)    x.sort()
        x.var()    x.logsumexp(0)    x.std(correction=0)
    """, [((),)]),
    lines("""
        x.prod()    x.prod(0)    x.cumprod(0)    x.norm()    x.norm(1)
    """, [([0.0, 2.0, 3.0],), ([0.0, 0.0, 3.0],), ([[1.0, 0.0], [2.0, 3.0]],)]),
    lines("""
        x.norm()    x.std()    x.var()    x.norm(3)    x.logsumexp(0)    x.norm(float('inf'))
    """, [([0.0, 0.0],)]),
    lines("""
        x.max()    x.min()    x.amax()    x.argmax()    x.sum()    x.sort()    x.max(0)
        x.nansum()
    """, [([1.0, NAN, 3.0],)]),
    lines("""
        x.var()    x.std()    x.mean()    x.var(correction=0)
    """, [([1.0],)]),
    lines("""
        (x > 0).any()    (x > 0).all()    (x > 0).any(1)    (x > 0).all(dim=0, keepdim=True)
        torch.any(x > 5)    torch.all(x > -5)    x.any()    x.all()    (x > 0).sum()
        (x > 0).sum(0)
        torch.max(x, 1).values    torch.max(x, 1).indices    x.max(1)[0] + x.min(1).values
        x.sort().values * 2    x.topk(2).indices    torch.var_mean(x)    torch.std_mean(x, 0)
        torch.aminmax(x)    torch.diff(x)    x.sum(dtype=torch.float64)
        x.sum() * x.mean() / x.var()    x - x.logsumexp(1, keepdim=True)
        torch.logsumexp(x, (0, 1))    x.sum(1).sum(0)    x.sum(()) * 2
    """, [((2, 3),)]),
    {
        "x.all()": [([0.0, 1.0],)],
        "(x - x.mean(0)) / x.std(0)": [((4, 2),)],
        "x.topk(2)": [((5,),)],
        "torch.cross(x, y, dim=0)": [((3,), (3,))],
        "torch.dist(x, y)": [((3,), (3,))],
        "torch.logsumexp(x, 0)": [
            ([1e3, 1e3],), ([-1e3, -1001.0],), ([-INF, 0.0],), ([-INF, -INF],), ([INF, 0.0],),
        ],
    },
]  # fmt: skip

EINSUM: Table = {
    f"torch.einsum('{equation}', {', '.join('xyz'[: len(shapes)])})": [tuple(shapes)]
    for equation, *shapes in [
        ("i->", (3,)), ("i->i", (3,)), ("ij->ji", (2, 3)), ("ji", (2, 3)), ("ij", (2, 3)),
        ("ii->i", (3, 3)), ("ii->", (3, 3)), ("ii", (3, 3)), ("ij->i", (2, 3)), ("ij->j", (2, 3)),
        ("ijk->ki", (2, 3, 4)), ("ijk->kji", (2, 3, 4)), ("iij->j", (2, 2, 3)), ("->", ()),
        ("...->...", (2, 3)), ("...ij->...ji", (2, 2, 3)), ("i...->...", (2, 3)),
        ("i,i->", (3,), (3,)), ("i,i", (3,), (3,)), ("i,j->ij", (3,), (2,)),
        ("i,j->ji", (3,), (2,)), ("i,j->", (3,), (2,)), ("ij,j->i", (2, 3), (3,)),
        ("ij,i->j", (2, 3), (2,)), ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)),
        ("ij,kj->ik", (2, 3), (4, 3)), ("ij,jk->ki", (2, 3), (3, 4)), ("ij,jk->", (2, 3), (3, 4)),
        ("ij,jk->ijk", (2, 3), (3, 2)), ("bij,bjk->bik", (2, 3, 2), (2, 2, 3)),
        ("bij,jk->bik", (2, 3, 2), (2, 3)), ("...ij,...jk->...ik", (2, 1, 2, 3), (2, 3, 2)),
        ("...j,j->...", (2, 3), (3,)), ("...i,...i->...", (2, 3), (3,)),
        ("bhqd,bhkd->bhqk", (2, 1, 3, 2), (2, 1, 2, 2)), ("bqk,bkd->bqd", (1, 2, 3), (1, 3, 2)),
        ("ij,ij->", (2, 3), (2, 3)), ("ij,ij->ij", (2, 3), (2, 3)), ("ij,ij->ij", (3, 1), (3, 4)),
        ("ij,ji->", (2, 3), (3, 2)), ("ijk,k->ij", (2, 2, 3), (3,)), ("ij,kl->", (2, 3), (2, 2)),
        ("ij,kl->ijkl", (2, 1), (2, 2)), (",ij->ij", (), (2, 3)), ("ii,j->ij", (3, 3), (2,)),
        ("ii,i->", (3, 3), (3,)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)),
        ("i,i,i->i", (3,), (3,), (3,)), ("i,ij,j->", (2,), (2, 3), (3,)),
        ("i,ij,j", (2,), (2, 3), (3,)), ("bi,bj,bk->ijk", (2, 2), (2, 2), (2, 3)),
        ("Ab,bC->AC", (2, 3), (3, 2)), (" i j , j k -> i k ", (2, 3), (3, 2)),
    ]
}  # fmt: skip
EINSUM |= {
    "torch.einsum('ij,ij->i', x, x)": [((2, 3),)],
    "torch.einsum('ij,jk->ik', [x, y])": [((2, 3), (3, 2))],
    "torch.einsum('i,ij,j->', y, x, y)": [((3, 3), (3,))],
}

# ---------------------------------------------------------------- a later part of the course

SOMETIME = lines("""
    torch.softmax(x, 1)    torch.softmax(x, dim=0)    x.softmax(-1)    torch.log_softmax(x, 1)
    x.log_softmax(dim=0)    torch.nn.functional.softplus(x)    torch.nn.functional.gelu(x)
    torch.nn.functional.leaky_relu(x)    torch.nn.functional.one_hot(torch.tensor([0, 2, 1]))
    torch.nn.functional.mse_loss(x, x * 2)    torch.nn.functional.logsigmoid(x)
    torch.nn.functional.cross_entropy(x, torch.tensor([0, 2]))
    torch.tensordot(x, x, dims=2)    torch.kron(x, x)    torch.cummin(x, 1)
    x.scatter(1, torch.tensor([[0], [2]]), 1.5)    x.index_add(0, torch.tensor([0, 0]), x)
    torch.autograd.grad((x ** 3).sum(), x)    torch.linalg.norm(x)
""", [((2, 3),)])  # fmt: skip

# ---------------------------------------------------------------- chapter 9: the tensor

CREATING = lines("""
    torch.tensor(1)
    torch.tensor(1.5)
    torch.tensor(True)
    torch.tensor([1, 2])
    torch.tensor([1, 2.5])
    torch.tensor([True, False])
    torch.tensor([[1, 2], [3, 4]])
    torch.tensor([])
    torch.tensor([[]])
    torch.tensor([[], []])
    torch.tensor((1., 2.))
    torch.tensor([(1, 2), (3, 4)])
    torch.tensor([True, 2])
    torch.tensor([True, 2.])
    torch.tensor(np.arange(3))
    torch.tensor(np.arange(3.))
    torch.tensor(np.arange(3, dtype=np.float32))
    torch.tensor(np.float64(2))
    torch.tensor(np.float32(2))
    torch.tensor(np.int64(2))
    torch.tensor(np.array(True))
    torch.tensor([np.float64(2), np.float64(3)])
    torch.tensor([np.float32(2), np.float32(3)])
    torch.tensor([torch.tensor(1), torch.tensor(2)])
    torch.tensor([torch.tensor(1.5), 2])
    torch.tensor([np.array([1., 2.]), np.array([3., 4.])])
    torch.tensor([1, 2], dtype=torch.float64)
    torch.tensor([1.7, -1.7], dtype=torch.int64)
    torch.tensor([0., 2.], dtype=torch.bool)
    torch.tensor(3, dtype=torch.float32)
    torch.tensor([1, 2], dtype=torch.uint8)
    torch.tensor([1, 2], dtype=torch.int32)
    torch.tensor([1, 2], dtype=torch.float)
    torch.tensor([1, 2], dtype=torch.double)
    torch.tensor([1, 2], dtype=torch.long)
    torch.tensor([1, 2], dtype=torch.int)
    torch.tensor([1., 2.], requires_grad=True)
    torch.tensor(float('inf'))
    torch.tensor([float('nan'), 1])
    torch.tensor(2**40)
    torch.tensor(range(3))
    torch.as_tensor([1, 2])
    torch.as_tensor([1., 2.])
    torch.as_tensor(2.5)
    torch.as_tensor(np.ones(2))
    torch.as_tensor([1, 2], dtype=torch.float32)
    torch.asarray([1., 2.])
    torch.from_numpy(np.arange(3.))
    torch.from_numpy(np.ones((2, 2), dtype=np.float32))
    torch.from_numpy(np.array([True, False]))
    torch.from_numpy(np.arange(3, dtype=np.int32))
    torch.Tensor([1, 2])
    torch.zeros(3)
    torch.zeros(2, 3)
    torch.zeros((2, 3))
    torch.zeros([2])
    torch.zeros(())
    torch.zeros(0)
    torch.zeros(2, 0)
    torch.zeros(2, dtype=torch.int64)
    torch.zeros(2, dtype=torch.bool)
    torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    torch.zeros(torch.zeros(2, 3).shape)
    torch.zeros(size=(2,))
    torch.zeros(2, device='cpu')
    torch.tensor([1.], device='cpu')
    torch.ones(3)
    torch.ones(2, 3)
    torch.ones((2, 3), dtype=torch.float64)
    torch.ones(2, dtype=torch.int32)
    torch.ones(2, requires_grad=True)
    torch.empty(2, 3).shape
    torch.empty(2, dtype=torch.int64).dtype
    torch.full((2, 3), 7)
    torch.full((2,), 7.)
    torch.full((2,), True)
    torch.full((), 3.)
    torch.full((2, 2), 1, dtype=torch.float64)
    torch.full((2,), float('inf'))
    torch.full([3], 0.5, requires_grad=True)
    torch.full(size=(2,), fill_value=1.5)
    torch.arange(5)
    torch.arange(5.)
    torch.arange(2, 7)
    torch.arange(2, 7, 2)
    torch.arange(7, 2, -2)
    torch.arange(0, 1, 0.25)
    torch.arange(0, 1, 0.1)
    torch.arange(1, 2.5, 0.5)
    torch.arange(0)
    torch.arange(3, dtype=torch.float32)
    torch.arange(3, dtype=torch.float64)
    torch.arange(3., requires_grad=True)
    torch.arange(start=1, end=4)
    torch.arange(end=4)
    torch.arange(1, 10, step=3)
    torch.linspace(0, 1, 5)
    torch.linspace(0, 1, 5, dtype=torch.float64)
    torch.linspace(-10, 10, steps=4, dtype=torch.float64)
    torch.linspace(3, 3, 1)
    torch.linspace(0, 1, 0)
    torch.linspace(5, 1, 3)
    torch.linspace(start=0, end=1, steps=3)
    torch.logspace(0, 2, 3)
    torch.eye(3)
    torch.eye(2, 3)
    torch.eye(3, 2)
    torch.eye(2, dtype=torch.int64)
    torch.eye(2, requires_grad=True)
    torch.eye(0)
    torch.zeros_like(torch.ones(2, 3))
    torch.zeros_like(torch.arange(3))
    torch.zeros_like(torch.arange(3), dtype=torch.float32)
    torch.zeros_like(torch.ones(2, requires_grad=True))
    torch.zeros_like(torch.ones(2), requires_grad=True)
    torch.ones_like(torch.zeros(2, dtype=torch.float64))
    torch.ones_like(torch.tensor(True))
    torch.ones_like(torch.tensor(3.))
    torch.full_like(torch.ones(2, dtype=torch.float64), 3)
    torch.full_like(torch.arange(2), 3)
    torch.full_like(torch.arange(2), 3, dtype=torch.float32)
    torch.empty_like(torch.ones(2, 3)).shape
    torch.rand(2, 3).shape
    torch.rand(2).dtype
    torch.rand((2, 3), dtype=torch.float64).dtype
    torch.rand(()).shape
    torch.randn(2, 3).shape
    torch.randn((2,)).dtype
    torch.randn(2, dtype=torch.float64, requires_grad=True).requires_grad
    torch.randint(3, (2, 2)).dtype
    torch.randint(0, 3, (2, 2)).shape
    torch.randint(5, 6, (2,))
    torch.randperm(4).dtype
    torch.randperm(4).sort().values
    torch.rand_like(torch.zeros(2, 3, dtype=torch.float64)).dtype
    torch.randn_like(torch.zeros(2, 3)).shape
    torch.ones(2, 3).new_zeros(2)
    torch.ones(2, dtype=torch.float64).new_ones(3)
    torch.ones(2, dtype=torch.float64).new_tensor([1, 2])
    torch.ones(2, dtype=torch.int64).new_full((2,), 3)
    torch.tril_indices(3, 3)
    torch.scalar_tensor(3.)
    torch.is_tensor(torch.ones(2))
    torch.is_tensor([1.])
    torch.is_floating_point(torch.ones(2))
    torch.numel(torch.ones(2, 3))
    torch.get_default_dtype()
    torch.tensor(torch.ones(2))
    torch.tensor(torch.arange(2), dtype=torch.float32)
    torch.as_tensor(torch.ones(2))
""")  # fmt: skip

DTYPES = lines("""
    torch.ones(2).dtype
    torch.tensor([1]).dtype
    torch.ones(2).to(torch.float64)
    torch.ones(2).double()
    torch.ones(2, dtype=torch.float64).float()
    torch.tensor([1.7, -1.7]).long()
    torch.tensor([1.7, -1.7]).int()
    torch.tensor([1.7, 0.]).bool()
    torch.tensor([1, 0]).bool()
    torch.tensor([True, False]).float()
    torch.tensor([1, 2]).to(torch.float32)
    torch.tensor([1, 2]).type(torch.float64)
    torch.tensor([1, 2]).to(torch.ones(1, dtype=torch.float64))
    torch.tensor([1, 2]).to(dtype=torch.float64)
    torch.tensor([1, 2]).type_as(torch.ones(1))
    torch.ones(2).to(torch.float32)
    torch.ones(2).is_floating_point()
    torch.arange(2).is_floating_point()
    torch.float32.is_floating_point
    torch.int64.is_floating_point
    torch.float32 == torch.float
    torch.float64 == torch.double
    torch.float32 == torch.float64
    torch.ones(1).dtype == torch.float32
    torch.ones(1).dtype is torch.float32
    torch.promote_types(torch.int64, torch.float32)
    torch.result_type(torch.ones(1), torch.ones(1, dtype=torch.float64))
    torch.can_cast(torch.float64, torch.float32)
    torch.finfo(torch.float32).eps
    torch.iinfo(torch.int64).max
    torch.arange(3) / 2
    torch.arange(3) * 2.5
    torch.arange(3) + True
    torch.arange(4) // 2
    torch.tensor([-7, 7]) // 2
    torch.tensor([-7, 7]) % 3
    torch.tensor([-7, 7]) / torch.tensor([2, 2])
    torch.tensor([-7., 7.]) // 2
    torch.tensor([-7., 7.]) % 3
    torch.tensor([7, -7]) % -3
    torch.arange(3) ** 2
    torch.arange(3) ** 0.5
    2 ** torch.arange(3)
    torch.arange(3) ** torch.arange(3)
    torch.tensor([2, 3]) ** torch.tensor([2., 0.5])
    -torch.arange(3)
    abs(torch.tensor([-1, 2]))
    torch.tensor([True, False]) + torch.tensor([True, True])
    torch.tensor([True, False]) * 2
    torch.tensor([True, False]) * 2.5
    torch.tensor([True, False]) / 2
    ~torch.tensor([True, False])
    ~torch.tensor([0, 1, 5])
    torch.tensor([6, 3]) & torch.tensor([3, 5])
    torch.tensor([6, 3]) | 1
    torch.tensor([6, 3]) ^ 1
    torch.tensor([1, 2]) << 2
    torch.tensor([True, False]) == torch.tensor([1, 1])
    torch.arange(3) == torch.tensor([0., 1., 5.])
    torch.arange(3) > 0.5
    torch.ones(2) * torch.ones(2, dtype=torch.float64)
    torch.ones(2) * torch.tensor(2., dtype=torch.float64)
    torch.tensor(2., dtype=torch.float64) * torch.ones(2)
    torch.tensor(2.) * torch.tensor(2., dtype=torch.float64)
    torch.arange(2) * torch.tensor(2.)
    torch.arange(2) * torch.tensor(2., dtype=torch.float64)
    torch.arange(2, dtype=torch.int32) + torch.tensor(5)
    torch.ones(2) + 1e300
    torch.ones(2, dtype=torch.float64) + 1e300
    torch.ones(2) * np.float64(3)
    torch.arange(3).sum()
    torch.arange(3).prod()
    torch.arange(3).cumsum(0)
    torch.arange(3).max()
    torch.arange(6).reshape(2, 3).max(1)
    torch.tensor([True, True]).sum()
    torch.tensor([True, False]).any()
    torch.tensor([True, False]).all()
    torch.tensor([2, 3], dtype=torch.uint8).sum()
    torch.tensor([2, 3], dtype=torch.int32).sum()
    torch.arange(3).sum(dtype=torch.float32)
    torch.arange(3).float().mean()
    torch.arange(3).mean(dtype=torch.float64)
    torch.tensor([3, 1, 2]).sort()
    torch.tensor([3, 1, 2]).argsort()
    torch.tensor([3, 1, 2]).argmax()
    torch.tensor([3, 1, 2]).topk(2)
    torch.tensor([True, False, True]).argsort(stable=True)
    torch.exp(torch.arange(3))
    torch.sqrt(torch.arange(3))
    torch.sin(torch.tensor([True, False]))
    torch.sigmoid(torch.tensor(0))
    torch.abs(torch.tensor([-2, 2]))
    torch.sign(torch.tensor([-2, 0, 2]))
    torch.floor(torch.tensor([1, 2]))
    torch.round(torch.tensor([1, 2]))
    torch.square(torch.tensor([1, 2]))
    torch.reciprocal(torch.tensor([1, 2]))
    torch.relu(torch.tensor([-1, 2]))
    torch.clamp(torch.tensor([-1, 5]), 0, 3)
    torch.clamp(torch.tensor([-1, 5]), 0.5, 3)
    torch.maximum(torch.tensor([1, 2]), torch.tensor([1.5, 1.5]))
    torch.where(torch.tensor([True, False]), torch.tensor([1, 2]), torch.tensor([1.5, 2.5]))
    torch.where(torch.tensor([True, False]), 1, 0)
    torch.where(torch.tensor([True, False]), 1., 0.)
    torch.where(torch.tensor([True, False]), torch.arange(2), 0.5)
    torch.cat([torch.arange(2), torch.ones(2)])
    torch.cat([torch.ones(1), torch.ones(1, dtype=torch.float64)])
    torch.stack([torch.tensor(1), torch.tensor(2.5)])
    torch.arange(4).reshape(2, 2) @ torch.arange(2)
    torch.arange(3).dot(torch.arange(3))
    torch.einsum('i,i->', torch.arange(3), torch.arange(3))
    torch.isnan(torch.arange(2))
    torch.isinf(torch.arange(2))
    torch.bincount(torch.tensor([0, 1, 1, 3]))
    torch.unique(torch.tensor([3, 1, 3]))
    torch.searchsorted(torch.tensor([1., 2., 3.]), torch.tensor([0.5, 2., 9.]))
    torch.arange(6).reshape(2, 3)[torch.tensor([True, False])]
    torch.arange(3)[torch.tensor([2, 0])]
    torch.tensor(3.) > 2
    torch.logical_and(torch.tensor([1, 0]), torch.tensor([2., 2.]))
""")  # fmt: skip

INSPECTING: list[Table] = [
    lines("""
    x.shape
    x.size()
    x.size(0)
    x.size(-1)
    x.size(dim=1)
    x.dim()
    x.ndim
    x.ndimension()
    x.numel()
    x.nelement()
    len(x)
    x.dtype
    x.requires_grad
    x.is_leaf
    x.grad
    x.grad_fn
    (x + 1).is_leaf
    (x + 1).requires_grad
    (x + 1).grad_fn is None
    x.detach().requires_grad
    x.detach().is_leaf
    x.data.requires_grad
    x.tolist()
    x.detach().numpy()
    x[0, 0].item()
    x[0].tolist()
    x[0, 0].tolist()
    float(x[0, 0])
    int(x[0, 0] * 10)
    bool(x[0, 0])
    x.sum().item()
    x.reshape(6)[:1].item()
    np.asarray(x.detach())
    np.asarray(x.detach()).dtype.name
    x.shape == (2, 3)
    x.shape[0]
    x.shape[-1] * 2
    x.shape[1:]
    x.shape.numel()
    x.clone()
    x.detach()
    x.clone().detach().requires_grad_()
    x.detach().clone()
    x.data
    x.T.shape
    [len(row) for row in x]
    [float(v) for v in x[1]]
    list(reversed(range(len(x))))
    x.is_contiguous()
    x.element_size()
    x.nbytes
    x.device.type
    x.itemsize
    isinstance(x, torch.Tensor)
    type(x) is torch.Tensor
    type(x + 1) is torch.Tensor
    type(x[0, 0]) is torch.Tensor
    torch.is_tensor(x.sum())
    x in [x]
    hash(x) == hash(x)
    0.5 in x
    x == None
    x != None
    x is None
    x[0, 0] in x
    x.to('cpu')
    x.cpu()
    x.to(x.dtype) is x
    x.float().dtype
    x.to(torch.float64) * 1
    """, [((2, 3),)]),
    lines("""
    x.item()
    x.tolist()
    x.shape
    x.ndim
    x.numel()
    float(x)
    int(x)
    bool(x)
    abs(x)
    x.detach().numpy()
    x.dim()
    x.size()
    round(float(x), 3)
    format(x.item(), '.3f')
    [1, 2, 3][int(abs(x)) % 3]
    """, [((),)]),
    lines("""
    torch.tensor(3).item()
    torch.tensor(True).item()
    torch.tensor([[2.5]]).item()
    torch.tensor([1, 2]).tolist()
    torch.tensor([True, False]).tolist()
    bool(torch.tensor(0.))
    bool(torch.tensor([0.5]))
    bool(torch.tensor([[False]]))
    int(torch.tensor([7]))
    float(torch.tensor([[7]]))
    range(5)[torch.tensor(2)]
    [10, 20, 30][torch.tensor(1)]
    len(torch.zeros(0, 3))
    list(torch.arange(3))
    [int(v) for v in torch.arange(3)]
    sum(torch.arange(4))
    max(torch.tensor([1., 3., 2.]))
    sorted(torch.tensor([3., 1., 2.]).tolist())
    a, b = torch.tensor([1., 2.]); a - b
    'yes' if torch.tensor(1.) > 0.5 else 'no'
    torch.zeros(2, 3).shape.numel()
    torch.Size([2, 3])
    torch.Size([2, 3]) == (2, 3)
    f'{torch.tensor(1.5):.3f}'
    f'{torch.tensor(7)}'
    torch.equal(torch.arange(3), torch.tensor([0, 1, 2]))
    torch.equal(torch.arange(3), torch.arange(4))
    torch.allclose(torch.ones(2), torch.ones(2) + 1e-9)
    torch.allclose(torch.ones(2), torch.ones(2) + 1e-3)
    torch.allclose(torch.ones(2), torch.ones(2) + 1e-3, atol=1e-2)
    torch.allclose(torch.ones(2), torch.ones(2) + 1e-3, rtol=1e-2)
    torch.isclose(torch.tensor([1., 2.]), torch.tensor([1., 2.1]), rtol=0.1)
    torch.ones(2).allclose(torch.ones(2))
    torch.tensor(float('nan')) == torch.tensor(float('nan'))
    torch.pi
    torch.inf
    torch.nan != torch.nan
    torch.e
    """),
]  # fmt: skip

PRINTING = lines("""
    repr(torch.tensor(1.5))
    repr(torch.tensor(2))
    repr(torch.tensor(True))
    repr(torch.tensor([1., 2.]))
    repr(torch.tensor([1.5, -2.25]))
    repr(torch.tensor([1, 20, 300]))
    repr(torch.tensor([True, False]))
    repr(torch.tensor([[1., 2.], [3., 4.]]))
    repr(torch.tensor([[1.5, 2.], [3., -40.]]))
    repr(torch.tensor([1., 2.], requires_grad=True))
    repr(torch.tensor(1., requires_grad=True))
    repr(torch.tensor([1., 2.], dtype=torch.float64))
    repr(torch.tensor([1, 2], dtype=torch.int32))
    repr(torch.tensor([1., 2.], dtype=torch.float64, requires_grad=True))
    repr(torch.tensor([]))
    repr(torch.zeros(2, 0))
    repr(torch.tensor([0.1, 1 / 3, 1e-5]))
    repr(torch.tensor([1e10, 1.]))
    repr(torch.tensor([1e-10, 1.]))
    repr(torch.tensor([float('inf'), float('nan'), 1.]))
    repr(torch.tensor(1 / 3))
    repr(torch.tensor(1e-8))
    repr(torch.arange(24).reshape(2, 3, 4))
    repr(torch.arange(2000))
    repr(torch.zeros(1000, 1000))
    str(torch.tensor([1., 2.]))
    str(torch.tensor(3))
    repr(torch.ones(2, 3).shape)
    repr(torch.float32)
    str(torch.int64)
    repr(torch.linspace(0, 1, 20))
""")  # fmt: skip

# ---------------------------------------------------------------- what raises, and what it raises

RAISES: dict[type[Exception], Table] = {
    RuntimeError: {
        **lines("""
    torch.zeros(2) + torch.zeros(3)
    torch.zeros(2, 3) * torch.zeros(2)
    torch.zeros(2, 3) - torch.zeros(3, 2)
    torch.maximum(torch.zeros(2), torch.zeros(3))
    torch.where(torch.tensor([True, False]), torch.zeros(3), torch.zeros(3))
    torch.zeros(2) @ torch.zeros(3)
    torch.zeros(2, 3) @ torch.zeros(2, 3)
    torch.zeros(2, 3) @ torch.zeros(2)
    torch.zeros(2, 3, 4) @ torch.zeros(3, 4, 2)
    torch.zeros(()) @ torch.zeros(2)
    torch.dot(torch.zeros(2, 2), torch.zeros(2))
    torch.dot(torch.zeros(2), torch.zeros(3))
    torch.mv(torch.zeros(2), torch.zeros(2))
    torch.mm(torch.zeros(2), torch.zeros(2, 2))
    torch.bmm(torch.zeros(2, 2), torch.zeros(2, 2))
    torch.bmm(torch.zeros(1, 2, 2), torch.zeros(3, 2, 2))
    torch.outer(torch.zeros(2, 2), torch.zeros(2))
    torch.einsum('ij,jk->ik', torch.zeros(2, 3), torch.zeros(2, 3))
    torch.einsum('ij->k', torch.zeros(2, 3))
    torch.einsum('ijk->i', torch.zeros(2, 3))
    torch.einsum('i,i->', torch.zeros(2))
    torch.zeros(2, 3).reshape(4)
    torch.zeros(2, 3).reshape(-1, -1)
    torch.zeros(2, 3).reshape(-1, 4)
    torch.zeros(2, 3).view(5)
    torch.zeros(2, 3).expand(3, 3)
    torch.zeros(2, 3).expand(3)
    torch.zeros(3).expand(-1, 3)
    torch.zeros(2, 3).permute(0, 0)
    torch.zeros(2, 3).permute(0)
    torch.zeros(2, 3).repeat(2)
    torch.zeros(2, 3).unflatten(1, (2, 2))
    torch.zeros(2, 3).split([1, 1], dim=1)
    torch.zeros(2, 3).chunk(0)
    torch.zeros(2, 3).narrow(1, 2, 3)
    torch.cat([torch.zeros(2, 3), torch.zeros(2, 2)])
    torch.cat([torch.zeros(2), torch.zeros(2, 2)])
    torch.cat([torch.tensor(1.), torch.tensor(2.)])
    torch.stack([torch.zeros(2), torch.zeros(3)])
    torch.stack([])
    torch.zeros(2, 3).gather(1, torch.tensor([[3]]))
    torch.zeros(2, 3).gather(1, torch.tensor([0]))
    torch.zeros(2, 3).t().view(6)
    torch.zeros(2, 2, 2).t()
    torch.zeros(2).item()
    bool(torch.zeros(2))
    bool(torch.zeros(0))
    if torch.ones(2) > 0: pass
    torch.tensor([1, 2], requires_grad=True)
    torch.ones(2, dtype=torch.int64).requires_grad_()
    torch.arange(3, requires_grad=True)
    torch.arange(3).mean()
    torch.arange(3).var()
    torch.arange(1, 5, -1)
    torch.arange(1, 5, 0)
    torch.full((2, -1), 1.)
    torch.zeros(-1)
    torch.linspace(0, 1, -1)
    torch.tensor([True]) - torch.tensor([True])
    -torch.tensor([True])
    torch.arange(3) ** -1
    torch.ones(2).to(torch.int64).backward()
    torch.arange(2) // torch.tensor(0)
    torch.zeros(0).max()
    torch.zeros(0).min()
    torch.zeros(2, 2).topk(3)
    torch.zeros(2, 2).sum((0, 0))
    torch.ones(2) @ torch.ones(2, dtype=torch.float64)
    torch.ones(2, 2) @ torch.arange(2)
    torch.ones(2).dot(torch.ones(2, dtype=torch.float64))
    torch.allclose(torch.ones(2), torch.ones(2, dtype=torch.float64))
    z = torch.zeros(2, 3); z[0] = torch.zeros(2)
    z = torch.zeros(2, 3); z[:, 0] = torch.zeros(3)
    z = torch.zeros(2, dtype=torch.int64); z += 0.5
    z = torch.zeros(2); z += torch.zeros(3, 2)
    torch.masked_select(torch.zeros(2, 3), torch.ones(2, 3))
    torch.zeros(2).masked_fill(torch.zeros(2), 1.)
    torch.zeros(2).repeat_interleave(torch.tensor([1, 2, 3]))
    torch.roll(torch.zeros(2, 3), (1, 2), (0,))
    torch.zeros(2, 3).movedim((0, 1), (0,))
    torch.zeros(2, 3).diagonal(0, 1, 1)
"""),
        **lines("""
    x.backward()
    (x * 2).backward()
    y = (x * x).sum(); y.backward(); y.backward()
    y = x * x; y.sum().backward(); y.sum().backward()
    (x * 2).backward(torch.ones(3))
    (x * 2).backward(torch.ones(2, 1))
    x.sum().backward(torch.ones(1))
    x.detach().sum().backward()
    x.sum().detach().backward()
    x.numpy()
    x += 1
    x[0] = 1
    x -= x
    x.zero_()
    x.add_(1)
    y = x * 2; y.requires_grad = False
    y = x * 2; y.requires_grad_(False)
    x.grad = torch.zeros(3)
    (x > 0).requires_grad_()
    with torch.no_grad(): y = (x * x).sum(); y.backward()
    x.argmax().backward()
    x.round().long().sum().backward()
    x.detach().retain_grad()
    x.detach().register_hook(lambda g: g)
    (x > 0).sum().backward()
    y = (x * x).sum(); y.backward(torch.ones(2))
""", [((2,),)]),
    },
    ValueError: lines("""
    torch.tensor([[1, 2], [3]])
    float(torch.zeros(2))
    int(torch.zeros(2))
    torch.tensor([[1], [2, 3]])
    torch.einsum('ij,jk->ik')
"""),
    IndexError: lines("""
    torch.zeros(2, 3)[2]
    torch.zeros(2, 3)[-3]
    torch.zeros(2, 3)[0, 3]
    torch.zeros(2, 3)[0, 0, 0]
    torch.zeros(2, 3)[:, :, None, 0]
    torch.zeros(2, 3)[[0, 2]]
    torch.zeros(2, 3)[torch.tensor([5])]
    torch.zeros(2, 3)[torch.tensor([0, 1]), torch.tensor([0, 1, 2])]
    torch.zeros(2, 3)[torch.tensor([True, False, True])]
    torch.zeros(2, 3)[torch.tensor([0.5])]
    torch.zeros(2, 3)[torch.ones(2, 3)]
    torch.zeros(())[0]
    torch.tensor(1.)[:]
    torch.zeros(2, 3).sum(2)
    torch.zeros(2, 3).sum(-3)
    torch.zeros(2, 3).mean((0, 2))
    torch.zeros(2, 3).max(2)
    torch.zeros(2, 3).argmax(5)
    torch.zeros(2, 3).var(2)
    torch.zeros(2, 3).cumsum(2)
    torch.zeros(2, 3).sort(2)
    torch.zeros(2, 3).logsumexp(4)
    torch.zeros(2, 3).prod(2)
    torch.zeros(2, 3).norm(2, 2)
    torch.zeros(2, 3).squeeze(2)
    torch.zeros(2, 3).unsqueeze(4)
    torch.zeros(2, 3).unsqueeze(-4)
    torch.zeros(2, 3).transpose(0, 2)
    torch.zeros(2, 3).permute(0, 2)
    torch.zeros(2, 3).flatten(2)
    torch.zeros(2, 3).flip(2)
    torch.zeros(2, 3).roll(1, 2)
    torch.zeros(2, 3).select(0, 2)
    torch.zeros(2, 3).select(2, 0)
    torch.zeros(2, 3).unbind(2)
    torch.zeros(2, 3).size(2)
    torch.cat([torch.zeros(2), torch.zeros(2)], 1)
    torch.stack([torch.zeros(2), torch.zeros(2)], 2)
    torch.zeros(2, 3).index_select(2, torch.tensor([0]))
    torch.zeros(2, 3).index_select(0, torch.tensor([2]))
    torch.index_select(torch.zeros(2, 3), 0, torch.tensor([[0]]))
    torch.zeros(2, 3)[1, 5]
    torch.zeros(2, 0).max(1)
    torch.zeros(2, 0).amax(1)
    z = torch.zeros(2, 3); z[2] = 1
    z = torch.zeros(2, 3); z[[3]] = 1
    z = torch.zeros(2, 3); z[0, 0, 0] = 1
"""),
    TypeError: lines("""
    torch.tensor([1., 'a'])
    torch.tensor([[1., 2.], 3.])
    torch.ones(2) + 'a'
    torch.ones(2) + None
    torch.ones(2) * {}
    'a' + torch.ones(2)
    torch.ones(2) @ 2
    torch.ones(2) + [1, 2]
    torch.sin('a')
    torch.zeros('a')
    torch.zeros(2.5)
    torch.zeros(2, 3).sum('a')
    torch.zeros(2, 3).reshape(2.0, 3.0)
    torch.zeros(2, 3).reshape('a')
    torch.zeros(2, 3).transpose(0)
    torch.zeros(2, 3).sum(dimension=0)
    torch.zeros(2, 3).max(dim=0, foo=1)
    torch.cat(torch.zeros(2), torch.zeros(2))
    torch.cat([torch.zeros(2), 1])
    torch.cat(3)
    torch.stack([torch.zeros(2), [0, 0]])
    torch.from_numpy([1, 2])
    torch.arange('a')
    len(torch.tensor(1.))
    list(torch.tensor(1.))
    for v in torch.tensor(1.): pass
    torch.where(torch.ones(2), torch.ones(2), 'a')
    torch.zeros(2).item(1, 2, 3)
    torch.tensor()
    torch.eye('a')
    torch.zeros(2, 3).clamp('a')
    torch.zeros(2).unsqueeze()
"""),
}  # fmt: skip

# ---------------------------------------------------------------- all of it

GROUPS: dict[str, list[Table]] = {
    "products": [PRODUCTS],
    "arithmetic": [*ARITHMETIC, PYTHON_NUMBERS],
    "powers": POWERS,
    "indexing": INDEXING,
    "gathering": [GATHERING],
    "shaping": SHAPING,
    "joining": [JOINING],
    "assigning": [ASSIGNING],
    "functions": FUNCTIONS,
    "predicates": [PREDICATES],
    "reductions": REDUCTIONS,
    "einsum": [EINSUM],
    "sometime": [SOMETIME],
    "creating": [CREATING],
    "dtypes": [DTYPES],
    "inspecting": INSPECTING,
    "printing": [PRINTING],
}
PARTS = [losses, layers, optimizers, higher, forward, pictures]
for part in PARTS:
    GROUPS |= part.GROUPS
    for error, table in part.RAISES.items():
        RAISES[error] = RAISES.get(error, {}) | table

# names that belong to a later part of the course: recorded, but not yet asked of minigrad
LATER = set(
    words("""
    acosh addcdiv addcmul aminmax arccos arcsin arctan arctan2 argwhere asarray asinh atanh
    atleast_1d atleast_2d bincount broadcast_shapes broadcast_tensors can_cast
    cartesian_prod clamp_max clamp_min cross cummax cummin diag_embed diff dist e element_size
    erfc finfo fliplr flipud float_power hstack iinfo inner isin itemsize kron lgamma linalg
    logcumsumexp logit logspace moveaxis nan_to_num nansum nbytes ndimension
    nelement positive promote_types quantile result_type rot90 rsub scalar_tensor
    searchsorted signbit sinc std_mean take tensor_split tensordot trace tril_indices
    unfold unique var_mean vstack xlogy
    """)
)

# where minigrad differs and means to: the case, and the reason
ON_PURPOSE: dict[str, str] = {
    **{name: why for part in PARTS for name, why in part.ON_PURPOSE.items()},
    **dict.fromkeys(
        (f"promotion: {f}{how}" for f in ("any", "all") for how in ("", " along a dim")),
        "always bool, as everywhere but for torch's uint8",
    ),
    "programs: a_part_sees_the_whole_change": (
        "arrays are never written to, so a part taken earlier keeps its values; "
        "writing through it then is an error (chapter 6)"
    ),
    **dict.fromkeys(
        (
            f"arithmetic: torch.div(x, y, rounding_mode='{mode}') {shapes}"
            for mode in ("floor", "trunc")
            for shapes in ("(3,2) (2)", "(3,1) (1,4)", "(2) ()")
        ),
        "one name for one operation: floor_divide(x, y), and trunc(x / y)",
    ),
    **dict.fromkeys(
        (
            "RuntimeError: torch.tensor([True]) - torch.tensor([True])",
            "RuntimeError: -torch.tensor([True])",
        ),
        "a wrong kind of entries is a TypeError, as in NumPy",
    ),
    "creating: torch.Tensor([1, 2])": "Tensor(…) is tensor(…): nothing is cast silently",
    **dict.fromkeys(
        (
            *("dtypes: torch.float32.is_floating_point", "dtypes: torch.int64.is_floating_point"),
            *("printing: repr(torch.float32)", "printing: str(torch.int64)"),
            "printing: repr(torch.tensor([1., 2.], dtype=torch.float64))",
            "printing: repr(torch.tensor([1, 2], dtype=torch.int32))",
            "printing: repr(torch.tensor([1., 2.], dtype=torch.float64, requires_grad=True))",
        ),
        "dtypes are NumPy's own, and so are their names",
    ),
    **dict.fromkeys(
        (
            *("inspecting: x.shape.numel() (2,3)", "inspecting: torch.zeros(2, 3).shape.numel()"),
            *("inspecting: torch.Size([2, 3])", "inspecting: torch.Size([2, 3]) == (2, 3)"),
            "printing: repr(torch.ones(2, 3).shape)",
        ),
        "shapes are plain tuples",
    ),
    "reductions: x.norm(0) (2,3)": "a count is a constant, as every answer to a question",
    "reductions: x.amax() [1.0,nan,3.0]": "the nan is the largest and gets all, as from max()",
    "RuntimeError: torch.zeros(2, 3).t().view(6)": "view copies where it must, as reshape does",
    "RuntimeError: y = x * 2; y.requires_grad = False": "acts as detach: a check costs every node",
    "RuntimeError: x.grad = torch.zeros(3)": "the error comes at the next backward()",
    "TypeError: torch.tensor([[1., 2.], 3.])": "ragged lists of every kind are a ValueError",
}


def label(given: Any) -> str:
    """An input in the name of a case: `(3,2)` for a shape, the numbers themselves otherwise."""
    if isinstance(given, tuple):
        return "(" + ",".join(map(str, given)) + ")"
    return str(given.tolist() if hasattr(given, "tolist") else given).replace(" ", "")


def cases() -> Iterator[Case]:
    """Every line with every tuple of its inputs, then every program."""
    for group, tables in GROUPS.items():
        for code, every in chain.from_iterable(table.items() for table in tables):
            for inputs in every:
                yield Case(" ".join([f"{group}: {code}", *map(label, inputs)]), code, inputs)
    for module in (programs, *PARTS):
        for name, program in vars(module).items():
            if getattr(program, "__module__", "") == module.__name__ and name[0] != "_":
                yield Case(f"programs: {name}", program)
    for name, program in promotion.PROGRAMS.items():
        yield Case(f"promotion: {name}", program)


def is_asked(case: Case) -> bool:
    """Is minigrad asked to do as torch does?"""
    names = re.findall(r"[.](\w+)", case.code) if isinstance(case.code, str) else []
    return LATER.isdisjoint(names) and case.name not in ON_PURPOSE


CASES = list({case.name: case for case in cases()}.values())
RAISING = [
    (error, Case(f"{error.__name__}: {code}", code, *every))
    for error, table in RAISES.items()
    for code, every in table.items()
]
