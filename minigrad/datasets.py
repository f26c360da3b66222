# Exported from book/20_pictures.ipynb: change it there, not here.
"""Data to learn from: pictures and stories made here, and two classic sets of pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.creation import tensor
from minigrad.saving import write_atomically
from minigrad.tensor import random_of
from minigrad.utils.data import TensorDataset

DIGITS = """
.##. ..#. .##. .##. ...# #### .##. #### .##. .##.
#..# .##. #..# #..# ..## #... #... ...# #..# #..#
#..# ..#. ...# ..#. .#.# ###. ###. ..#. .##. .###
#..# ..#. ..#. ...# #### ...# #..# .#.. #..# ...#
#..# ..#. .#.. #..# ...# #..# #..# .#.. #..# ...#
.##. .### #### .##. ...# .##. .##. .#.. .##. .##.
"""


def digits(
    n: int, size: int = 12, noise: float = 0.1, shift: bool = True, generator: Any = None
) -> TensorDataset:
    """n small pictures of digits, (1, size, size) each, anywhere or in the middle, and labels."""
    lines = [line.split() for line in DIGITS.split("\n") if line]
    shapes = np.array([[[dot == "#" for dot in line[d]] for line in lines] for d in range(10)])
    numbers = random_of(generator)
    labels = numbers.integers(0, 10, n)
    pictures = numbers.normal(0, noise, (n, 1, size, size))
    free = (size - shapes.shape[1], size - shapes.shape[2])
    for picture, label in zip(pictures, labels, strict=True):
        top, left = (int(numbers.integers(0, f + 1)) if shift else f // 2 for f in free)
        picture[0, top : top + shapes.shape[1], left : left + shapes.shape[2]] += shapes[label]
    return TensorDataset(tensor(pictures.astype(np.float32)), tensor(labels))


def fetch(url: str, path: Any, md5: str) -> Any:
    """A file from the net, kept at a path; it is there whole and as expected, or not at all."""
    import hashlib  # here, since these are as slow to import as all of minigrad
    import urllib.request

    path = Path(path)
    if path.exists() and hashlib.md5(path.read_bytes()).hexdigest() == md5:
        return path
    with urllib.request.urlopen(url, timeout=60) as answer:
        data = answer.read()
    found = hashlib.md5(data).hexdigest()
    if found != md5:
        raise RuntimeError(
            f"fetch: {url} gave {len(data)} bytes with the checksum {found}, not {md5}: it was "
            "cut off or changed on its way; nothing was kept, try again"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, lambda file: file.write(data))
    return path


def read_idx(path: Path) -> Any:
    """An array of bytes in the format of the MNIST files, zipped: a magic number, sizes, data."""
    import gzip
    import zlib

    packed = path.read_bytes()
    try:
        data = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        data = b""
    ndim = data[3] if data[:3] == b"\0\0\x08" and len(data) > 3 else 0
    body = 4 + 4 * ndim
    shape = [int.from_bytes(data[k : k + 4], "big") for k in range(4, body, 4)]
    if not ndim or len(data) != body + math.prod(shape):
        raise ValueError(
            f"{path.name} is no file of the MNIST kind, or is damaged: sizes {shape}, "
            f"{len(data)} bytes in all"
        )
    return np.frombuffer(data, np.uint8, offset=body).reshape(shape)


def files_of(dataset: Any, root: Any, train: bool, download: bool) -> list[Any]:
    """Where the pictures and the labels are, fetched if that is asked for."""
    paths: list[Any] = []
    for kind, md5 in zip(("images-idx3", "labels-idx1"), dataset.sums[not train], strict=True):
        name = f"{'train' if train else 't10k'}-{kind}-ubyte.gz"
        paths.append(Path(root) / type(dataset).__name__ / "raw" / name)
        if download:
            fetch(dataset.url + name, paths[-1], md5)
        elif not paths[-1].exists():
            raise FileNotFoundError(f"{paths[-1]} is not there; download=True fetches it")
    return paths


class MNIST(TensorDataset):
    """Handwritten digits of 28 by 28 points, 60,000 to train and 10,000 to test, as floats."""

    url = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    sums = (
        ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"),
    )

    def __init__(self, root: Any, train: bool = True, download: bool = False) -> None:
        images, labels = map(read_idx, files_of(self, root, train, download))
        pictures = images[:, None].astype(np.float32) / np.float32(255)
        super().__init__(tensor(pictures), tensor(labels.astype(np.int64)))


class FashionMNIST(MNIST):
    """Ten kinds of clothes in the same format."""

    url = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    sums = (
        ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe"),
        ("bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"),
    )


PEOPLE = ["Anna", "Ben", "Clara", "David"]
PLACES = ["attic", "cellar", "garden", "hall", "kitchen"]
VERBS = ["moved", "ran", "walked", "went"]


def stories(n: int, moves: int = 2, generator: Any = None) -> list[tuple[list[str], str]]:
    """n little stories of who went where, each with a question; and the answer."""
    numbers = random_of(generator)

    def one_of(words: list[str]) -> str:
        return words[int(numbers.integers(len(words)))]

    found = []
    for _ in range(n):
        where: dict[str, str] = {}
        words: list[str] = []
        for _ in range(moves):
            who, place = one_of(PEOPLE), one_of(PLACES)
            where[who] = place
            words += [who, one_of(VERBS), "to", "the", place, "."]
        who = one_of(sorted(where))
        found.append(([*words, "where", "is", who, "?"], where[who]))
    return found


__all__ = ["digits", "stories", "fetch", "read_idx", "MNIST", "FashionMNIST"]
