"""What a provider's SDK says about a resource type or a function: its inputs, its outputs and their kinds.

The SDK is generated from the official plugin's schema, so it is the list of names and kinds a program can use. It is
read here instead of being written down a second time.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
import threading
import types
import typing
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from pulumi import _types as sdk_types

_SCALARS: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_SECRETS = re.compile(r"additional_secret_outputs=\[([^\]]*)\]")
_lock = threading.Lock()


@dataclass(frozen=True)
class Kind:
    """The kind of a value: `string`, `boolean`, `integer`, `number`, `list`, `map`, `object` or `any`."""

    name: str
    item: Kind | None = None
    """Of each element of a list or map."""
    fields: Mapping[str, Kind] = field(default_factory=dict)
    """Of an object: by Pulumi's name."""
    required: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Schema:
    """One resource type or function, all names as Pulumi writes them (`cidrBlock`)."""

    token: str
    inputs: Mapping[str, Kind]
    outputs: Mapping[str, Kind]
    required: frozenset[str]
    documentation: Mapping[str, str]
    """What the SDK's reference says about each input."""
    secret: frozenset[str] = frozenset()
    """Properties that the SDK itself makes secrets, whatever the program gave."""


class UnknownTypeError(Exception):
    """The SDK has no such resource type or function."""


def load(package: str, token: str) -> Schema:
    """Return the schema of `token` (`aws:ec2/vpc:Vpc`) from the SDK package (`pulumi_aws`).

    Raises UnknownTypeError.
    """
    with _lock:
        resource = _resource(package, token)
        arguments = _arguments(resource)
        inputs, required = _object(arguments)
        outputs = {name: _kind(hint) for name, hint in sdk_types.resource_types(resource).items()}
        return Schema(token, inputs, outputs, required, _documentation(arguments), _secret(resource))


def load_function(package: str, token: str) -> Schema:
    """Return the schema of the function `token` (`aws:eks/getCluster:getCluster`): arguments and results.

    Its `required` is empty: the SDK's own functions declare every argument optional. Raises UnknownTypeError.
    """
    with _lock:
        module, name = _module(package, token)
        function = getattr(module, _snake(name), None)
        if not inspect.isfunction(function) or not name.startswith("get"):
            raise UnknownTypeError(token)
        result = getattr(importlib.import_module(function.__module__), f"{name[0].upper()}{name[1:]}Result")
        hints = {key: hint for key, hint in typing.get_type_hints(function).items() if key not in ("opts", "return")}
        inputs = {_camel(key): _kind(hint) for key, hint in hints.items()}
        return Schema(token, inputs, _object(result)[0], frozenset(), {})


def provider(package: str) -> Mapping[str, Kind]:
    """Return the configuration keys of a provider."""
    with _lock:
        module = importlib.import_module(f"{package}.provider")
        return _object(module.ProviderArgs)[0]


def _module(package: str, token: str) -> tuple[types.ModuleType, str]:
    """Return the SDK's module that a token is in, and the name in it."""
    try:
        _, path, name = token.split(":")
        part = path.split("/")[0]
        with warnings.catch_warnings():
            # The SDK's modules warn of their own deprecated classes.
            warnings.simplefilter("ignore", DeprecationWarning)
            # The generator's two rules: `index` is the package itself, and Python's modules are written small.
            return importlib.import_module(package if part == "index" else f"{package}.{part.lower()}"), name
    except (ValueError, ImportError) as error:
        raise UnknownTypeError(token) from error


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _resource(package: str, token: str) -> type:
    module, name = _module(package, token)
    found = getattr(module, name, None)
    if not isinstance(found, type) or getattr(found, "pulumi_type", None) != token:
        raise UnknownTypeError(token)
    return found


def _arguments(resource: type) -> type:
    module = importlib.import_module(resource.__module__)
    # Where a nested type has taken the name NAMEArgs, the generator calls the arguments NAMEInitArgs.
    found = getattr(module, f"{resource.__name__}InitArgs", None) or getattr(module, f"{resource.__name__}Args")
    return typing.cast("type", found)


def _object(cls: type) -> tuple[dict[str, Kind], frozenset[str]]:
    if sdk_types.is_input_type(cls):
        hints = dict(sdk_types.input_type_types(cls))
        names = sdk_types.input_type_py_to_pulumi_names(cls)
    else:
        hints = dict(sdk_types.output_type_types(cls))
        names = {}
    parameters = inspect.signature(cls).parameters
    required = {names.get(key, key) for key, item in parameters.items() if item.default is inspect.Parameter.empty}
    return {name: _kind(hint) for name, hint in hints.items()}, frozenset(required & set(hints))


def _documentation(cls: type) -> dict[str, str]:
    names = sdk_types.input_type_py_to_pulumi_names(cls)
    found = {}
    for attribute, name in names.items():
        described = getattr(cls, attribute, None)
        found[name] = (described.fget.__doc__ or "") if isinstance(described, property) and described.fget else ""
    return found


def _secret(resource: type) -> frozenset[str]:
    # The generator writes the list into the constructor, and nowhere that could be asked.
    found = _SECRETS.search(inspect.getsource(resource))
    return frozenset(re.findall(r'"(\w+)"', found.group(1))) if found else frozenset()


def _kind(hint: object) -> Kind:
    hint = _bare(hint)
    origin = typing.get_origin(hint)
    parameters = typing.get_args(hint)
    if isinstance(hint, type) and hint in _SCALARS:
        return Kind(_SCALARS[hint])
    if isinstance(hint, type) and (sdk_types.is_input_type(hint) or sdk_types.is_output_type(hint)):
        fields, required = _object(hint)
        return Kind("object", fields=fields, required=required)
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return Kind("map", _kind(parameters[1]))
    if inspect.isclass(origin) and issubclass(origin, typing.Sequence):
        return Kind("list", _kind(parameters[0]))
    return Kind("any")


def _bare(hint: object) -> object:
    """Return the plain type among what an input may be (the value, an awaitable or an output of it, an enumeration)."""
    while typing.get_origin(hint) in (typing.Union, types.UnionType):
        options = [option for option in typing.get_args(hint) if _is_plain(option)]
        if not options:
            return object
        hint = options[0]
    return hint


def _is_plain(option: object) -> bool:
    if option is type(None) or (
        typing.get_origin(option) is not None and "Awaitable" in str(typing.get_origin(option))
    ):
        return False
    if inspect.isclass(option) and issubclass(option, enum.Enum):
        return False
    origin = typing.get_origin(option) or option
    return getattr(origin, "__name__", "") not in ("Output", "Awaitable")
