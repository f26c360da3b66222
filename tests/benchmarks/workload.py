"""What a workload is: one computation, written by hand in NumPy and once in PyTorch's language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Data = Mapping[str, Array]

# One step of a contender. It returns what the step computed (a loss, or an output, then the
# gradients), so that a fast wrong answer is found out.
Step = Callable[[], Sequence[Any]]


@dataclass(frozen=True)
class Library:
    """The parts of PyTorch's face that a program needs: PyTorch's own, or minigrad's."""

    torch: Any
    nn: Any
    F: Any
    optim: Any


@dataclass(frozen=True)
class Target:
    """The most a step may take: `limit` times hand-written NumPy, `torch` times PyTorch."""

    limit: float | None = None
    torch: float | None = None


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    `data()` makes the inputs, equal for all. `by_hand(data)` is the limit, NumPy with buffers made
    once. `program(library, data)` runs under PyTorch and under minigrad. `per` is the number of
    operations in one step where the time of one operation is what matters.
    """

    title: str
    data: Callable[[], Data]
    by_hand: Callable[[Data], Step]
    program: Callable[[Library, Data], Step]
    target: Target = Target()
    per: int = 1
    others: Mapping[str, Callable[[Data], Step]] = field(default_factory=dict)


def as_parameters(torch: Any, arrays: Iterable[Array]) -> list[Any]:
    """A leaf that requires a gradient for each array."""
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def forget_gradients(parameters: Iterable[Any]) -> None:
    """What `zero_grad` does."""
    for parameter in parameters:
        parameter.grad = None


def gradients(parameters: Iterable[Any]) -> list[Any]:
    """The gradients a step has left behind."""
    return [parameter.grad for parameter in parameters]


def give(torch: Any, model: Any, arrays: Iterable[Array]) -> None:
    """Let these arrays be the values of a model's parameters."""
    for parameter, array in zip(model.parameters(), arrays, strict=True):
        parameter.data = torch.tensor(array)


def training(library: Library, data: Data, model: Any, criterion: Any, optimizer: Any) -> Step:
    """A step of training as everybody writes it."""
    x, y = library.torch.tensor(data["x"]), library.torch.tensor(data["y"])
    parameters = list(model.parameters())

    def step() -> list[Any]:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return [loss, *gradients(parameters)]

    return step


def as_array(answer: Any) -> Array:
    """A copy of an answer: buffers are used again, and tensors may hold a graph."""
    return np.array(answer.detach().numpy() if hasattr(answer, "detach") else answer)


def assert_same(answers: Sequence[Array], expected: Sequence[Array], who: str) -> None:
    """Equal shapes, and equal numbers to 1e-5 (float32) or 1e-10 of the largest one."""
    assert len(answers) == len(expected), f"{who}: {len(answers)} answers, not {len(expected)}"
    for place, (answer, right) in enumerate(zip(answers, expected, strict=True)):
        assert answer.shape == right.shape, f"{who}, answer {place}: {answer.shape} {right.shape}"
        tolerance = 1e-10 if right.dtype == np.float64 else 1e-5
        largest = max(float(np.max(np.abs(right))), 1e-30)
        error = float(np.max(np.abs(answer - right))) / largest
        assert error <= tolerance, f"{who}, answer {place}: wrong by {error:.1e}"
