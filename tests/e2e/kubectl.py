"""The cluster of a checkout, as a person looks at it: with kubectl."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from .checkout import Checkout, Ran, run

Manifest = dict[str, Any]
T = TypeVar("T")

PROBE = "idp.local/probe:1"
SAMPLE = "idp.local/sample:1"

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}

MANAGED = "app.kubernetes.io/managed-by=pulumi"
"""The label that every object of the platform carries."""


def until(what: str, check: Callable[[], T], seconds: float = 60) -> T:
    """Return the first true answer of `check`, or fail the test."""
    deadline = time.monotonic() + seconds
    while not (answer := check()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)
    return answer


@dataclass(frozen=True)
class Probed:
    """What a probe found out."""

    worked: bool
    line: str


class Kubectl:
    """Runs kubectl against the local cluster of a checkout."""

    def __init__(self, checkout: Checkout) -> None:
        variables = checkout.variables()
        self._root = checkout.root
        self._variables = {name: variables[name] for name in ("PATH", "KUBECONFIG")}

    def __call__(self, *arguments: str, stdin: str | None = None) -> Ran:
        return run("kubectl", *arguments, cwd=self._root, variables=self._variables, stdin=stdin, seconds=60)

    def get(self, *arguments: str) -> Any:  # noqa: ANN401 (an object or a list of them)
        ran = self("get", *arguments, "-o", "json")
        assert ran.code == 0, ran
        return ran.json()

    def create(self, manifest: Manifest, *arguments: str) -> Ran:
        return self("create", "-f", "-", *arguments, stdin=json.dumps(manifest))

    @contextmanager
    def client(self, namespace: str) -> Iterator[Callable[..., Probed]]:
        """Yield a function that runs `probe ARGUMENTS` in a pod that runs for as long as the block."""
        made = self.create(pod(namespace, "client", "sleep"))
        assert made.code == 0, made
        try:
            until(
                f"client in {namespace}",
                lambda: self.get("pod", "client", "-n", namespace)["status"]["phase"] == "Running",
            )
            yield lambda *arguments: self._probe(namespace, *arguments)
        finally:
            self("delete", "pod", "client", "-n", namespace, "--grace-period=1", "--wait=true")

    def _probe(self, namespace: str, *arguments: str) -> Probed:
        ran = self("exec", "client", "-n", namespace, "--", "/probe", *arguments)
        return Probed(ran.code == 0, (ran.out + ran.err).strip())

    def platform_objects(self) -> dict[tuple[str, str, str], Manifest]:
        """Return every object with the platform's label that nothing in the cluster derived from another."""
        kinds = self("api-resources", "--verbs=list", "-o", "name").out.split()
        listed = self.get(",".join(kinds), "--all-namespaces", "-l", MANAGED, "--show-managed-fields")["items"]
        # Controllers copy labels: to ReplicaSets and pods, which have owners, and to what has none.
        own = [item for item in listed if "ownerReferences" not in item["metadata"] and not _copied(item)]
        return {key(item): item for item in own}


def _copied(item: Manifest) -> bool:
    """Return whether a controller made it from another object: a StatefulSet's claims are called TEMPLATE-POD."""
    claim = item["kind"] == "PersistentVolumeClaim" and item["metadata"]["name"].rpartition("-")[2].isdigit()
    return claim or item["kind"] == "Endpoints"


def key(item: Manifest) -> tuple[str, str, str]:
    """Return kind, namespace and name of an object."""
    return item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]


def state_objects(checkout: Checkout) -> dict[tuple[str, str, str], Manifest]:
    """Return every Kubernetes object that the states of the checkout's layers list."""
    found: dict[tuple[str, str, str], Manifest] = {}
    for layer in ("platform", "workspaces"):
        for resource in checkout.checkpoint(layer).get("resources", []):
            if not resource["type"].startswith("kubernetes:") or resource.get("external"):
                continue
            item = resource["outputs"]
            assert not resource.get("delete"), f"{resource['urn']}: still to be deleted"
            assert key(item) not in found, f"{key(item)}: twice in the state"
            found[key(item)] = item
    return found


def pod(namespace: str, name: str, *arguments: str, **spec: object) -> Manifest:
    """Return a pod that runs `probe ARGUMENTS` once and satisfies Pod Security level restricted."""
    container = {"name": "probe", "image": PROBE, "args": list(arguments), "securityContext": RESTRICTED}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "automountServiceAccountToken": False,
            "containers": [container],
            **spec,
        },
    }
