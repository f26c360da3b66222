"""Creation: what goes in, and tensors out of nothing (chapter 10)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg

# ---------------------------------------------------------------- what goes in

DTYPES = [
    (1, mg.int64),
    (1.0, mg.float32),
    (True, mg.bool),
    ([1, 2.0], mg.float32),
    ([], mg.float32),
    ([[True], [False]], mg.bool),
    (np.array([1.0]), mg.float64),
    (np.float64(1.0), mg.float64),
    ([np.float64(1.0)], mg.float64),
    (np.array([1], dtype=np.uint8), mg.uint8),
    (range(3), mg.int64),
]


@pytest.mark.parametrize(("data", "dtype"), DTYPES, ids=[repr(data) for data, _ in DTYPES])
def test_the_dtype_is_that_of_the_data_but_pythons_floats_get_the_default(
    data: Any, dtype: Any
) -> None:
    x = mg.tensor(data)
    assert x.dtype == dtype and x.shape == np.shape(data)
    assert mg.tensor(data, dtype=mg.float64).dtype == mg.float64


def test_tensors_in_lists() -> None:
    rows = [mg.tensor([1.0, 2.0]), mg.tensor([3.0, 4.0])]
    assert mg.tensor(rows).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert mg.tensor([mg.tensor(1), mg.tensor(2)]).dtype == mg.int64
    assert mg.tensor(mg.tensor([1.0], dtype=mg.float64)).dtype == mg.float64


@pytest.mark.parametrize("make", [mg.tensor, mg.as_tensor, mg.from_numpy])
def test_data_is_copied(make: Callable[[Any], Any]) -> None:
    array = np.array([1.0, 2.0])
    x = make(array)
    array[0] = 100
    assert x.tolist() == [1.0, 2.0]


def test_as_tensor_leaves_a_tensor_as_it_is() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    assert mg.as_tensor(x) is x and mg.as_tensor(x, dtype=mg.float32) is x
    assert mg.as_tensor(x, dtype=mg.float64).dtype == mg.float64


def test_names_and_options() -> None:
    x = mg.tensor([1.0], dtype=mg.float64, requires_grad=True, name="x", device="cpu")
    assert (x.name, x.requires_grad, x.is_leaf, x.dtype) == ("x", True, True, mg.float64)
    with pytest.raises(TypeError, match="colour"):
        mg.tensor([1.0], colour="red")


# ---------------------------------------------------------------- out of nothing

SIZED = [mg.zeros, mg.ones, mg.empty, mg.rand, mg.randn]


@pytest.mark.parametrize("make", SIZED)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0), (2, 3)])
def test_sizes_one_by_one_or_as_a_sequence(make: Any, shape: tuple[int, ...]) -> None:
    for x in (make(*shape), make(shape), make(list(shape)), make(size=shape)):
        assert x.shape == shape and x.dtype == mg.float32 and not x.requires_grad
    for dtype in (mg.float64, mg.float16):
        assert make(shape, dtype=dtype, requires_grad=True).dtype == dtype
    assert make(shape, requires_grad=True, device=mg.device("cpu")).requires_grad


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "rand", "randn", "full"])
def test_like(name: str) -> None:
    x = mg.tensor([[1.0, 2.0]], dtype=mg.float64, requires_grad=True)
    given = (7.0,) if name == "full" else ()
    y = getattr(mg, f"{name}_like")(x, *given)
    assert (y.shape, y.dtype, y.requires_grad) == ((1, 2), mg.float64, False)
    assert getattr(mg, f"{name}_like")(x, *given, dtype=mg.float32).dtype == mg.float32
    assert np.zeros_like(x).tolist() == [[0.0, 0.0]] and type(np.ones_like(x)) is mg.Tensor


def test_constants() -> None:
    assert mg.zeros(2).tolist() == [0.0, 0.0] and mg.ones(2).tolist() == [1.0, 1.0]
    assert mg.full((2,), 7).dtype == mg.int64 and mg.full((2,), 7.0).dtype == mg.float32
    assert mg.full((), True).dtype == mg.bool and mg.full((2,), 7, dtype=mg.float64).tolist() == [
        7,
        7,
    ]
    assert mg.eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]] and mg.eye(1, 2).shape == (1, 2)
    assert mg.tensor(1).new_zeros(2).dtype == mg.int64
    assert mg.tensor(1.0).new_full((2,), 3).tolist() == [3.0, 3.0]
    assert mg.tensor(1.0).new_ones(2, 1).shape == (2, 1)
    assert mg.tensor(1.0).new_tensor([1, 2]).dtype == mg.float32


RANGES = [(3,), (2, 5), (2, 9, 3), (5, 2, -1), (0,), (2, 2)]


@pytest.mark.parametrize("ends", RANGES)
def test_whole_ranges(ends: Any) -> None:
    assert mg.arange(*ends).tolist() == list(range(*ends)) and mg.arange(*ends).dtype == mg.int64


def test_other_ranges() -> None:
    x = mg.arange(0, 1, 0.1)
    assert x.dtype == mg.float32 and len(x) == 10
    assert x.tolist() == np.arange(0, 1, 0.1).astype(np.float32).tolist()
    assert (
        mg.arange(end=4).tolist() == [0, 1, 2, 3]
        and mg.arange(3, dtype=mg.float64).dtype == mg.float64
    )
    assert mg.linspace(0, 1, 3).tolist() == [0.0, 0.5, 1.0] and mg.linspace(0, 1, 0).shape == (0,)
    assert mg.linspace(0, 1, 2, dtype=mg.float64, requires_grad=True).requires_grad


def test_grids() -> None:
    x, y = mg.meshgrid(mg.arange(2), mg.arange(3))
    assert x.tolist() == [[0, 0, 0], [1, 1, 1]] and y.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert mg.meshgrid(mg.arange(2), mg.arange(3), indexing="xy")[0].shape == (3, 2)


# ---------------------------------------------------------------- random numbers

RANDOM: dict[str, Callable[[Any], Any]] = {
    "rand": lambda g: mg.rand(2, 3, generator=g),
    "randn": lambda g: mg.randn(2, 3, generator=g),
    "randint": lambda g: mg.randint(0, 100, (4,), generator=g),
    "randperm": lambda g: mg.randperm(20, generator=g),
    "normal": lambda g: mg.normal(mg.zeros(3), mg.ones(3), generator=g),
    "bernoulli": lambda g: mg.bernoulli(mg.full((64,), 0.5), generator=g),
    "multinomial": lambda g: mg.multinomial(mg.ones(50), 20, generator=g),
    "uniform_": lambda g: mg.zeros(3).uniform_(-1, 1, generator=g),
    "normal_": lambda g: mg.zeros(3).normal_(1, 2, generator=g),
}


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_repeats(name: str) -> None:
    draw, own = RANDOM[name], mg.Generator()
    first, then, again = draw(own.manual_seed(1)), draw(own), draw(own.manual_seed(1))
    assert first.equal(again) and not first.equal(then) and own.initial_seed() == 1
    mg.manual_seed(1)
    default = draw(None)
    draw(own)
    assert default.equal(first) and not draw(None).equal(default)


def test_unseeded_generators_differ() -> None:
    assert mg.Generator().initial_seed() != mg.Generator().initial_seed()


def test_what_is_drawn() -> None:
    generator = mg.Generator().manual_seed(0)
    x = mg.rand(10_000, generator=generator)
    assert x.min() >= 0 and x.max() < 1 and abs(x.mean().item() - 0.5) < 0.02
    z = mg.randn(10_000, generator=generator)
    assert abs(z.mean().item()) < 0.04 and abs(z.std().item() - 1) < 0.03
    assert set(mg.randint(2, 5, (100,), generator=generator).tolist()) == {2, 3, 4}
    for few in (mg.randint(3, (50,)), mg.randint(3, size=(50,)), mg.randint(high=3, size=(50,))):
        assert few.dtype == mg.int64 and set(few.tolist()) <= {0, 1, 2}
    assert sorted(mg.randperm(5).tolist()) == [0, 1, 2, 3, 4]
    assert mg.normal(5.0, 0.1, (1000,), generator=generator).mean().item() == pytest.approx(
        5, abs=0.02
    )
    chances = mg.tensor([0.0, 1.0, 3.0])
    counts = np.bincount(mg.multinomial(chances, 4000, True, generator=generator).tolist())
    assert counts[0] == 0 and abs(counts[2] / counts[1] - 3) < 0.3
    assert mg.multinomial(mg.ones(2, 3), 3).shape == (2, 3)
    assert mg.bernoulli(mg.tensor([0.0, 1.0])).tolist() == [0.0, 1.0]


# ---------------------------------------------------------------- the package


def test_importing_is_light() -> None:
    """No module of Python's or NumPy's that takes longer to load than ours do."""
    code = "import numpy, sys; m = set(sys.modules); import minigrad; print(*set(sys.modules) - m)"
    new = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    own = {name for name in new if name.startswith("minigrad")}
    assert not new & {
        "secrets",
        "hmac",
        "inspect",
        "numpy.random",
        "matplotlib",
        "graphviz",
        "json",
    }
    assert len(new - own) < 12


def test_nothing_is_printed_on_import() -> None:
    assert not subprocess.check_output(
        [sys.executable, "-c", "import minigrad"], stderr=subprocess.STDOUT
    )


def test_all_names_are_there() -> None:
    assert (
        mg.is_tensor(mg.ones(1)) and not mg.is_tensor(np.ones(1)) and mg.numel(mg.ones(2, 3)) == 6
    )
    assert mg.is_floating_point(mg.ones(1)) and not mg.is_floating_point(mg.arange(1))
    assert (mg.pi, mg.inf) == (np.pi, np.inf) and mg.nan != mg.nan


def test_the_landing_pages_xor_is_learned() -> None:
    mg.manual_seed(0)
    X = mg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = mg.tensor([[0.0], [1.0], [1.0], [0.0]])
    W1, b1 = mg.randn(2, 8, requires_grad=True), mg.zeros(8, requires_grad=True)
    W2, b2 = mg.randn(8, 1, requires_grad=True), mg.zeros(1, requires_grad=True)
    for _ in range(1000):
        loss = (((X @ W1 + b1).tanh() @ W2 + b2).sigmoid() - y).square().mean()
        loss.backward()
        for weight in (W1, b1, W2, b2):
            weight.data -= weight.grad
            weight.grad = None
    guess = ((X @ W1 + b1).tanh() @ W2 + b2).sigmoid()
    assert loss < 0.01 and guess.round().flatten().tolist() == [0, 1, 1, 0]
