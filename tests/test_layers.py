"""Modules, layers, starts and utilities: what no comparison with PyTorch shows.

Values, gradients, printing and walking are compared with PyTorch in tests/oracle/layers.py.
"""

# ruff: noqa: E501 (a message stands on one line)

from __future__ import annotations

import copy
import gc
import math
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
import minigrad.nn as nn
import minigrad.nn.functional as F
from minigrad.engine import ShapeError


class Forgetful(nn.Module):
    def __init__(self, name: str, value: Any) -> None:
        setattr(self, name, value)


def linear(**parts: Any) -> Any:
    return nn.Linear(2, 3).load_state_dict({"weight": mg.zeros(3, 2), "bias": mg.zeros(3), **parts})


ERRORS: list[tuple[str, type[Exception], str]] = [
    # a layer and an input that does not fit
    ("nn.Linear(3, 4)(mg.zeros(5, 2))", ShapeError, "linear: a layer with in_features=3, out_features=4 cannot take an input of [5, 2]: the last dimension must be 3"),
    ("nn.Linear(3, 4)(mg.tensor(1.0))", ShapeError, "linear: a layer with in_features=3, out_features=4 cannot take an input of []"),
    ("nn.Linear(3, 4)(np.zeros((5, 3)))", RuntimeError, "linear: the input is float64 and the layer float32: convert one of them"),
    ("nn.Linear(3, 4)(mg.zeros(5, 3, dtype=mg.int64))", RuntimeError, "linear: the input is int64 and the layer float32"),
    ("nn.Linear(3, 4)([1.0, 2.0, 3.0])", TypeError, "affine(list, "),
    ("F.linear(mg.zeros(5, 3), mg.zeros(4, 3), mg.zeros(3))", ShapeError, "linear: a bias of [3] does not fit out_features=4"),
    ("nn.Bilinear(2, 3, 4)(mg.zeros(5, 3), mg.zeros(5, 3))", ShapeError, "bilinear: inputs of [5, 3] and [5, 3] do not fit the weight [4, 2, 3]"),
    ("nn.Embedding(4, 2)(mg.tensor([1, 4]))", IndexError, "embedding: index 4 is out of range: the table has rows 0 to 3"),
    ("nn.Embedding(4, 2)(mg.tensor([1, -1]))", IndexError, "embedding: index -1 is out of range"),
    ("nn.Embedding(4, 2)(mg.tensor([1.0]))", TypeError, "embedding: the input is float32: it takes the numbers of rows, integers"),
    ("nn.Embedding(4, 2, padding_idx=4)", ValueError, "Embedding: padding_idx 4 is not one of the 4 rows"),
    ("nn.Embedding.from_pretrained(mg.zeros(4))", ShapeError, "from_pretrained: it takes a row for each index, (rows, width), not [4]"),
    ("nn.Dropout(1.5)", ValueError, "dropout probability has to be between 0 and 1, but got 1.5"),
    ("nn.Dropout2d()(mg.zeros(2, 2))", ShapeError, "dropout2d: an input of [2, 2] has not 4 dimensions"),
    ("nn.Dropout1d()(mg.zeros(2))", ShapeError, "dropout1d: an input of [2] has not 2 dimensions, or 3 with the batch"),
    ("nn.LayerNorm(3)(mg.zeros(3, 4))", ShapeError, "layer_norm: an input of [3, 4] does not end in the dimensions [3]"),
    ("nn.LayerNorm(3)(mg.zeros(2, 3, dtype=mg.int64))", RuntimeError, "layer_norm: the input must be floating, not int64"),
    ("nn.GroupNorm(3, 4)(mg.zeros(2, 4))", ShapeError, "group_norm: 4 channels do not make 3 equal groups"),
    ("nn.BatchNorm1d(3)(mg.zeros(5, 2))", ShapeError, "batch_norm: an input of [5, 2] has 2 channels, but BatchNorm1d(3, "),
    ("nn.BatchNorm1d(3)(mg.zeros(3))", ShapeError, "expected 2D or 3D input (got 1D input)"),
    ("nn.BatchNorm2d(3)(mg.zeros(2, 3))", ShapeError, "expected 4D input (got 2D input)"),
    ("nn.BatchNorm1d(3)(mg.zeros(1, 3))", ValueError, "Expected more than 1 value per channel when training, got input size [1, 3]"),
    ("F.batch_norm(mg.zeros(4, 3), mg.zeros(2), mg.ones(2))", ShapeError, "batch_norm: an input of [4, 3] needs weights of [3], and the layer has [2]"),
    ("nn.BatchNorm1d(3)(mg.zeros(4, 3, dtype=mg.float64))", RuntimeError, "batch_norm: the input is float64 and the layer float32"),
    ("nn.LayerNorm(3)(mg.zeros(4, 3, dtype=mg.float64))", RuntimeError, "layer_norm: the input is float64 and the layer float32"),
    ("F.layer_norm(mg.zeros(4, 3), (3,), mg.ones(1))", ShapeError, "layer_norm: an input of [4, 3] needs weights of [3], and the layer has [1]"),
    ("nn.GroupNorm(2, 4)(mg.zeros(3))", ShapeError, "group_norm: an input of [3] is not (N, C, ...)"),
    ("nn.GroupNorm(2, 4)(mg.zeros(3, 6))", ShapeError, "group_norm: an input of [3, 6] needs weights of [6], and the layer has [4]"),
    ("nn.init.trunc_normal_(mg.zeros(3), a=50, b=51)", ValueError, "trunc_normal_: numbers around 0.0 hardly ever lie in [50, 51]"),
    ("F.batch_norm(mg.zeros(4, 3), None, None)", RuntimeError, "batch_norm: without training it needs running_mean and running_var"),
    ("F.batch_norm(mg.zeros(4), None, None, training=True)", ShapeError, "batch_norm: an input of [4] is not (N, C, ...)"),
    ("F.batch_norm(mg.zeros(4, 3, dtype=mg.int64), None, None, training=True)", RuntimeError, "batch_norm: the input must be floating, not int64"),
    ("nn.ReLU(True, 3)", TypeError, "ReLU: too many positional arguments; it takes inplace"),
    ("nn.Tanh(dim=1)", TypeError, "Tanh: got an unexpected keyword argument 'dim'; it takes no settings"),
    ("nn.Softmax()", TypeError, "Softmax: missing a required argument: 'dim'; it takes dim"),
    # modules
    ("Forgetful('w', nn.Parameter(mg.zeros(1)))", AttributeError, "Forgetful.__init__ must call super().__init__() first of all"),
    ("Forgetful('part', nn.ReLU())", AttributeError, "Forgetful.__init__ must call super().__init__() first of all"),
    ("Forgetful('number', 3)(1)", AttributeError, "Forgetful.__init__ must call super().__init__() first of all"),
    ("nn.Linear(1, 1).wieght", AttributeError, "'Linear' object has no attribute 'wieght'"),
    ("nn.Module()(3)", NotImplementedError, "Module has no forward(): define what it computes"),
    ("setattr(nn.Linear(1, 1), 'weight', mg.zeros(1, 1))", TypeError, "Linear.weight is a parameter: it takes an nn.Parameter or None, not Tensor"),
    ("setattr(nn.BatchNorm1d(1), 'running_mean', 3)", TypeError, "BatchNorm1d.running_mean is a buffer: it takes a tensor or None, not int"),
    ("setattr(nn.Sequential(nn.ReLU()), '0', 3)", TypeError, "Sequential.0 is a module: it takes an nn.Module or None, not int"),
    ("nn.Module().add_module('a.b', nn.ReLU())", KeyError, "\"the name of a module cannot be empty or hold a dot: 'a.b'\""),
    ("nn.Module().register_buffer('forward', None)", KeyError, "\"attribute 'forward' already exists in Module\""),
    ("nn.Module().register_parameter(3, None)", TypeError, "the name of a parameter is text, not int"),
    ("nn.Sequential(nn.ReLU(), 3)", TypeError, "Sequential.1 is a module: it takes an nn.Module or None, not int"),
    ("nn.Sequential(nn.ReLU())[1]", IndexError, "index 1 is out of range: Sequential has 1 modules"),
    ("nn.ParameterList([3])", TypeError, "a list of parameters takes tensors, not int"),
    ("nn.Sequential(nn.ReLU()).get_submodule('0.1')", AttributeError, "ReLU has no module '1'; it has []"),
    ("nn.Linear(1, 1).get_parameter('b')", AttributeError, "Linear has no parameter 'b'; it has ['weight', 'bias']"),
    ("nn.Linear(1, 1).train(1)", ValueError, "train: the mode is True or False, not 1"),
    ("nn.Linear(1, 1).to(mg.int64)", TypeError, "to: a module takes a floating dtype, not int64"),
    ("nn.Linear(1, 1).to('cuda')", RuntimeError, "there is no device 'cuda'"),
    ("nn.Parameter(mg.tensor([1]))", RuntimeError, "only floating values can require a gradient, and this one is int64"),
    ("nn.Linear(1, 1)._parameters['weight'] = 3", TypeError, "'mappingproxy' object does not support item assignment"),
    # state
    ("linear(bias=mg.zeros(2), more=mg.zeros(1))", RuntimeError, 'Error(s) in loading state_dict for Linear:\n\tUnexpected key(s) in state_dict: "more". \n\tsize mismatch for bias: copying a param with shape [2] from checkpoint, the shape in current model is [3].'),
    ("linear(bias='zeros')", RuntimeError, "Error(s) in loading state_dict for Linear:\n\tbias is no tensor but str."),
    ("nn.Linear(1, 1).load_state_dict({})", RuntimeError, 'Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: "weight", "bias". '),
    ("nn.Linear(1, 1).load_state_dict(3)", TypeError, "load_state_dict: it takes a dictionary, not int"),
    # starts and utilities
    ("nn.init.kaiming_normal_(mg.zeros(3))", ShapeError, "kaiming_normal_: a tensor of [3] has no fan in and fan out: it needs two dimensions or more, (out, in, ...)"),
    ("nn.init.xavier_uniform_(mg.zeros(3))", ShapeError, "xavier_uniform_: a tensor of [3] has no fan in and fan out"),
    ("nn.init.kaiming_uniform_(mg.zeros(3, 2), mode='fan')", ValueError, "kaiming_uniform_: the mode is 'fan_in' or 'fan_out', not 'fan'"),
    ("nn.init.calculate_gain('maxout')", ValueError, "calculate_gain: no gain for 'maxout': there is linear, "),
    ("nn.init.calculate_gain('leaky_relu', True)", ValueError, "negative_slope True not a valid number"),
    ("nn.init.eye_(mg.zeros(3))", ValueError, "eye_: it takes a matrix, not a tensor of [3]"),
    ("nn.utils.vector_to_parameters(mg.zeros(2), nn.Linear(1, 2).parameters())", ShapeError, "vector_to_parameters: the parameters have 4 entries, the vector is [2]"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "kind", "says"), ERRORS, ids=[code for code, *_ in ERRORS])
def test_an_error_says(code: str, kind: type[Exception], says: str) -> None:
    with pytest.raises(kind) as caught:
        exec(code, {**globals()})
    assert str(caught.value).startswith(says)


# ---------------------------------------------------------------- modules


def test_a_failed_load_changes_nothing() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    before = {name: value.tolist() for name, value in net.state_dict().items()}
    state = {name: value + 1 for name, value in net.state_dict().items()}
    state["1.running_var"] = mg.zeros(4)
    for strict in (True, False):
        with pytest.raises(RuntimeError, match=r"size mismatch for 1\.running_var"):
            net.load_state_dict(state, strict=strict)
        assert {name: value.tolist() for name, value in net.state_dict().items()} == before


def test_a_state_dict_is_a_snapshot() -> None:
    layer = nn.Linear(1, 1)
    state = layer.state_dict()
    before = state["weight"].tolist()
    with mg.no_grad():
        layer.weight += 1
    assert state["weight"].tolist() == before != layer.weight.tolist()
    layer.load_state_dict(state)
    assert layer.weight.tolist() == before


def test_of_two_values_for_a_shared_parameter_the_last_counts() -> None:
    net = nn.Sequential(*[nn.Linear(1, 1, bias=False) for _ in range(9)])
    for layer in net:
        layer.weight = net[0].weight
    net.load_state_dict({f"{i}.weight": mg.full((1, 1), i) for i in reversed(range(9))})
    assert net[0].weight.item() == 8


def test_loading_keeps_the_parameter_and_copies_the_array() -> None:
    layer, array = nn.Linear(1, 1, bias=False), np.ones((1, 1), np.float32)
    weight = layer.weight
    layer.load_state_dict({"weight": array})
    array[:] = 7
    assert layer.weight is weight and weight.item() == 1


def test_parameters_of_nested_and_of_ones_own_modules_are_found() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(mg.zeros(1))
            self.inside = nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 1)))

    names = [name for name, _ in Net().named_parameters()]
    assert names == [
        *["w", "inside.0.weight", "inside.0.bias", "inside.1.0.weight", "inside.1.0.bias"]
    ]


def test_nothing_is_shared_between_two_of_a_kind() -> None:
    for make in (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict):
        first, second = make(), make()
        first.a = nn.Parameter(mg.zeros(1))
        first.register_forward_hook(lambda *_: None)
        assert list(second.parameters()) == [] and second._hooks == []


class Hiding(nn.Module):
    def __init__(self, what: Any) -> None:
        super().__init__()
        self.what = what


@pytest.mark.parametrize(
    ("what", "mend"),
    [
        ([nn.Linear(1, 1)], "Hiding.what is a plain list: .*make it an nn.ModuleList"),
        ((nn.Linear(1, 1),), "Hiding.what is a plain tuple: .*make it an nn.ModuleList"),
        ({"a": nn.ReLU()}, "Hiding.what is a plain dict: .*make it an nn.ModuleDict"),
        ([nn.Parameter(mg.zeros(1))], "Hiding.what is a plain list: .*make it an nn.ParameterList"),
    ],
)
def test_modules_in_a_plain_list_are_found_out(what: Any, mend: str) -> None:
    with pytest.warns(UserWarning, match=mend) as heard:
        assert list(Hiding(what).parameters()) == []
    assert heard[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert list(Hiding([1, 2]).parameters()) == list(Hiding([]).parameters()) == []


def test_one_parameter_under_two_names_is_one_in_a_copy_too() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 3 and len(net.state_dict()) == 4
    other = copy.deepcopy(net)
    assert other[1].weight is other[0].weight and other[0].weight is not net[0].weight


def test_a_module_is_freed_by_counting_references() -> None:
    gc.collect()
    gc.disable()
    try:
        net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        net(mg.randn(4, 2)).sum().backward()
        gone = weakref.ref(net[0].weight)
        del net
        assert gone() is None
    finally:
        gc.enable()


def test_changing_the_dtype_keeps_the_tensors_and_their_gradients() -> None:
    layer = nn.Linear(2, 1)
    layer(mg.ones(1, 2)).sum().backward()
    weight = layer.weight
    layer.double()
    assert layer.weight is weight and weight.dtype == weight.grad.dtype == mg.float64
    assert weight.is_leaf and weight.requires_grad


def test_a_parameter_starts_from_a_value_and_goes_its_own_way() -> None:
    given = mg.ones(2)
    p = nn.Parameter(given)
    assert p.value is given.value
    with mg.no_grad():
        p += 1
    assert given.tolist() == [1, 1] and p.tolist() == [2, 2]


# ---------------------------------------------------------------- layers


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    mg.manual_seed(0)
    x = mg.ones(200_000, requires_grad=True)
    y = nn.Dropout(0.3)(x)
    y.sum().backward()
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=5e-3)
    assert y.mean().item() == pytest.approx(1, abs=1e-2)
    assert mg.equal(x.grad, y.detach())
    assert sorted(set(y.tolist())) == pytest.approx([0, 1 / 0.7])


def test_dropout_of_channels_drops_whole_channels() -> None:
    mg.manual_seed(0)
    for layer, shape in ((nn.Dropout1d(), (4, 8, 5)), (nn.Dropout2d(), (4, 8, 5, 5))):
        means = layer(mg.ones(*shape)).reshape(4, 8, -1).mean(2)
        assert set(means.ravel().tolist()) == {0.0, 2.0}


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    mg.manual_seed(0)
    y = nn.AlphaDropout(0.4)(mg.randn(400_000))
    assert y.mean().item() == pytest.approx(0, abs=1e-2)
    assert y.var().item() == pytest.approx(1, abs=2e-2)


def test_random_layers_repeat_with_a_seed() -> None:
    def run() -> Any:
        mg.manual_seed(3)
        return nn.Sequential(nn.Linear(4, 4), nn.Dropout())(mg.ones(2, 4)).tolist()

    assert run() == run()


def test_the_row_for_padding_starts_at_zero_and_stays() -> None:
    table = nn.Embedding(3, 2, padding_idx=1)
    assert table.weight[1].tolist() == [0, 0]
    table(mg.tensor([0, 1, 1])).sum().backward()
    assert table.weight.grad.tolist() == [[1, 1], [0, 0], [0, 0]]


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 2), (2, 3, 2, 2)])
def test_a_norm_can_be_differentiated_twice(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=shape), requires_grad=True)
    w = mg.tensor(rng.normal(size=shape))
    for f in (
        lambda x: F.batch_norm(x, None, None, training=True),
        lambda x: F.layer_norm(x, shape[1:]),
        lambda x: F.group_norm(x, 3 if len(shape) > 2 else 1),
    ):

        def slope(x: Any, f: Any = f) -> Any:
            return mg.autograd.grad((f(x) * w).sum(), x, create_graph=True)[0]

        assert mg.gradcheck(slope, [x])


def test_a_norm_of_large_numbers_does_not_lose_them() -> None:
    x = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    far = mg.tensor(x + np.float32(1000))
    near = np.asarray(far).astype(np.float64)
    expected = (near - near.mean(0)) / np.sqrt(near.var(0) + 1e-5)
    found = F.batch_norm(far, None, None, training=True)
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-3)


# ---------------------------------------------------------------- starts


def drawn(start: Any, *shape: int, **options: Any) -> np.ndarray:
    mg.manual_seed(0)
    return np.asarray(start(mg.empty(*shape, dtype=mg.float64), **options))


IN, OUT = 500, 300
STARTS = [
    (nn.init.xavier_normal_, {}, 2 / (IN + OUT)),
    (nn.init.xavier_uniform_, {"gain": 3.0}, 18 / (IN + OUT)),
    (nn.init.kaiming_normal_, {}, 2 / IN),
    (nn.init.kaiming_normal_, {"mode": "fan_out"}, 2 / OUT),
    (nn.init.kaiming_uniform_, {"a": math.sqrt(5)}, 1 / (3 * IN)),
    (nn.init.kaiming_uniform_, {"nonlinearity": "tanh"}, 25 / 9 / IN),
    (nn.init.uniform_, {"a": -1, "b": 2}, 9 / 12),
    (nn.init.normal_, {"std": 0.2}, 0.04),
]


@pytest.mark.parametrize(("start", "options", "variance"), STARTS)
def test_a_start_has_the_variance_of_its_formula(start: Any, options: Any, variance: float) -> None:
    w = drawn(start, OUT, IN, **options)
    assert w.var() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [(nn.Linear, (500, 300)), (nn.Linear, (20, 7500)), (nn.Bilinear, (50, 30, 100))],
)
def test_layers_start_evenly_within_one_over_the_root_of_fan_in(kind: Any, sizes: Any) -> None:
    mg.manual_seed(0)
    fan_in = sizes[0]
    for p in kind(*sizes).parameters():
        x, bound = np.asarray(p.detach()), 1 / math.sqrt(fan_in)
        assert 0.95 * bound < np.abs(x).max() <= bound * (1 + 1e-6)
        if x.size > 10_000:
            assert x.var() == pytest.approx(bound**2 / 3, rel=0.03)


def test_starts_are_repeatable_and_not_recorded() -> None:
    layer = nn.Linear(3, 2)
    w = nn.init.normal_(layer.weight, generator=mg.Generator().manual_seed(5))
    again = nn.init.normal_(mg.empty(2, 3), generator=mg.Generator().manual_seed(5))
    assert w is layer.weight and w.is_leaf and mg.equal(w.detach(), again)
    w = drawn(nn.init.trunc_normal_, 100, 100, a=-0.5, b=1.0)
    assert w.min() >= -0.5 and w.max() <= 1


# ---------------------------------------------------------------- utilities


def test_clipping_keeps_the_direction() -> None:
    p, q = (mg.ones(2, requires_grad=True) for _ in range(2))
    (p * 3 + q * 4).sum().backward()
    norm = nn.utils.clip_grad_norm_([p, q], 1.0)
    assert norm.item() == pytest.approx(50**0.5)
    assert p.grad[0].item() / q.grad[0].item() == pytest.approx(3 / 4)
    assert nn.utils.clip_grad_norm_([p, q], 1.0).item() == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_clipping_can_refuse_what_is_not_finite(bad: float) -> None:
    p = mg.ones(2, requires_grad=True)
    (p * bad).sum().backward()
    with pytest.raises(RuntimeError, match=f"clip_grad_norm_: the norm of the gradients is {bad}"):
        nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)


SUMMARY = """\
name    layer        output shape  parameters  trainable
--------------------------------------------------------
body    Sequential   [5, 8]                 0          0
body.0  Linear       [5, 8]                40          0
body.1  BatchNorm1d  [5, 8]                16         16
head    Linear       [5, 2]                18         18
--------------------------------------------------------
        all                                74         34"""


def test_a_summary_shows_a_model_as_a_table() -> None:
    net = nn.Module()
    net.body = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
    net.head = nn.Linear(8, 2)
    net.tied = net.head
    net.forward = lambda x: net.head(net.body(x))
    net.body[0].requires_grad_(False)
    for sample in (mg.zeros(5, 4), (5, 4), [mg.zeros(5, 4)]):
        table = nn.summary(net, sample)
        assert repr(table) == SUMMARY
    assert net.training and net.body[1].num_batches_tracked.item() == 0 and net._hooks == []
    assert (table.parameters, table.trainable) == (74, 34)
    assert "<td" in table._repr_html_() and "BatchNorm1d" in table._repr_html_()
    assert "[5, 8]" not in repr(nn.summary(net))
    assert "(model)" in repr(nn.summary(nn.Linear(1, 1), (2, 1)))


def test_a_summary_takes_its_hooks_away_when_the_model_fails() -> None:
    layer = nn.Linear(3, 2)
    with pytest.raises(ShapeError, match="linear: a layer with in_features=3"):
        nn.summary(layer, (5, 4))
    assert layer._hooks == [] and layer.training
