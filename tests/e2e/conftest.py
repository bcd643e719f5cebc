"""One platform for the session, in a copy of the checkout; a test that destroys things takes a copy of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from .checkout import REPOSITORY, Checkout, without_vault
from .kubectl import Kubectl


@contextmanager
def standing_checkout(root: Path, original: str | None = None) -> Iterator[Checkout]:
    """Yield a copy of the checkout below `root`, and remove it with all that runs in it; nothing may be left."""
    checkout = Checkout.copy_to(root, original)
    try:
        yield checkout
    finally:
        checkout.describe(None)
        namespaces = _namespaces(checkout)
        removed = checkout.make("down")
        assert removed.code == 0, removed
        assert checkout.traces() == []
        assert not namespaces & _inhabited(), "a namespace of the cluster is still in use"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Checkout]]:
    """Return a function that copies the checkout; all copies are removed, with all that runs in them."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(standing_checkout(tmp_path_factory.mktemp("own") / "checkout"))


@pytest.fixture(scope="module")
def lean(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Return a copy of the checkout whose environment has no Vault, for tests that stand it up again and again."""
    text = without_vault((REPOSITORY / "environments/local.yaml").read_text())
    with standing_checkout(tmp_path_factory.mktemp("lean") / "checkout", text) as checkout:
        yield checkout


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """Return a copy of the checkout whose local environment stands."""
    with standing_checkout(tmp_path_factory.mktemp("shared") / "checkout") as checkout:
        stood_up = checkout.make("up")
        assert stood_up.code == 0, stood_up
        yield checkout


@pytest.fixture(scope="session")
def kubectl(platform: Checkout) -> Kubectl:
    return Kubectl(platform)


def _namespaces(checkout: Checkout) -> set[str]:
    """Return the cluster's own network and mount namespaces."""
    pid = checkout.pid_of("namespace")
    if pid is None or not psutil.pid_exists(pid):
        return set()
    return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in ("net", "mnt")}


def _inhabited() -> set[str]:
    found = set()
    for kind in ("net", "mnt"):
        for link in Path("/proc").glob(f"[0-9]*/ns/{kind}"):
            try:
                found.add(str(link.readlink()))
            except OSError:
                continue  # ended since it was listed
    return found
