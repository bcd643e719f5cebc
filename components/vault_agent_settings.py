"""What the agent of Vault beside a service is told: which files it writes, from which secrets. Pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

WRITTEN = "/secrets"
"""Where the agent sees the files. Not /vault/secrets, as the service does: in its image /vault is the program."""
CONFIG = "/config"
TOKEN = "/token/token"  # noqa: S105 (a path)
AUTHORITY = f"{CONFIG}/ca.crt"

INTERVAL_SECONDS = 60
"""How old a file may be: a secret without a lease is asked for anew this often, each time with two lines in the audit
log for each secret and pod (measured: 3.4 kB, so 5 MB a day)."""
PAUSE_SECONDS = 10
"""Between two attempts at the most, to log in or to read what is not there: how late a pod may be once it is."""
FOR_EVER = 2**31 - 1
"""After so many attempts to read, the agent would begin anew, and between beginnings it pauses ever longer, up to five
minutes, in which no file changes (command/agent/template/template.go of Vault 1.21: its backoff is never reset)."""

_NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
_PATH = re.compile(f"{_NAME}(/{_NAME})*")


@dataclass(frozen=True, kw_only=True)
class SecretFile:
    """A file that the service reads, and the secret in it."""

    file: str
    """Name of the file in `/vault/secrets`."""
    path: str
    """Path of the secret below `app/` in the team's mount."""
    field: str | None = None
    """Field whose value is the file's content; None is the whole secret, as a JSON object."""
    optional: bool = False
    """Whether the pod starts without it; the file is there as soon as the secret is."""


def document(address: str, login: str, role: str, kv: str, files: Sequence[SecretFile], *, once: bool) -> str:
    """Return the agent's configuration as JSON text; it names secrets and holds none.

    `login` and `kv` are mounts; with `once` the agent ends when every file is written. Raises ValueError for a name
    that could mean something else in a path or a template.
    """
    method = {
        "type": "kubernetes",
        "mount_path": f"auth/{_checked(login)}",
        "max_backoff": f"{PAUSE_SECONDS}s",
        "config": {"role": _checked(role), "token_path": TOKEN},
    }
    settings = {
        "exit_after_auth": once,
        "vault": {"address": address, "ca_cert": AUTHORITY, "retry": {"num_retries": FOR_EVER}},
        "auto_auth": {"method": [method]},
        # A Vault that is away is waited for, and so is a secret that nobody has put there yet.
        "template_config": {
            "exit_on_retry_failure": False,
            "static_secret_render_interval": f"{INTERVAL_SECONDS}s",
        },
        "template": [_template(kv, one) for one in files],
    }
    return json.dumps(settings, indent=2, sort_keys=True)


def _template(kv: str, wanted: SecretFile) -> dict[str, object]:
    path = f"{_checked(kv)}/data/app/{_checked(wanted.path)}"
    return {
        "destination": f"{WRITTEN}/{_checked(wanted.file)}",
        "contents": f'{{{{ with secret "{path}" }}}}{_content(path, wanted.field)}{{{{ end }}}}',
        # The group is the pod's `fsGroup`, for a service that runs as another user than the agent.
        "perms": "0440",
        "error_on_missing_key": True,
    }


def _content(path: str, field: str | None) -> str:
    if field is None:
        return "{{ .Data.data | toJSON }}"
    name = _checked(field)
    # `index` gives "<no value>" for a field that is not there, which `error_on_missing_key` does not see; and an error
    # stops all the other files, for up to five minutes. A secret that is not there makes only this file wait, and the
    # agent's log says its path.
    wait = f'{{{{ with secret "{path}/has-no-field/{name}" }}}}{{{{ sprig_fail "no such field" }}}}{{{{ end }}}}'
    have = f'{{{{ if sprig_hasKey .Data.data "{name}" }}}}{{{{ index .Data.data "{name}" }}}}'
    return f"{have}{{{{ else }}}}{wait}{{{{ end }}}}"


def _checked(name: str) -> str:
    if not _PATH.fullmatch(name):
        raise ValueError(f"{name!r} is not allowed: letters, digits and _ . -, in parts that do not begin with a dot")
    return name
