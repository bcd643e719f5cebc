"""What holds for every component; a new file in components/ is found and checked without a line here."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence

import pulumi
import pytest

import components


def _components() -> list[type[pulumi.ComponentResource]]:
    found = []
    for module in pkgutil.walk_packages(components.__path__, "components."):
        for _, member in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(member, pulumi.ComponentResource) and member.__module__ == module.name:
                found.append(member)
    return found


COMPONENTS = _components()
each = pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.__name__)


def _args_type(component: type) -> type:
    return typing.get_type_hints(component.__init__)["args"]


FORMATS = {
    "cidr": "10.20.0.0/16",
    "zones": ["eu-central-1a", "eu-central-1b"],
    "url": "https://gitlab.example",
    "replicas": 3,
    "threshold": 1,
    "unguarded": False,
}
"""Field -> value, where a component does arithmetic on it, takes it apart, or allows but a few."""


def _sample(hint: object, text: str) -> object:
    """Return a value of a field's type; every text in it is `text`, so that instances can be told apart."""
    if hint in (str, object):
        return text
    if hint is bool:
        return True
    if hint is int:
        return 80
    if dataclasses.is_dataclass(hint):
        return _build(hint, text)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _sample(typing.get_args(hint)[0], text)
    if origin is Mapping:
        return {"pods": _sample(typing.get_args(hint)[1], "1")}
    if origin is Sequence:
        return [_sample(typing.get_args(hint)[0], text)]
    raise TypeError(f"no sample for {hint}")


def _build(kind: type, text: str) -> object:
    # `pulumi.Input[T]` refers to `Output[T]` by name.
    hints = typing.get_type_hints(kind, localns={"Output": pulumi.Output, "T": typing.Any})
    samples = {field.name: _sample(hints[field.name], text) for field in dataclasses.fields(kind)}
    return kind(**{name: FORMATS.get(name, sample) for name, sample in samples.items()})


class Recorder(pulumi.runtime.Mocks):
    def __init__(self) -> None:
        self.made: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, object]]:
        self.made.append(args)
        return f"{args.name}-id", args.inputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, object]:
        raise AssertionError(f"components call no provider function: {args.token}")


def _instantiate(component: type, *names: str) -> tuple[Recorder, list[pulumi.ComponentResource]]:
    """Make an instance for each name and wait until everything it registers is registered."""
    recorder = Recorder()
    # In a preview, what a provider would compute is unknown, as it is on a first preview; else it would be None.
    pulumi.runtime.set_mocks(recorder, project="idp", stack="test.platform", preview=True)
    made: list[pulumi.ComponentResource] = []

    # The decorator drains every registration before it returns.
    @pulumi.runtime.test
    def program() -> None:
        made.extend(component(name, _build(_args_type(component), name)) for name in names)

    program()
    return recorder, made


def _descendants(resource: pulumi.Resource) -> Iterator[pulumi.Resource]:
    for child in resource._childResources:
        yield child
        yield from _descendants(child)


def _tree(component: type) -> ast.ClassDef:
    source = ast.parse(inspect.getsource(inspect.getmodule(component)))
    return next(node for node in source.body if isinstance(node, ast.ClassDef) and node.name == component.__name__)


def _method(tree: ast.ClassDef, name: str) -> ast.FunctionDef:
    return next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)


def test_there_are_components() -> None:
    assert len(COMPONENTS) >= 5


@each
def test_signature(component: type) -> None:
    parameters = inspect.signature(component.__init__).parameters
    assert list(parameters) == ["self", "name", "args", "opts"]
    assert parameters["opts"].default is None
    args = _args_type(component)
    assert args.__name__ == f"{component.__name__}Args"
    assert args.__module__ == component.__module__
    assert dataclasses.is_dataclass(args)
    assert args.__dataclass_params__.frozen


@each
def test_every_field_is_documented(component: type) -> None:
    module = ast.parse(inspect.getsource(inspect.getmodule(component)))
    for node in module.body:
        if not isinstance(node, ast.ClassDef):
            continue
        for statement, after in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(statement, ast.AnnAssign):
                documented = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                assert documented, f"{node.name}.{ast.unparse(statement.target)} has no docstring"


@each
def test_token_is_literal_and_says_the_name(component: type) -> None:
    first = next(
        node
        for node in _method(_tree(component), "__init__").body
        if not isinstance(getattr(node, "value", None), ast.Constant)
    )
    call = first.value
    assert ast.unparse(call.func) == "super().__init__"
    assert isinstance(call.args[0], ast.Constant)
    assert call.args[0].value == f"idp:index:{component.__name__}"


def test_tokens_are_unique() -> None:
    names = [component.__name__ for component in COMPONENTS]
    assert len(names) == len(set(names))


@each
def test_register_outputs_is_the_last_line(component: type) -> None:
    last = _method(_tree(component), "__init__").body[-1]
    assert isinstance(last, ast.Expr)
    assert ast.unparse(last.value.func) == "self.register_outputs"
    registered = {key.value for key in last.value.args[0].keys}
    assert registered == set(_outputs(component))


def _outputs(component: type) -> list[str]:
    return [node.target.id for node in _tree(component).body if isinstance(node, ast.AnnAssign)]


@each
def test_outputs_are_outputs(component: type) -> None:
    _, (made,) = _instantiate(component, "one")
    for name in _outputs(component):
        assert isinstance(getattr(made, name), pulumi.Output)


@each
def test_children_have_parent_and_are_named_from_it(component: type) -> None:
    recorder, (made,) = _instantiate(component, "one")
    descendants = list(_descendants(made))
    children = [args for args in recorder.made if args.typ != f"idp:index:{component.__name__}"]
    assert descendants
    # Everything that was registered hangs below the component: nothing was made without `parent=self`.
    assert len(descendants) == len(children)
    assert all(args.name.startswith("one") for args in children)


@each
def test_two_instances_do_not_collide(component: type) -> None:
    recorder, _ = _instantiate(component, "one", "two")
    urns = [(args.typ, args.name) for args in recorder.made]
    assert len(urns) == len(set(urns))
    objects = [(args.typ, name) for args in recorder.made if args.custom and (name := _physical_name(args))]
    assert len(objects) == len(set(objects))


def _physical_name(args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, str] | None:
    """Return namespace or engine, and name, of what is made; None where the provider picks a name, or it has none."""
    inputs: Mapping[str, typing.Any] = args.inputs
    if metadata := inputs.get("metadata"):
        return metadata.get("namespace"), metadata["name"]
    if args.typ == "vault:identity/groupAlias:GroupAlias":
        # It is called what the group is called elsewhere, within a mount that is not known yet.
        return None
    return (inputs.get("backend"), inputs["name"]) if "name" in inputs else None


@each
def test_reads_no_surroundings(component: type) -> None:
    """Components read no config, no environment variables, and build no provider."""
    source = inspect.getsource(inspect.getmodule(component))
    for forbidden in (r"pulumi\.Config", r"os\.environ", "getenv", r"\bProvider\(", r"ResourceOptions\.merge"):
        assert not re.search(forbidden, source)
