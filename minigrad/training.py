# Exported from book/14_training.ipynb: change it there, not here.
"""What stands around a step of training: epochs, measures, a history, and errors that help."""

from __future__ import annotations

import contextlib
import importlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from inspect import signature
from operator import length_hint
from typing import Any

import numpy as np

from minigrad.engine import Node, ShapeError, ancestry, described
from minigrad.nn.module import Module
from minigrad.nn.utils import clip_grad_norm_
from minigrad.protocol import plain
from minigrad.shapes import cat
from minigrad.tensor import no_grad


def parts_of(batch: Any, what: str = "fit") -> tuple[list[Any], Any]:
    """The inputs and the target of a batch: the target is its last part."""
    if not isinstance(batch, (list, tuple)) or len(batch) < 2:
        met = f"{len(batch)} of them" if isinstance(batch, (list, tuple)) else type(batch).__name__
        raise TypeError(
            f"{what}: a batch must be (inputs, target), or several inputs and then the target; "
            f"this loader gives {met}"
        )
    *inputs, target = batch
    return inputs, target


@contextlib.contextmanager
def mode_of(model: Module, training: bool) -> Iterator[None]:
    """Put a model into training or evaluation mode for a block, and each part back after it."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was in before:
            module.training = was


Measure = Callable[[Any, Any], Any]  # of an output and a target: a single number
Metrics = dict[str, Measure] | None


class Means:
    """Means over examples of numbers that come batch by batch."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.examples = 0

    def add(self, numbers: dict[str, float], examples: int) -> None:
        self.examples += examples
        for name, number in numbers.items():
            self.sums[name] = self.sums.get(name, 0.0) + number * examples

    def result(self) -> dict[str, float]:
        return {name: total / self.examples for name, total in self.sums.items()}


def measured(measures: Metrics, output: Any, target: Any) -> dict[str, float]:
    with no_grad():
        return {name: float(measure(output, target)) for name, measure in (measures or {}).items()}


def accuracy(output: Any, target: Any) -> Any:
    """The part of the rows whose largest score stands where the target says: (N, C) and (N,)."""
    scores, wanted = np.asarray(plain(output)), np.asarray(plain(target))
    if scores.ndim == wanted.ndim:  # one-hot, or shares
        wanted = wanted.argmax(-1)
    if scores.ndim != 2 or scores.shape[1] < 2 or wanted.shape != scores.shape[:1]:
        raise ShapeError(
            f"accuracy: {described(output)} and {described(target)}: it takes a score for each of "
            "at least two classes, (N, C), and class numbers (N,) or shares (N, C)"
        )
    return float((scores.argmax(-1) == wanted).mean())


def evaluate(
    model: Module, loader: Iterable[Any], loss: Measure, metrics: Metrics = None
) -> dict[str, float]:
    """The loss and the metrics of a model in evaluation mode, as means over all examples."""
    means = Means()
    with mode_of(model, False), no_grad():
        for batch in loader:
            inputs, target = parts_of(batch, "evaluate")
            numbers = measured({"loss": loss, **(metrics or {})}, model(*inputs), target)
            means.add(numbers, len(target))
    if not means.examples:
        raise ValueError("evaluate: the loader gave no batch")
    return means.result()


def predict(model: Module, loader: Iterable[Any]) -> Any:
    """What a model in evaluation mode says to every example, as one tensor.

    A batch is the input, or a list of the inputs alone, or inputs and a target that is left out.
    """
    outputs = []
    with mode_of(model, False), no_grad():
        for batch in loader:
            parts = list(batch) if isinstance(batch, (list, tuple)) else [batch]
            outputs.append(model(*(parts[:-1] or parts)))
    if not outputs:
        raise ValueError("predict: the loader gave no batch")
    return cat(outputs)


def extra(name: str, package: str, purpose: str) -> Any:
    """A package that is not needed otherwise; where it is missing, how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ImportError(
            f'{purpose} needs {package}: pip install "minigrad[train]" (or pip install {package})'
        ) from None


class Shown:
    """The skill of a history to be seen: as a few lines, and as curves."""

    numbers: dict[str, list[float]]
    steps: list[float]

    def __repr__(self) -> str:
        wide = max(map(len, self.numbers), default=0)
        lines = [f"{len(self.numbers.get('loss', ()))} epochs, {len(self.steps)} steps"]
        for name, values in self.numbers.items():
            lines.append(f"  {name.ljust(wide)}  {values[0]:.4g} → {values[-1]:.4g}")
        return "\n".join(lines)

    def plot(self: Any, *names: str, ax: Any = None) -> Any:
        """Curves over the epochs: of all losses, or of what is named; matplotlib's axes."""
        if ax is None:
            ax = extra("matplotlib.pyplot", "matplotlib", "History.plot").subplots()[1]
        for name in names or [name for name in self.numbers if name.endswith("loss")]:
            values = self[name]
            ax.plot(range(1, len(values) + 1), values, label=name)
        ax.set_xlabel("epoch")
        ax.legend()
        return ax


class History(Shown):
    """The numbers of a training: under each name one for each epoch; the loss of every step."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[float]] = {}
        self.steps: list[float] = []

    def add(self, numbers: dict[str, float]) -> None:
        """Enter the numbers of one more epoch."""
        for name, number in numbers.items():
            self.numbers.setdefault(name, []).append(number)

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.numbers:
            raise KeyError(f"this history has no {name!r}; it has {', '.join(self.numbers)}")
        return self.numbers[name]

    def __len__(self) -> int:
        return len(self.numbers.get("loss", ()))


def finite(x: Any) -> bool:
    """Whether all numbers in it are; what has no floats is."""
    value = np.asarray(plain(x)) if isinstance(x, (Node, np.ndarray, np.generic, float)) else None
    return value is None or value.dtype.kind != "f" or bool(np.isfinite(value).all())


def oddity(x: Any) -> str:
    """The first number of it that is not finite, and where it stands."""
    value = np.asarray(plain(x))
    place = tuple(map(int, np.argwhere(~np.isfinite(value))[0]))
    return f"{value[place]} at {list(place)}" if place else str(value[()])


def first_nonfinite(root: Node, model: Module | None = None) -> str:
    """Where the first nan or infinity behind a value comes from, in words; "" if there is none.

    The operations behind it are looked at in the order in which they were born.
    """
    held: Any = model.named_parameters() if model else ()
    names: dict[Any, str] = {p: f"the parameter {name!r}" for name, p in held}
    for node in reversed(ancestry([root])):
        if node.rule is None:
            if not finite(node):
                kind = names.get(node) or f"a leaf {node.name!r}".replace(" ''", "")
                return f"{kind}, {described(node)}, has {oddity(node)} before anything is computed"
            continue
        inputs, values, _ = node.call
        for place, (x, value) in enumerate(zip(inputs, values)):
            if not finite(value) and not (isinstance(x, Node) and x.requires_grad):
                what = f"the data: input {place} of {node.rule.__name__}"
                return f"{what}, {described(value)}, has {oddity(value)}"
        if not finite(node):
            met = [
                names.get(x, described(x)) if isinstance(x, Node) else described(x) for x in inputs
            ]
            return f"{node.rule.__name__} of finite inputs ({', '.join(met)}) gives {oddity(node)}"
    return ""


def refuse_strangers(model: Module, optimizer: Any) -> None:
    """An optimizer must hold some of what it is to train, and that must be a module."""
    if not isinstance(model, Module):
        raise TypeError(f"fit: the model must be a Module, not a {type(model).__name__}")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if held.isdisjoint(map(id, model.parameters())):
        raise ValueError(
            "fit: the optimizer holds none of the model's parameters: was it made for another "
            "model, or before this one was made anew?"
        )


def refuse_odd_loss(value: Any, model: Module, where: str) -> None:
    """A loss must be a single finite number."""
    if not isinstance(value, Node) or value.value.size != 1:
        met = described(value)
        raise ShapeError(
            f"fit: the loss is {met} and must be a tensor with one number: is reduction='none' set?"
        )
    number = float(value.value)
    if not math.isfinite(number):
        raise FloatingPointError(
            f"fit: the loss is {number} in {where}. It began here: {first_nonfinite(value, model)}"
        )


def refuse_unreached(model: Module, where: str) -> None:
    """Every parameter that wants a gradient must have got one."""
    names = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    if names:
        raise RuntimeError(
            f"fit: no gradient came to {', '.join(names)} in {where}: the loss does not depend on "
            "them; freeze them with requires_grad_(False), or allow it with allow_unused=True"
        )


def refuse_odd_gradients(model: Module, where: str) -> None:
    """Every gradient must be finite."""
    for name, p in model.named_parameters():
        if p.grad is not None and not finite(p.grad):
            raise FloatingPointError(
                f"fit: the gradient of {name} has {oddity(p.grad)} in {where}, while the loss is "
                "finite: an operation has no slope there, as sqrt at 0"
            )


def tend(
    model: Module, where: str, clip_norm: float | None, check_nan: bool, allow_unused: bool
) -> None:
    """What happens to gradients between backward() and the update."""
    if not allow_unused:
        refuse_unreached(model, where)
    if check_nan:
        refuse_odd_gradients(model, where)
    if clip_norm is not None:
        clip_grad_norm_(model.parameters(), clip_norm)


def in_notebook() -> bool:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


class Below:
    """A file for a progress bar: what is written there stands, for a while, below the cell."""

    encoding = "utf-8"

    def __init__(self, still: str) -> None:
        display = extra("IPython.display", "ipython", "a bar in a notebook").display
        self.still = {"text/plain": still}  # before and after the same: no trace of this run
        self.handle = display(self.still, raw=True, display_id=True)

    def write(self, text: str) -> None:
        if text.strip():
            self.handle.update({"text/plain": text.strip()}, raw=True)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.handle.update(self.still, raw=True)


class Telling:
    """The skill of saying how far a training is."""

    def step(self: Any) -> None:
        if self.bar is not None:
            self.bar.update()

    def epoch(self: Any, epoch: int, history: History) -> None:
        losses = {
            name: f"{values[-1]:.4g}"
            for name, values in history.numbers.items()
            if name.endswith("loss")
        }
        if self.bar is not None:
            self.bar.set_postfix(losses)
        elif self.wanted and (epoch % max(1, self.epochs // 8) == 0 or epoch in (1, self.epochs)):
            words = ", ".join(f"{name} {x}" for name, x in losses.items())
            print(f"epoch {epoch} of {self.epochs}: {words}", file=sys.stderr)


class Progress(Telling):
    """How far a training is: a bar in a terminal or a notebook, elsewhere a few plain lines."""

    def __init__(self, epochs: int, loader: Any, wanted: bool) -> None:
        self.epochs, self.wanted, self.bar, self.below = epochs, wanted, None, None
        if not wanted:
            return
        tqdm = extra("tqdm", "tqdm", "fit(progress=True)").tqdm
        if in_notebook():
            self.below = Below(f"fit: at most {epochs} epochs")
        if self.below or sys.stderr.isatty():
            steps = epochs * length_hint(loader) or None
            self.bar = tqdm(total=steps, unit=" steps", ncols=90, file=self.below or sys.stderr)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: Any) -> None:
        for part in (self.bar, self.below):
            if part is not None:
                part.close()


def train_step(
    model: Module,
    batch: Any,
    loss: Measure,
    optimizer: Any,
    metrics: Metrics = None,
    where: str = "this step",
    clip_norm: float | None = None,
    batch_scheduler: Any = None,
    check_nan: bool = False,
    allow_unused: bool = False,
) -> tuple[dict[str, float], int]:
    """Forward, backward, update: the numbers of one step, and how many examples it saw."""
    inputs, target = parts_of(batch)
    optimizer.zero_grad()
    output = model(*inputs)
    value = loss(output, target)
    refuse_odd_loss(value, model, where)
    value.backward()
    tend(model, where, clip_norm, check_nan, allow_unused)
    optimizer.step()
    if batch_scheduler is not None:
        batch_scheduler.step()
    return {"loss": value.item(), **measured(metrics, output, target)}, len(target)


def train_epoch(
    loader: Iterable[Any], step: Callable[..., Any], epoch: int, history: History, bar: Progress
) -> dict[str, float]:
    """One walk through the loader; the means of its numbers."""
    means = Means()
    for number, batch in enumerate(loader, 1):
        numbers, examples = step(batch, where=f"epoch {epoch}, batch {number}")
        history.steps.append(numbers["loss"])
        means.add(numbers, examples)
        bar.step()
    if not means.examples:
        raise ValueError(
            f"fit: the loader gave no batch in epoch {epoch}: is it a generator, which can be "
            "walked through only once, or has drop_last left nothing of too few examples?"
        )
    return means.result()


def numbered(epochs: int, history: History, bar: Progress, callback: Any) -> Iterator[int]:
    """1, 2, … as long as the callback does not end it; what is told is told after each epoch."""
    for epoch in range(1, epochs + 1):
        yield epoch
        bar.epoch(epoch, history)
        if callback and callback(history):
            break


def conclude(
    numbers: dict[str, float], check: Callable[[], Any] | None, optimizer: Any, scheduler: Any
) -> dict[str, float]:
    """What comes after the last step of an epoch: validation, then the learning rate."""
    if check is not None:
        numbers |= {f"validation {name}": number for name, number in check().items()}
    numbers["lr"] = optimizer.param_groups[0]["lr"]
    if scheduler is not None and "metrics" in signature(scheduler.step).parameters:
        scheduler.step(numbers.get("validation loss", numbers["loss"]))
    elif scheduler is not None:
        scheduler.step()
    return numbers


def fit(
    model: Module,
    loader: Iterable[Any],
    loss: Measure,
    optimizer: Any,
    epochs: int = 1,
    metrics: Metrics = None,
    validation: Iterable[Any] | None = None,
    scheduler: Any = None,
    callback: Callable[[History], Any] | None = None,
    progress: bool = False,
    **options: Any,
) -> History:
    """Train a model; options go to train_step. A callback that returns True ends the training."""
    refuse_strangers(model, optimizer)
    check = None if validation is None else partial(evaluate, model, validation, loss, metrics)
    step = partial(train_step, model, loss=loss, optimizer=optimizer, metrics=metrics, **options)
    history = History()
    with mode_of(model, True), Progress(epochs, loader, progress) as bar:
        for epoch in numbered(epochs, history, bar, callback):
            numbers = train_epoch(loader, step, epoch, history, bar)
            history.add(conclude(numbers, check, optimizer, scheduler))
    return history


__all__ = ["fit", "evaluate", "predict", "accuracy", "History", "train_step", "first_nonfinite"]
