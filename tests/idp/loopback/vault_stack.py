"""The platform's Vault on a cluster of its own: the real engine, the real components, the policies."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from idp import toolchain
from idp.paths import POLICIES, ROOT
from idp.toolchain import Toolchain
from tests.stack_folder import lay_out, run_engine

NAMESPACE = "idp-vault"
ADDRESS = "10.96.0.200"
"""Of the Service of the active server, so that the way in is known before the cluster is there."""

PROGRAM = f'''
import json
import sys

sys.path.insert(0, {str(ROOT)!r})

import pulumi
import pulumi_kubernetes as kubernetes

from components.isolated_namespace import IsolatedNamespace, IsolatedNamespaceArgs
from components.labels import Ownership
from components.priority_classes import PriorityClasses, PriorityClassesArgs
from components.vault_server.bootstrap import Keeper, Plugin
from components.vault_server.network import Destination
from components.vault_server.snapshots import SnapshotVolume
from stacks import field_manager, vault

field_manager.fix()
settings = json.loads(pulumi.Config().require("settings"))
cluster = kubernetes.Provider("cluster", kubeconfig=settings["kubeconfig"], cluster_identifier="local",
    enable_config_map_mutable=True)
opts = pulumi.ResourceOptions(providers=[cluster])
ownership = Ownership(environment="local", owner="team-platform", cost_centre="cc-platform")
namespace = IsolatedNamespace("{NAMESPACE}", IsolatedNamespaceArgs(name="{NAMESPACE}", ownership=ownership), opts)
priorities = PriorityClasses("idp", PriorityClassesArgs(ownership=ownership), opts)
made = vault.declare(
    vault.VaultSettings(
        image=settings["image"],
        bootstrap_image=settings["bootstrap_image"],
        snapshots=SnapshotVolume(keep=2),
        keepers=[Keeper(**keeper) for keeper in settings["keepers"]],
        threshold=settings["threshold"],
        replicas=3,
        one_node=True,
        cluster_ip="{ADDRESS}",
        plugin_directory="/plugins",
        plugins=[Plugin(**plugin) for plugin in settings["plugins"]],
        cpu="50m",
    ),
    vault.Surroundings(
        namespace=namespace.name,
        labels=ownership.labels(),
        priority_class=priorities.platform,
        api_server=[Destination(cidr="10.100.0.1/32", port=6443)],
    ),
    cluster,
)
pulumi.export("address", made.address)
'''


@dataclass
class Stack:
    """A stack of the program above, with the state in a folder."""

    folder: Path
    tools: Toolchain
    variables: Mapping[str, str] = field(default_factory=dict)

    def pulumi(self, *arguments: str, fails: bool = False) -> str:
        return run_engine(self.tools.path("pulumi"), self.folder, self.variables, *arguments, fails=fails, seconds=600)

    def up(self, *arguments: str) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", *arguments)

    def changes(self) -> dict[str, int]:
        """Return operation to number of resources of a preview, after asking what is really there."""
        told = json.loads(self.pulumi("preview", "--refresh", "--json"))
        summary: dict[str, int] = told["changeSummary"]
        return summary

    def state(self) -> str:
        """Return the whole state as it lies on the disk, with its history and copies."""
        files = [path for path in (self.folder / "state").rglob("*") if path.is_file()]
        return "".join(path.read_bytes().decode("latin-1") for path in files)


def make(folder: Path, settings: Mapping[str, Any], program: str = PROGRAM) -> Stack:
    """Return a new stack in `folder`, with `settings` for the program."""
    tools = toolchain.ensure(print, toolchain.ENGINE)
    toolchain.install_plugins(tools, folder / "home")
    variables = lay_out(folder, "vault", program, tools.path("pulumi"))
    variables["PULUMI_OPTION_POLICY_PACK"] = str(POLICIES)
    # Images that are built here have no digest; no environment's file is there to excuse them.
    levels = folder / "levels.json"
    levels.write_text(json.dumps({"image_digest": "disabled"}))
    variables["PULUMI_OPTION_POLICY_PACK_CONFIG"] = str(levels)
    stack = Stack(folder, tools, variables)
    stack.pulumi("stack", "init", "e2e")
    stack.pulumi("config", "set", "settings", json.dumps(settings))
    return stack


class Keepers:
    """People with OpenPGP keys, made by GnuPG in a folder."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700)
        for name in names:
            self._gpg("--passphrase", "", "--quick-generate-key", name, "rsa2048", "encrypt", "never")
        self.public = [
            {"name": name, "public_key": base64.b64encode(self._gpg("--export", name)).decode()} for name in names
        ]

    def decrypt(self, text: str) -> str:
        """Return what a share says to whoever has the private key."""
        return self._gpg("--decrypt", stdin=base64.b64decode(text)).decode()

    def _gpg(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = subprocess.run(
            ["gpg", "--homedir", str(self.folder), "--batch", "--pinentry-mode", "loopback", "--quiet", *arguments],  # noqa: S607
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def close(self) -> None:
        """End the agent that GnuPG started for the folder."""
        subprocess.run(["gpgconf", "--homedir", str(self.folder), "--kill", "all"], check=True, timeout=30)  # noqa: S607
