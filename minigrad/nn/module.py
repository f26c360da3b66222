# Exported from book/12_layers.ipynb: change it there, not here.
"""Modules: objects that keep parameters, buffers and other modules, and find them again."""

from __future__ import annotations

import operator
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from minigrad.changing import overwrite
from minigrad.engine import Node, fill, may_require
from minigrad.protocol import plain
from minigrad.tensor import Tensor, as_array, no_grad, to


class Parameter(Tensor):
    """A tensor that a module counts among what it learns; what is computed from it is a Tensor."""

    __slots__ = ()
    family = Tensor

    def __init__(self, data: Any = (), requires_grad: bool = True) -> None:
        fill(self, data.value if isinstance(data, Node) else as_array(data)[()])
        self.requires_grad = may_require(self.value, requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that belongs to a module's state and is not learned."""

    __slots__ = ("persistent",)
    family = Tensor

    def __init__(self, data: Any = (), *, persistent: bool = True) -> None:
        fill(self, data.value if isinstance(data, Node) else as_array(data)[()])
        self.persistent = persistent


def kind_of(value: Any) -> str | None:
    """What a module keeps a value as; None for an ordinary attribute."""
    if isinstance(value, Parameter):
        return "parameter"
    if isinstance(value, Module):
        return "module"
    if isinstance(value, Buffer):
        return "buffer" if getattr(value, "persistent", True) else "passing buffer"
    return None


ALLOWED = {
    "parameter": "an nn.Parameter or None",
    "buffer": "a tensor or None",
    "passing buffer": "a tensor or None",
    "module": "an nn.Module or None",
}


def fits(value: Any, kind: str) -> bool:
    """Whether a value may stand where something of this kind is kept."""
    return value is None or kind_of(value) == kind or ("buffer" in kind and isinstance(value, Node))


class Keeping:
    """The skill of noticing which attributes are parameters, buffers and modules."""

    _kinds: dict[str, str]  # of each attribute that counts, in the order they came

    def __setattr__(self, name: str, value: Any) -> None:
        kind = kind_of(value) or vars(self).get("_kinds", {}).get(name)
        if kind is not None:
            keep(self, name, value, kind)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._kinds.pop(name, None)

    def __getattr__(self, name: str) -> Any:  # asked only for what is not there
        kind = type(self).__name__
        if name in ("_kinds", "_hooks"):
            raise AttributeError(f"{kind}.__init__ must call super().__init__() first of all")
        raise AttributeError(f"'{kind}' object has no attribute '{name}'")


def keep(module: Any, name: str, value: Any, kind: str) -> None:
    """Note that an attribute of a module is of this kind."""
    if not fits(value, kind):
        raise TypeError(
            f"{type(module).__name__}.{name} is a {kind}: it takes {ALLOWED[kind]}, "
            f"not {type(value).__name__}"
        )
    kinds = module._kinds
    if kinds.get(name) != kind:
        kinds.pop(name, None)
        kinds[name] = kind


def register(module: Any, name: str, value: Any, kind: str) -> None:
    """Keep a value under a name that is given as text."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a {kind} is text, not {type(name).__name__}")
    if not name or "." in name:
        raise KeyError(f"the name of a {kind} cannot be empty or hold a dot: {name!r}")
    if name not in module._kinds and hasattr(module, name):
        raise KeyError(f"attribute '{name}' already exists in {type(module).__name__}")
    keep(module, name, value, kind)
    object.__setattr__(module, name, value)


class Registering:
    """The skill of being given parameters, buffers and modules by name."""

    def register_parameter(self, name: str, param: Any) -> None:
        register(self, name, param, "parameter")

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        register(self, name, tensor, "buffer" if persistent else "passing buffer")

    def register_module(self, name: str, module: Any) -> None:
        register(self, name, module, "module")

    add_module = register_module


def kept(module: Any, *kinds: str) -> dict[str, Any]:
    """What a module itself keeps of these kinds, by name."""
    own = vars(module)
    return {name: own[name] for name, kind in module._kinds.items() if kind in kinds}


BUFFERS = ("buffer", "passing buffer")


class Walking:
    """The skill of walking through a module and everything in it."""

    _parameters = property(lambda self: MappingProxyType(kept(self, "parameter")))
    _buffers = property(lambda self: MappingProxyType(kept(self, *BUFFERS)))
    _modules = property(lambda self: MappingProxyType(kept(self, "module")))

    def named_modules(
        self, memo: Any = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """The module itself, and all modules in it, with their paths; shared ones once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in kept(self, "module").items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)


def members(
    module: Any, kinds: tuple[str, ...], prefix: str, recurse: bool, once: bool
) -> Iterator[tuple[str, Any]]:
    """The tensors of these kinds with their paths; with once, shared ones once."""
    inside = module.named_modules(None, prefix, once) if recurse else [(prefix, module)]
    seen = set()
    for path, owner in inside:
        warn_of_hidden(owner)
        for name, value in kept(owner, *kinds).items():
            if value is not None and id(value) not in seen:
                if once:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value


def warn_of_hidden(module: Any) -> None:
    """Modules in a plain list are not found: say so, for nothing else will."""
    for name, value in vars(module).items():
        if name[0] != "_" and type(value) in (list, tuple, dict) and value:
            first = next(iter(value.values() if isinstance(value, dict) else value))
            if isinstance(first, (Module, Parameter)):
                form = "Dict" if isinstance(value, dict) else "List"
                better = ("Module" if isinstance(first, Module) else "Parameter") + form
                warnings.warn(
                    f"{type(module).__name__}.{name} is a plain {type(value).__name__}: what it "
                    f"holds is not trained, saved or moved; make it an nn.{better}",
                    stacklevel=4,
                )


class Naming:
    """The skill of listing what is inside, with its names."""

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        return members(self, ("parameter",), prefix, recurse, remove_duplicate)

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        return members(self, BUFFERS, prefix, recurse, remove_duplicate)

    def named_children(self) -> Iterator[tuple[str, Any]]:
        seen = set()
        for name, module in kept(self, "module").items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module


class Listing(Naming, Walking):
    """The skill of listing it without names."""

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (value for _, value in self.named_parameters(recurse=recurse))

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        return (value for _, value in self.named_buffers(recurse=recurse))

    def children(self) -> Iterator[Any]:
        return (module for _, module in self.named_children())

    def modules(self) -> Iterator[Any]:
        return (module for _, module in self.named_modules())


class Finding:
    """The skill of finding something inside by its path, as in get_parameter("0.weight")."""

    def get_submodule(self, target: str) -> Any:
        found: Any = self
        for name in target.split(".") if target else []:
            if name not in kept(found, "module"):
                raise AttributeError(
                    f"{type(found).__name__} has no module {name!r}; it has "
                    f"{list(kept(found, 'module'))}"
                )
            found = vars(found)[name]
        return found

    def get_parameter(self, target: str) -> Any:
        return found_at(self, target, "parameter")

    def get_buffer(self, target: str) -> Any:
        return found_at(self, target, *BUFFERS)


def found_at(module: Any, target: str, *kinds: str) -> Any:
    path, _, name = target.rpartition(".")
    owner = module.get_submodule(path)
    if name not in kept(owner, *kinds):
        known = list(kept(owner, *kinds))
        raise AttributeError(f"{type(owner).__name__} has no {kinds[0]} {name!r}; it has {known}")
    return vars(owner)[name]


class Switching:
    """The skill of changing everything inside at once."""

    def train(self: Any, mode: bool = True) -> Any:
        if not isinstance(mode, bool):
            raise ValueError(f"train: the mode is True or False, not {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Any:
        return self.train(False)

    def requires_grad_(self: Any, requires_grad: bool = True) -> Any:
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self: Any, set_to_none: bool = True) -> None:
        for p in self.parameters():
            if p.grad is not None:
                p.grad = None if set_to_none else Tensor(np.zeros_like(p.value))

    def apply(self: Any, fn: Callable[[Any], Any]) -> Any:
        """Call fn with every module inside, children before their parents."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self


class Converting:
    """The skill of changing the dtype of everything inside that is floating."""

    def to(self: Any, *targets: Any, **options: Any) -> Any:
        for part in (*self.parameters(), *self.buffers()):
            for x in (part, part.grad):
                if x is not None and x.dtype.kind == "f":
                    with no_grad():
                        new = to(x, *targets, **options)
                    if new.dtype.kind != "f":
                        raise TypeError(f"to: a module takes a floating dtype, not {new.dtype}")
                    if new is not x:
                        overwrite(x, new.value)
        return self

    cpu = type = to

    def half(self) -> Any:
        return self.to(np.float16)

    def float(self) -> Any:
        return self.to(np.float32)

    def double(self) -> Any:
        return self.to(np.float64)


class Saving:
    """The skill of giving and taking the values of all parameters and buffers, by path."""

    def state_dict(
        self: Any, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        state: Any = OrderedDict() if destination is None else destination
        for kind in ("parameter", "buffer"):
            for name, x in kept(self, kind).items():
                if x is not None:
                    state[prefix + name] = x if keep_vars else x.detach()
        for name, module in kept(self, "module").items():
            if module is not None:
                module.state_dict(destination=state, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return state

    def load_state_dict(
        self: Any, state_dict: Any, strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Take over the values, by path. Where something does not fit, nothing is changed."""
        own = self.state_dict(keep_vars=True)
        keys = compared(type(self).__name__, own, state_dict, strict)
        for path in filter(state_dict.__contains__, own):  # in order: the last name counts
            take(self, path, own[path], state_dict[path], assign)
        return keys


def compared(name: str, own: Any, state: Any, strict: bool) -> IncompatibleKeys:
    """Which keys are missing or unexpected; an error that names all that cannot be loaded."""
    if not hasattr(state, "keys"):
        raise TypeError(f"load_state_dict: it takes a dictionary, not {type(state).__name__}")
    missing = [key for key in own if key not in state]
    unexpected = [key for key in state if key not in own]
    wrong = [misfit(key, own[key], state[key]) for key in own if key in state]
    lines = [line for line in wrong if line]
    for what, keys in (("Unexpected", unexpected), ("Missing", missing)):
        if strict and keys:
            named = ", ".join(f'"{key}"' for key in keys)
            lines.insert(0, f"{what} key(s) in state_dict: {named}. ")
    if lines:
        raise RuntimeError("\n\t".join([f"Error(s) in loading state_dict for {name}:", *lines]))
    return IncompatibleKeys(missing, unexpected)


def misfit(key: str, own: Any, new: Any) -> str:
    if not isinstance(new, (Node, np.ndarray, np.generic)):
        return f"{key} is no tensor but {type(new).__name__}."
    if own.shape == new.shape:
        return ""
    return (
        f"size mismatch for {key}: copying a param with shape {list(new.shape)} from checkpoint, "
        f"the shape in current model is {list(own.shape)}."
    )


class IncompatibleKeys(NamedTuple):
    """What load_state_dict did not find, and what it could not use."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not any(self):
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


def take(module: Any, path: str, old: Any, new: Any, assign: bool) -> None:
    """Give a tensor inside a module a new value; with assign, put a new tensor in its place."""
    if not assign:
        overwrite(old, np.array(plain(new), old.dtype)[()])
        return
    place, _, name = path.rpartition(".")
    if isinstance(old, Parameter) and not isinstance(new, Parameter):
        new = Parameter(new, old.requires_grad)
    setattr(module.get_submodule(place), name, new)


def indented(text: str) -> str:
    return text.replace("\n", "\n  ")


class Describing:
    """The skill of being printed."""

    def extra_repr(self) -> str:
        """What stands between the brackets; for a module's author to write."""
        return ""

    def __repr__(self) -> str:
        name, extra = type(self).__name__, self.extra_repr()
        parts = [f"({key}): {indented(repr(m))}" for key, m in kept(self, "module").items()]
        if not parts and "\n" not in extra:
            return f"{name}({extra})"
        lines = [*(extra.split("\n") if extra else []), *parts]
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)"


class RemovableHandle:
    """What registering a hook returns: remove() takes the hook away again."""

    def __init__(self, hooks: list[Any], entry: Any, prepend: bool) -> None:
        self.hooks, self.entry = hooks, entry
        hooks.insert(0 if prepend else len(hooks), entry)

    def remove(self) -> None:
        if self.entry in self.hooks:
            self.hooks.remove(self.entry)


class Hooking:
    """The skill of letting others see what goes in and what comes out."""

    _hooks: list[tuple[str, Any, bool]]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        return RemovableHandle(self._hooks, ("before", hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        return RemovableHandle(self._hooks, ("after", hook, with_kwargs), prepend)


def hooked_call(module: Any, inputs: Any, options: Any) -> Any:
    """Call a module with its hooks, each of which may replace what it sees."""
    hooks = list(module._hooks)
    for when, hook, with_kwargs in hooks:
        if when == "before":
            answer = hook(module, inputs, options) if with_kwargs else hook(module, inputs)
            if answer is not None and with_kwargs:
                inputs, options = answer
            elif answer is not None:
                inputs = answer if isinstance(answer, tuple) else (answer,)
    result = module.forward(*inputs, **options)
    for when, hook, with_kwargs in hooks:
        if when == "after":
            seen = (inputs, options, result) if with_kwargs else (inputs, result)
            answer = hook(module, *seen)
            result = result if answer is None else answer
    return result


class Module(
    Keeping, Registering, Listing, Finding, Switching, Converting, Saving, Describing, Hooking
):
    """A part of a network: it keeps its parameters and parts, and `forward` says what it computes.

    >>> class Double(Module):
    ...     def forward(self, x):
    ...         return x * 2
    >>> Double()(3)
    6
    """

    training: bool

    def __init__(self) -> None:
        self._kinds = {}
        self._hooks = []
        self.training = True

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if self._hooks:
            return hooked_call(self, inputs, options)
        return self.forward(*inputs, **options)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} has no forward(): define what it computes"
        )


class Numbered(Module):
    """Modules in a row, as attributes "0", "1" and so on; or other things of one kind."""

    holds = "module"

    def __len__(self) -> int:
        return len(kept(self, self.holds))

    def __iter__(self) -> Iterator[Any]:
        return iter(kept(self, self.holds).values())

    def __setitem__(self, index: int, module: Any) -> None:
        setattr(self, list(kept(self, self.holds))[place_in(self, index)], module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        del modules[index if isinstance(index, slice) else place_in(self, index)]
        renumber(self, modules)

    def append(self, module: Any) -> Any:
        register(self, str(len(self)), module, self.holds)
        return self


def place_in(row: Any, index: Any) -> int:
    """An index counted from the front; an error where there is nothing."""
    size, place = len(row), operator.index(index)
    if not -size <= place < size:
        kind = type(row).__name__
        raise IndexError(f"index {place} is out of range: {kind} has {size} {row.holds}s")
    return place % size


def renumber(row: Any, modules: list[Any]) -> None:
    """Put these in the place of all that a row has."""
    for name in kept(row, row.holds):
        delattr(row, name)
    for i, module in enumerate(modules):
        register(row, str(i), module, row.holds)


class Row(Numbered):
    """What a row of modules does as a list does it."""

    def __init__(self, modules: Iterable[Any] = ()) -> None:
        super().__init__()
        self.extend(modules or ())

    def __getitem__(self, index: int | slice) -> Any:
        modules = list(self)
        found = modules[index if isinstance(index, slice) else place_in(self, index)]
        return type(self)(found) if isinstance(found, list) else found

    def extend(self, modules: Iterable[Any]) -> Any:
        for module in list(modules):
            self.append(module)
        return self

    __iadd__ = extend

    def insert(self, index: int, module: Any) -> Any:
        modules = list(self)
        modules.insert(index, module)
        renumber(self, modules)
        return self

    def pop(self, key: Any = -1) -> Any:
        found = self[key]
        del self[key]
        return found


class Sequential(Row):
    """Modules one after the other, each given what the one before it computed."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = len(args) == 1 and isinstance(args[0], OrderedDict)
        for name, module in args[0].items() if named else enumerate(args):
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        own = vars(self)
        for name, kind in self._kinds.items():
            if kind == "module":
                input = own[name](input)
        return input

    def __getitem__(self, index: int | slice) -> Any:
        named = list(kept(self, "module").items())
        if isinstance(index, slice):
            return type(self)(OrderedDict(named[index]))
        return named[place_in(self, index)][1]

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *other)


class ModuleList(Row):
    """A list whose modules are found."""

    def __add__(self, other: Iterable[Any]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        """As other modules, but equal ones in a row are counted."""
        lines = []
        for text, run in groupby(range(len(self)), key=list(map(repr, self)).__getitem__):
            first, *more = run
            same = f"({first}-{more[-1]}): {1 + len(more)} x " if more else f"({first}): "
            lines.append(same + text)
        inside = "\n  ".join(map(indented, lines))
        return f"{type(self).__name__}(\n  {inside}\n)" if lines else f"{type(self).__name__}()"


class Mapped(Module):
    """What ModuleDict and ParameterDict have in common: a dictionary whose values are found."""

    def __init__(self, given: Any = None) -> None:
        super().__init__()
        self.update(given or {})

    def update(self, given: Any) -> None:
        for key, value in given.items() if hasattr(given, "items") else given:
            self[key] = value

    def __getitem__(self, key: str) -> Any:
        if key not in self._kinds:
            raise KeyError(key)
        return vars(self)[key]

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._kinds)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._kinds))

    def __contains__(self, key: str) -> bool:
        return key in self._kinds


class Dictionary(Mapped):
    """What a dictionary of modules or parameters does as a dictionary does it."""

    def keys(self) -> Any:
        return kept(self, *self._kinds.values()).keys()

    def values(self) -> Any:
        return kept(self, *self._kinds.values()).values()

    def items(self) -> Any:
        return kept(self, *self._kinds.values()).items()

    def pop(self, key: str) -> Any:
        found = self[key]
        del self[key]
        return found

    def clear(self) -> None:
        for key in self:
            del self[key]


class ModuleDict(Dictionary):
    """A dictionary whose modules are found."""

    def __setitem__(self, key: str, module: Any) -> None:
        self.add_module(key, module)


def as_parameter(value: Any) -> Any:
    """A parameter as it is; a tensor as a parameter."""
    if not isinstance(value, Node):
        raise TypeError(f"a list of parameters takes tensors, not {type(value).__name__}")
    return value if isinstance(value, Parameter) else Parameter(value)


def contents(pairs: Iterable[tuple[Any, Any]]) -> str:
    """The parameters of a list or dictionary, a line each, as PyTorch prints them."""
    return "\n".join(
        f"  ({key}): Parameter containing: [{p.dtype} of size {'x'.join(map(str, p.shape))}]"
        for key, p in pairs
    )


class ParameterDict(Dictionary):
    """A dictionary whose tensors are parameters."""

    def __setitem__(self, key: str, parameter: Any) -> None:
        self.register_parameter(key, as_parameter(parameter))

    def extra_repr(self) -> str:
        return contents(self.items())


class ParameterList(Row):
    """A list whose tensors are parameters."""

    holds = "parameter"

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__(values)

    def append(self, value: Any) -> Any:
        return super().append(as_parameter(value))

    def __setitem__(self, index: int, value: Any) -> None:
        super().__setitem__(index, as_parameter(value))

    def extra_repr(self) -> str:
        return contents(enumerate(self))


__all__ = ["Parameter", "Buffer", "Module", "Sequential", "ModuleList", "ModuleDict"]
__all__ += ["ParameterList", "ParameterDict"]
