"""Saving and loading (chapter 14): files that PyTorch reads, hostile files, and crashes."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import pickle
import signal
import stat
import subprocess
import sys
import textwrap
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import saving
from tests.needs import installed_safetensors, installed_torch

DTYPES = ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def state() -> dict[str, Any]:
    """A tensor of every dtype, an empty one, a single number, and an odd name."""
    rng = np.random.default_rng(0)
    tensors = {d: mg.tensor((rng.normal(size=(3, 2)) * 9).astype(d)) for d in DTYPES}
    tensors |= {"empty": mg.zeros(0, 3), "": mg.tensor(2.5), "ünd.weight'": mg.ones(1)}
    tensors["nan and inf"] = mg.tensor([math.nan, -math.inf, -0.0])
    return tensors


def same(a: Any, b: Any) -> None:
    """Equal in class, dtype, shape and every bit, all the way down."""
    assert type(a) is type(b), (a, b)
    if isinstance(a, (mg.Tensor, np.ndarray)):
        x, y = np.asarray(a), np.asarray(b)
        assert (x.dtype, x.shape, x.tobytes()) == (y.dtype, y.shape, y.tobytes())
        assert getattr(a, "requires_grad", None) == getattr(b, "requires_grad", None)
    elif isinstance(a, dict):
        assert list(map(repr, a)) == list(map(repr, b))
        for one, other in zip(a.values(), b.values(), strict=True):
            same(one, other)
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            same(one, other)
    else:
        assert repr(a) == repr(b)


def as_bytes(thing: Any) -> bytes:
    file = io.BytesIO()
    mg.save(thing, file)
    return file.getvalue()


def from_bytes(data: bytes) -> Any:
    return mg.load(io.BytesIO(data))


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "model.npz", "model"])
def test_a_state_dict_comes_back(name: str, tmp_path: Path) -> None:
    for path in (tmp_path / name, str(tmp_path / name)):
        mg.save(state(), path)
        same(mg.load(path), state())
    assert os.listdir(tmp_path) == [name]


def test_a_checkpoint_comes_back() -> None:
    checkpoint = {
        "model": state(),
        "optimizer": {"state": {0: {"step": mg.tensor(3.0)}, 1: {}}, "groups": [{"lr": 0.1}]},
        "epoch": 3,
        "best": (0.1 + 0.2, -math.inf, 1e-300, -0.0),
        "flags": [True, False, None, "", "ü\n\x00", 2**80],
        "keys": {1: "a", "1": "b", None: "c", (1, "x"): "d", 2.5: "e", False: "f"},
        "array": np.arange(3, dtype=np.int16),
        "weight": mg.ones(2, requires_grad=True),
    }
    same(from_bytes(as_bytes(checkpoint)), checkpoint)


@pytest.mark.parametrize("thing", [{}, [], (), None, 3, "text", 2.5, math.inf, mg.ones(2)])
def test_small_things_come_back(thing: Any) -> None:
    same(from_bytes(as_bytes(thing)), thing)


def test_what_is_changed_in_kind() -> None:
    """As the docstring says: dictionaries become dict, NumPy's numbers Python's."""
    got = from_bytes(as_bytes({"a": OrderedDict(x=np.float32(0.5)), "b": np.int64(3)}))
    same(got, {"a": {"x": 0.5}, "b": 3})


def test_names_that_meet_are_kept_apart() -> None:
    thing = {"a": {"b": mg.ones(1)}, "a.b": mg.zeros(2), "__metadata__": mg.ones(3)}
    same(from_bytes(as_bytes(thing)), thing)


def test_a_tensor_in_two_places_is_stored_twice() -> None:
    shared = mg.ones(3)
    got = from_bytes(as_bytes({"a": shared, "b": shared}))
    assert got["a"] is not got["b"] and mg.equal(got["a"], got["b"])


def test_loaded_tensors_can_be_trained() -> None:
    w = from_bytes(as_bytes({"w": mg.ones(2)}))["w"].requires_grad_()
    (w * w).sum().backward()
    with mg.no_grad():
        w -= 0.5 * w.grad
    assert w.tolist() == [0.0, 0.0]


def test_transposed_and_big_endian_arrays() -> None:
    thing = {"a": mg.arange(6).reshape(2, 3).T, "b": mg.tensor(np.arange(3.0).astype(">f8"))}
    for got in (from_bytes(as_bytes(thing)), from_bytes(as_bytes([thing]))[0]):
        assert got["a"].tolist() == [[0, 3], [1, 4], [2, 5]]
        assert got["b"].tolist() == [0, 1, 2] and got["b"].dtype == np.float64


def test_equal_things_give_equal_bytes(tmp_path: Path) -> None:
    assert as_bytes([state()]) == as_bytes([state()])
    for name in ("a.npz", "b.npz"):
        mg.save(state(), tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(DTYPES).flatmap(
        lambda d: st.lists(st.integers(0, 3), max_size=3).map(
            lambda shape: mg.tensor(np.arange(math.prod(shape)).reshape(shape).astype(d))
        )
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(trees)
def test_any_nest_comes_back(tree: Any) -> None:
    same(from_bytes(as_bytes(tree)), tree)


def sound(thing: Any) -> None:
    """Tensors whose numbers can all be read, and plain values."""
    if isinstance(thing, (mg.Tensor, np.ndarray)):
        np.asarray(thing).sum()
        assert np.asarray(thing).dtype.kind in "fiub"
    elif isinstance(thing, dict):
        for key, part in thing.items():
            sound([key, part])
    elif isinstance(thing, (list, tuple)):
        for part in thing:
            sound(part)
    else:
        assert thing is None or isinstance(thing, (bool, int, float, str))


def npz_bytes() -> bytes:
    file = io.BytesIO()
    saving.write_npz({name: x for name, x in state().items() if "." not in name}, file)
    return file.getvalue()


FILES = [as_bytes(state()), as_bytes({"model": {"w": mg.ones(2)}, "n": [1, (2.5, None)]})]
FILES.append(npz_bytes())


@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=4),
    st.floats(0.0, 1.0) | st.just(1.0),
)
@example(FILES[0], [], 0.0)
def test_a_damaged_file_raises_one_error_or_gives_tensors(
    data: bytes, changes: list[tuple[float, int]], length: float
) -> None:
    damaged = bytearray(data)
    for place, byte in changes:
        damaged[int(place * len(data))] = byte
    with contextlib.suppress(mg.LoadError):
        sound(from_bytes(bytes(damaged[: int(length * len(data))])))


def test_every_byte_of_a_header_changed() -> None:
    data = FILES[1]
    end = 8 + int.from_bytes(data[:8], "little")
    for place in range(end):
        for byte in (0, 0x22, 0x39, 0x5B, 0x7D, 0xFF):
            with contextlib.suppress(mg.LoadError):
                sound(from_bytes(data[:place] + bytes([byte]) + data[place + 1 :]))


def test_every_length() -> None:
    for data in FILES:
        for length in range(len(data)):
            with pytest.raises(mg.LoadError):
                from_bytes(data[:length])


# ---------------------------------------------------------------- PyTorch, both ways


def test_torch_reads_our_files(tmp_path: Path) -> None:
    theirs = installed_safetensors()
    tensors = state()
    mg.save(tensors, tmp_path / "a.safetensors")
    read = theirs.load_file(tmp_path / "a.safetensors")
    assert sorted(read) == sorted(tensors)
    for name, x in tensors.items():
        assert str(read[name].dtype) == f"torch.{x.dtype}"
        got = read[name].numpy()
        assert got.shape == x.shape and got.tobytes() == x.numpy().tobytes()


def test_we_read_the_files_of_torch(tmp_path: Path) -> None:
    theirs, torch = installed_safetensors(), installed_torch()
    tensors = {name: torch.tensor(x.numpy()) for name, x in state().items()}
    theirs.save_file(tensors, tmp_path / "a.safetensors", metadata={"format": "pt"})
    read = mg.load(tmp_path / "a.safetensors")
    assert sorted(read) == sorted(tensors)
    for name, x in tensors.items():
        assert f"torch.{read[name].dtype}" == str(x.dtype)
        assert read[name].numpy().tobytes() == x.numpy().tobytes() and read[name].shape == x.shape


def test_a_checkpoint_read_by_torch_has_all_tensors(tmp_path: Path) -> None:
    theirs = installed_safetensors()
    mg.save({"model": {"0.weight": mg.ones(2, 3)}, "epoch": 3}, tmp_path / "a.pt")
    assert theirs.load_file(tmp_path / "a.pt")["model.0.weight"].shape == (2, 3)


def test_bfloat16_is_widened_exactly(tmp_path: Path) -> None:
    theirs, torch = installed_safetensors(), installed_torch()
    x = torch.cat([torch.randn(50), torch.tensor([math.inf, -math.inf, math.nan, -0.0, 1e-40])])
    theirs.save_file({"x": x.bfloat16()}, tmp_path / "a.safetensors")
    read = mg.load(tmp_path / "a.safetensors")["x"]
    assert read.dtype == mg.float32
    assert np.array_equal(read.numpy(), x.bfloat16().float().numpy(), equal_nan=True)


def test_a_model_of_torch_continues_here_and_back(tmp_path: Path) -> None:
    theirs, torch = installed_safetensors(), installed_torch()

    def model(library: Any) -> Any:
        layers = library.nn.Linear(3, 4), library.nn.Tanh(), library.nn.Linear(4, 2)
        return library.nn.Sequential(*layers).double()

    source, ours, back = model(torch), model(mg), model(torch)
    theirs.save_file(source.state_dict(), tmp_path / "a.safetensors")
    ours.load_state_dict(mg.load(tmp_path / "a.safetensors"))
    mg.save(ours.state_dict(), tmp_path / "b.safetensors")
    back.load_state_dict(theirs.load_file(tmp_path / "b.safetensors"))
    x = np.random.default_rng(0).normal(size=(5, 3))
    expected = source(torch.tensor(x)).detach().numpy()
    assert np.array_equal(back(torch.tensor(x)).detach().numpy(), expected)
    np.testing.assert_allclose(ours(mg.tensor(x)).detach().numpy(), expected, rtol=1e-13)


def test_numpy_reads_our_npz_and_we_numpys(tmp_path: Path) -> None:
    mg.save(state(), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        same({name: mg.tensor(arrays[name]) for name in arrays}, state())
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "b.npz", x=x, y=np.arange(3).astype(">i4"))
        got = mg.load(tmp_path / "b.npz")
        assert got["x"].tolist() == x.tolist() and got["y"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_of_torch_is_refused_with_a_way_out(zipped: bool, tmp_path: Path) -> None:
    torch = installed_torch()
    torch.save({"w": torch.ones(2)}, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(mg.LoadError) as caught:
        mg.load(tmp_path / "a.pt")
    assert "it is a pickle, as PyTorch's torch.save writes it" in str(caught.value)
    assert "safetensors.torch.save_file(model.state_dict(), path)" in str(caught.value)


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "trap"),)

    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(mg.LoadError):
            from_bytes(pickle.dumps(Trap(), protocol))
    np.savez(tmp_path / "a.npz", x=np.array([Trap()], object))
    with pytest.raises(mg.LoadError):
        mg.load(tmp_path / "a.npz")
    assert not (tmp_path / "trap").exists()


# ---------------------------------------------------------------- hostile files


def file_of(header: Any, numbers: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + numbers


def entry(dtype: Any = "F32", shape: Any = (1,), start: Any = 0, end: Any = 4) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def with_tree(tree: Any) -> bytes:
    text = tree if isinstance(tree, str) else json.dumps(tree)
    return file_of({"__metadata__": {"minigrad": text}, "x": entry()}, bytes(4))


HOSTILE = {
    "nothing": (b"", "it says that its header has 0 bytes, and has 0 in all"),
    "seven bytes": (b"1234567", "it says that its header has"),
    "a header longer than the file": (file_of({}, length=3), "it says that its header has 3 by"),
    "a huge header": (file_of({}, length=2**63), "it says that its header has 9223372036854775808"),
    "no JSON": (file_of(b"{hello"), "JSONDecodeError: "),
    "no text": (file_of(b'{"\xff":1}'), "UnicodeDecodeError: "),
    "a list": (file_of([]), "its header is no JSON object"),
    "deep nesting": (file_of(b'{"a":' * 99999), "RecursionError: "),
    "a name twice": (
        file_of(b'{"x":%s,"x":%s}' % ((json.dumps(entry()).encode(),) * 2), bytes(4)),
        "a name stands twice in its header",
    ),
    "nan": (
        file_of(b'{"x":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', bytes(4)),
        "its header has NaN for a number",
    ),
    "no entry": (file_of({"x": 3}), "it does not say dtype, shape and data_offsets of 'x'"),
    "too little": (file_of({"x": {"dtype": "F32"}}), "it does not say dtype, shape and data_off"),
    "an unknown dtype": (
        file_of({"x": entry("F8_E4M3")}, bytes(4)),
        "'x' is of dtype 'F8_E4M3': known are F64, F32",
    ),
    "a dtype that is a list": (file_of({"x": entry([])}, bytes(4)), "TypeError: "),
    "too few bytes": (file_of({"x": entry(shape=(2,))}, bytes(4)), "'x', F32[2], does not fill"),
    "a negative size": (
        file_of({"x": entry(shape=(-1, -1))}, bytes(4)),
        "the shape or the place of 'x' is not made of whole numbers",
    ),
    "a size that is true": (
        file_of({"x": entry(shape=(True,))}, bytes(4)),
        "the shape or the place of 'x' is not made of whole numbers",
    ),
    "a size of 1.0": (
        file_of({"x": entry(shape=(1.0,))}, bytes(4)),
        "the shape or the place of 'x' is not made of whole numbers",
    ),
    "sizes whose product overflows": (
        file_of({"x": entry(shape=(2**32, 2**32, 2**32), end=0)}),
        "'x', F32[4294967296, 4294967296, 4294967296], does not fill its 0 bytes",
    ),
    "an empty tensor of enormous sizes": (
        file_of({"x": entry(shape=(0, 2**70), end=0)}),
        "",
    ),
    "a hundred dimensions": (file_of({"x": entry(shape=(1,) * 100)}, bytes(4)), "ValueError: "),
    "beyond the end": (
        file_of({"x": entry(end=8, shape=(2,))}, bytes(4)),
        "its tensors need 8 bytes, and 4 are there: is it cut off?",
    ),
    "backwards": (
        file_of({"a": entry(), "x": entry(start=4, end=0)}, bytes(4)),
        "'x' is at 4 to 0, where 4 must be the start",
    ),
    "overlap": (
        file_of({"a": entry(), "x": entry(start=2, end=6)}, bytes(6)),
        "'x' is at 2 to 6, where 4 must be the start",
    ),
    "the same bytes twice": (
        file_of({"a": entry(), "x": entry()}, bytes(4)),
        "'x' is at 0 to 4, where 4 must be the start",
    ),
    "a hole": (
        file_of({"a": entry(), "x": entry(start=8, end=12)}, bytes(12)),
        "'x' is at 8 to 12, where 4 must be the start",
    ),
    "more than the tensors": (
        file_of({"x": entry()}, bytes(5)),
        "its tensors need 4 bytes, and 5 are there: is it cut off?",
    ),
    "three offsets": (
        file_of({"x": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 4]}}, bytes(4)),
        "the place of 'x' is [0, 4, 4]: it must be a start and an end",
    ),
    "metadata of numbers": (
        file_of({"__metadata__": {"a": 1}}),
        "its metadata is not made of texts",
    ),
    "metadata that is a list": (file_of({"__metadata__": []}), "its metadata is not made of"),
    "truth values of 2": (
        file_of({"x": entry("BOOL", (4,))}, bytes([0, 1, 2, 1])),
        "'x' has truth values that are neither 0 nor 1",
    ),
    "a tree that is no JSON": (with_tree("{"), "JSONDecodeError: "),
    "a tree with nan": (with_tree("[NaN]"), "its header has NaN for a number"),
    "a tree with a strange tensor": (with_tree({"tensor": "y"}), "KeyError: 'y'"),
    "a tree with an unknown kind": (with_tree({"code": "x"}), "its tree has an entry of an unkn"),
    "a tree with two kinds": (with_tree({"tuple": [], "dict": []}), "its tree has an entry of 2"),
    "a tree with an empty entry": (with_tree({}), "ValueError: "),
    "a tree with a key twice": (with_tree({"dict": [[1, 2], [1, 3]]}), "its tree has one key tw"),
    "a tree with a list as a key": (with_tree({"dict": [[[], 2]]}), "TypeError: "),
    "a tree with a strange float": (with_tree({"float": "x"}), "KeyError: 'x'"),
    "a deep tree": (with_tree("[" * 99999), "RecursionError: "),
    "a program": (b"import os\nos.system('true')\n", "it says that its header has"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file(name: str) -> None:
    data, text = HOSTILE[name]
    with pytest.raises(mg.LoadError) as caught:
        from_bytes(data)
    assert str(caught.value).startswith(f"load: the file cannot be read: {text}")


def zipped(*members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def npy(header: str, numbers: bytes = b"") -> bytes:
    text = header.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + numbers


def plain_npy(shape: str, descr: str = "'<f4'") -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


ARCHIVES = {
    "no array": (zipped(("x.txt", b"hello")), "its entry 'x.txt' is no array, or is there twice"),
    "no npy": (zipped(("x.npy", b"hello")), "ValueError: "),
    "an unknown version": (zipped(("x.npy", b"\x93NUMPY\x09\x00")), "KeyError: (9, 0)"),
    "an array larger than its entry": (
        zipped(("x.npy", npy(plain_npy(f"({10**12},)")))),
        "an array of float32[1000000000000] does not fill its entry",
    ),
    "a negative size": (
        zipped(("x.npy", npy(plain_npy("(-1, -1)"), bytes(4)))),
        "an array of float32[-1, -1] does not fill its entry",
    ),
    "objects": (
        zipped(("x.npy", npy(plain_npy("(1,)", "'|O'"), bytes(8)))),
        "TypeError: save: an entry is object, which a file of tensors cannot hold",
    ),
    "a structure": (
        zipped(("x.npy", npy(plain_npy("(1,)", "[('a', '<f4')]"), bytes(4)))),
        "TypeError: save: an entry is ",
    ),
    "deep nesting": (zipped(("x.npy", npy("(" * 100))), ""),
    "cut off": (zipped(("x.npy", npy(plain_npy("(1,)"), bytes(4))))[:-9], "BadZipFile: "),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive(name: str) -> None:
    data, text = ARCHIVES[name]
    with pytest.raises(mg.LoadError) as caught:
        from_bytes(data)
    assert str(caught.value).startswith(f"load: the file cannot be read: {text}")


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(("x.npy", npy(plain_npy("(1000, 1000)"), bytes(4 * 10**6))))
    assert from_bytes(data)["x"].shape == (1000, 1000)
    monkeypatch.setattr(saving, "ROOM", 10**6)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: 1 / 0)
    with pytest.raises(mg.LoadError, match=r"its \d+ bytes would unpack to 4000128"):
        from_bytes(data)


def test_an_array_that_is_there_twice() -> None:
    array = npy(plain_npy("(1,)"), bytes(4))
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped(("x.npy", array), ("x.npy", array))
    with pytest.raises(mg.LoadError, match=r"its entry 'x\.npy' is no array, or is there twice"):
        from_bytes(data)


def test_names_are_names_and_no_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    array = npy(plain_npy("(1,)"), bytes(4))
    assert list(from_bytes(zipped(("../../up.npy", array)))) == ["../../up"]
    assert list(from_bytes(file_of({"../../up": entry()}, bytes(4)))) == ["../../up"]
    assert os.listdir(tmp_path) == []


def test_the_files_name_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(b"12")
    for given_file in (path, str(path), path.open("rb")):
        with pytest.raises(mg.LoadError, match=r"load: .*a\.pt'? cannot be read: it says that"):
            mg.load(given_file)


# ---------------------------------------------------------------- arguments


def test_arguments_of_torch() -> None:
    data = as_bytes({"w": mg.ones(1)})
    for options in (
        {"map_location": "cpu"},
        {"map_location": mg.device("cpu"), "weights_only": True},
        {"weights_only": False},
    ):
        assert mg.load(io.BytesIO(data), **options)["w"].item() == 1
    with pytest.raises(RuntimeError, match="there is no device 'cuda:0'"):
        mg.load(io.BytesIO(data), map_location="cuda:0")


ITSELF: list[Any] = []
ITSELF.append(ITSELF)


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        ({"model": mg.nn.Linear(1, 1)}, "save: model is of type Linear, and a file holds tensors"),
        ([1, {2}], "save: 1 is of type set, and a file holds"),
        (print, "save: this is of type builtin_function_or_method, and a file holds"),
        ({mg.ones(1): 1}, "save: the dictionary has a tensor as a key"),
        ({"a": {mg.ones(1): 1}}, "save: a has a tensor as a key"),
        ({"x": np.array(["a"])}, "save: x is <U1, which a file of tensors cannot hold"),
        ({"x": np.array([1j])}, "save: x is complex128, which a file of tensors cannot hold"),
        (ITSELF, "save: more than 100 levels deep: does it contain itself?"),
    ],
)
def test_what_cannot_be_saved_is_told_and_nothing_is_written(
    thing: Any, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.pt"
    path.write_bytes(b"old")
    for target in (path, io.BytesIO()):
        with pytest.raises((TypeError, ValueError)) as caught:
            mg.save(thing, target)
        assert str(caught.value).startswith(text)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.pt"]


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        ({"a": 1}, "save: an .npz file holds a dictionary of tensors and nothing else: save more"),
        ([mg.ones(1)], "save: an .npz file holds a dictionary of tensors"),
        ({"a\x00b": mg.ones(1)}, "save: 'a\\x00b' cannot be a name in an .npz file"),
    ],
)
def test_what_an_npz_cannot_hold(thing: Any, text: str, tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        mg.save(thing, tmp_path / "a.npz")
    assert str(caught.value).startswith(text) and os.listdir(tmp_path) == []


def test_a_file_opened_for_text(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as file, pytest.raises(TypeError, match='open it with "wb"'):
        mg.save({}, file)
    with (tmp_path / "a").open("r") as file, pytest.raises(TypeError, match='open it with "rb"'):
        mg.load(file)


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="save: there is no folder"):
        mg.save({}, tmp_path / "no" / "a.pt")
    with pytest.raises(OSError, match="is there, and is no plain file"):
        mg.save({}, tmp_path)
    with pytest.raises(FileNotFoundError):
        mg.load(tmp_path / "a.pt")


# ---------------------------------------------------------------- crashes


def test_an_error_in_the_middle_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pt"
    mg.save({"w": mg.ones(3)}, path)
    old = path.read_bytes()

    def half(write: Callable[..., Any]) -> Callable[..., Any]:
        def fail(*inputs: Any) -> Any:
            raise KeyboardInterrupt

        return fail

    for name in ("fsync", "replace", "chmod"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, half(getattr(os, name)))
            with pytest.raises(KeyboardInterrupt):
                mg.save({"w": mg.zeros(3)}, path)
        assert path.read_bytes() == old and os.listdir(tmp_path) == ["a.pt"]

    def pieces(thing: Any) -> Any:
        yield b"half of"
        raise MemoryError

    monkeypatch.setattr(saving, "as_bytes", pieces)
    with pytest.raises(MemoryError):
        mg.save({}, path)
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["a.pt"]


KILLED = """
import os, sys, minigrad as mg
from minigrad import saving

def stop(*_):
    print("writing", flush=True)
    sys.stdin.read()

path, where = sys.argv[1:]
if where == "in the middle":
    whole = saving.as_bytes
    def pieces(thing):
        for piece in whole(thing):
            yield piece[: len(piece) // 2]
            stop()
    saving.as_bytes = pieces
else:
    setattr(os, where, stop)
mg.save({"w": mg.zeros(1000)}, path)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("where", ["in the middle", "fsync", "replace"])
def test_a_killed_program_leaves_the_old_file(where: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    mg.save({"w": mg.ones(1000)}, path)
    old = path.read_bytes()
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(path), where],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(mg.__file__).parents[1])},
    )
    assert child.stdout and child.stdout.readline() == b"writing\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert path.read_bytes() == old
    mg.save({"w": mg.zeros(1000)}, path)  # what the dead one left behind is in nobody's way
    assert mg.load(path)["w"].sum().item() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions")
def test_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    before = os.umask(0o027)
    try:
        mg.save({}, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640  # as any new file
        path.chmod(0o604)
        mg.save({"w": mg.ones(1)}, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604  # as the file that was there
    finally:
        os.umask(before)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.pt", tmp_path / "latest.pt"
    mg.save({}, target)
    link.symlink_to(target)
    mg.save({"w": mg.ones(1)}, link)
    assert link.is_symlink() and list(mg.load(target)) == ["w"]


def test_a_mismatching_file_changes_nothing() -> None:
    model = mg.nn.Sequential(mg.nn.Linear(2, 3), mg.nn.Linear(3, 1))
    before = {name: x.clone() for name, x in model.state_dict().items()}
    for change in ({"1.weight": mg.ones(2, 2)}, {"more": mg.ones(1)}, {"0.bias": None}):
        wrong = {name: mg.zeros(*x.shape) for name, x in before.items()} | change
        wrong = {name: x for name, x in wrong.items() if x is not None}
        with pytest.raises(RuntimeError):
            model.load_state_dict(from_bytes(as_bytes(wrong)))
        for name, x in model.state_dict().items():
            assert mg.equal(x, before[name])
