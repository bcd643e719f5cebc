"""kubectl on one cluster, for what is done to objects by hand rather than by the engine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from idp.errors import Exit, IdpError


class KubectlError(IdpError):
    """kubectl failed, or did not answer in time."""


SECONDS = 120.0
"""For one call; what takes longer is asked for again and again."""


class Kubectl:
    """Calls kubectl for one namespace; what it complains about becomes a `KubectlError`."""

    def __init__(
        self, binary: Path, kubeconfig: Path, namespace: str, context: str | None = None, seconds: float = SECONDS
    ) -> None:
        self._seconds = seconds
        chosen = [f"--context={context}"] if context else []
        self._command = [str(binary), f"--kubeconfig={kubeconfig}", *chosen, f"--namespace={namespace}"]

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Return what it prints; raises `KubectlError` with its last words."""
        command = [*self._command, *arguments]
        try:
            done = subprocess.run(
                command,
                input=stdin,
                capture_output=True,
                text=True,
                timeout=self._seconds,
                check=False,
                # Nobody but Vault has a use for its tokens.
                env={name: value for name, value in os.environ.items() if name != "VAULT_TOKEN"},
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(f"kubectl {arguments[0]}: no answer within {self._seconds:.0f} s") from None
        if done.returncode != 0:
            said = done.stderr.strip() or f"exit code {done.returncode}"
            raise KubectlError(f"kubectl {arguments[0]}: {said.splitlines()[-1]}")
        return done.stdout

    def get(self, *arguments: str) -> Mapping[str, Any]:
        """Return an object or a list of objects."""
        found: Mapping[str, Any] = json.loads(self.run("get", *arguments, "--output=json"))
        return found

    def there(self, kind: str, name: str) -> bool:
        """Return whether an object exists."""
        return bool(self.run("get", kind, name, "--ignore-not-found", "--output=name").strip())


def binary(search: str) -> Path:
    """Return kubectl from a PATH; raises `IdpError(MISSING)` if it is not there."""
    found = shutil.which("kubectl", path=search)
    if found is None:
        raise IdpError("kubectl: is not there; `idp tools --ensure` gets it", Exit.MISSING)
    return Path(found)
