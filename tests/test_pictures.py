"""Chapter 20: what holds of windows, sequences and data sets, and what is said to mistakes."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import datasets, nn
from tests.gradients import peak

F = nn.functional


def test_windows_and_laid_are_transposes() -> None:
    from minigrad.nn.windows import laid, windows

    rng = np.random.default_rng(0)
    for kernel, stride, dilation in [((2, 3), (1, 2), (2, 1)), ((3, 3), (3, 1), (1, 2))]:
        x = rng.standard_normal((2, 3, 7, 8))
        cut = windows(x, kernel, stride, dilation)
        w = rng.standard_normal(cut.shape)
        back = laid(w, kernel, stride, dilation, x.shape)
        assert np.sum(cut * w) == pytest.approx(np.sum(x * back))


def test_a_convolution_keeps_one_copy_of_its_windows() -> None:
    x, w = mg.zeros(1, 4, 64, 64), mg.zeros(8, 4, 3, 3, requires_grad=True)
    copy = x.value.nbytes * 9
    assert peak(lambda: F.conv2d(x, w)) < 2.5 * copy


def test_single_precision_stays() -> None:
    x = mg.ones(1, 1, 4, 4, requires_grad=True)
    y = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2), nn.AvgPool2d(2))(x)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == mg.float32
    shown, (h, c) = nn.LSTM(3, 4)(mg.ones(2, 1, 3))
    assert shown.dtype == h.dtype == c.dtype == mg.float32


def test_layers_are_no_others() -> None:
    """Whoever asks what kind of layer it is gets PyTorch's answer."""
    assert not isinstance(nn.Conv1d(1, 1, 1), nn.Conv2d)
    assert not isinstance(nn.LSTM(1, 1), (nn.GRU, nn.RNN))
    assert not isinstance(nn.LSTMCell(1, 1), (nn.GRUCell, nn.RNNCell))


MISTAKES: dict[str, tuple[type[Exception], Callable[[], Any], str]] = {
    "channels": (
        RuntimeError,
        lambda: nn.Conv2d(3, 4, 3)(mg.zeros(1, 1, 8, 8)),
        r"conv2d: an input of \[1, 1, 8, 8\] has 1 channels, and the weight of \[4, 3, 3, 3\] with "
        "groups=1 needs 3",
    ),
    "window": (
        RuntimeError,
        lambda: nn.Conv2d(1, 4, 5, padding=1)(mg.zeros(1, 1, 2, 2)),
        "conv2d: a window of 5 by 5 does not fit into a picture of 4 by 4, its padding included",
    ),
    "dimensions": (
        RuntimeError,
        lambda: F.max_pool2d(mg.zeros(8, 8), 2),
        r"max_pool2d: the input has 4 dimensions, or 3 without the batch, not the shape \[8, 8\]",
    ),
    "stride": (ValueError, lambda: F.max_pool2d(mg.zeros(1, 8, 8), 2, 0), "max_pool2d: kernel, "),
    "same": (
        ValueError,
        lambda: F.conv2d(mg.zeros(1, 1, 8, 8), mg.zeros(1, 1, 3, 3), stride=2, padding="same"),
        "conv2d: padding='same' needs a stride of 1",
    ),
    "groups": (ValueError, lambda: nn.Conv2d(3, 4, 2, groups=2), "groups=2 must divide 3 and 4"),
    "width": (
        RuntimeError,
        lambda: nn.GRU(3, 4)(mg.zeros(5, 2, 2)),
        r"GRU: the last axis of an input of \[5, 2, 2\] must be input_size=3",
    ),
    "axes": (
        RuntimeError,
        lambda: nn.LSTM(3, 4)(mg.zeros(3)),
        r"LSTM: the input has 3 dimensions, or 2 without the batch, not the shape \[3\]",
    ),
    "nonlinearity": (
        ValueError,
        lambda: nn.RNN(3, 4, nonlinearity="gelu"),
        "nonlinearity='gelu': Elman's network has 'tanh' or 'relu'",
    ),
    "memory": (
        RuntimeError,
        lambda: nn.RNN(3, 4)(mg.zeros(5, 2, 3), mg.zeros(1, 3, 4)),
        r"RNN: the first memory is \[1, 3, 4\], and must be \[1, 2, 4\]",
    ),
    "missing": (FileNotFoundError, lambda: datasets.MNIST("nowhere"), "nowhere.*download=True"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_explained(name: str) -> None:
    error, mistake, words = MISTAKES[name]
    with pytest.raises(error, match=words):
        mistake()


# ---------------------------------------------------------------------------- data


def test_data_made_here_follow_the_seed() -> None:
    for _ in range(2):
        mg.manual_seed(3)
        pictures, labels = datasets.digits(5).tensors
        stories = datasets.stories(3, 2)
    mg.manual_seed(3)
    again = datasets.digits(5).tensors
    assert mg.equal(pictures, again[0]) and mg.equal(labels, again[1])
    assert datasets.stories(3, 2) == stories
    assert pictures.shape == (5, 1, 12, 12) and pictures.dtype == mg.float32
    for words, answer in datasets.stories(200, 3):
        who = words[-2]
        moves = [words[i : i + 6] for i in range(0, 18, 6)]
        assert [move[4] for move in moves if move[0] == who][-1] == answer


def idx(array: Any) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return gzip.compress(head + array.astype(np.uint8).tobytes(), mtime=0)


class Shelf(http.server.BaseHTTPRequestHandler):
    """A server whose files the tests put up; 'half' files are cut off."""

    files: dict[str, bytes] = {}  # noqa: RUF012
    asked: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.asked.append(self.path)
        data = self.files[self.path]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Shelf.asked.clear()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def test_a_file_is_fetched_once_and_whole(address: str, tmp_path: Path) -> None:
    Shelf.files["/data"] = b"0123456789"
    path = tmp_path / "cache" / "data"
    for _ in range(2):
        assert datasets.fetch(address + "data", path, md5(b"0123456789")) == path
    assert Shelf.asked == ["/data"]
    assert path.read_bytes() == b"0123456789"
    assert [p.name for p in path.parent.iterdir()] == ["data"]


def test_a_broken_download_leaves_nothing_behind(address: str, tmp_path: Path) -> None:
    Shelf.files["/data"] = b"01234"
    with pytest.raises(RuntimeError, match=r"fetch: .* gave 5 bytes .* nothing was kept"):
        datasets.fetch(address + "data", tmp_path / "data", md5(b"0123456789"))
    assert not list(tmp_path.iterdir())


def test_a_poisoned_cache_is_mended(address: str, tmp_path: Path) -> None:
    """What an older program left half is not believed, and survives a failed second try."""
    (tmp_path / "data").write_bytes(b"01")
    Shelf.files["/data"] = b"01234"
    with pytest.raises(RuntimeError, match="nothing was kept"):
        datasets.fetch(address + "data", tmp_path / "data", md5(b"0123456789"))
    assert (tmp_path / "data").read_bytes() == b"01"
    Shelf.files["/data"] = b"0123456789"
    datasets.fetch(address + "data", tmp_path / "data", md5(b"0123456789"))
    assert (tmp_path / "data").read_bytes() == b"0123456789"


@pytest.mark.parametrize("train", [True, False])
def test_mnist_is_read(
    train: bool, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images, labels = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 256, np.array([7, 0, 9])
    files = [idx(images), idx(labels)]
    which = "train" if train else "t10k"
    for data, kind in zip(files, ("images-idx3", "labels-idx1"), strict=True):
        Shelf.files[f"/{which}-{kind}-ubyte.gz"] = data
    sums = tuple(map(md5, files))
    monkeypatch.setattr(datasets.MNIST, "url", address)
    monkeypatch.setattr(datasets.MNIST, "sums", (sums, sums))
    datasets.MNIST(tmp_path, train, download=True)
    x, y = datasets.MNIST(tmp_path, train).tensors
    assert x.shape == (3, 1, 28, 28) and x.dtype == mg.float32
    np.testing.assert_allclose(np.asarray(x)[:, 0], images / 255, rtol=1e-6)
    assert y.tolist() == [7, 0, 9]


@pytest.mark.parametrize("cut", [3, 10, 100])
def test_a_file_of_another_kind_is_refused(cut: int, tmp_path: Path) -> None:
    whole = gzip.decompress(idx(np.zeros((3, 28, 28))))
    (tmp_path / "x").write_bytes(gzip.compress(whole[:cut]) if cut != 100 else whole)
    with pytest.raises(ValueError, match="x is no file of the MNIST kind"):
        datasets.read_idx(tmp_path / "x")
