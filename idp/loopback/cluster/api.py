"""A small client of the API server, for what the cluster's start itself needs."""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from idp.errors import IdpError
from idp.loopback.cluster.layout import Layout

FIELD_MANAGER = "idp-local"

PLURALS = {
    "ClusterRole": "apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "ConfigMap": "api/v1/namespaces/{namespace}/configmaps",
    "Deployment": "apis/apps/v1/namespaces/{namespace}/deployments",
    "Service": "api/v1/namespaces/{namespace}/services",
    "ServiceAccount": "api/v1/namespaces/{namespace}/serviceaccounts",
    "StorageClass": "apis/storage.k8s.io/v1/storageclasses",
}
"""Kind to the path of its collection, for the kinds that are applied at start."""


class Unreachable(Exception):  # noqa: N818 (a state, not an error: the server may still be starting)
    """The API server did not answer."""


class Client:
    """Talks to the API server as the administrator through the forwarded port."""

    def __init__(self, layout: Layout, port: int, timeout: float = 5.0) -> None:
        self._port = port
        self._timeout = timeout
        self._tls = _context(layout.pki)

    def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body. Raises Unreachable."""
        return self.request("GET", path)

    def read(self, path: str) -> dict[str, Any] | None:
        """Return an object, None if there is none such. Raises Unreachable, IdpError if refused."""
        status, body = self.get(path)
        if status == http.client.NOT_FOUND:
            return None
        if status != http.client.OK:
            raise IdpError(f"API server: GET {path}: {_message(status, body)}")
        content: dict[str, Any] = json.loads(body)
        return content

    def apply(self, manifest: dict[str, Any]) -> None:
        """Create or change an object by server-side apply. Raises Unreachable, IdpError if refused."""
        metadata = manifest["metadata"]
        collection = PLURALS[manifest["kind"]].format(namespace=metadata.get("namespace"))
        path = f"/{collection}/{metadata['name']}?fieldManager={FIELD_MANAGER}&force=true"
        status, body = self.request("PATCH", path, manifest, "application/apply-patch+yaml")
        if status not in (http.client.OK, http.client.CREATED):
            raise IdpError(f"API server: {manifest['kind']} {metadata['name']}: {_message(status, body)}")

    def request(
        self, method: str, path: str, content: dict[str, Any] | None = None, kind: str = "application/json"
    ) -> tuple[int, bytes]:
        """Send `content` as JSON of media type `kind` and return status and body. Raises Unreachable."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, timeout=self._timeout, context=self._tls)
        body = None if content is None else json.dumps(content)
        try:
            connection.request(method, path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(str(error)) from error
        finally:
            connection.close()


def _context(pki: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
    context.load_cert_chain(str(pki / "admin.pem"))
    return context


def _message(status: int, body: bytes) -> str:
    try:
        return f"{status} {json.loads(body)['message']}"
    except (ValueError, KeyError, TypeError):
        return str(status)
