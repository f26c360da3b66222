"""Small PyTorch programs about the engine: who has a gradient, when, and how much.

Each is typed as PyTorch code and gives what must be the same under minigrad.
"""

from __future__ import annotations

import copy as _copy
from typing import Any

import numpy as _np

from . import numbers as _numbers


def _leaf(torch: Any, *shape: int, seed: int = 0, dtype: str = "float64") -> Any:
    value = _numbers(*shape, seed=seed)
    return torch.tensor(value, dtype=getattr(torch, dtype), requires_grad=True)


def _weights(torch: Any, *shape: int, seed: int = 50) -> Any:
    return torch.tensor(_numbers(*shape, seed=seed), dtype=torch.float64)


def _many(torch: Any, *expressions: Any) -> dict[str, Any]:
    """The value and the gradient of each expression of one square matrix, `backward` each time."""
    found: dict[str, Any] = {}
    for i, expression in enumerate(expressions):
        x = _leaf(torch, 3, 3)
        y = expression(x)
        (y * _weights(torch, *y.shape)).sum().backward()
        found |= {f"y{i}": y, f"x{i}.grad": x.grad}
    return found


# ---------------------------------------------------------------- things used twice


def a_leaf_used_twice(torch: Any) -> Any:
    return _many(
        torch,
        lambda x: x + x,
        lambda x: x * x,
        lambda x: x - x,
        lambda x: x / x + x,
        lambda x: x @ x,
        lambda x: x @ x.T,
        lambda x: x.T @ x,
        lambda x: x.T + x,
        lambda x: x * x[0],
        lambda x: x - x.mean(0),
        lambda x: torch.maximum(x, x),
        lambda x: torch.cat([x, x]),
        lambda x: torch.stack([x, x, x]),
        lambda x: torch.where(x > 0, x, x),
        lambda x: x[0] @ x @ x[:, 0],
    )


def a_non_leaf_used_twice(torch: Any) -> Any:
    w, v = _weights(torch, 3, 3, seed=51), _weights(torch, 3, 3, seed=52)

    def after(use: Any) -> Any:
        return lambda x: use(x * 2 + 1)

    return _many(
        torch,
        after(lambda h: h + h.tanh()),
        after(lambda h: h.tanh() + h),
        after(lambda h: h @ w + h @ v),
        after(lambda h: h.tanh() + h.exp()),
        after(lambda h: h * h + h),
        after(lambda h: h + h * h),
        after(lambda h: h[0] + h[1] * h[0]),
        after(lambda h: (h + h) * (h + h)),
        after(lambda h: h - h.sum(0, keepdim=True) * h),
        after(lambda h: (h.tanh() + h.exp()) * (h.exp() - h.tanh())),
    )


def thirty_doublings(torch: Any) -> Any:
    x = torch.tensor([1.0, -3.0], dtype=torch.float64, requires_grad=True)
    z = x
    for _ in range(30):
        z = z + z
    (z * torch.tensor([1.0, 2.0], dtype=torch.float64)).sum().backward()
    return {"z": z, "x.grad": x.grad}


def a_ladder_of_diamonds(torch: Any) -> Any:
    x = _leaf(torch, 2)
    z = x
    for _ in range(40):
        z = z * 0.5 + z.tanh() * 0.5
    (z * _weights(torch, 2)).sum().backward()
    return {"z": z, "x.grad": x.grad}


def order_of_the_walk(torch: Any) -> Any:
    """The long way round and the short cut meet in the same node."""
    x = _leaf(torch, 3)
    h = x * 3
    long = ((h.sin() * 2).exp() + 1).log()
    y = h * long + h
    (y * _weights(torch, 3)).sum().backward()
    return {"y": y, "x.grad": x.grad}


def two_losses_share_a_non_leaf(torch: Any) -> Any:
    x = _leaf(torch, 3)
    h = x * x
    first, second = (h * _weights(torch, 3)).sum(), h.tanh().sum()
    first.backward(retain_graph=True)
    before = x.grad.clone()
    second.backward()
    return {"before": before, "after": x.grad}


def two_losses_share_only_leaves(torch: Any) -> Any:
    x = _leaf(torch, 3)
    (x * x).sum().backward()
    before = x.grad.clone()
    (x.exp() * _weights(torch, 3)).sum().backward()
    return {"before": before, "after": x.grad}


def retain_graph_doubles(torch: Any) -> Any:
    x = _leaf(torch, 2, 3)
    y = ((x @ x.T).tanh() * _weights(torch, 2, 2)).sum()
    y.backward(retain_graph=True)
    once = x.grad.clone()
    y.backward(retain_graph=True)
    twice = x.grad.clone()
    y.backward()
    return {"once": once, "twice": twice, "thrice": x.grad}


def gradients_add_up_until_they_are_cleared(torch: Any) -> Any:
    x = _leaf(torch, 3)
    seen: list[Any] = []
    for step in range(4):
        if step == 2:
            x.grad = None
        (x * x * _weights(torch, 3, seed=step)).sum().backward()
        seen.append(x.grad.clone())
    return {f"step{i}": g for i, g in enumerate(seen)}


def gradients_cleared_in_place(torch: Any) -> Any:
    x = _leaf(torch, 3)
    (x * x).sum().backward()
    kept = x.grad
    x.grad.zero_()
    cleared = x.grad.clone()
    (x * _weights(torch, 3)).sum().backward()
    return {"cleared": cleared, "again": x.grad, "kept": kept, "same": kept is x.grad}


def gradient_given_by_hand(torch: Any) -> Any:
    x = _leaf(torch, 3)
    x.grad = torch.ones(3, dtype=torch.float64)
    (x * _weights(torch, 3)).sum().backward()
    return {"x.grad": x.grad}


# ---------------------------------------------------------------- backward


def backward_with_a_gradient(torch: Any) -> Any:
    x = _leaf(torch, 2, 3)
    (x * x).backward(_weights(torch, 2, 3))
    y = _leaf(torch, 3)
    y.exp().backward(gradient=_weights(torch, 3))
    z = _leaf(torch)
    (z * z).backward(torch.tensor(3.0, dtype=torch.float64))
    return {"x.grad": x.grad, "y.grad": y.grad, "z.grad": z.grad}


def backward_of_a_single_number_in_any_shape(torch: Any) -> Any:
    x = _leaf(torch, 1, 1)
    (x * x * 3).backward()
    y = _leaf(torch)
    (y * y).backward()
    z = _leaf(torch, 1)
    (z + 2).backward()
    return {"x.grad": x.grad, "y.grad": y.grad, "z.grad": z.grad}


def backward_of_a_leaf(torch: Any) -> Any:
    x = torch.tensor(3.0, requires_grad=True)
    x.backward()
    y = _leaf(torch, 2)
    y.backward(_weights(torch, 2))
    return {"x.grad": x.grad, "y.grad": y.grad, "y": y}


def gradient_keeps_the_dtype(torch: Any) -> Any:
    x = _leaf(torch, 2, 3, dtype="float32")
    w = _leaf(torch, 3, seed=1)
    y = (x * 0.1).double() @ w
    (y * _weights(torch, 2)).sum().backward()
    return {"y": y, "x.grad dtype": x.grad.dtype, "w.grad dtype": w.grad.dtype, "w.grad": w.grad}


def gradient_through_mixed_dtypes(torch: Any) -> Any:
    x = _leaf(torch, 3, dtype="float32")
    y = _leaf(torch, 3, seed=1)
    z = x * y + torch.arange(3)
    (z * _weights(torch, 3)).sum().backward()
    return {"z": z, "x.grad": x.grad, "y.grad": y.grad}


def only_what_asks_gets_a_gradient(torch: Any) -> Any:
    x, w = _leaf(torch, 3), _leaf(torch, 3, seed=1)
    constant = _weights(torch, 3)
    unused = _leaf(torch, 2)
    h = x * constant
    y = (h * w).sum()
    y.backward()
    return {
        "x.grad": x.grad,
        "w.grad": w.grad,
        "constant.grad": constant.grad,
        "unused.grad": unused.grad,
        "h.requires_grad": h.requires_grad,
        "h.is_leaf": h.is_leaf,
        "constant.is_leaf": constant.is_leaf,
        "y.requires_grad": y.requires_grad,
        "(constant * 2).requires_grad": (constant * 2).requires_grad,
    }


def constants_in_any_position(torch: Any) -> Any:
    x, c = _leaf(torch, 2), _weights(torch, 2)
    y = torch.stack([c, x, c]) + torch.where(c > 0, c, x)
    y = torch.cat([y, torch.zeros(1, 2, dtype=torch.float64)]) @ torch.stack([x, c])
    (y * _weights(torch, 4, 2)).sum().backward()
    return {"y": y, "x.grad": x.grad, "c.grad": c.grad}


def _derivatives(torch: Any, expression: Any, *shape: int) -> list[Any]:
    """The first three derivatives, each by going back through the one before."""
    x = _leaf(torch, *shape)
    y = (expression(x) * _weights(torch, *expression(x).shape)).sum()
    found = []
    for order in range(3):
        y.backward(create_graph=True)
        found.append(x.grad.detach().clone())
        y = (x.grad * _weights(torch, *shape, seed=order)).sum()
        x.grad = None
    return found


def derivatives_of_derivatives(torch: Any) -> Any:
    w = _weights(torch, 3, 3, seed=51)
    return {
        "power": _derivatives(torch, lambda x: x**4, 3),
        "quotient": _derivatives(torch, lambda x: (x + 1) / (x * x + 2), 3),
        "functions": _derivatives(torch, lambda x: (x.sin() * x.exp()).tanh() + x.sigmoid(), 2, 2),
        "roots": _derivatives(torch, lambda x: (x * x + 1).sqrt().log(), 3),
        "broadcast": _derivatives(torch, lambda x: x * x[:, :1] * x[0], 3, 3),
        "matmul": _derivatives(torch, lambda x: x @ x @ w @ x, 3, 3),
        "vector": _derivatives(torch, lambda x: (w @ x) @ x * (x @ w), 3),
        "batched": _derivatives(torch, lambda x: x @ x[0] @ x, 2, 2, 2),
        "indexing": _derivatives(torch, lambda x: x[[0, 0, 1]] * x[1:] ** 2, 4),
        "shape": _derivatives(torch, lambda x: torch.cat([x.T, x.flip(0)]).reshape(-1) ** 3, 2, 2),
        "sums": _derivatives(torch, lambda x: x.mean(0) * x.sum() ** 2 * x.sum(1), 3, 3),
        "variance": _derivatives(torch, lambda x: x.var(0) * x.std(), 3, 3),
        "logsumexp": _derivatives(torch, lambda x: x.logsumexp(1) ** 2, 3, 3),
        "choice": _derivatives(torch, lambda x: torch.where(x > 0, x**3, x.exp()) * x.amax(), 4),
        "relu": _derivatives(torch, lambda x: x.relu() ** 3 + x.abs() * x.clamp(-1, 1) ** 2, 4),
        "products": _derivatives(torch, lambda x: x.prod() * x.cumsum(0), 4),
        "einsum": _derivatives(torch, lambda x: torch.einsum("ij,jk,kl->il", x, x, x), 2, 2),
    }


def a_gradient_with_a_graph(torch: Any) -> Any:
    x = _leaf(torch, 3)
    (x**3).sum().backward()
    plain = x.grad.requires_grad
    x.grad = None
    (x**3).sum().backward(create_graph=True)
    graph = x.grad.requires_grad
    penalty = (x.grad**2).sum()
    x.grad = None
    penalty.backward()
    return {"plain": plain, "graph": graph, "x.grad": x.grad}


def retain_grad(torch: Any) -> Any:
    x = _leaf(torch, 3)
    h = x * 2
    h.retain_grad()
    other = h.exp()
    (other * _weights(torch, 3)).sum().backward()
    return {"h.grad": h.grad, "x.grad": x.grad, "h.is_leaf": h.is_leaf}


def retain_grad_adds_up(torch: Any) -> Any:
    x = _leaf(torch, 3)
    h = x * 2
    h.retain_grad()
    y = (h * h).sum()
    y.backward(retain_graph=True)
    y.backward()
    return {"h.grad": h.grad, "x.grad": x.grad}


# ---------------------------------------------------------------- switching it off


def no_grad(torch: Any) -> Any:
    x = _leaf(torch, 3)
    with torch.no_grad():
        y = x * 2
        inside = torch.is_grad_enabled()
        made = torch.ones(2, requires_grad=True)
    z = x * y
    (z * _weights(torch, 3)).sum().backward()
    return {
        "y.requires_grad": y.requires_grad,
        "y.is_leaf": y.is_leaf,
        "inside": inside,
        "outside": torch.is_grad_enabled(),
        "made.requires_grad": made.requires_grad,
        "x.grad": x.grad,
        "x.requires_grad": x.requires_grad,
    }


def no_grad_as_a_decorator(torch: Any) -> Any:
    @torch.no_grad()
    def double(x: Any) -> Any:
        return x * 2

    x = _leaf(torch, 3)
    return {
        "inside": double(x).requires_grad,
        "outside": (x * 2).requires_grad,
        "name": double.__name__,
    }


def no_grad_decorates_without_brackets(torch: Any) -> Any:
    @torch.no_grad
    def double(x: Any) -> Any:
        return x * 2

    return {"inside": double(_leaf(torch, 3)).requires_grad}


def no_grad_and_enable_grad_nest(torch: Any) -> Any:
    x = _leaf(torch, 2)
    seen: list[Any] = []
    with torch.no_grad():
        seen.append((x * 2).requires_grad)
        with torch.enable_grad():
            seen.append((x * 2).requires_grad)
        seen.append((x * 2).requires_grad)
    seen.append((x * 2).requires_grad)
    return {"seen": seen}


def no_grad_ends_with_an_error(torch: Any) -> Any:
    x = _leaf(torch, 2)
    try:
        with torch.no_grad():
            raise KeyError
    except KeyError:
        pass
    return {"after": (x * 2).requires_grad}


def set_grad_enabled(torch: Any) -> Any:
    x = _leaf(torch, 2)
    with torch.set_grad_enabled(False):
        off = (x * 2).requires_grad
        with torch.set_grad_enabled(True):
            on = (x * 2).requires_grad
    torch.set_grad_enabled(False)
    called = (x * 2).requires_grad
    torch.set_grad_enabled(True)
    return {"off": off, "on": on, "called": called, "after": (x * 2).requires_grad}


def backward_inside_no_grad(torch: Any) -> Any:
    x = _leaf(torch, 3)
    y = (x * x * _weights(torch, 3)).sum()
    with torch.no_grad():
        y.backward()
    return {"x.grad": x.grad}


def detach(torch: Any) -> Any:
    x = _leaf(torch, 3)
    h = x.exp()
    y = h * h.detach() + x
    (y * _weights(torch, 3)).sum().backward()
    return {"y": y, "x.grad": x.grad, "detached": h.detach(), "is_leaf": h.detach().is_leaf}


def requires_grad_later(torch: Any) -> Any:
    x = torch.ones(3, dtype=torch.float64)
    before = (x * 2).requires_grad
    same = x.requires_grad_() is x
    (x * _weights(torch, 3)).sum().backward()
    x.requires_grad_(False)
    after = (x * 2).requires_grad
    x.requires_grad = True
    return {
        "before": before,
        "same": same,
        "x.grad": x.grad,
        "after": after,
        "again": x.requires_grad,
    }


def freezing_in_the_middle(torch: Any) -> Any:
    """A frozen weight keeps the gradient it had, and the gradient still flows past it."""
    x, w, v = _leaf(torch, 2, 3), _leaf(torch, 3, 3, seed=1), _leaf(torch, 3, 2, seed=2)
    ((x @ w).tanh() @ v * _weights(torch, 2, 2)).sum().backward()
    w.requires_grad_(False)
    v.grad = None
    ((x @ w).tanh() @ v * _weights(torch, 2, 2)).sum().backward()
    return {"x.grad": x.grad, "w.grad": w.grad, "v.grad": v.grad}


def freezing_after_the_forward(torch: Any) -> Any:
    x, w = _leaf(torch, 3), _leaf(torch, 3, seed=1)
    y = (x * w * _weights(torch, 3)).sum()
    w.requires_grad_(False)
    y.backward()
    return {"x.grad": x.grad, "y.requires_grad": y.requires_grad}


def clone_is_recorded(torch: Any) -> Any:
    x = _leaf(torch, 3)
    y = x.clone()
    (y * y * _weights(torch, 3)).sum().backward()
    return {"x.grad": x.grad, "y.grad": y.is_leaf, "y": y}


def deep_copies(torch: Any) -> Any:
    x = _leaf(torch, 3)
    (x * x).sum().backward()
    copied = _copy.deepcopy(x)
    with torch.no_grad():
        copied += 1
    shallow = _copy.copy(x)
    return {
        "x": x,
        "copied": copied,
        "copied.grad": copied.grad,
        "shallow": shallow,
        "is_leaf": copied.is_leaf,
        "in a dict": _copy.deepcopy({"w": [x]})["w"][0],
    }


def default_dtype(torch: Any) -> Any:
    torch.set_default_dtype(torch.float64)
    try:
        found = {
            "tensor": torch.tensor([1.5]),
            "zeros": torch.zeros(2),
            "division": torch.arange(2) / 2,
            "get": torch.get_default_dtype(),
            "int": torch.tensor([1]),
        }
    finally:
        torch.set_default_dtype(torch.float32)
    return found | {"after": torch.zeros(1)}


def inference_mode_of_a_model(torch: Any) -> Any:
    x = _leaf(torch, 3)
    with torch.no_grad():
        y = x.clone()
        y += 1
        y[0] = 5
    return {"x": x, "y": y, "y.requires_grad": y.requires_grad}


# ---------------------------------------------------------------- hooks


def a_hook_sees_the_gradient(torch: Any) -> Any:
    x = _leaf(torch, 3)
    seen: list[Any] = []
    h = x * 2
    h.register_hook(seen.append)
    (h * h * _weights(torch, 3)).sum().backward()
    return {"calls": len(seen), "seen": seen[0], "x.grad": x.grad}


def a_hook_changes_the_gradient(torch: Any) -> Any:
    x, w = _leaf(torch, 3), _leaf(torch, 3, seed=1)
    h = x * w
    h.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: -g)
    (h * _weights(torch, 3)).sum().backward()
    return {"x.grad": x.grad, "w.grad": w.grad}


def hooks_run_in_order_and_can_be_removed(torch: Any) -> Any:
    x = _leaf(torch, 3)
    x.register_hook(lambda g: g + 1)
    removed = x.register_hook(lambda g: g * 1000)
    x.register_hook(lambda g: g * 2)
    removed.remove()
    (x * _weights(torch, 3)).sum().backward()
    return {"x.grad": x.grad}


def a_hook_sees_the_whole_sum(torch: Any) -> Any:
    """A node that is used three times calls its hook once, with everything that arrives."""
    x = _leaf(torch, 3)
    h = x * 2
    seen: list[Any] = []
    h.register_hook(seen.append)
    ((h + h.exp() * h) * _weights(torch, 3)).sum().backward()
    return {"calls": len(seen), "seen": seen[0], "x.grad": x.grad}


def a_hook_that_clips(torch: Any) -> Any:
    x = _leaf(torch, 4)
    x.register_hook(lambda g: g.clamp(-0.5, 0.5))
    (x * x * _weights(torch, 4)).sum().backward()
    return {"x.grad": x.grad}


def a_hook_on_a_retained_gradient(torch: Any) -> Any:
    x = _leaf(torch, 3)
    h = x * 2
    h.retain_grad()
    h.register_hook(lambda g: g * 3)
    (h * _weights(torch, 3)).sum().backward()
    return {"h.grad": h.grad, "x.grad": x.grad}


# ---------------------------------------------------------------- data that changes


def descent_under_no_grad(torch: Any) -> Any:
    w, b = _leaf(torch, 3, 2), _leaf(torch, 2, seed=1)
    x, target = _weights(torch, 4, 3, seed=2), _weights(torch, 4, 2, seed=3)
    losses = []
    for _ in range(5):
        loss = ((x @ w + b - target) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
            b -= 0.1 * b.grad
        w.grad = b.grad = None
        losses.append(loss.item())
    return {"w": w, "b": b, "losses": losses, "is_leaf": w.is_leaf}


def descent_through_data(torch: Any) -> Any:
    w = _leaf(torch, 3)
    for _ in range(3):
        loss = ((w - 1) ** 2 * _weights(torch, 3)).sum()
        loss.backward()
        w.data -= 0.05 * w.grad.data
        w.grad.zero_()
    return {"w": w, "w.grad": w.grad, "is_leaf": w.is_leaf, "requires_grad": w.requires_grad}


def data_replaced(torch: Any) -> Any:
    w = _leaf(torch, 3)
    w.data = torch.ones(3, dtype=torch.float64) * 2
    (w * w * _weights(torch, 3)).sum().backward()
    return {"w": w, "w.grad": w.grad}


def data_filled_and_indexed(torch: Any) -> Any:
    w = _leaf(torch, 2, 2)
    with torch.no_grad():
        w.fill_(0.5)
        w[0, 1] = 3
        w[1] += 1
        w *= 2
    (w * w * _weights(torch, 2, 2)).sum().backward()
    return {"w": w, "w.grad": w.grad, "is_leaf": w.is_leaf, "requires_grad": w.requires_grad}


def copy_under_no_grad(torch: Any) -> Any:
    w = _leaf(torch, 3)
    with torch.no_grad():
        w.copy_(torch.ones(3, dtype=torch.float64))
    return {"w": w, "requires_grad": w.requires_grad}


def in_place_on_what_needs_no_gradient(torch: Any) -> Any:
    x = torch.ones(2, 3)
    same = x
    x += 1
    x *= torch.tensor([1.0, 2.0, 3.0])
    x -= 0.5
    x /= 2
    x[0] = 9
    x[:, 1] += 1
    x[x > 4] = 0
    return {"x": x, "same": same is x, "alias": same}


def in_place_makes_it_need_a_gradient(torch: Any) -> Any:
    w = _leaf(torch, 3)
    total = torch.zeros(3, dtype=torch.float64)
    for i in range(3):
        total += w * i
    total[1] = w[0] * w[2]
    (total * _weights(torch, 3)).sum().backward()
    return {"total": total, "is_leaf": total.is_leaf, "w.grad": w.grad}


def in_place_on_a_non_leaf(torch: Any) -> Any:
    x = _leaf(torch, 3)
    h = x * 2
    same = h
    h += x * x
    h *= 3
    h -= 1
    h /= 2
    (h * _weights(torch, 3)).sum().backward()
    return {"h": h, "same": same is h, "x.grad": x.grad}


def a_table_filled_row_by_row(torch: Any) -> Any:
    """A recurrence written into a buffer, as one writes it in PyTorch."""
    w, start = _leaf(torch, 2, 2), _leaf(torch, 2, seed=1)
    states = torch.zeros(4, 2, dtype=torch.float64)
    h = start
    for t in range(4):
        h = torch.tanh(h @ w)
        states[t] = h
    (states * _weights(torch, 4, 2)).sum().backward()
    return {"states": states, "w.grad": w.grad, "start.grad": start.grad}


def tensor_copies_its_array(torch: Any) -> Any:
    a = _np.ones(3)
    t = torch.tensor(a)
    a[0] = 7
    return {"t": t}


# ---------------------------------------------------------------- parts that are changed


def writing_into_a_part(torch: Any) -> Any:
    """A part of a tensor shares its memory: what is written into it is seen in the whole."""
    found = {}
    for name, write in {
        "row": lambda x: x[0].fill_(7),
        "chained": lambda x: x[0].__setitem__(1, 7),
        "view": lambda x: x.view(-1).__setitem__(2, 7),
        "reshape": lambda x: x.reshape(3, 2).__setitem__(0, 7),
        "transpose": lambda x: x.T.__setitem__(0, 7),
        "permute": lambda x: x.permute(1, 0)[1].mul_(7),
        "slice": lambda x: x[:, 1:].add_(7),
        "column": lambda x: x[:, 0].zero_(),
        "step": lambda x: x[:, ::2].fill_(7),
        "unsqueeze": lambda x: x.unsqueeze(0)[0, 1].fill_(7),
        "narrow": lambda x: x.narrow(1, 1, 2).zero_(),
        "select": lambda x: x.select(0, 1).zero_(),
        "unbind": lambda x: x.unbind(1)[2].zero_(),
        "chunk": lambda x: x.chunk(3, 1)[0].fill_(7),
        "split": lambda x: x.split([1, 2], 1)[1].fill_(7),
        "diagonal": lambda x: x.diagonal().fill_(7),
        "detach": lambda x: x.detach().fill_(7),
        "data": lambda x: x.data.fill_(7),
        "flatten": lambda x: x.flatten()[1:].fill_(7),
        "a copy by list": lambda x: x[[0]].fill_(7),
        "a copy by mask": lambda x: x[x > 1].fill_(7),
        "a clone": lambda x: x[0].clone().fill_(7),
    }.items():
        x = torch.arange(6.0).reshape(2, 3).clone()
        write(x)
        found[name] = x
    return found


def rows_changed_in_a_loop(torch: Any) -> Any:
    x = torch.arange(6.0).reshape(3, 2).clone()
    for row in x:
        row /= row.sum()
    return {"x": x}


def a_part_sees_the_whole_change(torch: Any) -> Any:
    x = torch.zeros(2, 3)
    row, turned, copied = x[0], x.T, x[[0]]
    x += 1
    x[0, 2] = 5
    return {"row": row, "turned": turned, "copied": copied}


def a_part_of_a_leaf_under_no_grad(torch: Any) -> Any:
    w = _leaf(torch, 2, 3)
    with torch.no_grad():
        w[0] *= 2
        w[:, 1].fill_(3)
        w.T[2] -= 1
    (w * w * _weights(torch, 2, 3)).sum().backward()
    return {"w": w, "w.grad": w.grad, "is_leaf": w.is_leaf}


def gradients_changed_by_hand(torch: Any) -> Any:
    """Clipping, masking and scaling of gradients, as optimizers do it."""
    w = _leaf(torch, 2, 3)
    (w * w).sum().backward()
    w.grad.data.mul_(0.5)
    w.grad[0, 1] = 0
    w.grad.clamp_(-0.5, 0.5)
    w.grad *= 2
    w.grad.data[1] += 1
    changed = w.grad.clone()
    (w * 3).sum().backward()
    return {"changed": changed, "after": w.grad}


def a_recorded_part_changed_in_place(torch: Any) -> Any:
    x = _leaf(torch, 2, 3)
    h = x * 2
    row = h[0]
    row *= 3
    (h * _weights(torch, 2, 3)).sum().backward()
    return {"h": h, "x.grad": x.grad}


def a_buffer_that_reads_itself(torch: Any) -> Any:
    """Each row is written from the row before it."""
    w, start = _leaf(torch, 2, 2), _leaf(torch, 2, seed=1)
    rows = torch.zeros(4, 2, dtype=torch.float64)
    rows[0] = start
    for t in range(1, 4):
        rows[t] = rows[t - 1].clone() @ w + 1
    (rows * _weights(torch, 4, 2)).sum().backward()
    return {"rows": rows, "w.grad": w.grad, "start.grad": start.grad}


def sums_into_one_place(torch: Any) -> Any:
    x = _leaf(torch, 4)
    total = torch.zeros(2, dtype=torch.float64)
    for i in range(4):
        total[i % 2] += x[i] * (i + 1)
    (total * _weights(torch, 2)).sum().backward()
    return {"total": total, "x.grad": x.grad}


def used_before_and_after_a_change(torch: Any) -> Any:
    """What was made before the change keeps the old numbers, and their gradient."""
    x = _leaf(torch, 3)
    h = x * 2
    before = h + x
    h += 5
    after = h + x
    ((before + after) * _weights(torch, 3)).sum().backward()
    return {"before": before, "after": after, "x.grad": x.grad}


# ---------------------------------------------------------------- whole little models


def xor(torch: Any) -> Any:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=torch.float64)
    y = torch.tensor([0, 1, 1, 0])
    w, b = _leaf(torch, 2, 8), torch.zeros(8, dtype=torch.float64, requires_grad=True)
    v, c = _leaf(torch, 8, 2, seed=1), torch.zeros(2, dtype=torch.float64, requires_grad=True)
    losses = []
    for _ in range(30):
        scores = torch.tanh(x @ w + b) @ v + c
        loss = (scores.logsumexp(1) - scores[torch.arange(4), y]).mean()
        loss.backward()
        losses.append(loss.item())
        with torch.no_grad():
            for p in (w, b, v, c):
                p -= 0.5 * p.grad
                p.grad.zero_()
    return {"losses": losses, "w": w, "v": v, "right": (scores.argmax(1) == y).all().item()}


def attention(torch: Any) -> Any:
    q, k, v = (_leaf(torch, 2, 2, 3, 2, seed=s) for s in range(3))
    scores = q @ k.transpose(-2, -1) / 2**0.5
    scores = scores.masked_fill(torch.tril(torch.ones(3, 3)) == 0, float("-inf"))
    weights = (scores - scores.logsumexp(-1, keepdim=True)).exp()
    y = (weights @ v).transpose(1, 2).reshape(2, 3, 4)
    (y * _weights(torch, 2, 3, 4)).sum().backward()
    return {"y": y, "q.grad": q.grad, "k.grad": k.grad, "v.grad": v.grad}


def layer_norm(torch: Any) -> Any:
    x, gain = _leaf(torch, 3, 4), _leaf(torch, 4, seed=1)
    y = (
        (x - x.mean(-1, keepdim=True))
        / (x.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt()
        * gain
    )
    (y * _weights(torch, 3, 4)).sum().backward()
    return {"y": y, "x.grad": x.grad, "gain.grad": gain.grad}


def embedding(torch: Any) -> Any:
    table = _leaf(torch, 5, 3)
    rows = table[torch.tensor([[0, 1, 1], [4, 0, 0]])]
    (rows * _weights(torch, 2, 3, 3)).sum().backward()
    return {"rows": rows, "table.grad": table.grad}


def scalars_one_by_one(torch: Any) -> Any:
    """micrograd's example, with 0-d tensors."""
    a = torch.tensor(-4.0, dtype=torch.float64, requires_grad=True)
    b = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g = g + 10.0 / f
    g.backward()
    return {"g": g, "a.grad": a.grad, "b.grad": b.grad}


def dot_product_in_scalars(torch: Any) -> Any:
    a, b = _leaf(torch, 4), _leaf(torch, 4, seed=1)
    total: Any = 0
    for x, y in zip(a, b, strict=True):
        total = total + x * y
    total.backward()
    return {"total": total, "a.grad": a.grad, "b.grad": b.grad}


def many_slices_of_one_array(torch: Any) -> Any:
    x = _leaf(torch, 6, 2)
    y = sum(x[i] * x[5 - i] * (i + 1) for i in range(6))
    (y * _weights(torch, 2)).sum().backward()
    return {"y": y, "x.grad": x.grad}


def the_same_numbers_twice(torch: Any) -> Any:
    """No program depends on chance: two runs agree in every bit."""
    runs = []
    for _ in range(2):
        x = _leaf(torch, 4, 4)
        ((x @ x).tanh().sum(0) * (x.exp() @ x)[0]).sum().backward()
        runs.append(x.grad)
    return {"equal": torch.equal(*runs)}


def seeds_repeat(torch: Any) -> Any:
    """The numbers are each library's own, but the same seed gives them again."""
    found = {}
    for name in ("rand", "randn"):
        torch.manual_seed(3)
        first = getattr(torch, name)(4)
        second = getattr(torch, name)(4)
        torch.manual_seed(3)
        again = getattr(torch, name)(4)
        generator = torch.Generator().manual_seed(5)
        own = getattr(torch, name)(4, generator=generator)
        generator.manual_seed(5)
        found[name] = [
            torch.equal(first, again), torch.equal(first, second),
            torch.equal(own, getattr(torch, name)(4, generator=generator)),
        ]  # fmt: skip
    return found


def random_numbers_stay_in_range(torch: Any) -> Any:
    torch.manual_seed(0)
    u, n, i = torch.rand(1000), torch.randn(1000), torch.randint(2, 5, (1000,))
    p = torch.randperm(10)
    return {
        "rand": bool((u >= 0).all() and (u < 1).all()),
        "randn mean": abs(n.mean().item()) < 0.2,
        "randn std": abs(n.std().item() - 1) < 0.2,
        "randint": sorted(set(i.tolist())),
        "randperm": sorted(p.tolist()),
    }


# ---------------------------------------------------------------- who may ask for a gradient


def only_floats_may_need_a_gradient(torch: Any) -> Any:
    found = {}
    for name in ["bool", "uint8", "int32", "int64", "float32", "float64"]:
        try:
            dtype = getattr(torch, name)
            found[name] = torch.ones(2, dtype=dtype, requires_grad=True).requires_grad
        except RuntimeError:
            found[name] = "RuntimeError"
    return found


def indices_do_not_need_gradients(torch: Any) -> Any:
    x = _leaf(torch, 2, 3)
    values, indices = x.max(1)
    sorted_, order = x.sort()
    return {
        "argmax": x.argmax().requires_grad,
        "indices": indices.requires_grad,
        "values": values.requires_grad,
        "order": order.requires_grad,
        "sorted": sorted_.requires_grad,
        "compare": (x > 0).requires_grad,
        "long": x.long().requires_grad,
        "bool": x.bool().requires_grad,
        "double": x.double().requires_grad,
        "float": x.float().requires_grad,
        "sign": x.sign().requires_grad,
        "round": x.round().requires_grad,
        "isnan": x.isnan().requires_grad,
    }


def named_results(torch: Any) -> Any:
    x = _leaf(torch, 2, 3)
    return {
        "max values": x.max(1).values,
        "max indices": x.max(dim=1).indices,
        "min": x.min(0).values,
        "sort": x.sort(dim=0).values,
        "topk": x.topk(2).values,
        "topk indices": x.topk(2, dim=1).indices,
        "median": x.median(1).values,
        "length": len(x.max(0)),
    }
