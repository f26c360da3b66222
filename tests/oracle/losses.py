"""Activations and losses, typed as PyTorch code; `tables.py` says how lines are written."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import Table, calls, lines, numbers, positive


def _functional(table: Table) -> Table:
    """The same lines with F. spelt out."""
    return {code.replace("F.", "torch.nn.functional."): inputs for code, inputs in table.items()}


REDUCTIONS = ["'none'", "'sum'", "'mean'"]

# ---------------------------------------------------------------- activations

# where pieces meet, far out, and in between
POINTS = [-800.0, -30, -6, -3, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 2.5, 3, 6, 20, 30, 800]

ACTIVATIONS = _functional(
    {
        **lines(
            """
    F.relu(x)    F.relu6(x)    F.leaky_relu(x)    F.leaky_relu(x, 0.25)    F.elu(x)
    F.elu(x, 0.5)    F.celu(x)    F.celu(x, alpha=2.0)    F.selu(x)    F.gelu(x)
    F.gelu(x, approximate='tanh')    F.silu(x)    F.mish(x)    F.softplus(x)
    F.softplus(x, 2, 5)    F.softplus(x, beta=0.5)    F.softsign(x)    F.sigmoid(x)
    F.logsigmoid(x)    F.tanh(x)    F.hardtanh(x)    F.hardtanh(x, -0.5, 2.5)    F.hardswish(x)
    F.hardsigmoid(x.detach())    F.threshold(x, 0.5, 7.0)    F.tanhshrink(x)    F.softshrink(x)
    F.softshrink(x, 1.0)    F.hardshrink(x)    F.hardshrink(x, 1.0)    torch.relu(x)
    torch.selu(x)    torch.celu(x)    torch.threshold(x, 0, -1)    torch.hardshrink(x, 2.5)
    F.relu(x * 1, inplace=True)    F.leaky_relu(x * 1, 0.5, True)    F.elu(x * 1, inplace=True)
    y = x * 1; z = F.selu(y, inplace=True); y    y = x * 1; F.relu_(y); y * y
    y = x * 1; torch.relu_(y); y + x    y = x * 1; F.hardtanh_(y, -2, 2); y
    y = x * 1; F.threshold_(y, 0, 3); y    y = x.detach().clone(); F.silu(y, True); y
    F.relu6(x * 1, True)    F.hardswish(x * 1, True)    F.mish(x * 1, True)
""",
            [(POINTS,)],
        ),
        **lines("F.prelu(x, y)    torch.prelu(x, y)", [((2, 3), (3,)), ((2, 3, 2), (3,))]),
        **lines("F.prelu(x, y)", [((2, 3), (1,)), ((5,), (1,)), ((2, 3), ()), ((), (1,))]),
        **lines("F.glu(x)", [((2, 4),), ((6,),)]),
        "F.glu(x, 0)": [((4, 3),)],
        **lines("torch.relu(torch.tensor([-1, 2]))    F.threshold(torch.tensor([-1, 2]), 0, 5)"),
    }
)

ROWS = [((2, 3),), ((3,),), ([[1e4, -1e4, 9999], [0, -np.inf, 1]],), ([[800.0, 800]],)]
SHARES = _functional(
    {
        **calls(
            "{}(x, {})",
            ROWS,
            ["torch.softmax", "F.log_softmax", "F.softmin"],
            ["0", "-1", "dim=-1"],
        ),
        **lines(
            """
    x.softmax(1)    x.log_softmax(0)    torch.softmax(x.detach(), 1, dtype=torch.float32)
    x.log_softmax(dim=2, dtype=torch.float64)    F.softmax(x, dim=1)
""",
            [((2, 3, 2),)],
        ),
        "torch.softmax(x, 0)": [((),)],
        "torch.softmax(torch.zeros(2, 0), 1)": [()],
        "torch.tensor([1, 2]).softmax(0, dtype=torch.float32)": [()],
    }
)

# ---------------------------------------------------------------- losses between equal shapes

SHAPES: list[tuple[Any, ...]] = [((2, 3), (2, 3)), ((4,), (4,)), ((), ())]
LOGS = (numbers(2, 3), positive(2, 3, seed=1) / 3)  # scores, and probabilities
CHANCES = (positive(2, 3) / 3, positive(2, 3, seed=1) / 3)
SIGNS = "torch.tensor([[1., -1, 1], [-1, -1, 1]], dtype=x.dtype)"

POINTWISE = _functional(
    {
        **calls(
            "F.{}(x, y, reduction={})",
            SHAPES,
            ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"],
            REDUCTIONS,
        ),
        **calls(
            "F.{}(x, y, reduction={}, weight=z.exp())",
            [((2, 3), (2, 3), (2, 3))],
            ["mse_loss", "l1_loss", "huber_loss"],
            REDUCTIONS,
        ),
        **lines(
            """
    F.smooth_l1_loss(x, y, beta=0.5)    F.smooth_l1_loss(x, y, beta=0)
    F.huber_loss(x, y, 'sum', 0.5)
    F.huber_loss(x, y, delta=2.0)    F.mse_loss(x, y) * 3 + F.l1_loss(x, y)
    F.mse_loss(x, y.float())    F.mse_loss(x, torch.zeros(2, 3, dtype=torch.int64))
    F.kl_div(F.log_softmax(x, 1), y.softmax(1), reduction='batchmean')
    F.kl_div(x, y, reduction='sum', log_target=True)    F.kl_div(x, y, log_target=True)
""",
            [((2, 3), (2, 3))],
        ),
        **calls("F.kl_div(x, y, reduction={})", [LOGS], [*REDUCTIONS, "'batchmean'"]),
        **calls("F.binary_cross_entropy(x, y, reduction={})", [CHANCES], REDUCTIONS),
        **lines(
            """
    F.binary_cross_entropy(x, y, y.detach() + 1)
    F.binary_cross_entropy(x, y.detach(), torch.tensor([1., 2, 3], dtype=x.dtype), reduction='sum')
""",
            [CHANCES],
        ),
        "F.binary_cross_entropy(x.detach(), y.detach())": [([0.0, 1, 0, 1], [0.0, 1, 1, 0])],
        **calls("F.binary_cross_entropy_with_logits(x, y, reduction={})", [LOGS], REDUCTIONS),
        **lines(
            """
    F.binary_cross_entropy_with_logits(x, y, pos_weight=torch.tensor([1., 2, 0.5], dtype=x.dtype))
    F.binary_cross_entropy_with_logits(x, y, y.detach() + 1, reduction='sum')
""",
            [LOGS],
        ),
        "F.binary_cross_entropy_with_logits(x, y)": [
            ([1e4, -1e4, 1e4, -1e4, 0], [0.0, 0, 1, 1, 0.5])
        ],
    }
)

# ---------------------------------------------------------------- classes

LABELS = {
    "torch.tensor(2)": ((3,),),
    "torch.tensor([2, 0, 1, 1])": ((4, 3),),
    "torch.tensor([2, -100, 1, 1])": ((4, 3),),
    "torch.tensor([[2, 0], [1, -100]])": ((2, 3, 2),),
    "torch.tensor([[[2, 0]], [[1, 1]]])": ((2, 3, 1, 2),),
}
OPTIONS = [
    *["", ", torch.tensor([0.5, 1, 2], dtype=x.dtype)", ", label_smoothing=0.25"],
    ", torch.tensor([0.5, 1, 2], dtype=x.dtype), label_smoothing=0.25",
]

CLASSES = _functional(
    {
        code.format(labels, option, how): [inputs]
        for labels, inputs in LABELS.items()
        for how in REDUCTIONS
        for code, options in (
            ("F.cross_entropy(x, {}{}, reduction={})", OPTIONS),
            ("F.nll_loss(x, {}{}, reduction={})", OPTIONS[:2]),
        )
        for option in options
    }
    | {
        f"F.cross_entropy(x, y{option}, reduction={how})": [
            *[((4, 3), (4, 3)), ((3,), (3,)), ((2, 3, 2), (2, 3, 2))],
        ]
        for option in OPTIONS
        for how in REDUCTIONS
    }
    | lines(
        """
    F.cross_entropy(x, torch.tensor([2, 0, 2, 1]), ignore_index=2)
    F.nll_loss(F.log_softmax(x, 1), torch.tensor([2, 0, 2, 1]), ignore_index=0, reduction='sum')
    F.cross_entropy(x, torch.tensor([2, 0, 2, 1])) * 3 + (x * x).sum()
    F.cross_entropy(x, torch.tensor([2, 0, 2, 1], dtype=torch.uint8))
    F.cross_entropy(x, F.one_hot(torch.tensor([2, 0, 2, 1]), 3).to(x.dtype))
    F.cross_entropy(x * 500, torch.tensor([2, 0, 2, 1]))
    F.cross_entropy(x * 500, x.softmax(1))
    F.multi_margin_loss(x, torch.tensor([2, 0, 2, 1]))
    F.multi_margin_loss(x, torch.tensor([2, 0, 2, 1]), p=2, margin=0.5, reduction='none')
    F.multi_margin_loss(x, torch.tensor([2, 0, 2, 1]), 1, 1., torch.tensor([1., 2, 3]).to(x.dtype))
    F.multi_margin_loss(x[0], torch.tensor(2), reduction='sum')
""",
        [((4, 3),)],
    )
    | {
        "F.cross_entropy(x, torch.tensor([1, 0]))": [([[1e4, -1e4, 0], [1, -np.inf, 2]],)],
        "F.cross_entropy(x, torch.tensor([1, 0]), reduction='sum')": [((2, 3),)],
        "F.cross_entropy(x, torch.zeros(0, dtype=torch.int64), reduction='sum')": [((0, 3),)],
        "F.mse_loss(x, torch.zeros(0, 3, dtype=x.dtype), reduction='sum')": [((0, 3),)],
        "F.one_hot(torch.tensor([0, 2, 1]))": [()],
        "F.one_hot(torch.tensor([[0, 2], [1, 1]]), 4)": [()],
        "F.one_hot(torch.tensor(1), num_classes=3)": [()],
    }
)

# ---------------------------------------------------------------- margins, counts, distances

PAIR: list[tuple[Any, ...]] = [((2, 3), (2, 3))]
MARGINS = _functional(
    {
        **calls(
            f"F.hinge_embedding_loss(x, {SIGNS}, 0.5, reduction={{}})", [((2, 3),)], REDUCTIONS
        ),
        **calls(
            f"F.margin_ranking_loss(x, y, {SIGNS}, margin=0.5, reduction={{}})", PAIR, REDUCTIONS
        ),
        **calls(f"F.soft_margin_loss(x, {SIGNS}, reduction={{}})", [((2, 3),)], REDUCTIONS),
        **calls(
            "F.triplet_margin_loss(x, y, z{}, reduction={})",
            [((2, 3), (2, 3), (2, 3))],
            ["", ", swap=True", ", 0.5, 3"],
            REDUCTIONS,
        ),
        **calls(
            "F.cosine_embedding_loss(x, y, torch.tensor([1., -1]).to(x.dtype), {}, reduction={})",
            PAIR,
            ["0", "0.5"],
            REDUCTIONS,
        ),
        **calls(
            "F.poisson_nll_loss(x.exp(), torch.tensor([[0., 1, 2], [3, 4, 9]], dtype=x.dtype){},"
            " reduction={})",
            [((2, 3),)],
            ["", ", False", ", True, True", ", False, full=True"],
            REDUCTIONS,
        ),
        **calls(
            "F.gaussian_nll_loss(x, y, {}, reduction={})",
            PAIR,
            ["(x * y).exp()", "y.exp()[:, :1]", "y.exp()[:, 0]", "y.exp() * 1e-7, True", "0.5"],
            REDUCTIONS,
        ),
        **lines(
            """
    F.cosine_similarity(x, y)    torch.cosine_similarity(x, y, dim=0)
    F.cosine_similarity(x, x * 0)
    F.pairwise_distance(x, y)    torch.pairwise_distance(x, y, 1, keepdim=True)    F.normalize(x)
    F.normalize(x, dim=0)    F.normalize(x, p=1.0, dim=-1)    F.normalize(x * 0 + 1)
    F.margin_ranking_loss(x, torch.zeros_like(x), torch.ones_like(x), 1.0)
""",
            PAIR,
        ),
    }
)

GROUPS: dict[str, list[Table]] = {
    "activations": [ACTIVATIONS],
    "shares": [SHARES],
    "losses": [POINTWISE, CLASSES, MARGINS],
}

RAISES: dict[type[Exception], Table] = {
    RuntimeError: _functional(
        lines("""
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0., 1.]))
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([[0, 0, 1], [1, 0, 0]]))
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1]), torch.ones(2))
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1]), label_smoothing=1.5)
    F.binary_cross_entropy(torch.tensor([1.5]), torch.tensor([1.]))
    F.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([2.]))
    F.one_hot(torch.tensor([0.5]))
    F.gelu(torch.zeros(2), approximate='other')
    F.glu(torch.zeros(3))
    F.prelu(torch.zeros(2, 3), torch.zeros(2))
    F.relu(torch.zeros(3, requires_grad=True), inplace=True)
""")
    ),
    ValueError: _functional(
        lines("""
    F.cross_entropy(torch.zeros(3, 2), torch.tensor([0, 1]))
    F.nll_loss(torch.zeros(3, 2), torch.tensor([0, 1]))
    F.mse_loss(torch.zeros(2), torch.zeros(2), reduction='avg')
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 1]), reduction='avg')
    F.binary_cross_entropy(torch.zeros(2), torch.zeros(3))
    F.binary_cross_entropy_with_logits(torch.zeros(2), torch.zeros(2, 1))
    F.gaussian_nll_loss(torch.zeros(2), torch.zeros(2), -torch.ones(2))
""")
    ),
    IndexError: _functional(
        lines("""
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, 3]))
    F.cross_entropy(torch.zeros(2, 3), torch.tensor([0, -1]))
    F.nll_loss(torch.zeros(2, 3), torch.tensor([3, 0]))
    torch.softmax(torch.zeros(2, 3), 2)
""")
    ),
}

# where minigrad differs and means to
DIFFERENT = _functional(
    {
        **lines("F.l1_loss(x, y)    F.huber_loss(x, y)", [((4, 1), (4,))]),
        "F.kl_div(x, y)": [((2, 3), (3,))],
        "F.mse_loss(x, y)": [((4, 1), (4,)), ((0,), (0,))],
        "F.cross_entropy(x, torch.zeros(0).long())": [((0, 3),)],
        "F.cross_entropy(x, torch.tensor([-100, -100]))": [((2, 3),)],
        "F.binary_cross_entropy_with_logits(x, x.sign().detach())": [((3,),)],
        "F.softmax(x)": [((2, 3),)],
        "F.mse_loss(x, y, False)": [((3,), (3,))],
        "F.hardsigmoid(x)": [((3,),)],
    }
)
GROUPS["losses"].append(DIFFERENT)

_PAIRS = "nothing is broadcast silently: predictions (4, 1) and targets (4,) would be 16 pairs"
_NOTHING = "the mean of nothing is nan, and a nan in a loss is found too late"
ON_PURPOSE: dict[str, str] = {
    "losses: torch.nn.functional.mse_loss(x, y) (4,1) (4)": _PAIRS,
    "losses: torch.nn.functional.l1_loss(x, y) (4,1) (4)": _PAIRS,
    "losses: torch.nn.functional.huber_loss(x, y) (4,1) (4)": _PAIRS,
    "losses: torch.nn.functional.kl_div(x, y) (2,3) (3)": _PAIRS,
    "losses: torch.nn.functional.mse_loss(x, y) (0) (0)": _NOTHING,
    "losses: torch.nn.functional.cross_entropy(x, torch.zeros(0).long()) (0,3)": _NOTHING,
    "losses: torch.nn.functional.cross_entropy(x, torch.tensor([-100, -100])) (2,3)": _NOTHING,
    "losses: torch.nn.functional.binary_cross_entropy_with_logits(x, x.sign().detach()) (3)": (
        "targets of -1 make the loss negative without bound"
    ),
    "losses: torch.nn.functional.softmax(x) (2,3)": "the axis that torch guesses is deprecated",
    "losses: torch.nn.functional.mse_loss(x, y, False) (3) (3)": "size_average is deprecated",
    "losses: torch.nn.functional.hardsigmoid(x) (3)": "torch has 1/6 in float32 only: 1e-8 off",
}

# ---------------------------------------------------------------- programs


def a_function_of_ones_own(torch: Any) -> Any:
    class Exp(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (y,) = ctx.saved_tensors
            return g * y

    x = torch.tensor(numbers(3), requires_grad=True)
    y = Exp.apply(x * 2)
    (slope,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    (slope * slope).sum().backward()
    return y, slope, x.grad


def a_function_with_a_context_set_up(torch: Any) -> Any:
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(x: Any, power: Any, name: Any) -> Any:
            return x**power

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            x, ctx.power, _ = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * ctx.power * x ** (ctx.power - 1), None, None

    x = torch.tensor(numbers(2, 3), requires_grad=True)
    y = Scaled.apply(x, 3, "cubed")
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    slope.sum().backward()
    return y, slope, x.grad


def a_function_with_several_outputs(torch: Any) -> Any:
    class Polar(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any, b: Any) -> Any:
            r, angle, right = (a * a + b * b).sqrt(), torch.atan2(b, a), a > 0
            ctx.mark_non_differentiable(right)
            ctx.save_for_backward(a, b, r)
            return r, angle, right

        @staticmethod
        def backward(ctx: Any, to_r: Any, to_angle: Any, _: Any) -> Any:
            a, b, r = ctx.saved_tensors
            seen.append([*ctx.needs_input_grad, bool(to_r.any()), bool(to_angle.any())])
            turn = to_angle / (r * r)
            return to_r * a / r - turn * b, to_r * b / r + turn * a

    seen: list[list[bool]] = []
    a = torch.tensor(numbers(4), requires_grad=True)
    b = torch.tensor(numbers(4, seed=1), requires_grad=True)
    r, angle, right = Polar.apply(a, b)
    slopes = torch.autograd.grad((r * angle).sum(), (a, b), create_graph=True)
    (slopes[0] * slopes[1]).sum().backward()
    r, _, _ = Polar.apply(a, b.detach())
    r.sum().backward()
    return r, angle, right, right.requires_grad, *slopes, a.grad, b.grad, *seen


def second_derivatives_of_losses(torch: Any) -> Any:
    F = torch.nn.functional
    labels = torch.tensor([2, 0])
    shares = torch.tensor(positive(2, 3)).softmax(1)
    losses = [
        lambda x: F.cross_entropy(x, labels),
        lambda x: F.cross_entropy(x, labels, label_smoothing=0.25),
        lambda x: F.cross_entropy(x, shares),
        lambda x: F.mse_loss(x, shares),
        lambda x: F.binary_cross_entropy_with_logits(x, shares),
        lambda x: F.gaussian_nll_loss(x, shares, x.exp()),
        lambda x: F.kl_div(x.log_softmax(1), shares, reduction="batchmean"),
    ]
    found = []
    for loss in losses:
        x = torch.tensor(numbers(2, 3), requires_grad=True)
        (slope,) = torch.autograd.grad(loss(x) * 3, x, create_graph=True)
        (slope * slope).sum().backward()
        found += [slope, x.grad]
    return found
