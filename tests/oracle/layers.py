"""Layers, their starts and utilities, typed as PyTorch code; `tables.py` says how."""

from __future__ import annotations

import copy as _copy
import math as _math
import pickle as _pickle
from collections import OrderedDict as _OrderedDict
from collections.abc import Callable as _Callable
from typing import Any

import numpy as _np

from . import Table, lines
from . import numbers as _numbers


def _functional(table: Table) -> Table:
    """The same lines with F. spelt out."""
    return {code.replace("F.", "torch.nn.functional."): inputs for code, inputs in table.items()}


# ---------------------------------------------------------------- functions

LINEAR = _functional(
    {
        "F.linear(x, y)": [((5, 3), (4, 3)), ((3,), (4, 3)), ((2, 5, 3), (4, 3)), ((0, 3), (4, 3))],
        "F.linear(x, y, z)": [
            *[((5, 3), (4, 3), (4,)), ((3,), (4, 3), (4,)), ((2, 2, 5, 3), (4, 3), (4,))],
            *[((1, 3), (1, 3), (1,)), ((0, 3), (4, 3), (4,))],
        ],
        "F.linear(x, y, bias=z)": [((5, 3), (4, 3), (4,))],
        "F.linear(x.detach(), y, z).tanh()": [((5, 3), (4, 3), (4,))],
        "F.linear(x, x)": [((3, 3),)],
        "F.bilinear(x, y, z)": [((5, 2), (5, 3), (4, 2, 3)), ((2, 5, 2), (2, 5, 3), (4, 2, 3))],
        "F.bilinear(x, y, z, torch.ones(4, dtype=x.dtype))": [((5, 2), (5, 3), (4, 2, 3))],
    }
)

EMBEDDINGS = _functional(
    lines(
        """
    F.embedding(torch.tensor([0, 2, 0, 1]), x)    F.embedding(torch.tensor([[0, 2], [2, 2]]), x)
    F.embedding(torch.tensor(2), x)    F.embedding(torch.tensor([0, 2, 0]), x, padding_idx=0)
    F.embedding(torch.tensor([[0, 2], [2, 3]]), x, -1)
    F.embedding(torch.tensor([], dtype=torch.int64), x)
    w = x.detach().clone(); F.embedding(torch.tensor([0, 2, 0]), w, max_norm=1.0)
    w = x.detach().clone(); F.embedding(torch.tensor([0, 2]), w, None, 0.5, 1.0); w
""",
        [((4, 3),)],
    )
)

NORMS = _functional(
    {
        "F.layer_norm(x, (3,))": [((5, 3),), ((2, 5, 3),), ((3,),)],
        "F.layer_norm(x, (3,), y, z)": [((5, 3), (3,), (3,)), ((2, 4, 3), (3,), (3,))],
        "F.layer_norm(x, [4, 3], y, z, 0.1)": [((5, 4, 3), (4, 3), (4, 3))],
        "F.layer_norm(x, (3,), None, y)": [((5, 3), (3,))],
        "F.rms_norm(x, (3,))": [((5, 3),), ((2, 5, 3),)],
        "F.rms_norm(x, (4, 3), y, eps=0.1)": [((2, 4, 3), (4, 3))],
        "F.group_norm(x, 2, y, z)": [((3, 6), (6,), (6,)), ((3, 4, 5, 2), (4,), (4,))],
        "F.group_norm(x, 1)": [((3, 4, 2),)],
        "F.batch_norm(x, None, None, y, z, True)": [
            *[((5, 3), (3,), (3,)), ((4, 3, 2), (3,), (3,)), ((2, 3, 2, 2), (3,), (3,))],
        ],
        "F.batch_norm(x, None, None, training=True, eps=0.1)": [((5, 3),)],
        "F.batch_norm(x, y.detach(), z.detach() ** 2)": [
            ((5, 3), (3,), (3,)),
            ((1, 3), (3,), (3,)),
        ],
        "F.batch_norm(x, torch.zeros(3, dtype=x.dtype), torch.ones(3, dtype=x.dtype), y, z)": [
            *[((5, 3), (3,), (3,)), ((2, 3, 4), (3,), (3,))],
        ],
        """m = torch.zeros(3, dtype=x.dtype); v = torch.ones(3, dtype=x.dtype)
r = F.batch_norm(x, m, v, training=True, momentum=0.3); (m, v, r)""": [((5, 3),), ((2, 3, 4),)],
    }
)

DROPOUTS = _functional(
    lines(
        """
    F.dropout(x, 0.5, False)    F.dropout(x, 0.0)    F.dropout(x, 1.0)
    F.dropout1d(x, 0.0)    F.dropout1d(x, 1.0)    F.dropout1d(x, training=False)
    F.alpha_dropout(x)    F.alpha_dropout(x, 0.0, True)    F.alpha_dropout(x, 1.0, True)
    F.dropout2d(x[None], 1.0)    F.dropout2d(x[None], 0.5, training=False)
    torch.nn.Dropout(1.0)(x)    torch.nn.Dropout(0.3).eval()(x)
    y = x * 1; F.dropout(y, 1.0, inplace=True); y + x
""",
        [((2, 3, 2),)],
    )
)

REPRS = lines(
    """
    torch.nn.Linear(2, 3)    torch.nn.Linear(2, 3, bias=False)    torch.nn.Bilinear(2, 3, 4)
    torch.nn.Identity(3, what=4)    torch.nn.Embedding(5, 2)
    torch.nn.Embedding(5, 2, -1, 1.0, 3.0)
    torch.nn.Flatten()    torch.nn.Flatten(0, 1)    torch.nn.Unflatten(1, (2, 3))
    torch.nn.Dropout()    torch.nn.Dropout(0.2, True)    torch.nn.Dropout1d(0.3)
    torch.nn.Dropout2d()    torch.nn.AlphaDropout(0.1)    torch.nn.BatchNorm1d(3)
    torch.nn.BatchNorm2d(3, momentum=None, affine=False)    torch.nn.LayerNorm(3)
    torch.nn.LayerNorm([2, 3], 1e-3, bias=False)    torch.nn.RMSNorm((3,))
    torch.nn.GroupNorm(2, 4, affine=False)    torch.nn.ReLU()    torch.nn.ReLU(True)
    torch.nn.ReLU6()    torch.nn.LeakyReLU(0.2)    torch.nn.LeakyReLU(inplace=True)
    torch.nn.ELU()    torch.nn.ELU(0.5, True)    torch.nn.CELU()    torch.nn.SELU()
    torch.nn.GELU()    torch.nn.GELU('tanh')    torch.nn.SiLU()    torch.nn.Mish(True)
    torch.nn.Softplus()    torch.nn.Softplus(2, 5)    torch.nn.Softsign()    torch.nn.Sigmoid()
    torch.nn.LogSigmoid()    torch.nn.Tanh()    torch.nn.Hardtanh()
    torch.nn.Hardtanh(-2, 2, True)
    torch.nn.Hardswish()    torch.nn.Hardsigmoid()    torch.nn.Tanhshrink()
    torch.nn.Softshrink(0.3)    torch.nn.Hardshrink()    torch.nn.Threshold(0.1, 20)
    torch.nn.GLU()    torch.nn.Softmax(1)    torch.nn.Softmax(dim=-1)    torch.nn.LogSoftmax(0)
    torch.nn.Softmin(1)    torch.nn.PReLU()    torch.nn.PReLU(3)    torch.nn.MSELoss()
    torch.nn.L1Loss(reduction='sum')    torch.nn.CrossEntropyLoss()    torch.nn.HuberLoss(delta=2)
    torch.nn.BCEWithLogitsLoss()    torch.nn.CosineSimilarity()    torch.nn.Sequential()
    torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.Tanh()))
    torch.nn.ModuleList([torch.nn.ReLU(), torch.nn.ReLU(), torch.nn.Linear(2, 2)])
    torch.nn.ModuleList()
    torch.nn.ModuleList(torch.nn.Sequential(torch.nn.ReLU()) for _ in 'abc')
    torch.nn.ModuleDict({'a': torch.nn.ReLU(), 'b': torch.nn.Linear(1, 1)})    torch.nn.ModuleDict()
    torch.nn.ParameterList()    torch.nn.Module()    torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    torch.nn.Parameter(torch.zeros(2, 1), requires_grad=False)
"""
)

GROUPS: dict[str, list[Table]] = {
    "linear": [LINEAR],
    "embedding": [EMBEDDINGS],
    "norms": [NORMS],
    "dropout": [DROPOUTS],
    "printed": [{f"repr({code})": inputs for code, inputs in REPRS.items()}],
    "gains": [
        lines(
            """
    torch.nn.init.calculate_gain('relu')    torch.nn.init.calculate_gain('tanh')
    torch.nn.init.calculate_gain('linear')    torch.nn.init.calculate_gain('leaky_relu')
    torch.nn.init.calculate_gain('leaky_relu', 0.2)    torch.nn.init.calculate_gain('selu')
    torch.nn.init.calculate_gain('sigmoid')    torch.nn.init.constant_(torch.empty(2, 3), 0.3)
    torch.nn.init.eye_(torch.empty(2, 3))    torch.nn.init.ones_(torch.empty(2))
    torch.nn.init.zeros_(torch.ones(2))
"""
        )
    ],
}

RAISES: dict[type[Exception], Table] = {
    RuntimeError: lines(
        """
    torch.nn.functional.linear(torch.zeros(2, 3), torch.zeros(4, 2))
    torch.nn.functional.linear(torch.zeros(2, 3), torch.zeros(4, 3, dtype=torch.float64))
    torch.nn.Linear(3, 2)(torch.zeros(4, 2))
    torch.nn.Bilinear(2, 3, 4)(torch.zeros(5, 3), torch.zeros(5, 3))
    torch.nn.LayerNorm(3)(torch.zeros(3, 4))    torch.nn.BatchNorm1d(3)(torch.zeros(5, 2))
    torch.nn.Linear(2, 2).load_state_dict({})    torch.nn.Parameter(torch.tensor([1, 2]))
    torch.nn.functional.batch_norm(torch.zeros(4, 2), None, None)
"""
    ),
    ValueError: lines(
        """
    torch.nn.Dropout(1.5)    torch.nn.functional.dropout(torch.zeros(2), -0.1)
    torch.nn.BatchNorm1d(2)(torch.zeros(1, 2))    torch.nn.BatchNorm1d(2)(torch.zeros(2))
    torch.nn.BatchNorm2d(2)(torch.zeros(3, 2))    torch.nn.init.xavier_uniform_(torch.zeros(3))
    torch.nn.init.eye_(torch.zeros(3))    torch.nn.init.calculate_gain('maxout')
    torch.nn.init.kaiming_normal_(torch.zeros(3, 2), mode='fan')    torch.nn.Linear(1, 1).train(1)
"""
    ),
    IndexError: lines(
        """
    torch.nn.functional.embedding(torch.tensor([4]), torch.zeros(4, 2))
    torch.nn.functional.embedding(torch.tensor([-1]), torch.zeros(4, 2))
    torch.nn.Sequential(torch.nn.ReLU())[1]    torch.nn.ModuleList([torch.nn.ReLU()])[-2]
"""
    ),
    KeyError: lines(
        """
    torch.nn.Module().add_module('', None)    torch.nn.Module().add_module('a.b', None)
    torch.nn.Module().register_buffer('training', None)
    torch.nn.Module().register_parameter('forward', None)    torch.nn.ModuleDict()['a']
"""
    ),
    TypeError: lines(
        """
    torch.nn.Module().add_module('a', 3)
    torch.nn.Module().register_parameter('a', torch.zeros(2))
    torch.nn.Module().register_buffer('a', 3)    torch.nn.Sequential(torch.nn.ReLU(), 3)
    torch.nn.Linear(1, 1).__setattr__('weight', torch.zeros(1, 1))
    torch.nn.Sequential(torch.nn.ReLU()).__setattr__('0', 3)
    torch.nn.Linear(1, 1).to(torch.int64)
    torch.nn.Linear(1, 1).load_state_dict(3)
"""
    ),
    AttributeError: lines(
        """
    torch.nn.Linear(1, 1).nothing    torch.nn.Linear(1, 1).get_parameter('nothing')
    torch.nn.Linear(1, 1).get_submodule('weight')    torch.nn.BatchNorm1d(1).get_buffer('weight')
    torch.nn.Linear(1, 1).__delattr__('nothing')
"""
    ),
    NotImplementedError: lines("torch.nn.Module()(3)    torch.nn.ModuleList()(3)"),
}

ON_PURPOSE: dict[str, str] = {}


# ---------------------------------------------------------------- modules


def _filled(torch: Any, module: Any, dtype: str = "float64") -> Any:
    """A module whose parameters are the same numbers everywhere."""
    module = module.to(getattr(torch, dtype))
    with torch.no_grad():
        for i, p in enumerate(module.parameters()):
            p.copy_(torch.tensor(_numbers(*p.shape, seed=i), dtype=p.dtype))
    return module


def _used(torch: Any, module: Any, *shapes: tuple[int, ...]) -> dict[str, Any]:
    """What a module makes of some inputs, and all gradients of it."""
    xs = [
        torch.tensor(_numbers(*shape, seed=20 + i), dtype=torch.float64, requires_grad=True)
        for i, shape in enumerate(shapes)
    ]
    y = module(*xs)
    (y * torch.tensor(_numbers(*y.shape, seed=60), dtype=torch.float64)).sum().backward()
    found = {"y": y, **{f"x{i}.grad": x.grad for i, x in enumerate(xs)}}
    found |= {f"{name}.grad": p.grad for name, p in module.named_parameters()}
    return found | dict(module.state_dict())


def _net(torch: Any) -> Any:
    """A network with most that a network can have: shared, frozen, nested parts, and buffers."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(width)
            self.inner = nn.Sequential(nn.Linear(width, width, bias=False), nn.Tanh())
            self.scale = nn.Parameter(torch.ones(width))

        def forward(self, x: Any) -> Any:
            return x + self.inner(self.norm(x)) * self.scale

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(2, 3)
            self.blocks = nn.ModuleList([Block(3), Block(3)])
            self.again = self.first
            self.heads = nn.ModuleDict({"a": nn.Linear(3, 1), "b": nn.Linear(3, 2)})
            self.register_buffer("steps", torch.zeros(1))
            self.register_buffer("cache", torch.ones(2), persistent=False)
            self.nothing = None
            self.register_parameter("absent", None)

        def forward(self, x: Any) -> Any:
            x = self.again(x).relu()
            for block in self.blocks:
                x = block(x)
            return torch.cat([self.heads["a"](x), self.heads["b"](x)], 1)

    return _filled(torch, Net())


def names_of_everything(torch: Any) -> Any:
    net = _net(torch)
    return {
        "modules": str([name for name, _ in net.named_modules()]),
        "all": str([name for name, _ in net.named_modules(remove_duplicate=False)]),
        "prefixed": str([name for name, _ in net.named_modules(prefix="net")]),
        "children": str([name for name, _ in net.named_children()]),
        "parameters": str([name for name, _ in net.named_parameters()]),
        "twice": str([name for name, _ in net.named_parameters(remove_duplicate=False)]),
        "own": str([name for name, _ in net.named_parameters(recurse=False)]),
        "in a block": str([n for n, _ in net.blocks[0].named_parameters("b", recurse=False)]),
        "buffers": str([name for name, _ in net.named_buffers()]),
        "state": str(list(net.state_dict())),
        "state of a part": str(list(net.heads.state_dict(prefix="heads."))),
        "counts": [len(list(net.modules())), len(list(net.children())), len(list(net.buffers()))],
        "sizes": [p.numel() for p in net.parameters()],
        "parts": [net._parameters.keys() == {"absent"}, list(net._modules), list(net._buffers)]
        == [],
    }


def a_nested_network_computes(torch: Any) -> Any:
    net = _net(torch)
    found = _used(torch, net, (5, 2))
    net.eval()
    x = torch.tensor(_numbers(4, 2, seed=9), dtype=torch.float64)
    return found | {"in eval": net(x), "one in eval": net(x[:1])}


def printed_nested(torch: Any) -> Any:
    net = _net(torch)
    return {"net": repr(net), "named": repr(torch.nn.Sequential(_OrderedDict(a=net.first)))}


def state_is_loaded(torch: Any) -> Any:
    net, other = _net(torch), _net(torch)
    with torch.no_grad():
        for p in other.parameters():
            p.mul_(2)
    answer = net.load_state_dict(other.state_dict())
    return {"answer": repr(answer), **net.state_dict()}


def state_is_loaded_loosely(torch: Any) -> Any:
    net = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
    answer = net.load_state_dict(
        {"0.weight": torch.full((3, 2), 7.0), "extra": torch.zeros(1), "1.what": torch.zeros(1)},
        strict=False,
    )
    return {
        "missing": str(answer.missing_keys),
        "unexpected": str(answer.unexpected_keys),
        "answer": repr(answer),
        "weight": net[0].weight,
    }


def state_that_does_not_fit(torch: Any) -> Any:
    found: dict[str, Any] = {}
    states = {
        "empty": {},
        "more": {"weight": torch.zeros(3, 2), "bias": torch.zeros(3), "a": torch.zeros(1)},
        "shape": {"weight": torch.zeros(2, 3), "bias": torch.zeros(3)},
        "all": {"weight": torch.zeros(2, 3), "b": torch.zeros(3)},
    }
    for name, state in states.items():
        for strict in (True, False):
            layer = torch.nn.Linear(2, 3)
            try:
                layer.load_state_dict(state, strict=strict)
                said = "loaded"
            except RuntimeError as error:
                said = str(error).replace("torch.Size(", "").replace("])", "]")
            found[f"{name}, {strict}"] = said
    return found


def state_of_another_dtype(torch: Any) -> Any:
    layer = torch.nn.Linear(2, 1)
    layer.load_state_dict(
        {"weight": torch.ones(1, 2, dtype=torch.float64), "bias": torch.tensor([3])}
    )
    return dict(layer.state_dict())


def state_is_assigned(torch: Any) -> Any:
    layer = torch.nn.Linear(2, 1)
    weight = torch.ones(1, 2, dtype=torch.float64)
    layer.load_state_dict({"weight": weight, "bias": torch.zeros(1)}, assign=True)
    return {
        **layer.state_dict(),
        "kinds": [isinstance(p, torch.nn.Parameter) for p in layer.parameters()] == [True, True],
        "wants": layer.weight.requires_grad,
    }


def state_with_variables(torch: Any) -> Any:
    layer = _filled(torch, torch.nn.Linear(2, 1))
    kept, plain = layer.state_dict(keep_vars=True), layer.state_dict()
    return {
        "same": kept["weight"] is layer.weight,
        "grad": [kept["weight"].requires_grad, plain["weight"].requires_grad] == [True, False],
    }


def modes_and_freezing(torch: Any) -> Any:
    net = _net(torch)
    found: dict[str, Any] = {"training": str([m.training for m in net.modules()])}
    found["eval is the module"] = net.eval() is net
    found["eval"] = str([m.training for m in net.modules()])
    net.blocks[0].train()
    found["partly"] = str([m.training for m in net.modules()])
    net.requires_grad_(False).heads.requires_grad_()
    found["frozen"] = str([p.requires_grad for p in net.parameters()])
    net.train()
    y = net(torch.tensor(_numbers(5, 2), dtype=torch.float64))
    y.sum().backward()
    found["with gradient"] = str([n for n, p in net.named_parameters() if p.grad is not None])
    net.zero_grad(set_to_none=False)
    found["zeroed"] = net.heads["a"].weight.grad
    net.zero_grad()
    found["none"] = net.heads["a"].weight.grad is None
    return found


def applied_to_all(torch: Any) -> Any:
    seen: list[str] = []
    net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.Sequential(torch.nn.Linear(2, 1)))

    def note(module: Any) -> None:
        seen.append(type(module).__name__)
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.constant_(module.weight, 0.5)

    same = net.apply(note) is net
    return {
        "seen": str(seen),
        "same": same,
        **{k: v for k, v in net.state_dict().items() if "weight" in k},
    }


def dtypes_of_a_module(torch: Any) -> Any:
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    weight = net[0].weight
    found: dict[str, Any] = {"is the module": net.double() is net}
    found["same parameter"] = net[0].weight is weight
    found["double"] = str([str(v.dtype).split(".")[-1] for v in net.state_dict().values()])
    net.float()
    found["float"] = str([str(v.dtype).split(".")[-1] for v in net.state_dict().values()])
    net.to(torch.float64).to("cpu")
    found["to"] = str([str(v.dtype).split(".")[-1] for v in net.state_dict().values()])
    net.half()
    found["half"] = str([str(v.dtype).split(".")[-1] for v in net.state_dict().values()])
    layer = torch.nn.Linear(2, 2, dtype=torch.float64)
    layer(torch.ones(1, 2, dtype=torch.float64)).sum().backward()
    found["gradients too"] = str(layer.float().weight.grad.dtype).split(".")[-1]
    return found


def attributes_come_and_go(torch: Any) -> Any:
    nn = torch.nn
    module = nn.Module()
    module.a = nn.Parameter(torch.ones(1))
    module.b = nn.Linear(1, 1)
    module.register_buffer("c", torch.zeros(1))
    module.d = torch.ones(1)
    found: dict[str, Any] = {"start": str(list(module.state_dict()))}
    module.c = torch.full((2,), 5.0)
    module.a = None
    found["none"] = str([list(module.state_dict()), module.a, hasattr(module, "d")])
    module.a = nn.Parameter(torch.full((1,), 2.0))
    found["again"] = str(list(module.state_dict()))
    del module.b, module.c
    found["deleted"] = str([list(module.state_dict()), hasattr(module, "b")])
    module.d = nn.Linear(1, 1)
    found["tensor becomes module"] = str(list(module.state_dict()))
    module.e = nn.Buffer(torch.zeros(2))
    module.f = nn.Buffer(torch.zeros(2), persistent=False)
    found["buffers"] = str([list(module.state_dict()), [n for n, _ in module.named_buffers()]])
    found["listed"] = all(name in dir(module) for name in ("a", "d", "e", "forward"))
    return found


def paths_are_followed(torch: Any) -> Any:
    net = _net(torch)
    return {
        "itself": net.get_submodule("") is net,
        "part": net.get_submodule("blocks.1.inner.0") is net.blocks[1].inner[0],
        "parameter": net.get_parameter("heads.b.bias"),
        "buffer": net.get_buffer("blocks.0.norm.running_var"),
    }


def hooks_see_and_change(torch: Any) -> Any:
    layer = _filled(torch, torch.nn.Linear(2, 2))
    x = torch.tensor(_numbers(3, 2), dtype=torch.float64)
    seen: list[str] = []
    found: dict[str, Any] = {"plain": layer(x)}
    handles = [
        layer.register_forward_pre_hook(lambda m, args: seen.append(f"before {len(args)}")),
        layer.register_forward_pre_hook(lambda m, args: (args[0] * 2,)),
        layer.register_forward_hook(lambda m, args, out: seen.append(f"after {len(args)}")),
        layer.register_forward_hook(lambda m, args, out: out + 1),
        layer.register_forward_hook(lambda m, args, out: seen.append("first"), prepend=True),
        layer.register_forward_hook(
            lambda m, args, kwargs, out: seen.append(str(list(kwargs))), with_kwargs=True
        ),
    ]
    found["hooked"] = layer(x)
    found["by name"] = _outcome(lambda: layer(input=x))
    for handle in handles:
        handle.remove()
    found["removed"] = layer(x)
    return found | {"seen": str(seen)}


def _outcome(run: _Callable[[], Any]) -> str:
    """What a call says that fails."""
    try:
        run()
    except (IndexError, TypeError) as error:
        return type(error).__name__
    return "fine"


def containers_as_lists(torch: Any) -> Any:
    nn = torch.nn
    row = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 3))
    found: dict[str, Any] = {"length": len(row), "slice": repr(row[1:]), "last": repr(row[-1])}
    row.append(nn.Tanh()).insert(1, nn.Dropout(0.1))
    found["inserted"] = repr(row)
    del row[0]
    found["deleted"] = repr(row)
    row[0] = nn.Identity()
    row.extend([nn.Sigmoid()])
    found["changed"] = repr(row)
    found["popped"] = repr([row.pop(1), len(row)])
    found["sum"] = repr(row + nn.Sequential(nn.ELU()))
    many = nn.ModuleList([nn.ReLU()])
    many += [nn.Tanh(), nn.ReLU()]
    many.insert(1, nn.GELU())
    many[-1] = nn.SiLU()
    found["list"] = repr(many)
    found["part"] = repr([many[1:3], [type(m).__name__ for m in many], many.pop(0)])
    del many[0]
    found["rest"] = repr(many.append(nn.ELU()))
    return found


def containers_as_dictionaries(torch: Any) -> Any:
    nn = torch.nn
    many = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
    many["c"] = nn.Linear(1, 1)
    many.update({"a": nn.ELU()})
    found: dict[str, Any] = {
        "keys": str(list(many.keys())),
        "items": str([(k, type(v).__name__) for k, v in many.items()]),
        "values": str([type(v).__name__ for v in many.values()]),
        "has": str(["a" in many, "x" in many, len(many), list(many)]),
        "popped": repr(many.pop("b")),
    }
    del many["a"]
    found["rest"] = repr(many)
    many.clear()
    found["empty"] = repr(many)
    return found


def lists_of_parameters(torch: Any) -> Any:
    nn = torch.nn
    many = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(1, 3))])
    many.append(torch.zeros(1))
    many += [torch.ones(1)]
    named = nn.ParameterDict({"a": torch.ones(2), "b": nn.Parameter(torch.zeros(1))})
    named["c"] = torch.ones(1)
    return {
        "list": repr(many).replace("torch.float32", "float32"),
        "names": str([name for name, _ in many.named_parameters()]),
        "length": len(many),
        "last": many[-1],
        "part": str([len(many[1:]), [list(p.shape) for p in many]]),
        "dictionary": str(
            [list(named.keys()), len(named), [n for n, _ in named.named_parameters()]]
        ),
        "popped": named.pop("a"),
        "rest": str(list(named)),
    }


def copies_are_their_own(torch: Any) -> Any:
    net = _net(torch)
    other = _copy.deepcopy(net)
    with torch.no_grad():
        other.first.weight.zero_()
    layer = _pickle.loads(_pickle.dumps(_filled(torch, torch.nn.Linear(2, 1))))
    return {
        "not the same": float(net.first.weight.abs().sum()) > 0,
        "still shared": other.first is other.again,
        "names": list(other.state_dict()) == list(net.state_dict()),
        "training": other.training,
        **layer.state_dict(),
    }


def layers_in_use(torch: Any) -> Any:
    nn = torch.nn
    cases: list[tuple[str, Any, list[tuple[int, ...]]]] = [
        ("linear", nn.Linear(3, 2), [(4, 3)]),
        ("no bias", nn.Linear(3, 2, bias=False), [(2, 4, 3)]),
        ("bilinear", nn.Bilinear(2, 3, 2), [(4, 2), (4, 3)]),
        ("layer norm", nn.LayerNorm([2, 3]), [(4, 2, 3)]),
        ("rms norm", nn.RMSNorm(3), [(4, 3)]),
        ("group norm", nn.GroupNorm(2, 4), [(3, 4, 2)]),
        ("prelu", nn.PReLU(3), [(4, 3)]),
        ("flatten", nn.Sequential(nn.Flatten(), nn.Unflatten(1, (3, 2))), [(4, 2, 3)]),
    ]
    found: dict[str, Any] = {}
    for name, layer, shapes in cases:
        records = _used(torch, _filled(torch, layer), *shapes)
        found |= {f"{name} {key}": value for key, value in records.items()}
    return found


def batch_norm_follows_its_batches(torch: Any) -> Any:
    nn = torch.nn
    kinds = {
        "usual": nn.BatchNorm1d(3),
        "average": nn.BatchNorm1d(3, momentum=None),
        "plain": nn.BatchNorm1d(3, affine=False),
        "untracked": nn.BatchNorm1d(3, track_running_stats=False),
        "no bias": nn.BatchNorm1d(3, bias=False),
        "quick": nn.BatchNorm1d(3, 0.1, 0.9),
    }
    found: dict[str, Any] = {}
    for name, norm in kinds.items():
        norm.double()
        for step in range(3):
            x = torch.tensor(_numbers(5, 3, seed=step) * 2 + 1, dtype=torch.float64)
            found[f"{name} {step}"] = norm(x)
        found |= {f"{name} {key}": value for key, value in norm.state_dict().items()}
        norm.eval()
        found[f"{name} eval"] = norm(x[:2])
    return found


def batch_norm_of_pictures(torch: Any) -> Any:
    found = _used(torch, _filled(torch, torch.nn.BatchNorm2d(2)), (3, 2, 2, 2))
    series = _used(torch, _filled(torch, torch.nn.BatchNorm1d(2)), (3, 2, 4))
    return found | {f"series {key}": value for key, value in series.items()}


def embeddings_in_use(torch: Any) -> Any:
    table = _filled(torch, torch.nn.Embedding(5, 2, padding_idx=0))
    y = table(torch.tensor([[1, 0, 3], [3, 3, 4]]))
    (y * torch.tensor(_numbers(2, 3, 2), dtype=torch.float64)).sum().backward()
    given = torch.tensor(_numbers(3, 2), dtype=torch.float64)
    ready = torch.nn.Embedding.from_pretrained(given)
    tuned = torch.nn.Embedding.from_pretrained(given, freeze=False, padding_idx=-1)
    return {
        "y": y,
        "grad": table.weight.grad,
        "ready": ready(torch.tensor([2, 0])),
        "frozen": [ready.weight.requires_grad, tuned.weight.requires_grad] == [False, True],
        "row": tuned.padding_idx,
        "printed": repr(tuned),
    }


def gradients_are_clipped(torch: Any) -> Any:
    found: dict[str, Any] = {}
    for kind in (2.0, 1, float("inf"), 3.0):
        for longest in (0.5, 100.0):
            layer = _filled(torch, torch.nn.Linear(3, 2))
            layer(torch.ones(4, 3, dtype=torch.float64)).square().sum().backward()
            norm = torch.nn.utils.clip_grad_norm_(layer.parameters(), longest, kind)
            found |= {f"{kind} {longest}": norm, f"{kind} {longest} grad": layer.weight.grad}
    layer = _filled(torch, torch.nn.Linear(3, 2))
    layer(torch.ones(4, 3, dtype=torch.float64)).square().sum().backward()
    torch.nn.utils.clip_grad_value_(layer.parameters(), 1.5)
    found |= {"value": layer.weight.grad, "bias": layer.bias.grad}
    single = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    (single * single).sum().backward()
    found["single"] = torch.nn.utils.clip_grad_norm_(single, 1.0)
    single.grad = None
    found["none"] = float(torch.nn.utils.clip_grad_norm_([single], 1.0))
    return found


def parameters_as_one_vector(torch: Any) -> Any:
    layer = _filled(torch, torch.nn.Linear(3, 2))
    vector = torch.nn.utils.parameters_to_vector(layer.parameters())
    (vector * vector).sum().backward()
    found = {"vector": vector, "grad": layer.weight.grad}
    numbers = torch.arange(8, dtype=torch.float64)
    torch.nn.utils.vector_to_parameters(numbers, layer.parameters())
    return found | {"weight": layer.weight, "bias": layer.bias}


def starts_have_their_spread(torch: Any) -> Any:
    """Variances and largest values, rounded so far that the drawn numbers do not matter."""
    init = torch.nn.init
    torch.manual_seed(0)
    shape = (400, 600)
    starts = {
        "uniform": init.uniform_(torch.empty(*shape), -1, 3),
        "normal": init.normal_(torch.empty(*shape), 1, 2),
        "xavier uniform": init.xavier_uniform_(torch.empty(*shape), gain=2.0),
        "xavier normal": init.xavier_normal_(torch.empty(*shape)),
        "kaiming uniform": init.kaiming_uniform_(torch.empty(*shape), a=1),
        "kaiming normal": init.kaiming_normal_(torch.empty(*shape), mode="fan_out"),
        "kaiming relu": init.kaiming_normal_(torch.empty(*shape), nonlinearity="relu"),
        "truncated": init.trunc_normal_(torch.empty(*shape), std=2.0),
        "picture": init.kaiming_normal_(torch.empty(40, 60, 10, 10)),
        "linear": torch.nn.Linear(600, 400).weight.detach(),
        "bias": torch.nn.Linear(4, 240000).bias.detach(),
        "bilinear": torch.nn.Bilinear(40, 60, 100).weight.detach(),
        "embedding": torch.nn.Embedding(400, 600).weight.detach(),
    }
    found: dict[str, Any] = {}
    for name, x in starts.items():
        scale = float(x.abs().max()) if "normal" not in name else 1.0
        tenths = _math.floor(_math.log10(float(x.std()))) - 1
        found[name] = f"{round(float(x.std()) / 10**tenths / 2)} {scale:.1e}"[
            : 3 if scale == 1 else 20
        ]
    return {name: text.split()[0] for name, text in found.items()}


def orthogonal_and_sparse_starts(torch: Any) -> Any:
    init = torch.nn.init
    found: dict[str, Any] = {}
    for shape in ((3, 5), (5, 3), (4, 4)):
        w = init.orthogonal_(torch.empty(*shape, dtype=torch.float64), gain=2.0)
        small = w @ w.T if shape[0] <= shape[1] else w.T @ w
        found[f"{shape}"] = (small * 1e6).round() / 1e6 + 0.0
    sparse = init.sparse_(torch.empty(10, 4), 0.25)
    found["zeros in a column"] = (sparse == 0).sum(0)
    return found


def a_parameter_is_a_tensor(torch: Any) -> Any:
    given = torch.tensor([1.0, 2.0], dtype=torch.float64)
    p = torch.nn.Parameter(given)
    result = p * 2
    copied = _pickle.loads(_pickle.dumps(p))
    return {
        "value": p,
        "leaf": p.is_leaf,
        "kind of a result": isinstance(result, torch.nn.Parameter),
        "kind of a copy": isinstance(_copy.deepcopy(p), torch.nn.Parameter),
        "kind of a pickle": isinstance(copied, torch.nn.Parameter),
        "data": isinstance(p.data, torch.nn.Parameter),
        "frozen": torch.nn.Parameter(given, requires_grad=False),
        "of a result": torch.nn.Parameter(result).is_leaf,
    }


def a_module_of_ones_own(torch: Any) -> Any:
    class Polynomial(torch.nn.Module):
        def __init__(self, degree: int) -> None:
            super().__init__()
            self.degree = degree
            self.c = torch.nn.Parameter(torch.zeros(degree + 1, dtype=torch.float64))

        def forward(self, x: Any) -> Any:
            return sum(self.c[k] * x**k for k in range(self.degree + 1))

        def extra_repr(self) -> str:
            return f"degree={self.degree}"

    net = Polynomial(2)
    x = torch.tensor(_np.linspace(-1, 1, 9))
    for _ in range(50):
        net.zero_grad()
        ((net(x) - (1 + 2 * x - x * x)) ** 2).mean().backward()
        with torch.no_grad():
            for p in net.parameters():
                p -= 0.5 * p.grad
    return {"c": net.c, "printed": repr(net)}
