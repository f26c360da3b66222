"""Derivatives of derivatives, typed as PyTorch code; `tables.py` says how lines are written."""

# ruff: noqa: E501 (a program stands on one line)

from __future__ import annotations

from typing import Any

from . import Table, calls, lines, positive
from . import numbers as _numbers

# ---------------------------------------------------------------- every function, three times over

SMOOTH = """
x.exp()    x.sin()    x.tanh()    x.sigmoid()    x.cos() * x    torch.atan(x)    x.erf()
(x * x).log1p()    (x * x + 1).sqrt()    torch.rsqrt(x * x + 1)    x / (1 + x * x)    x ** 3
2.0 ** x    torch.sinh(x)    torch.expm1(x)    torch.reciprocal(x * x + 2)
x.softmax(-1)    x.log_softmax(-1)    x.logsumexp(-1)    x.cumsum(0)    x.cumprod(-1)    x.prod(-1)
x.var(-1)    x.std(-1)    x.norm()    x.norm(dim=-1)    x.norm(p=3)    x.mean(0) * x
x @ x.transpose(-1, -2)    x @ torch.ones_like(x).transpose(-1, -2) @ x
torch.einsum('ij,kj->ik', x, x)    torch.outer(x[0], x[-1])    torch.dot(x[0], x[1] * x[1])
x[1:] * x[:-1]    x[[0, 0, 1]] ** 2 * x[0]    x[x > 0] ** 3    x.flip(0) * x    x.T.reshape(-1) ** 3
torch.where(x > 0, x ** 3, x.exp())    x.clamp(-1, 1) ** 3    x.abs() ** 3    x.relu() ** 3
torch.maximum(x, x.flip(0)) ** 3    torch.cat([x, x * x]) * 2    torch.stack([x, x.exp()]).prod(0)
x.sort(-1).values ** 3    x.max(-1).values ** 3    x.amax(-1) ** 2 * x.amin(-1)    x.roll(1, 0) * x
torch.atan2(x, x * x + 1)    torch.hypot(x, x + 5)    torch.logaddexp(x, -x)    torch.lerp(x, x * x, x)
x.gather(1, torch.tensor([[0, 0], [1, 0]])) ** 3    x.tril() @ x.triu().T
"""
FUNCTIONS = list(lines(SMOOTH))
THRICE = calls(
    "y = {}; g, = torch.autograd.grad((y ** 2).sum(), x, create_graph=True); "
    "h, = torch.autograd.grad((g ** 2).sum(), x, create_graph=True); (g, h / 100)",
    [((2, 3),)],
    FUNCTIONS,
)

# ---------------------------------------------------------------- autograd.grad

GRAD = lines("""
torch.autograd.grad((x ** 3).sum(), x)
torch.autograd.grad((x ** 3).sum(), [x], create_graph=True)
torch.autograd.grad(x * 3, x, torch.ones_like(x))
torch.autograd.grad(x * x, x, x, create_graph=True)
torch.autograd.grad([x * 3, x.sin()], [x], [torch.ones_like(x), x.detach()])
torch.autograd.grad([x.sum(), (x * x).sum()], x)
torch.autograd.grad([x.sum(), x * x], x, [None, x.detach()])
torch.autograd.grad([x.sum()] * 2, x)
torch.autograd.grad(x, x, x.detach())
h = x * x; torch.autograd.grad((h * h).sum(), h)
h = x * x; torch.autograd.grad((h * h).sum(), [h, x])
h = x * x; torch.autograd.grad((h * h).sum(), [x, h, x], create_graph=True)
h = x * x; g, = torch.autograd.grad((h * h).sum(), h); h.backward(g); x.grad
h = x * x; l = h.sum(); torch.autograd.grad(l, x, retain_graph=True); torch.autograd.grad(l, x)
h = x * x; l = h.sum(); torch.autograd.grad(l, x, create_graph=True); torch.autograd.grad(l, x)
h = x * x; h.retain_grad(); g, = torch.autograd.grad((h * h).sum(), x); (g, h.grad)
h = x * x; _ = h.register_hook(lambda g: g * 10); torch.autograd.grad((h * h).sum(), h)
h = x * x; _ = h.register_hook(lambda g: g * 10); torch.autograd.grad((h * h).sum(), x)
a = x * x; b = a * a; _ = torch.autograd.grad((b * x).sum(), b); torch.autograd.grad(b.sum(), x)
torch.autograd.grad((x * x).sum(), x); x.grad
y = torch.ones(2, dtype=torch.float64, requires_grad=True); torch.autograd.grad((y * 2).sum(), [x, y], allow_unused=True)
y = torch.ones(2, requires_grad=True); torch.autograd.grad((x * 2).sum(), [x, y], materialize_grads=True)
torch.autograd.grad((x ** 2).sum(), {'x': x})
torch.autograd.grad(x ** 2, x, torch.eye(3, dtype=x.dtype), is_grads_batched=True)
torch.autograd.grad(x ** 3, x, torch.eye(3, dtype=x.dtype), create_graph=True, is_grads_batched=True)
""", [((3,),)])  # fmt: skip
GRAD |= lines("""
torch.autograd.grad((x * y ** 2).sum(), [x, y])
torch.autograd.grad((x * y ** 2).sum(), [y, x], create_graph=True)
g, = torch.autograd.grad((x * y ** 3).sum(), x, create_graph=True); torch.autograd.grad(g.sum(), y, create_graph=True)
g, = torch.autograd.grad((x.exp() * y.sin()).sum(), y, create_graph=True); torch.autograd.grad((g * g).sum(), [x, y], create_graph=True)
h = x * y; torch.autograd.grad((h.exp() + x).sum(), [h, y], create_graph=True)
y.retain_grad(); torch.autograd.backward([(x * y).sum(), y * y], [None, x.detach()]); (x.grad, y.grad)
torch.autograd.backward((x * y).sum(), inputs=[y]); (x.grad, y.grad)
torch.autograd.backward([(x * y).sum()], inputs=y); torch.autograd.backward([x * y], [y.detach()]); (x.grad, y.grad)
h = x * y; torch.autograd.backward((h * h).sum(), inputs=[h, x]); (h.grad, x.grad, y.grad)
h = x * y; h.retain_grad(); torch.autograd.backward((h * h).sum(), inputs=[h]); (h.grad, x.grad)
torch.autograd.backward((x * y).sum(), create_graph=True); x.grad
torch.autograd.backward((x * y).sum(), inputs=torch.ones(2, requires_grad=True)); x.grad
""", [((3,), (3,))])  # fmt: skip

# ---------------------------------------------------------------- func

FUNC = lines("""
torch.func.grad(lambda t: (t ** 3).sum())(x)
torch.func.grad(lambda t: (t ** 3).sum())(x.detach())
torch.func.grad(lambda t: (t * x).sum())(x.detach())
torch.func.grad(lambda t: (t * x).sum())(x)
torch.func.grad(lambda t: torch.tensor(3.0))(x)
torch.func.grad(lambda t: (t.detach() * t).sum())(x)
torch.func.grad(lambda t: ((t * t).sum(), t * 2), has_aux=True)(x)
torch.func.grad_and_value(lambda t: (t * t).sum())(x)
torch.func.grad_and_value(lambda t: (t * t).sum())(x.detach())
torch.func.grad(lambda t, *, k: (t * k).sum())(x, k=x.detach())
torch.func.grad(lambda d: (d['a'] * d['b'][0]).sum())({'a': x, 'b': (x * 2,)})
torch.func.jacrev(lambda t: t * t.sum())(x)
torch.func.jacrev(lambda t: (t * t).sum())(x)
torch.func.jacrev(lambda t: t.unsqueeze(0) * 2)(x)
torch.func.jacrev(lambda t: (t * t, t.sum()))(x.detach())
torch.func.jacrev(lambda t: {'a': t * t, 'b': t.sum()})(x.detach())
torch.func.jacrev(lambda t: (t * t, t), has_aux=True)(x)
torch.func.jacrev(torch.func.jacrev(torch.sin))(x)
torch.func.jacrev(torch.func.grad(lambda t: (t ** 4).sum()))(x)
torch.func.hessian(lambda t: (t ** 3).prod())(x)
torch.func.hessian(lambda t: (t[0] * t[1:]).exp().sum())(x)
torch.autograd.functional.hessian(lambda t: t.norm(), x)
torch.func.jacrev(torch.func.hessian(lambda t: (t ** 4).sum() + t.prod()))(x.detach())
torch.func.grad(lambda s: s ** 4)(x[0])
torch.func.grad(torch.func.grad(torch.func.grad(lambda s: s ** 4)))(x[0])
torch.func.grad(torch.func.grad(torch.func.grad(torch.func.grad(lambda s: s.sin() * s ** 3))))(x[0])
torch.func.grad(lambda a: a * torch.func.grad(lambda b: a * b)(a))(x[0])
torch.func.grad(lambda a: a * torch.func.grad(lambda b: a + b)(a))(x[0])
torch.func.grad(lambda a: torch.func.grad(lambda b: (a * b) ** 2)(a * 3) * a)(x[1])
torch.func.grad(lambda a: torch.func.grad(lambda b: torch.func.grad(lambda c: a * b * c ** 2)(b))(a))(x[1])
torch.func.grad(lambda t: (torch.func.grad(lambda u: (u ** 3).sum())(t) ** 2).sum())(x)
o, f = torch.func.vjp(lambda t: t * t, x); (o, *f(x.detach()))
o, f = torch.func.vjp(lambda t: t * t, x.detach()); (o, *f(x))
o, f = torch.func.vjp(lambda t: (t * t, t.sum()), x); f((x.detach(), x.sum().detach()))
o, f, a = torch.func.vjp(lambda t: (t * t, t * 3), x, has_aux=True); (o, a, *f(x))
o, f = torch.func.vjp(lambda t: t.sin(), x); (*f(x), *f(x * 2))
""", [((3,),)]) | lines("""
torch.func.grad(lambda a, b: (a * b ** 2).sum())(x, y)
torch.func.grad(lambda a, b: (a * b ** 2).sum(), argnums=1)(x, y)
torch.func.grad(lambda a, b: (a * b ** 2).sum(), argnums=-1)(x, y)
torch.func.grad(lambda a, b: (a * b ** 2).sum(), argnums=(1, 0))(x, y.detach())
torch.func.grad(lambda a, b: (a * 2).sum(), argnums=(0, 1))(x, y)
torch.func.jacrev(lambda a, b: a * b.sum(), argnums=1)(x, y)
torch.func.jacrev(lambda a, b: a * b.sum(), argnums=(0, 1))(x, y)
a, b = torch.func.hessian(lambda a, b: (a * b ** 2).prod(), argnums=(0, 1))(x, y); (*a, *b)
torch.func.hessian(lambda a, b: (a * b ** 2).prod(), argnums=1)(x, y)
o, f = torch.func.vjp(lambda a, b: a * b, x, y); (o, *f(y))
o, f = torch.func.vjp(lambda a, b: a * 2, x.detach(), y); f(y)
o, f = torch.func.vjp(lambda p: p[0] * p['b'] if isinstance(p, dict) else p[0] * p[1], (x, y)); f(x)[0]
""", [((3,), (3,))])  # fmt: skip

# ---------------------------------------------------------------- autograd.functional

FUNCTIONAL = lines("""
torch.autograd.functional.jacobian(lambda t: t * t.sum(), x)
torch.autograd.functional.jacobian(lambda t: t * t.sum(), (x,))
torch.autograd.functional.jacobian(lambda t: (t * t,), x)
torch.autograd.functional.jacobian(lambda t: (t * t, t.sum()), x.detach())
torch.autograd.functional.jacobian(lambda t: t ** 3, x, create_graph=True)
torch.autograd.functional.jacobian(lambda t: t ** 3, x, vectorize=True)
torch.autograd.functional.jacobian(lambda t: t ** 3, x, strict=True)
torch.autograd.functional.jacobian(lambda t: torch.ones(2, dtype=t.dtype), x)
torch.autograd.functional.hessian(lambda t: (t ** 3).prod(), x)
torch.autograd.functional.hessian(lambda t: (t ** 3).prod().reshape(1), x)
torch.autograd.functional.hessian(lambda t: (t ** 3).prod(), x, create_graph=True)
torch.autograd.functional.vjp(lambda t: t * t, x, x.detach())
torch.autograd.functional.vjp(lambda t: (t * t).sum(), x)
torch.autograd.functional.vjp(lambda t: t ** 3, x, x, create_graph=True)
torch.autograd.functional.vjp(lambda t: t ** 3, x, x)
torch.autograd.functional.hvp(lambda t: (t ** 3).prod(), x, x.detach())
torch.autograd.functional.hvp(lambda t: (t ** 3).prod(), x, x, create_graph=True)
torch.autograd.functional.vhp(lambda t: (t ** 3).prod(), x, x.detach())
torch.autograd.functional.hvp(lambda t: (t ** 3).sum(), x[:1].detach())
""", [((3,),)]) | lines("""
torch.autograd.functional.jacobian(lambda a, b: a * b.sum(), (x, y))
a, b = torch.autograd.functional.jacobian(lambda a, b: (a * b, a.sum()), (x, y)); (*a, *b)
a, b = torch.autograd.functional.hessian(lambda a, b: (a * b ** 2).prod(), (x, y)); (*a, *b)
o, v = torch.autograd.functional.vjp(lambda a, b: a * b, (x, y), x.detach()); (o, *v)
o, v = torch.autograd.functional.hvp(lambda a, b: (a * b ** 2).prod(), (x, y), (y, x)); (o, *v)
o, v = torch.autograd.functional.vhp(lambda a, b: (a * b ** 2).prod(), (x, y), (y, x), create_graph=True); (o, *v)
""", [((3,), (3,))])  # fmt: skip

AT_CORNERS: Table = {
    "torch.autograd.functional.hessian(lambda t: t.norm() ** 2, x)": [([0.0, 0.0],)],
    "torch.func.grad(lambda t: t.norm())(x)": [([0.0, 0.0],)],
    "torch.func.hessian(lambda t: t.cumprod(0).sum())(x.detach())": [
        ([2.0, 0.0, 3.0, 4.0],),
        ([0.0, 0.0, 3.0],),
    ],
    "torch.func.hessian(lambda t: t.prod())(x.detach())": [([2.0, 0.0, 3.0],), ([0.0, 0.0, 3.0],)],
    "torch.func.hessian(lambda t: (t ** 3).sum() + (t ** 2).sum())(x)": [([0.0, -1.0],)],
    "torch.func.hessian(lambda t: (t.relu() ** 2).sum())(x.detach())": [([-1.0, 2.0],)],
    "torch.func.hessian(lambda t: (t.abs() * t).sum())(x)": [([-1.0, 2.0],)],
    "torch.func.hessian(lambda t: torch.where(t > 0, t.log(), t ** 2).sum())(x)": [([2.0, 0.5],)],
    "torch.autograd.functional.hessian(lambda t: (t / t.norm()).sum(), x)": [(positive(3),)],
    "torch.func.hessian(lambda t: t.log_softmax(0)[1])(x)": [((4,),), ([1e3, -1e3, 0.0],)],
}

GROUPS: dict[str, list[Table]] = {"higher": [THRICE, GRAD, FUNC, FUNCTIONAL, AT_CORNERS]}

RAISES: dict[type[Exception], Table] = {
    RuntimeError: lines("""
        torch.autograd.grad((x * x).sum(), [x, torch.ones(2, requires_grad=True)])
        torch.autograd.grad((x * x).sum(), x.detach())
        torch.autograd.grad(x.detach().sum(), x)
        torch.autograd.grad((x * x).sum(), [])
        torch.autograd.grad(x * x, x)
        torch.autograd.grad(x * x, x, torch.ones(2))
        torch.autograd.grad([x * x, x], x, [torch.ones(3)])
        l = (x * x).sum(); torch.autograd.grad(l, x); torch.autograd.grad(l, x)
        torch.autograd.backward(x.detach().sum())
        torch.autograd.backward((x * x).sum(), inputs=[])
        torch.func.grad(lambda t: t * t)(x)
        torch.func.grad(lambda t: (t * t).sum().reshape(1))(x)
        torch.func.grad(lambda t: 3.0)(x)
        torch.func.grad(lambda t: t.sum())(torch.tensor([1, 2]))
        torch.func.grad(lambda t: t.sum(), argnums=3)(x)
        torch.func.grad(lambda t: t.sum(), argnums=(0, 0))(x)
        torch.func.grad(lambda t: t.sum(), argnums=())(x)
        torch.func.grad(lambda t: t.sum(), argnums='t')(x)
        torch.func.grad(lambda t: t.sum(), has_aux=True)(x)
        o, f = torch.func.vjp(lambda t: t * t, x); f(torch.ones(4))
        o, f = torch.func.vjp(lambda t: t * t, x); f((x,))
        torch.autograd.functional.hessian(lambda t: t * t, x)
        torch.autograd.functional.jacobian(lambda a, b: a * a, (x, x), strict=True)
        torch.autograd.functional.jacobian(lambda t: torch.ones(2), x, strict=True)
        torch.autograd.functional.vjp(lambda t: t * t, x)
        torch.autograd.functional.vjp(lambda t: t * t, x, torch.ones(2))
        torch.autograd.functional.hvp(lambda t: (t ** 3).sum(), x)
    """, [((3,),)]),
    ValueError: lines("""
        torch.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)
        torch.func.grad(lambda t: t * t)(2.0)
    """, [((3,),)]),
    TypeError: lines("""
        torch.autograd.functional.jacobian(lambda t: t * t, 2.0)
        torch.autograd.functional.jacobian(lambda t: t * t, [x])
    """, [((3,),)]),
}  # fmt: skip

ON_PURPOSE: dict[str, str] = {}

# ---------------------------------------------------------------- whole programs


def _leaf(torch: Any, *shape: int, seed: int = 0) -> Any:
    return torch.tensor(_numbers(*shape, seed=seed) / 2, dtype=torch.float64, requires_grad=True)


def _network(torch: Any) -> tuple[Any, list[Any]]:
    """A small network with a tanh, and its weights."""
    w, b, v = _leaf(torch, 4, 3, seed=1), _leaf(torch, 4, seed=2), _leaf(torch, 1, 4, seed=3)
    return (lambda x: (x @ w.T + b).tanh() @ v.T), [w, b, v]


def gradient_penalty(torch: Any) -> Any:
    """As in a Wasserstein GAN: the length of the gradient at the input is to be 1."""
    network, weights = _network(torch)
    x = _leaf(torch, 5, 3, seed=4)
    outputs = network(x)
    (g,) = torch.autograd.grad(
        outputs, x, grad_outputs=torch.ones_like(outputs),
        create_graph=True, retain_graph=True, only_inputs=True,
    )  # fmt: skip
    loss = outputs.mean() + 10 * ((g.norm(2, dim=1) - 1) ** 2).mean()
    loss.backward()
    return {"loss": loss, "g": g, "x": x.grad, **{f"w{i}": w.grad for i, w in enumerate(weights)}}


def a_hessian_vector_product_of_all_weights(torch: Any) -> Any:
    network, weights = _network(torch)
    x = _leaf(torch, 5, 3, seed=4).detach()
    gradients = torch.autograd.grad((network(x) ** 2).mean(), weights, create_graph=True)
    vectors = [torch.tensor(_numbers(*w.shape, seed=9)) for w in weights]
    along = sum((g * v).sum() for g, v in zip(gradients, vectors))
    products = torch.autograd.grad(along, weights)
    return {f"h{i}": product for i, product in enumerate(products)}


def third_and_fourth_derivatives(torch: Any) -> Any:
    x = torch.tensor([0.5, -1.5, 2.0], dtype=torch.float64, requires_grad=True)
    found, y = {}, x.sin() * x.exp() + x ** 5 / (1 + x * x)  # fmt: skip
    for order in range(1, 6):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        found[f"d{order}"] = y
    return found


def mixed_partials(torch: Any) -> Any:
    x, y = _leaf(torch, 3, seed=1), _leaf(torch, 3, seed=2)
    f = (x * y).sin() * y.exp()
    (fx,) = torch.autograd.grad(f.sum(), x, create_graph=True)
    (fy,) = torch.autograd.grad(f.sum(), y, create_graph=True)
    (fxy,) = torch.autograd.grad(fx.sum(), y, create_graph=True)
    (fyx,) = torch.autograd.grad(fy.sum(), x, create_graph=True)
    (fxyx,) = torch.autograd.grad(fxy.sum(), x)
    return {"fx": fx, "fy": fy, "fxy": fxy, "fyx": fyx, "fxyx": fxyx}


def backward_twice_through_grad(torch: Any) -> Any:
    """The classic: `.grad` itself has a graph, and is part of the next loss."""
    x = _leaf(torch, 3)
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    x.grad = None
    (first**2).sum().backward()
    return {"first": first, "second": x.grad}


def second_derivatives_after_changes_in_place(torch: Any) -> Any:
    def f(x: Any) -> Any:
        y = x * x
        y[0] = x[1] * x[2]
        y[1:] *= x[1:]
        y.mul_(x)
        return (y * y).sum()

    x = _leaf(torch, 3)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    rows = [torch.autograd.grad(g[i], x, retain_graph=True)[0] for i in range(3)]
    return {"g": g, "h": torch.stack(rows), "hessian": torch.autograd.functional.hessian(f, x)}


def newtons_method(torch: Any) -> Any:
    def f(p: Any) -> Any:
        return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2

    p = torch.tensor([-1.2, 1.0], dtype=torch.float64)
    found = {}
    for step in range(6):
        h, g = torch.func.hessian(f)(p), torch.func.grad(f)(p)
        det = h[0, 0] * h[1, 1] - h[0, 1] * h[1, 0]
        p = (
            p
            - torch.stack([h[1, 1] * g[0] - h[0, 1] * g[1], h[0, 0] * g[1] - h[1, 0] * g[0]]) / det
        )
        found[f"p{step}"] = p
    return found


def no_grad_inside_and_outside(torch: Any) -> Any:
    x = _leaf(torch, 3)

    def f(t: Any) -> Any:
        with torch.no_grad():
            c = t * t
        return (c * t).sum()

    with torch.no_grad():
        outside = torch.func.grad(lambda t: (t**3).sum())(x)
        h = torch.func.hessian(lambda t: (t**3).sum())(x)
    return {"inside": torch.func.grad(f)(x.detach()), "outside": outside, "hessian": h}


def a_gradient_step_is_differentiated(torch: Any) -> Any:
    """Learning to learn: how the loss after a step depends on the step size and the start."""
    w, rate = _leaf(torch, 3, seed=5), torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    x = w
    for _ in range(3):
        (g,) = torch.autograd.grad((x**4).sum() + (x * x.flip(0)).sum(), x, create_graph=True)
        x = x - rate * g
    (x * x).sum().backward()
    return {"x": x, "w": w.grad, "rate": rate.grad}
