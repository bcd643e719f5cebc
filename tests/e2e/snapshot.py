"""What an environment looks like, to prove that a refused command changed nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .checkout import Checkout
from .kubectl import Kubectl, Manifest


@dataclass(frozen=True)
class Snapshot:
    """States and objects of an environment at one moment; equal means that nothing was changed in between."""

    state: dict[str, bytes]
    """Every file of the state backend, by its path below it: stacks, history, backups and locks."""
    objects: dict[tuple[str, str, str], Manifest]
    """Every object of the platform by kind, namespace and name, without what the cluster itself writes down."""


def snapshot(checkout: Checkout, kubectl: Kubectl) -> Snapshot:
    """Look at states and cluster."""
    objects = {name: _wanted(item) for name, item in kubectl.platform_objects().items()}
    assert objects, "the platform stands"
    return Snapshot(files(checkout.root / ".idp/state/.pulumi"), objects)


def files(folder: Path) -> dict[str, bytes]:
    """Return the content of every file below a folder, which need not exist."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def unchanged(checkout: Checkout, kubectl: Kubectl) -> Iterator[None]:
    """Assert that states and cluster are after the block what they were before it."""
    before = snapshot(checkout, kubectl)
    yield
    after = snapshot(checkout, kubectl)
    assert after.state.keys() == before.state.keys()
    assert [name for name, content in after.state.items() if content != before.state[name]] == []
    for name in before.objects.keys() | after.objects.keys():
        assert after.objects.get(name) == before.objects.get(name), f"{name} was changed"


def _wanted(item: Manifest) -> Manifest:
    """Return what somebody wants of an object, and who it is by its uid; not how far the cluster is with it."""
    own = ("resourceVersion", "managedFields")
    metadata = {name: value for name, value in item["metadata"].items() if name not in own}
    return {**{name: value for name, value in item.items() if name != "status"}, "metadata": metadata}
