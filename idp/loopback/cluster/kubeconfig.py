"""Kubeconfig files: one for each daemon, and the administrator's."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from idp.loopback.cluster import certificates, network
from idp.loopback.cluster.layout import Layout

CONTEXT = "idp-local"


def for_daemon(layout: Layout, leaf: str) -> str:
    """Return a kubeconfig that points at the files of certificate `leaf`, for use inside the namespaces."""
    pair = layout.inside(layout.pki / f"{leaf}.pem")
    return _render(
        {"server": network.API_URL, "certificate-authority": layout.inside(layout.pki / "ca.crt")},
        {"client-certificate": pair, "client-key": pair},
    )


def for_admin(layout: Layout, port: int) -> str:
    """Return the administrator's kubeconfig with its credentials inside, for the API server forwarded to `port`."""
    pair = certificates.read(layout.pki / "admin.pem")
    if pair is None:
        raise FileNotFoundError(layout.pki / "admin.pem")
    authority = (layout.pki / "ca.crt").read_bytes()
    return _render(
        {"server": server(port), "certificate-authority-data": _encoded(authority)},
        {
            "client-certificate-data": _encoded(certificates.certificate_pem(pair.certificate)),
            "client-key-data": _encoded(certificates.private_pem(pair.key)),
        },
    )


def server(port: int) -> str:
    """Return the API server's URL on the host."""
    return f"https://127.0.0.1:{port}"


def server_of(path: Path) -> str | None:
    """Return the server a kubeconfig written here names; None if there is none (yet)."""
    try:
        content = json.loads(path.read_text())
        return str(content["clusters"][0]["cluster"]["server"])
    except (FileNotFoundError, ValueError, KeyError, IndexError, TypeError):
        return None


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _render(cluster: dict[str, str], user: dict[str, str]) -> str:
    # JSON is YAML, and its writer is in the standard library.
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": CONTEXT, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }
    return json.dumps(content, indent=2) + "\n"
