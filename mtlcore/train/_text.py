"""Texts of objects that are equal in two processes if and only if the objects do the same."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import inspect
import os
import re
from collections.abc import Mapping
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mtlcore.methods.base import Method

_INTERNAL = {*vars(nn.Module()), "training"}
"""Attributes that torch itself keeps on every module."""


def stable_text(value: Any) -> str:
    """Describe a value without memory addresses, devices, or anything else that changes between processes.

    Parameters
    ----------
    value : Any
        A literal, a container, a function, a class, a tensor, a module, or an object.

    Returns
    -------
    text : str
        Functions are described by module and name, by the values that they close over, and by their code
        where the name does not tell it (lambdas, local functions, functions of a notebook); partial
        functions also by their arguments; tensors and arrays by type, shape and digest; other objects by
        their ``repr``, or by their attributes where that shows a memory address.

    Examples
    --------
    >>> from functools import partial
    >>> from mtlcore.train._text import stable_text
    >>> stable_text(partial(torch.optim.Adam, lr=0.1))
    'functools.partial(torch.optim.adam.Adam, lr=0.1)'
    """
    return _text(value, ())


def qualified_name(cls: Any) -> str:
    """Name of a class or function with its module.

    Parameters
    ----------
    cls : type or callable
        What is named.

    Returns
    -------
    name : str
    """
    module = getattr(cls, "__module__", None)
    name = getattr(cls, "__qualname__", None) or repr(type(cls))
    return f"{module}.{name}" if module else name


def tensor_text(tensor: Tensor) -> str:
    """Type, shape and SHA-256 of the bytes of a tensor.

    Parameters
    ----------
    tensor : Tensor
        On any device.

    Returns
    -------
    text : str
    """
    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        tensor = tensor.to_dense()
    # 0 dimensions become 1, and numpy, which has no bfloat16, sees bytes
    flat = tensor.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8)
    return f"{_shape(tensor)}, SHA-256 {hashlib.sha256(flat.numpy().data).hexdigest()}"


def module_parts(module: nn.Module, state: frozenset[str] = frozenset()) -> dict[str, str]:
    """Describe the structure of a module, but not what it has learned.

    Parameters
    ----------
    module : Module
        What is described.
    state : frozenset of str, optional
        Names of buffers that are left out, because they come and go in training.

    Returns
    -------
    parts : dict from str to str
        For each submodule its type with ``extra_repr``, and its own attributes; for each parameter and
        buffer its type and shape; the values too of a buffer that no state dict has. By dotted names.
    """
    parts = {}
    for name, child in module.named_modules():
        parts[name] = f"{qualified_name(type(child))}({child.extra_repr()})"
        for attribute, value in vars(child).items():
            if attribute not in _INTERNAL and not _of_a_graph(value):
                parts[_dotted(name, attribute)] = stable_text(value)
        for buffer in sorted(child._non_persistent_buffers_set):
            value = child._buffers[buffer]
            if value is not None and _dotted(name, buffer) not in state:
                parts[_dotted(name, buffer)] = tensor_text(value)
    for name, parameter in module.named_parameters():
        parts[name] = _shape(parameter) + ("" if parameter.requires_grad else ", frozen")
    for name, tensor in module.named_buffers():
        if name not in state:
            parts.setdefault(name, _shape(tensor))
    return parts


def method_parts(method: Method) -> dict[str, str]:
    """Describe a method by its class and its arguments.

    Parameters
    ----------
    method : Method
        What is described.

    Returns
    -------
    parts : dict from str to str
        Under the empty name the class, under its own name each argument.
    """
    return {"": qualified_name(type(method))} | {
        name: stable_text(value) for name, value in method.get_params().items()
    }


def _text(value: Any, above: tuple[int, ...]) -> str:
    """``above`` are the ids of the objects that this one is part of: it may refer to them."""
    if id(value) in above:
        return "..."
    text = partial(_text, above=(*above, id(value)))
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, enum.Enum):
        return f"{qualified_name(type(value))}.{value.name}"
    if isinstance(value, str) and os.path.isabs(value):
        return repr(os.path.basename(value))  # a folder of pre-trained weights may be elsewhere
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | torch.dtype):
        return repr(value)
    if isinstance(value, torch.Generator | torch.device):
        return qualified_name(type(value))
    if isinstance(value, nn.Parameter):
        return _shape(value)
    if isinstance(value, Tensor):
        return tensor_text(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        digest = hashlib.sha256(np.ascontiguousarray(value).data).hexdigest()
        return f"array {value.dtype} {value.shape}, SHA-256 {digest}"
    if isinstance(value, Method):
        return _call(type(value), {k: text(v) for k, v in value.get_params().items()})
    if isinstance(value, nn.Module):
        return "{" + ", ".join(f"{k}: {v}" for k, v in module_parts(value).items()) + "}"
    if isinstance(value, type):
        return qualified_name(value)
    if isinstance(value, partial):
        positional = {str(i): text(v) for i, v in enumerate(value.args)}
        named = {k: text(v) for k, v in sorted(value.keywords.items())}
        inner = [text(value.func), *positional.values(), *(f"{k}={v}" for k, v in named.items())]
        return f"functools.partial({', '.join(inner)})"
    if isinstance(value, MethodType):
        return f"{text(value.__self__)}.{value.__name__}"
    if isinstance(value, FunctionType):
        return _function(value, text)
    if inspect.isroutine(value):  # written in C
        return qualified_name(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text(k)}: {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(text(v) for v in value)) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(text(v) for v in value)}]"
    shown = repr(value)
    if dataclasses.is_dataclass(value) or re.search(r"\bat 0x[0-9a-fA-F]+", shown):
        return _call(type(value), {k: text(v) for k, v in getattr(value, "__dict__", {}).items()})
    return shown


def _call(cls: type, arguments: Mapping[str, str]) -> str:
    return f"{qualified_name(cls)}({', '.join(f'{k}={v}' for k, v in arguments.items())})"


def _function(function: FunctionType, text: Any) -> str:
    parts = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            parts[name] = text(cell.cell_contents)
        except ValueError:  # the cell is still empty
            parts[name] = "..."
    if function.__defaults__ or function.__kwdefaults__:
        parts["defaults"] = text([*(function.__defaults__ or ()), function.__kwdefaults__ or {}])
    if "<" in function.__qualname__ or function.__module__ == "__main__":
        parts["code"] = hashlib.sha256(repr(_code(function.__code__)).encode()).hexdigest()[:12]
    shown = f"[{', '.join(f'{k}={v}' for k, v in parts.items())}]" if parts else ""
    return qualified_name(function) + shown


def _code(code: CodeType) -> list[Any]:
    """Instructions, names and constants, without file and line numbers."""
    constants = [
        _code(c) if isinstance(c, CodeType) else sorted(map(repr, c)) if isinstance(c, frozenset) else repr(c)
        for c in code.co_consts
    ]
    return [code.co_code.hex(), code.co_names, constants]


def _of_a_graph(value: Any) -> bool:
    """Whether a value is a tensor that some forward pass has left on a module."""
    return isinstance(value, Tensor) and value.grad_fn is not None


def _shape(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"


def _dotted(*names: str) -> str:
    return ".".join(name for name in names if name)
