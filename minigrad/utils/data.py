# Exported from book/14_training.ipynb: change it there, not here.
"""Datasets, which give examples by number, and loaders, which hand them out in batches."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from types import GenericAlias
from typing import Any

import numpy as np

from minigrad.creation import as_tensor, from_numpy, tensor
from minigrad.engine import Node, ShapeError
from minigrad.shapes import stack
from minigrad.tensor import Generator, random_of


class Dataset:
    """Examples by number: a subclass defines __getitem__(index) and, as a rule, __len__()."""

    __class_getitem__: Any = classmethod(GenericAlias)  # for annotations: Dataset[Tensor]

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has to define __getitem__(self, index)")

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


class TensorDataset(Dataset):
    """Example i is row i of every tensor."""

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise TypeError("TensorDataset: it needs at least one tensor")
        for place, x in enumerate(tensors):
            if not isinstance(x, Node) or x.ndim == 0:
                met = "a single number" if isinstance(x, Node) else f"a {type(x).__name__}"
                raise TypeError(f"TensorDataset: argument {place} is {met}, not a tensor with rows")
        if len({len(x) for x in tensors}) != 1:
            shapes = [list(x.shape) for x in tensors]
            raise ShapeError(f"TensorDataset: all tensors need equally many rows, not {shapes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(x[index] for x in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])


class Subset(Dataset):
    """Some examples of a dataset, renumbered from 0."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """The examples of several datasets, one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: it needs at least one dataset")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ConcatDataset: there are {len(self)} examples, and no {index}")
        index %= len(self)
        part = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[part][index - self.cumulative_sizes[part] + len(self.datasets[part])]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def random_split(
    dataset: Any, lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset]:
    """Deal the examples out at random: so many to each part, or such fractions of all."""
    n, sizes = len(dataset), list[Any](lengths)
    if min(sizes, default=0) < 0:
        raise ValueError(f"random_split: a part cannot be negative: {sizes}")
    if math.isclose(sum(sizes), 1) and sum(sizes) <= 1:
        sizes = [math.floor(n * fraction) for fraction in sizes]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
        if 0 in sizes:
            warnings.warn(f"random_split: a part is empty: {n} into {sizes}", stacklevel=2)
    if sum(sizes) != n or any([size != int(size) for size in sizes]):
        raise ValueError(
            f"random_split: {sizes} add up to {sum(sizes)}, and the dataset has {n} examples: "
            "give lengths that add up to that, or fractions that add up to 1"
        )
    order = random_of(generator).permutation(n).tolist()
    ends = itertools.accumulate(map(int, sizes))
    return [Subset(dataset, order[end - int(size) : end]) for end, size in zip(ends, sizes)]


class Sampler:
    """Says which examples come, in what order: a subclass defines __iter__()."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} has to define __iter__(self)")


class SequentialSampler(Sampler):
    """0, 1, 2, …"""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """A new order each time; with replacement every draw is from all examples."""

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement, self.generator = data_source, replacement, generator
        self.num_samples = counted("RandomSampler", num_samples, len(data_source))

    def __iter__(self) -> Iterator[int]:
        numbers, n, left = random_of(self.generator), len(self.data_source), self.num_samples
        if self.replacement:
            yield from numbers.integers(n, size=left).tolist()
            return
        while left > 0:
            yield from numbers.permutation(n)[:left].tolist()
            left -= n

    def __len__(self) -> int:
        return self.num_samples


def counted(name: str, number: Any, n: int, again: bool = True) -> int:
    """How many are drawn from n examples: at least one, from at least one."""
    if n == 0:
        raise ValueError(f"{name}: there is nothing to draw from: the dataset is empty")
    number = n if number is None else number
    if type(number) is not int or number <= 0:
        raise ValueError(f"{name}: num_samples must be a whole number from 1 up, not {number!r}")
    if number > n and not again:
        raise ValueError(f"{name}: without replacement there are {n} to draw, not {number}")
    return number


class SubsetRandomSampler(Sampler):
    """These examples, in a new order each time."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in random_of(self.generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Examples drawn with chances in proportion to their weights."""

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        self.weights = np.asarray(weights, np.float64)
        name, row = "WeightedRandomSampler", self.weights.ndim == 1
        if not row or not (np.isfinite(self.weights) & (self.weights >= 0)).all():
            raise ValueError(f"{name}: weights are one row of finite numbers from 0 up")
        possible = int(np.count_nonzero(self.weights))
        self.num_samples = counted(name, num_samples, possible, replacement)
        self.replacement, self.generator = replacement, generator

    def __iter__(self) -> Iterator[int]:
        chances = self.weights / self.weights.sum()
        draw = random_of(self.generator).choice
        yield from draw(len(chances), self.num_samples, self.replacement, chances).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler):
    """What a sampler gives, in lists of batch_size; the last may be shorter, or is left out."""

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool) -> None:
        if type(batch_size) is not int or batch_size <= 0:
            raise ValueError(f"batch_size must be a whole number from 1 up, not {batch_size!r}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        source = iter(self.sampler)
        while batch := list(itertools.islice(source, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        n, size = len(self.sampler), self.batch_size
        return n // size if self.drop_last else math.ceil(n / size)


def default_collate(batch: Sequence[Any]) -> Any:
    """One batch of a list of examples.

    Tensors and arrays are stacked, numbers become a tensor, tuples, lists and dictionaries are
    collated entry by entry, texts stay a list.

    >>> default_collate([(tensor([1.0, 2.0]), 0), (tensor([3.0, 4.0]), 1)])
    [tensor([[1., 2.],
            [3., 4.]]), tensor([0, 1])]
    """
    if not len(batch):
        raise ValueError("default_collate: a batch needs at least one example")
    return collated(list(batch), "")


def default_convert(data: Any) -> Any:
    """One example as it is: only arrays become tensors, also inside tuples, lists and dicts."""
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "fiub":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return {key: default_convert(part) for key, part in data.items()}
    if isinstance(data, (list, tuple)):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else parts
    return data


def collated(items: list[Any], where: str) -> Any:
    """The batch of one entry of all examples; `where` says which entry, for errors."""
    first = items[0]
    refuse_odd(items, where)
    if isinstance(first, (str, bytes)):
        return items
    if isinstance(first, np.generic):
        return tensor(np.array(items))
    if isinstance(first, (Node, np.ndarray)):
        return stack([x if isinstance(x, Node) else from_numpy(x) for x in items])
    if isinstance(first, (bool, int)):
        return tensor(items)
    if isinstance(first, float):
        return tensor(items, dtype=np.float64)
    if isinstance(first, Mapping):
        return {key: collated([x[key] for x in items], f"{where}[{key!r}]") for key in first}
    parts = [collated(list(part), f"{where}[{i}]") for i, part in enumerate(zip(*items))]
    return type(first)(*parts) if hasattr(first, "_fields") else parts


def kind_of(item: Any) -> Any:
    """What two entries must agree on to stand in one batch."""
    if isinstance(item, (Node, np.ndarray)):
        return f"shape {list(item.shape)}"
    if isinstance(item, (str, bytes)):
        return "text"
    if isinstance(item, Mapping):
        return f"the keys {sorted(map(str, item))}"
    if isinstance(item, (list, tuple)):
        return f"the length {len(item)}"
    if isinstance(item, (bool, int, float, np.generic)):
        return "a number"
    return f"the type {type(item).__name__}"


def refuse_odd(items: list[Any], where: str) -> None:
    """Say which example does not fit the first one."""
    kinds = [kind_of(item) for item in items]
    if kinds[0].startswith("the type"):
        raise TypeError(
            f"default_collate: example 0{where} has {kinds[0]}: a batch is made of tensors, "
            "arrays, numbers, texts, and tuples, lists and dicts of them; else give a collate_fn"
        )
    for place, kind in enumerate(kinds):
        if kind != kinds[0]:
            raise ShapeError(
                f"default_collate: example {place}{where} has {kind}, example 0{where} has "
                f"{kinds[0]}: make them alike, or give a collate_fn"
            )


def rows_of(dataset: Any, indices: list[int]) -> Any:
    """Tensors and the rows of them that are meant, where a dataset is made of nothing else."""
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, [dataset.indices[i] for i in indices]
    return (dataset.tensors, np.array(indices)) if type(dataset) is TensorDataset else None


def fetched(dataset: Any, indices: list[int], collate: Callable[[list[Any]], Any]) -> Any:
    """One batch: these examples, collated; rows of tensors are taken all at once."""
    found = rows_of(dataset, indices) if collate is default_collate else None
    if found:
        tensors, rows = found
        return [x[rows] for x in tensors]
    return collate([dataset[i] for i in indices])


def refuse_conflicts(loader: Any) -> None:
    """Arguments of a loader that contradict each other."""
    order = ["shuffle"] * bool(loader.shuffle) + ["sampler"] * (loader.sampler is not None)
    batch = ["batch_size"] * (loader.batch_size != 1) + ["drop_last"] * loader.drop_last
    if loader.batch_sampler is not None and order + batch:
        raise ValueError(f"DataLoader: a batch_sampler takes the place of {order + batch}")
    if len(order) > 1:
        raise ValueError("DataLoader: a sampler decides the order: leave shuffle out")
    if loader.batch_size is None and loader.drop_last:
        raise ValueError("DataLoader: without a batch_size no batch is short: leave drop_last out")
    if loader.num_workers and loader.worker_init_fn:
        raise ValueError("DataLoader: all is done in this process: worker_init_fn is never called")


def arrange(loader: Any) -> None:
    """Fill in what was not said: how a batch is made, the order, the batches."""
    single = loader.batch_size is None and loader.batch_sampler is None
    loader.collate_fn = loader.collate_fn or (default_convert if single else default_collate)
    if loader.batch_sampler is not None:
        loader.batch_size = None
        return
    if loader.sampler is None:
        loader.sampler = SequentialSampler(loader.dataset)
        if loader.shuffle:
            loader.sampler = RandomSampler(loader.dataset, generator=loader.generator)
    if not single:
        loader.batch_sampler = BatchSampler(loader.sampler, loader.batch_size, loader.drop_last)


class Walking:
    """The skill of going through a dataset, batch by batch."""

    def __iter__(self: Any) -> Iterator[Any]:
        if self.batch_sampler is None:
            for i in self.sampler:
                yield self.collate_fn(self.dataset[i])
            return
        for indices in self.batch_sampler:
            yield fetched(self.dataset, indices, self.collate_fn)

    def __len__(self: Any) -> int:
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)


@dataclass(eq=False, repr=False)
class DataLoader(Walking):
    """Goes through a dataset in batches, made in this process; every walk is one epoch."""

    dataset: Any
    batch_size: int | None = 1
    shuffle: bool | None = None
    sampler: Any = None
    batch_sampler: Any = None
    num_workers: int = 0  # this and what else is for helper processes changes nothing
    collate_fn: Callable[[Any], Any] | None = None
    pin_memory: bool = False
    drop_last: bool = False
    timeout: float = 0
    worker_init_fn: Any = None
    multiprocessing_context: Any = None
    generator: Generator | None = None
    _: KW_ONLY
    prefetch_factor: int | None = None
    persistent_workers: bool = False

    def __post_init__(self) -> None:
        refuse_conflicts(self)
        arrange(self)


__all__ = ["Dataset", "TensorDataset", "Subset", "ConcatDataset", "random_split"]
__all__ += ["Sampler", "SequentialSampler", "RandomSampler"]
__all__ += ["SubsetRandomSampler", "WeightedRandomSampler", "BatchSampler", "DataLoader"]
__all__ += ["default_collate", "default_convert"]
