"""Datasets, samplers, collating and loaders (chapter 14): as in PyTorch, and repeatable."""

from __future__ import annotations

import doctest
from collections import Counter, namedtuple
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.utils import data
from minigrad.utils.data import DataLoader, TensorDataset
from tests.needs import installed_torch


def rows(n: int = 10) -> TensorDataset:
    return TensorDataset(mg.arange(2.0 * n).reshape(n, 2), mg.arange(n))


class Squares(data.Dataset):
    """A dataset as a reader writes it."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, i: Any) -> Any:
        return {"x": np.array([i, i * i], np.float32), "name": f"n{i}", "y": i * 0.5}


def seen(loader: Any) -> list[list[int]]:
    """The labels, batch by batch."""
    return [batch[-1].tolist() for batch in loader]


# ---------------------------------------------------------------- the same program under both

Point = namedtuple("Point", "x y")


def cases(torch: Any) -> dict[str, Any]:
    """What loaders give, as nests of lists, with dtypes and classes."""
    d = torch.utils.data if torch is not mg else data
    n, x = torch.arange(10), torch.arange(20.0).reshape(10, 2)
    tensors = d.TensorDataset(x, n)
    made: dict[str, Any] = {
        "one by one": d.DataLoader(tensors),
        "batches": d.DataLoader(tensors, 4),
        "drop_last": d.DataLoader(tensors, batch_size=4, drop_last=True),
        "no batches": d.DataLoader(tensors, batch_size=None),
        "sampler": d.DataLoader(tensors, 2, sampler=[3, 1, 4, 1]),
        "batch_sampler": d.DataLoader(tensors, batch_sampler=[[3, 1], [4]]),
        "of a sampler": d.DataLoader(
            tensors, batch_sampler=d.BatchSampler(d.SequentialSampler(tensors), 4, False)
        ),
        "subset": d.DataLoader(d.Subset(tensors, [5, 2, 7]), 2),
        "subset of a subset": d.DataLoader(d.Subset(d.Subset(tensors, [5, 2, 7]), [2, 0]), 2),
        "two datasets": d.DataLoader(tensors + d.Subset(tensors, [0]), 4),
        "a list": d.DataLoader([1, 2, 3], 2),
        "collate_fn": d.DataLoader([1, 2, 3], 2, collate_fn=sum),
        "pairs": d.DataLoader([(1, 2.5), (3, 4.5)], 2),
        "lists": d.DataLoader([[1, 2.5], [3, 4.5]], 2),
        "named": d.DataLoader([Point(1, True), Point(3, False)], 2),
        "dicts": d.DataLoader([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], 2),
        "bytes": d.DataLoader([b"x", b"y"], 2),
        "arrays": d.DataLoader([np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32)], 2),
        "numbers of NumPy": d.DataLoader([np.float32(1), np.float32(2)], 2),
        "no batch of an array": d.DataLoader([(np.ones(2, np.float32), "x", 1)], batch_size=None),
        "workers that change nothing": d.DataLoader(tensors, 4, num_workers=0, pin_memory=False),
        "random, all": sorted(i for i in d.RandomSampler(tensors)),
        "random, more": Counter(d.RandomSampler(tensors, num_samples=25)).most_common(1)[0][1],
        "random, again": len(list(d.RandomSampler(tensors, replacement=True, num_samples=33))),
        "weighted": Counter(d.WeightedRandomSampler([0, 1, 0, 0], 5)),
        "weighted, each once": sorted(d.WeightedRandomSampler([1, 1, 0, 1], 3, replacement=False)),
        "subset, random": sorted(d.SubsetRandomSampler([4, 2, 9])),
        "batches of a sampler": list(d.BatchSampler(range(7), 3, True)),
        "split": [len(part) for part in d.random_split(tensors, [0.5, 0.3, 0.2])],
        "split with a rest": [len(part) for part in d.random_split(range(11), [0.4, 0.3, 0.3])],
        "split by lengths": [len(part) for part in d.random_split(range(11), [4, 7])],
    }
    lengths = {f"len of {name}": len(x) for name, x in made.items() if hasattr(x, "dataset")}
    return {name: spelled(list(x) if hasattr(x, "dataset") else x) for name, x in made.items()} | (
        lengths
    )


def spelled(thing: Any) -> Any:
    if isinstance(thing, (list, tuple)):
        return [type(thing).__name__, *map(spelled, thing)]
    if isinstance(thing, dict):
        return {key: spelled(part) for key, part in thing.items()}
    if hasattr(thing, "tolist"):
        return str(thing.dtype).removeprefix("torch."), thing.tolist()
    return thing


def test_as_in_torch() -> None:
    torch = installed_torch()
    expected, got = cases(torch), cases(mg)
    assert expected.keys() == got.keys()
    assert [name for name in expected if expected[name] != got[name]] == []


REFUSED = {
    "shuffle and sampler": lambda d, x: d.DataLoader(x, shuffle=True, sampler=[1]),
    "batch_size 0": lambda d, x: d.DataLoader(x, batch_size=0),
    "batch_sampler and batch_size": lambda d, x: d.DataLoader(x, 2, batch_sampler=[[1]]),
    "batch_sampler and shuffle": lambda d, x: d.DataLoader(x, shuffle=True, batch_sampler=[[1]]),
    "batch_sampler and drop_last": lambda d, x: d.DataLoader(x, drop_last=True, batch_sampler=[]),
    "drop_last of nothing": lambda d, x: d.DataLoader(x, batch_size=None, drop_last=True),
    "an empty dataset, shuffled": lambda d, x: d.DataLoader([], shuffle=True),
    "split": lambda d, x: d.random_split(x, [3, 3]),
    "no draws": lambda d, x: d.RandomSampler(x, num_samples=0),
    "batches of 0": lambda d, x: d.BatchSampler(x, 0, False),
    "batches of True": lambda d, x: d.BatchSampler(x, True, False),
    "no weighted draws": lambda d, x: d.WeightedRandomSampler([1], 0),
    "weights of weights": lambda d, x: d.WeightedRandomSampler([[1]], 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_as_in_torch(name: str) -> None:
    installed_torch()
    import torch.utils.data

    for library in (data, torch.utils.data):
        with pytest.raises(ValueError):
            REFUSED[name](library, range(10))


def test_parameters_are_those_of_torch() -> None:
    installed_torch()
    import inspect

    import torch.utils.data

    for name in data.__all__:
        theirs, ours = getattr(torch.utils.data, name), getattr(data, name)
        if name not in ("Dataset", "Sampler"):
            names = list(inspect.signature(theirs).parameters)
            missing = ("collate_fn_map", "pin_memory_device", "in_order")
            expected = [given for given in names if given not in missing]
            assert list(inspect.signature(ours).parameters) == expected, name


# ---------------------------------------------------------------- randomness


def test_a_seed_repeats_everything() -> None:
    def run() -> list[Any]:
        mg.manual_seed(5)
        parts = data.random_split(rows(), [7, 3])
        loader = DataLoader(parts[0], 2, shuffle=True)
        return [parts[0].indices, seen(loader), seen(loader), list(data.RandomSampler(range(9)))]

    first, second = run(), run()
    assert first == second
    assert first[1] != first[2]  # another order in each epoch


def test_a_generator_of_its_own() -> None:
    def orders(seed: int) -> list[Any]:
        own = mg.Generator().manual_seed(seed)
        loader = DataLoader(rows(), 3, shuffle=True, generator=own)
        mg.rand(3)  # of another source
        return [seen(loader), seen(loader)]

    assert orders(1) == orders(1) != orders(2)


def test_every_example_once_in_an_epoch() -> None:
    x, y = rows(23).tensors
    for batch_size in (1, 4, 23, 50):
        batches = list(DataLoader(rows(23), batch_size, shuffle=True))
        assert sorted(i for _, labels in batches for i in labels.tolist()) == list(range(23))
        for inputs, labels in batches:  # rows and labels stay together
            assert mg.equal(inputs, x[labels]) and mg.equal(labels, y[labels])


def test_chances_follow_the_weights() -> None:
    mg.manual_seed(0)
    drawn = Counter(data.WeightedRandomSampler([1.0, 0.0, 3.0], 4000))
    assert drawn[1] == 0 and 2.7 < drawn[2] / drawn[0] < 3.3


# ---------------------------------------------------------------- one batch


def test_rows_all_at_once_are_what_collating_gives() -> None:
    rng = np.random.default_rng(0)
    tensors = [
        mg.tensor(rng.normal(size=(9, 3))),
        mg.tensor(rng.normal(size=(9, 2, 2)).astype(np.float32)),
        mg.tensor(rng.integers(9, size=9)),
        mg.tensor(rng.random(9) < 0.5),
    ]
    for dataset in (
        TensorDataset(*tensors),
        data.Subset(data.Subset(TensorDataset(*tensors), mg.tensor([8, 1, 1, 4])), [3, 2, 0]),
    ):
        chosen = [2, 0, 0, -1]
        at_once = data.fetched(dataset, chosen, data.default_collate)
        one_by_one = data.default_collate([dataset[i] for i in chosen])
        assert type(at_once) is type(one_by_one) is list
        for a, b in zip(at_once, one_by_one, strict=True):
            assert a.dtype == b.dtype and a.shape == b.shape
            assert a.value.tobytes() == b.value.tobytes()


def test_a_subclass_is_asked_for_each_example() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index: Any) -> Any:
            return tuple(2 * x for x in super().__getitem__(index))

    [[x]] = DataLoader(Doubled(mg.tensor([1.0, 2.0])), 2)
    assert x.tolist() == [2.0, 4.0]


def test_a_gradient_comes_back_through_a_batch() -> None:
    x = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for [part] in DataLoader(TensorDataset(x), sampler=[2, 2, 0], batch_size=2):
        (part * mg.tensor([1.0, 10.0])[: len(part)]).sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 11.0]


def test_a_dataset_of_ones_own() -> None:
    batch = next(iter(DataLoader(Squares(), 3)))
    assert batch["x"].tolist() == [[0, 0], [1, 1], [2, 4]] and batch["x"].dtype == mg.float32
    assert batch["name"] == ["n0", "n1", "n2"] and batch["y"].dtype == mg.float64


@pytest.mark.parametrize(
    ("batch", "error", "text"),
    [
        (
            [mg.zeros(2), mg.zeros(2), mg.zeros(3)],
            mg.ShapeError,
            "example 2 has shape [3], example 0 has shape [2]: make them alike, or give a",
        ),
        (
            [(mg.zeros(2), {"y": mg.zeros(1)}), (mg.zeros(2), {"y": mg.zeros(4)})],
            mg.ShapeError,
            "example 1[1]['y'] has shape [4], example 0[1]['y'] has shape [1]: make them",
        ),
        ([(1, 2), (1,)], mg.ShapeError, "example 1 has the length 1, example 0 has the length 2"),
        ([{"a": 1}, {"b": 1}], mg.ShapeError, "example 1 has the keys ['b'], example 0 has the"),
        ([1, None], mg.ShapeError, "example 1 has the type NoneType, example 0 has a number"),
        ([1, "x"], mg.ShapeError, "example 1 has text, example 0 has a number"),
        ([None], TypeError, "example 0 has the type NoneType: a batch is made of tensors, arrays"),
        ([(1, {2})], TypeError, "example 0[1] has the type set: a batch is made of tensors"),
        ([], ValueError, "a batch needs at least one example"),
    ],
)
def test_what_does_not_fit_is_named(batch: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        data.default_collate(batch)
    assert str(caught.value).startswith(f"default_collate: {text}")


# ---------------------------------------------------------------- datasets


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: TensorDataset(mg.zeros(3), mg.zeros(4, 2)),
            "TensorDataset: all tensors need equally many rows, not [[3], [4, 2]]",
        ),
        (
            lambda: TensorDataset(mg.zeros(3), np.zeros(3)),
            "TensorDataset: argument 1 is a ndarray, not a tensor with rows",
        ),
        (
            lambda: TensorDataset(mg.tensor(1.0)),
            "TensorDataset: argument 0 is a single number, not a tensor with rows",
        ),
        (lambda: TensorDataset(), "TensorDataset: it needs at least one tensor"),
        (lambda: data.ConcatDataset([]), "ConcatDataset: it needs at least one dataset"),
        (lambda: (rows() + rows())[20], "ConcatDataset: there are 20 examples, and no 20"),
        (lambda: (rows() + rows())[-21], "ConcatDataset: there are 20 examples, and no -21"),
        (lambda: data.Dataset()[0], "Dataset has to define __getitem__(self, index)"),
        (lambda: iter(data.Sampler()), "Sampler has to define __iter__(self)"),
        (
            lambda: data.random_split(rows(), [3, 3]),
            "random_split: [3, 3] add up to 6, and the dataset has 10 examples: give lengths",
        ),
        (lambda: data.random_split(rows(), [2.5, 7.5]), "random_split: [2.5, 7.5] add up to 10.0"),
        (lambda: data.random_split(rows(), [12, -2]), "random_split: a part cannot be negative"),
        (
            lambda: data.RandomSampler([]),
            "RandomSampler: there is nothing to draw from: the dataset is empty",
        ),
        (
            lambda: data.RandomSampler([1], num_samples=2.0),  # type: ignore[arg-type]
            "RandomSampler: num_samples must be a whole number from 1 up, not 2.0",
        ),
        (
            lambda: data.WeightedRandomSampler([1, 0], 2, replacement=False),
            "WeightedRandomSampler: without replacement there are 1 to draw, not 2",
        ),
        (
            lambda: data.WeightedRandomSampler([1, float("nan")], 2),
            "WeightedRandomSampler: weights are one row of finite numbers from 0 up",
        ),
        (lambda: DataLoader(rows(), 2.5), "batch_size must be a whole number from 1 up, not 2.5"),
        (
            lambda: DataLoader(rows(), shuffle=True, sampler=[1]),
            "DataLoader: a sampler decides the order: leave shuffle out",
        ),
        (
            lambda: DataLoader(rows(), 2, batch_sampler=[[1]], drop_last=True),
            "DataLoader: a batch_sampler takes the place of ['batch_size', 'drop_last']",
        ),
        (
            lambda: DataLoader(rows(), None, drop_last=True),
            "DataLoader: without a batch_size no batch is short: leave drop_last out",
        ),
        (
            lambda: DataLoader(rows(), num_workers=2, worker_init_fn=print),
            "DataLoader: all is done in this process: worker_init_fn is never called",
        ),
        (
            lambda: list(DataLoader(rows(), sampler=[10])),
            "getitem(float32[10, 2], int64[1]): index 10",
        ),
    ],
)
def test_errors(make: Any, text: str) -> None:
    with pytest.raises((ValueError, TypeError, IndexError, NotImplementedError)) as caught:
        make()
    assert str(caught.value).startswith(text)


def test_an_empty_part_of_a_split_is_told() -> None:
    with pytest.warns(UserWarning, match=r"a part is empty: 2 into \[1, 1, 0\]"):
        assert [len(x) for x in data.random_split(range(2), [0.4, 0.3, 0.3])] == [1, 1, 0]


def test_parts_of_a_split_have_no_example_in_common() -> None:
    parts = data.random_split(range(10), [4, 6])
    assert sorted([*parts[0], *parts[1]]) == list(range(10))


def test_a_subset_takes_a_list_of_places() -> None:
    assert data.Subset(rows(), [5, 6, 7])[[2, 0]][1].tolist() == [7, 5]


def test_datasets_can_be_walked_through() -> None:
    assert [int(y) for _, y in rows(3)] == [0, 1, 2]
    assert [int(y) for _, y in data.Subset(rows(), [4, 2])] == [4, 2]
    assert [int(y) for _, y in rows(2) + rows(2)] == [0, 1, 0, 1]
    assert (rows(2) + rows(3))[-1][1].item() == 2
    assert data.Dataset[int] is not None


def test_helpers_of_torch_change_nothing() -> None:
    plain = seen(DataLoader(rows(), 4))
    options: dict[str, Any] = {"num_workers": 4, "pin_memory": True, "timeout": 5}
    options |= {"persistent_workers": True, "prefetch_factor": 2}
    assert seen(DataLoader(rows(), 4, **options)) == plain


def test_the_example_in_the_help_is_right() -> None:
    failed, tried = doctest.testmod(data)
    assert tried and not failed
