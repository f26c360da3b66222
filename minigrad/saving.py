# Exported from book/14_training.ipynb: change it there, not here.
"""Saving and loading: files of safetensors or NumPy, and never a pickle."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.creation import new
from minigrad.engine import Node
from minigrad.protocol import plain
from minigrad.tensor import device

STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
STORED |= {"I8": "<i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "|b1"}
CODES: dict[str, np.dtype[Any]] = {code: np.dtype(text) for code, text in STORED.items()}
LONGEST = 100_000_000  # bytes of a header
ROOM = 2**28  # bytes that an archive of any size may unpack to


def code_of(dtype: Any, where: str) -> str:
    """What the format calls a dtype."""
    for code, stored in CODES.items():
        if (stored.kind, stored.itemsize) == (dtype.kind, dtype.itemsize):
            return code
    raise TypeError(f"save: {where} is {dtype}, which a file of tensors cannot hold")


class LoadError(ValueError, RuntimeError):
    """A file that is damaged, or not what it should be."""


def packed(arrays: dict[str, Any], metadata: dict[str, str]) -> Iterator[bytes]:
    """The pieces of a safetensors file: the length of the header, the header, the numbers."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    header |= dict.fromkeys(arrays)  # the order of the names is that of the dictionary
    largest_first = sorted(arrays, key=lambda name: -arrays[name].itemsize)  # so all are aligned
    end = 0
    for name in largest_first:
        array, start = arrays[name], end
        end += array.nbytes
        code, shape = code_of(array.dtype, name), list(array.shape)
        header[name] = {"dtype": code, "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little")
    yield text
    for name in largest_first:
        array = arrays[name]
        yield array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def read_json(text: Any) -> Any:
    """JSON as strict as it should be: no name twice, no nan."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise LoadError("a name stands twice in its header")
        return dict(pairs)

    def refuse(word: str) -> None:
        raise LoadError(f"its header has {word} for a number")

    return json.loads(text, object_pairs_hook=distinct, parse_constant=refuse)


def unpacked(data: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """The arrays and the metadata of a safetensors file."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, LONGEST):
        raise LoadError(f"it says that its header has {length} bytes, and has {len(data)} in all")
    header, numbers = read_json(bytes(data[8 : 8 + length]).decode()), data[8 + length :]
    if not isinstance(header, dict):
        raise LoadError("its header is no JSON object")
    metadata = header.pop("__metadata__", {})
    texts = metadata.values() if isinstance(metadata, dict) else [None]
    if not all([isinstance(text, str) for text in texts]):
        raise LoadError("its metadata is not made of texts")
    refuse_holes(header, len(numbers))
    return {name: array_in(numbers, name, entry) for name, entry in header.items()}, metadata


def is_size(number: Any) -> bool:
    return type(number) is int and number >= 0


def refuse_holes(header: dict[str, Any], size: int) -> None:
    """The tensors must fill the rest of the file, each byte once."""
    spans = []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise LoadError(f"it does not say dtype, shape and data_offsets of {name!r}")
        shape, span = entry["shape"], entry["data_offsets"]
        if not all([isinstance(x, list) and all(map(is_size, x)) for x in (shape, span)]):
            raise LoadError(f"the shape or the place of {name!r} is not made of whole numbers")
        if len(span) != 2:
            raise LoadError(f"the place of {name!r} is {span}: it must be a start and an end")
        spans.append((*span, name))
    reached = 0
    for start, end, name in sorted(spans):
        if start != reached or end < start:
            raise LoadError(f"{name!r} is at {start} to {end}, where {reached} must be the start")
        reached = end
    if reached != size:
        raise LoadError(f"its tensors need {reached} bytes, and {size} are there: is it cut off?")


def array_in(numbers: Any, name: str, entry: dict[str, Any]) -> Any:
    """One tensor's numbers, as an array of its own."""
    code, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    dtype = CODES.get("U16" if code == "BF16" else code)
    if dtype is None:
        raise LoadError(f"{name!r} is of dtype {code!r}: known are {', '.join(CODES)} and BF16")
    if math.prod(shape) * dtype.itemsize != end - start:
        raise LoadError(f"{name!r}, {code}{shape}, does not fill its {end - start} bytes")
    array = np.frombuffer(numbers[start:end], dtype).reshape(shape)
    if code == "BF16":  # the upper half of a float32
        return (array.astype(np.uint32) << 16).view(np.float32)
    if code == "BOOL" and (array.view(np.uint8) > 1).any():
        raise LoadError(f"{name!r} has truth values that are neither 0 nor 1")
    return array.astype(dtype.newbyteorder("="))


DEEPEST = 100  # levels of lists, tuples and dictionaries inside one another


def encoded(thing: Any, where: str, arrays: dict[str, Any], depth: int = 0) -> Any:
    """A nest of tensors and plain values as JSON; the arrays are put aside under their names."""
    if depth > DEEPEST:
        raise ValueError(f"save: more than {DEEPEST} levels deep: does it contain itself?")
    if isinstance(thing, np.generic):
        thing = thing.item()
    if thing is None or type(thing) in (bool, int, str):
        return thing
    if type(thing) is float:
        return thing if math.isfinite(thing) else {"float": str(thing)}
    inside = f"{where}." if where else ""
    if type(thing) in (list, tuple):
        parts = [encoded(x, f"{inside}{i}", arrays, depth + 1) for i, x in enumerate(thing)]
        return parts if type(thing) is list else {"tuple": parts}
    if isinstance(thing, dict):
        keys = [encoded_key(key, where) for key in thing]
        parts = [encoded(x, f"{inside}{key}", arrays, depth + 1) for key, x in thing.items()]
        return {"dict": [[key, part] for key, part in zip(keys, parts)]}
    return set_aside(thing, where, arrays)


def encoded_key(key: Any, where: str) -> Any:
    arrays: dict[str, Any] = {}
    code = encoded(key, "", arrays)
    if arrays:
        raise TypeError(f"save: {where or 'the dictionary'} has a tensor as a key")
    return code


def set_aside(thing: Any, where: str, arrays: dict[str, Any]) -> Any:
    """Keep the array of a tensor, and say in the tree where it is."""
    if not isinstance(thing, (Node, np.ndarray)):
        raise TypeError(
            f"save: {where or 'this'} is of type {type(thing).__name__}, and a file holds tensors, "
            "arrays, numbers, texts, None, and lists, tuples and dicts of them; "
            "of a module or an optimizer save the state_dict()"
        )
    where = where or "tensor"
    while where in arrays or where == "__metadata__":
        where += "_"
    array = np.asarray(plain(thing))
    code_of(array.dtype, where)
    arrays[where] = array
    if not isinstance(thing, Node):
        return {"array": where}
    return {"tensor": where} | ({"requires_grad": True} if thing.requires_grad else {})


def decoded(code: Any, arrays: dict[str, Any]) -> Any:
    """The nest again, from its JSON."""
    if isinstance(code, list):
        return [decoded(part, arrays) for part in code]
    if not isinstance(code, dict):
        return code
    kind, *more = code
    content = code[kind]
    if kind == "tensor" and more in ([], ["requires_grad"]):
        return new(arrays[content], requires_grad=bool(more))
    if more:
        raise LoadError(f"its tree has an entry of {len(code)} kinds")
    if kind == "array":
        return arrays[content]
    if kind == "float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
    if kind == "tuple":
        return tuple(decoded(content, arrays))
    if kind == "dict":
        entries = [(decoded(key, arrays), decoded(part, arrays)) for key, part in content]
        if len(dict(entries)) == len(entries):
            return dict(entries)
        raise LoadError("its tree has one key twice")
    raise LoadError(f"its tree has an entry of an unknown kind: {kind!r}")


def is_flat(thing: Any) -> bool:
    """Whether it is a dictionary of tensors, as a state_dict: then the file needs no tree."""
    if not isinstance(thing, dict) or "__metadata__" in thing:
        return False
    named = all([type(name) is str for name in thing])
    return named and all([isinstance(x, Node) and not x.requires_grad for x in thing.values()])


def as_bytes(thing: Any) -> Iterator[bytes]:
    """A file of safetensors; where the thing is more than a dictionary, its tree is in it too."""
    if is_flat(thing):
        return packed({name: np.asarray(plain(x)) for name, x in thing.items()}, {})
    arrays: dict[str, Any] = {}
    tree = encoded(thing, "", arrays)
    return packed(arrays, {"minigrad": json.dumps(tree, allow_nan=False)})


def write_npz(thing: Any, file: Any) -> None:
    """A dictionary of tensors as NumPy's own kind of file."""
    import zipfile

    if not is_flat(thing):
        raise TypeError(
            "save: an .npz file holds a dictionary of tensors and nothing else: "
            "save more under a name that does not end in .npz"
        )
    with zipfile.ZipFile(file, "w") as archive:
        for name, x in thing.items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # with a date of 1980: equal files, equal bytes
            if entry.filename != f"{name}.npy":
                raise ValueError(f"save: {name!r} cannot be a name in an .npz file")
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(plain(x)), allow_pickle=False)


def read_npz(data: bytes) -> dict[str, Any]:
    """The arrays of an .npz file."""
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries, arrays = archive.infolist(), {}
        if any([entry.filename.endswith("data.pkl") for entry in entries]):
            raise LoadError(PICKLE)
        unpacked_size = sum(entry.file_size for entry in entries)
        if unpacked_size > max(100 * len(data), ROOM):
            raise LoadError(f"its {len(data)} bytes would unpack to {unpacked_size}")
        for entry in entries:
            name = entry.filename.removesuffix(".npy")
            if name == entry.filename or name in arrays:
                raise LoadError(f"its entry {entry.filename!r} is no array, or is there twice")
            arrays[name] = read_npy(archive.read(entry))
    return arrays


def read_npy(data: bytes) -> Any:
    """One array of such a file: its header must agree with its size before anything is made."""
    file = io.BytesIO(data)
    read_header = HEADERS[np.lib.format.read_magic(file)]
    shape, _, dtype = read_header(file)
    code_of(dtype, "an entry")
    if math.prod(shape) * dtype.itemsize != len(data) - file.tell() or min(shape, default=0) < 0:
        raise LoadError(f"an array of {dtype}{list(shape)} does not fill its entry")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False).astype(dtype.newbyteorder("="), "C")


HEADERS: dict[Any, Callable[..., Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
PICKLE = (
    "it is a pickle, as PyTorch's torch.save writes it, and reading a pickle may run any program: "
    "in PyTorch write it with safetensors.torch.save_file(model.state_dict(), path)"
)


def understood(data: bytes) -> Any:
    """What a file holds; its kind is told by how it begins, not by its name."""
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):  # a zip archive, or an empty one
        return {name: new(array) for name, array in read_npz(data).items()}
    if data[:1] == b"\x80" and data[8:9] != b"{":
        raise LoadError(PICKLE)
    arrays, metadata = unpacked(memoryview(data))
    if "minigrad" in metadata:
        return decoded(read_json(metadata["minigrad"]), arrays)
    return {name: new(array) for name, array in arrays.items()}


def write_atomically(path: Any, write: Callable[[Any], None]) -> None:
    """Write a file so that the old one is there, whole, until the new one is."""
    folder = refuse_place(path)
    scratch = os.path.join(folder, f".saving-{os.urandom(8).hex()}.tmp")
    try:
        with open(scratch, "xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(scratch, os.stat(path).st_mode & 0o777)  # it may be used as before
        os.replace(scratch, path)
    except BaseException:
        if os.path.exists(scratch):
            os.remove(scratch)
        raise
    sync_folder(folder)


def refuse_place(path: str) -> str:
    """The folder of a file that can be written there."""
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"save: there is no folder {folder!r}")
    if os.path.exists(path):
        if not os.path.isfile(path):
            raise OSError(f"save: {path!r} is there, and is no plain file")
        if not os.access(path, os.W_OK):
            raise PermissionError(f"save: {path!r} may not be written to")
    return folder


def sync_folder(folder: str) -> None:
    """Let the new name survive a power cut, where a folder can be told so."""
    if os.name == "posix":
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def save(obj: Any, f: Any) -> None:
    """Write tensors, and nests of them with plain values, into a file.

    A dictionary of tensors (a state_dict) becomes a plain safetensors file, or .npz by its name.
    In other nests a dict of any class becomes a dict. A path is written atomically.
    """
    if isinstance(f, io.TextIOBase):
        raise TypeError('save: the file was opened for text: open it with "wb"')
    if hasattr(f, "write"):
        f.writelines(as_bytes(obj))
        return
    path = os.path.realpath(os.fspath(f))
    if str(os.fspath(f)).endswith(".npz"):
        write_atomically(path, lambda file: write_npz(obj, file))
    else:
        write_atomically(path, lambda file: file.writelines(as_bytes(obj)))


def load(f: Any, map_location: Any = None, *, weights_only: bool | None = None) -> Any:
    """What save() wrote into a file, or any file of safetensors or .npz: nothing in it is run.

    A file that is damaged raises LoadError. map_location must name the CPU; weights_only changes
    nothing: files here never hold anything but values.
    """
    if map_location is not None:
        device(map_location)
    if hasattr(f, "read"):
        name, data = str(getattr(f, "name", "the file")), f.read()
    else:
        name = repr(os.fspath(f))
        with open(f, "rb") as file:
            data = file.read()
    if not isinstance(data, bytes):
        raise TypeError('load: the file was opened for text: open it with "rb"')
    try:
        return understood(data)
    except Exception as error:  # whatever happens while it is read, the file is to blame
        why = error if isinstance(error, LoadError) else f"{type(error).__name__}: {error}"
        raise LoadError(f"load: {name} cannot be read: {why}") from error


__all__ = ["save", "load", "LoadError"]
