"""A team's versioned secrets (KV v2) over Vault's API; what Vault refuses becomes one line, without any value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idp.errors import IdpError

if TYPE_CHECKING:
    import hvac

_MERGE = {"Content-Type": "application/merge-patch+json"}
"""How Vault wants changes of single fields (RFC 7396)."""
_MOST = 200


class Absent(IdpError):  # noqa: N818 - named for what it says, as callers read it
    """Vault has no such thing."""


class NotPermitted(IdpError):  # noqa: N818
    """Vault does not let this person."""


@dataclass(frozen=True)
class Version:
    """A version of a secret."""

    number: int
    created: str
    """UTC, as Vault writes it."""
    deleted: str | None
    """When it was deleted, which can be undone."""
    destroyed: bool
    """Whether it is gone for good."""

    @property
    def state(self) -> str:
        """The same in words."""
        if self.destroyed:
            return "destroyed"
        return f"deleted {self.deleted}" if self.deleted else "there"

    @property
    def readable(self) -> bool:
        """Whether its values can be had."""
        return not self.destroyed and self.deleted is None


class TeamSecrets:
    """The mount `team/TEAM/kv`. Every method raises `IdpError` with what Vault says."""

    def __init__(self, client: hvac.Client, team: str) -> None:
        self._adapter = client.adapter
        self._address = client.url
        self._mount = f"team/{team}/kv"
        self._team = team

    def names(self, folder: str) -> list[str]:
        """Return what is in a folder, folders with a / at their end; raises `Absent` where there is no such folder."""
        with self._telling(folder or "the whole of it", "nothing is there"):
            answer = self._adapter.list(f"/v1/{self._mount}/metadata/{folder}")
        return [str(name) for name in answer["data"]["keys"]]

    def versions(self, path: str) -> dict[int, Version]:
        """Return the versions of a secret, the current one last; raises `Absent`."""
        with self._telling(path, "there is no such secret"):
            answer = self._adapter.get(f"/v1/{self._mount}/metadata/{path}")
        found = answer["data"]["versions"]
        return {int(number): _version(int(number), found[number]) for number in sorted(found, key=int)}

    def fields(self, path: str, version: int) -> list[str]:
        """Return the names of a version's fields: their values stay in Vault."""
        with self._telling(path, f"there is no version {version} to read"):
            answer = self._adapter.get(
                f"/v1/{self._mount}/subkeys/{path}", params={"version": str(version), "depth": "1"}
            )
        return sorted(answer["data"]["subkeys"])

    def value(self, path: str, field: str, version: int) -> Any:  # noqa: ANN401 (whatever JSON somebody wrote)
        """Return the value of a field; raises `Absent`."""
        with self._telling(path, f"there is no version {version} to read"):
            answer = self._adapter.get(f"/v1/{self._mount}/data/{path}", params={"version": str(version)})
        found: Mapping[str, Any] = answer["data"]["data"]
        if field not in found:
            raise Absent(f"{path}: version {version}: there is no field {field!r}")
        return found[field]

    def put(self, path: str, values: Mapping[str, str], current: Version | None) -> int:
        """Write fields, keep the others, and return the new version's number.

        `current` is what was there when the person began; who wrote since is not overwritten.
        """
        since = 0 if current is None else current.number
        body = {"options": {"cas": since}, "data": dict(values)}
        url = f"/v1/{self._mount}/data/{path}"
        with self._telling(path, "deleted in the meantime; nothing was written"):
            if current is not None and current.readable:
                answer = self._adapter.request("patch", url, json=body, headers=dict(_MERGE))
            else:
                answer = self._adapter.post(url, json=body)
        return int(answer["data"]["version"])

    def delete(self, path: str, version: int) -> None:
        """Delete a version, which `undelete` undoes."""
        self._change("delete", path, version)

    def undelete(self, path: str, version: int) -> None:
        """Bring a deleted version back."""
        self._change("undelete", path, version)

    def _change(self, operation: str, path: str, version: int) -> None:
        with self._telling(path, "there is no such secret"):
            self._adapter.post(f"/v1/{self._mount}/{operation}/{path}", json={"versions": [version]})

    @contextmanager
    def _telling(self, path: str, absent: str) -> Iterator[None]:
        import hvac.exceptions

        with telling(self._address):
            try:
                yield
            except hvac.exceptions.InvalidPath:
                raise Absent(f"{self._team}: {path}: {absent}") from None
            except hvac.exceptions.Forbidden as error:
                raise NotPermitted(f"{self._team}: {path}: not permitted ({said(error)})") from None
            except hvac.exceptions.InvalidRequest as error:
                if "check-and-set" not in said(error):
                    raise
                raise IdpError(
                    f"{self._team}: {path}: somebody else wrote a version in the meantime; nothing was written. "
                    "`idp secrets history` shows it"
                ) from None


@contextmanager
def telling(address: str) -> Iterator[None]:
    """Turn what goes wrong between here and Vault into one line."""
    import hvac.exceptions
    import requests

    try:
        yield
    except requests.exceptions.SSLError:
        raise IdpError(f"{address}: its certificate is not trusted") from None
    except requests.RequestException as error:
        raise IdpError(f"{address}: no answer ({type(error).__name__})") from None
    except hvac.exceptions.VaultError as error:
        raise IdpError(f"{address}: {said(error)}") from None


def said(error: hvac.exceptions.VaultError) -> str:
    """Return Vault's reason on one line, in its own words; it repeats names and paths, never values."""
    lines = [line.strip() for text in error.errors or [] for line in str(text).splitlines()]
    reasons = [line.removeprefix("* ") for line in lines if line.startswith("* ")] or [line for line in lines if line]
    return "; ".join(reasons)[:_MOST] or type(error).__name__


def _version(number: int, found: Mapping[str, Any]) -> Version:
    return Version(number, str(found["created_time"]), str(found["deletion_time"]) or None, bool(found["destroyed"]))
