"""Forward mode, typed as PyTorch code; `tables.py` says how lines are written."""

# ruff: noqa: E501 (a program stands on one line)

from __future__ import annotations

from typing import Any

from . import Table, calls, lines
from . import numbers as _numbers
from .higher import FUNCTIONS

# ---------------------------------------------------------------- every function, and nested

PUSHED = calls(
    "v = torch.tensor(numbers(2, 3, seed=9), dtype=x.dtype); "
    "torch.func.jvp(lambda x: {}, (x,), (v,))",
    [((2, 3),)],
    FUNCTIONS,
)
NESTED = calls(
    "v = torch.tensor(numbers(2, 3, seed=9), dtype=torch.float64); t = x.detach(); "
    "f = lambda x: ({} * 0.5).square().sum(); d = lambda f: lambda x: torch.func.jvp(f, (x,), (v,))[1]; "
    "(d(d(f))(t), d(torch.func.grad(f))(t), torch.func.grad(d(f))(t))",
    [((2, 3),)],
    FUNCTIONS,
)

# ---------------------------------------------------------------- func

FUNC = lines("""
torch.func.jvp(lambda t: t ** 3, (x,), (x,))
torch.func.jvp(lambda t: t ** 3, (x.detach(),), (x,))
torch.func.jvp(lambda t: t ** 3, (x,), (x.detach(),))
torch.func.jvp(lambda t: t ** 3, (x.detach(),), (x.detach(),))
torch.func.jvp(lambda t: t, (x,), (x * 2,))
torch.func.jvp(lambda t: t.detach(), (x,), (x,))
torch.func.jvp(lambda t: torch.ones(2, dtype=t.dtype), (x,), (x,))
torch.func.jvp(lambda t: x * t, (x,), (x,))
torch.func.jvp(lambda t: x * x, (x,), (x,))
o, v = torch.func.jvp(lambda t: (t * t, t.sum()), (x,), (x,)); (*o, *v)
o, v = torch.func.jvp(lambda t: {'a': t * t, 'b': [t.sum(), t]}, (x.detach(),), (x.detach(),)); (o['a'], *o['b'], v['a'], *v['b'])
torch.func.jvp(lambda t: (t * t, t * 3), (x,), (x,), has_aux=True)
o, v, a = torch.func.jvp(lambda t: (t * t, {'a': t * 3}), (x,), (x,), has_aux=True); (o, v, a['a'])
torch.func.jvp(lambda d: d['a'] * d['b'][0], ({'a': x, 'b': (x * 2,)},), ({'a': x, 'b': (x * 3,)},))
torch.func.jvp(torch.sin, (x[0],), (x[1],))
torch.func.jvp(lambda t: t[t > 0] ** 2, (x,), (x,))
torch.func.jvp(lambda t: (t > 0) * t, (x,), (x,))
torch.func.jvp(lambda t: t.argmax() * t.sum(), (x,), (x,))
torch.func.jvp(lambda t: t.sort(descending=True)[0] * t, (x,), (x,))
torch.func.jvp(lambda t: t.round() + t.floor() + t.sign() + t, (x,), (x,))
torch.func.jvp(lambda t: t * x.detach() + t.abs(), (x,), (x,))
torch.func.jacfwd(lambda t: t * t.sum())(x)
torch.func.jacfwd(lambda t: t * t.sum())(x.detach())
torch.func.jacfwd(lambda t: (t * t).sum())(x)
torch.func.jacfwd(lambda t: t.unsqueeze(0) * 2)(x.detach())
torch.func.jacfwd(lambda t: (t * t, t.sum()))(x.detach())
j = torch.func.jacfwd(lambda t: {'a': t * t, 'b': t.sum()})(x.detach()); (j['a'], j['b'])
torch.func.jacfwd(lambda t: (t * t, t), has_aux=True)(x)
torch.func.jacfwd(lambda t: torch.ones(2, dtype=t.dtype))(x)
torch.func.jacfwd(lambda t, k: t * k)(x.detach(), 3.0)
torch.func.jacfwd(torch.func.jacfwd(torch.sin))(x)
torch.func.jacfwd(torch.func.jacrev(torch.sin))(x)
torch.func.jacrev(torch.func.jacfwd(torch.sin))(x)
torch.func.jacfwd(torch.func.grad(lambda t: (t ** 4).sum()))(x)
torch.func.jacfwd(torch.func.hessian(lambda t: (t ** 4).sum() + t.prod()))(x.detach())
torch.func.jacfwd(torch.func.jacfwd(torch.func.jacfwd(lambda t: (t ** 4).sum() + t.prod())))(x)
torch.func.grad(lambda t: torch.func.jvp(lambda u: (u ** 3).sum(), (t,), (t,))[1])(x)
torch.func.grad(lambda t: torch.func.jvp(lambda u: (u * t).sum(), (t,), (t,))[1])(x)
d = lambda f: lambda s: torch.func.jvp(f, (s,), (torch.ones_like(s),))[1]; d(lambda a: a * d(lambda b: a + b)(a))(x[0].detach())
d = lambda f: lambda s: torch.func.jvp(f, (s,), (torch.ones_like(s),))[1]; d(lambda a: a * d(lambda b: a * b)(a))(x[0])
d = lambda f: lambda s: torch.func.jvp(f, (s,), (torch.ones_like(s),))[1]; d(lambda a: d(lambda b: (a * b) ** 2)(a * 3) * a)(x[0])
d = lambda f: lambda s: torch.func.jvp(f, (s,), (torch.ones_like(s),))[1]; d(lambda a: torch.func.grad(lambda b: (a * b) ** 2)(a * 3) * a)(x[0])
d = lambda f: lambda s: torch.func.jvp(f, (s,), (torch.ones_like(s),))[1]; torch.func.grad(lambda a: d(lambda b: (a * b) ** 2)(a * 3) * a)(x[0])
d = lambda f: lambda s: torch.func.jvp(f, (s,), (torch.ones_like(s),))[1]; d(d(d(d(lambda s: s.sin() * s ** 3))))(x[0])
y, f = torch.func.linearize(lambda t: t ** 3 * t.sum(), x.detach()); (y, f(x.detach()), f(x.detach() * 2 + 1))
y, f = torch.func.linearize(lambda t: (t * t, t.sum()), x.detach()); (*y, *f(torch.ones(3, dtype=x.dtype)))
""", [((3,),)]) | lines("""
torch.func.jvp(lambda a, b: a * b ** 2, (x, y), (y, x))
torch.func.jvp(lambda a, b: a @ b, (x.detach(), y.detach()), (y, x))
torch.func.jvp(lambda a, b: a * 2, (x, y), (y, x))
torch.func.jvp(lambda a: a * y, (x,), (y,))
torch.func.jacfwd(lambda a, b: a * b.sum(), argnums=1)(x.detach(), y.detach())
torch.func.jacfwd(lambda a, b: a * b.sum(), argnums=-1)(x.detach(), y.detach())
torch.func.jacfwd(lambda a, b: a * b.sum(), argnums=(0, 1))(x, y)
torch.func.jacfwd(lambda a, b: a * b.sum(), argnums=(1,))(x.detach(), y.detach())
a, b = torch.func.jacfwd(torch.func.grad(lambda a, b: (a * b ** 2).prod(), argnums=(0, 1)), argnums=(0, 1))(x, y); (*a, *b)
torch.func.jvp(torch.func.grad(lambda t: (t * y).exp().sum()), (x,), (y,))
o, f = torch.func.vjp(lambda t: t ** 3, x.detach()); torch.func.jvp(lambda g: f(g)[0], (y,), (x,))
torch.func.jvp(lambda t: torch.func.vjp(lambda u: u ** 3, t)[1](t * y)[0], (x,), (y,))
y, f = torch.func.linearize(lambda a, b: a * b, x.detach(), y.detach()); (y, f(y, x.detach()))
torch.autograd.functional.jvp(lambda t: t ** 3, x, y)
torch.autograd.functional.jvp(lambda t: t ** 3, x, y, create_graph=True)
torch.autograd.functional.jvp(lambda t: (t ** 3).sum(), x[:1].detach())
o, v = torch.autograd.functional.jvp(lambda a, b: (a * b, a.sum()), (x, y), (y, x)); (*o, *v)
""", [((3,), (3,))])  # fmt: skip

BROADCAST = calls(
    "torch.func.jvp(lambda a, b: {}, (x.detach(), y.detach()), (x.detach().sin(), y.detach().cos()))",
    [((3, 2), (2,)), ((3, 1), (4,)), ((), (2, 2)), ((2,), ()), ((0,), (1,)), ((2, 1, 3), (4, 1))],
    ["a + b", "a * b", "a / b", "torch.maximum(a, b)", "a.abs() ** b", "torch.where(a > b, a, b)"],
)
PRODUCTS = calls(
    "torch.func.jvp(lambda a, b: {}, (x.detach(), y.detach()), (x.detach().sin(), y.detach().cos()))",
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 2)), ((4, 2, 3), (3, 2)), ((2, 1, 2, 3), (3, 3, 2))],
    ["a @ b", "(a @ b) @ (a @ b).T if a.ndim == 2 == b.ndim else a @ b"],
)  # fmt: skip

GROUPS: dict[str, list[Table]] = {"forward": [PUSHED, NESTED, FUNC, BROADCAST, PRODUCTS]}

RAISES: dict[type[Exception], Table] = {
    RuntimeError: lines("""
        torch.autograd.forward_ad.make_dual(x, x)
        torch.autograd.forward_ad.exit_dual_level()
        torch.func.jvp(lambda t: 3.0, (x,), (x,))
        torch.func.jvp(lambda t: t, (x,), (x,), has_aux=True)
        torch.func.jacfwd(lambda t: t, argnums=3)(x)
        torch.func.jacfwd(lambda t: t, argnums=(0, 0))(x)
        torch.autograd.functional.jvp(lambda t: t ** 3, x)
    """, [((3,),)]),
}  # fmt: skip

ON_PURPOSE: dict[str, str] = {
    "forward: torch.func.jacfwd(lambda a, b: a * b.sum(), argnums=-1)(x.detach(), y.detach()) (3) (3)": (
        "torch's jacfwd, unlike its jacrev, gives zeros for an argument counted from the end"
    )
}

# ---------------------------------------------------------------- whole programs


def _tensor(torch: Any, *shape: int, seed: int = 0) -> Any:
    return torch.tensor(_numbers(*shape, seed=seed) / 2, dtype=torch.float64)


def dual_numbers(torch: Any) -> Any:
    fwd = torch.autograd.forward_ad
    x, v = _tensor(torch, 3), _tensor(torch, 3, seed=1)
    with fwd.dual_level():
        moving = fwd.make_dual(x, v)
        y = moving.sin() * moving
        primal, tangent = fwd.unpack_dual(y)
        still = fwd.unpack_dual(x)
        assert still.tangent is None
        assert isinstance(still, fwd.UnpackedDualTensor)
        assert fwd.unpack_dual(moving > 0).tangent is None
        assert fwd.unpack_dual(y.detach()).tangent is None
    assert fwd.unpack_dual(y).tangent is None
    return {"y": y, "primal": primal, "tangent": tangent}


def dual_numbers_and_a_walk_backward(torch: Any) -> Any:
    fwd = torch.autograd.forward_ad
    w, v = _tensor(torch, 3).requires_grad_(), _tensor(torch, 3, seed=1)
    with fwd.dual_level():
        y = (fwd.make_dual(w, v) ** 3).prod()
        (g,) = torch.autograd.grad(y, w, create_graph=True)
        curvature = fwd.unpack_dual(g)
        fwd.unpack_dual(y).tangent.backward()
    return {"y": y, "g": curvature.primal, "hv": curvature.tangent, "back": w.grad}


def levels_by_hand(torch: Any) -> Any:
    fwd = torch.autograd.forward_ad
    level = fwd.enter_dual_level()
    try:
        x = fwd.make_dual(_tensor(torch, 2), _tensor(torch, 2, seed=1), level=level)
        found = fwd.unpack_dual(x.exp().sum(), level=level)
    finally:
        fwd.exit_dual_level(level=level)
    return {"level": level, "y": found.primal, "tangent": found.tangent}


def changes_in_place(torch: Any) -> Any:
    def f(x: Any, w: Any) -> Any:
        y = x * 1
        kept = y * 3
        y[0] = w[1] * w[2]
        y[1:] *= x[1:]
        y.mul_(x)
        row = y[0]
        row += w[0]
        buffer = torch.zeros(3, 3, dtype=x.dtype)
        buffer[1] = y
        buffer[:, 0] += w
        return kept + y, buffer

    xs = _tensor(torch, 3), _tensor(torch, 3, seed=1)
    vs = _tensor(torch, 3, seed=2), _tensor(torch, 3, seed=3)
    (y, buffer), (dy, moved) = torch.func.jvp(f, xs, vs)
    along = lambda *xs: sum(t.sum() for t in torch.func.jvp(f, xs, vs)[1])  # noqa: E731
    gx, gw = torch.func.grad(along, (0, 1))(*xs)
    return {"y": y, "buffer": buffer, "dy": dy, "moved": moved, "gx": gx, "gw": gw}


def nothing_is_recorded_and_all_moves(torch: Any) -> Any:
    w = _tensor(torch, 3).requires_grad_()

    def f(x: Any) -> Any:
        with torch.no_grad():
            return (x * w).exp()

    y, moved = torch.func.jvp(f, (w.detach(),), (_tensor(torch, 3, seed=1),))
    assert not moved.requires_grad
    return {"y": y, "moved": moved}


def a_network_along_a_direction_of_its_weights(torch: Any) -> Any:
    shapes = (4, 3), (4,), (2, 4)
    weights = tuple(_tensor(torch, *s, seed=i) for i, s in enumerate(shapes))
    way = tuple(_tensor(torch, *s, seed=9 + i) for i, s in enumerate(shapes))
    x, target = _tensor(torch, 5, 3, seed=20), torch.tensor([0, 1, 1, 0, 1])

    def loss(w: Any, b: Any, v: Any) -> Any:
        logits = (x @ w.T + b).tanh() @ v.T
        return torch.nn.functional.cross_entropy(logits, target)

    value, slope = torch.func.jvp(loss, weights, way)
    gradient, product = torch.func.jvp(torch.func.grad(loss, (0, 1, 2)), weights, way)
    return {
        "value": value, "slope": slope,
        **{f"g{i}": g for i, g in enumerate(gradient)}, **{f"h{i}": h for i, h in enumerate(product)},
    }  # fmt: skip


def a_taylor_series_from_nested_runs(torch: Any) -> Any:
    def derivative(f: Any) -> Any:
        return lambda s: torch.func.jvp(f, (s,), (torch.ones_like(s),))[1]

    s, found = torch.tensor(0.5, dtype=torch.float64), {}
    f = lambda s: s.exp() * s.sin() / (1 + s * s)  # noqa: E731
    for order in range(5):
        found[f"d{order}"] = f(s)
        f = derivative(f)
    return found


def frobenius_by_columns_and_rows(torch: Any) -> Any:
    w = _tensor(torch, 3, 4)

    def f(x: Any) -> Any:
        return torch.softmax(w @ x, 0) * x.norm()

    x = _tensor(torch, 4, seed=1)
    return {"forward": torch.func.jacfwd(f)(x), "reverse": torch.func.jacrev(f)(x)}
