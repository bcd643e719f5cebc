"""GitLab runners, wherever a ConfigMap or Secret carries their configuration (docs.gitlab.com/runner/configuration)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from policies.condition import Condition, Scope
from policies.demand import ITEM
from policies.kinds import kubernetes
from policies.plain import UNKNOWN, Plain, join
from policies.rule import Finding, NotYetKnown, Resource, Violation
from policies.samples import sample

CONFIGURATIONS = kubernetes(ConfigMap="core", Secret="core")  # noqa: S106 (the kind)
_NAME = "config.toml"
_TEXTS, _ENCODED = ("data", "stringData"), ("data",)


@dataclass(frozen=True)
class Text:
    """A configuration as the object carries it."""

    content: str
    path: str


@dataclass(frozen=True)
class RunnerDemand:
    """What must hold for each runner, by the root `ITEM`, and what is said where it does not."""

    must: Condition
    says: str
    at: tuple[str, ...]


def demanded(*made: RunnerDemand) -> Callable[[Resource], Iterator[Finding]]:
    """Return a check that judges every runner; what is no TOML is the rule `runner_executor`'s to tell."""

    def check(resource: Resource) -> Iterator[Finding]:
        for text in texts(resource):
            if isinstance(text, NotYetKnown):
                yield text
                continue
            for index, runner in enumerate(runners(text.content) or []):
                for demand in made:
                    if demand.must.truth(Scope({ITEM: runner})) is False:
                        yield Violation(demand.says, join(text.path, "runners", index, *demand.at))

    return check


def texts(resource: Resource) -> Iterator[Text | NotYetKnown]:
    """Yield each `config.toml` of the object, or what is not known of it."""
    for field in _TEXTS:
        entries = resource.props.get(field)
        if entries is UNKNOWN:
            yield NotYetKnown(field)
        content = entries.get(_NAME) if isinstance(entries, dict) else None
        path = join(field, _NAME)
        if content is UNKNOWN:
            yield NotYetKnown(path)
        elif isinstance(content, str):
            encoded = resource.kind == "Secret" and field in _ENCODED
            yield Text(_decoded(content) if encoded else content, path)


def runners(content: str) -> list[Plain] | None:
    """Return the runners of a configuration, or None if it is no TOML; another program's has none."""
    # Few packs ever see such a configuration, and all would wait for the import.
    import tomllib

    try:
        found = tomllib.loads(content).get("runners", [])
    except tomllib.TOMLDecodeError:
        return None
    return found if isinstance(found, list) else []


def _decoded(content: str) -> str:
    try:
        return base64.b64decode(content, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return content


GOOD = """
[[runners]]
executor = "kubernetes"
[runners.kubernetes]
image = "registry.example/job:1.2"
helper_image = "registry.example/helper:18.1"
allowed_images = ["registry.example/*"]
allowed_services = ["registry.example/*"]
privileged = false
allow_privilege_escalation = false
automount_service_account_token = false
"""
"""A runner that no rule says anything about."""


def configured(content: str = GOOD, kind: str = "ConfigMap", **other: str) -> Resource:
    """Return a sample of an object with a configuration; a Secret's is encoded."""
    text = base64.b64encode(content.encode()).decode() if kind.startswith("Secret") else content
    data: dict[str, Plain] = {_NAME: text, **other}
    return sample(f"core/v1:{kind}", metadata={"name": "runner", "namespace": "team"}, data=data)


def changed(before: str, after: str, kind: str = "ConfigMap") -> Resource:
    """Return a sample of an object with `GOOD` in which something is another; raises if there was no such thing."""
    if GOOD.count(before) != 1:
        raise ValueError(f"{before!r} is not once in the sample")
    return configured(GOOD.replace(before, after), kind)


def extended(line: str, kind: str = "ConfigMap") -> Resource:
    """Return a sample of an object with `GOOD` and another line, or a table of lines, about Kubernetes."""
    return configured(f"{GOOD}{line}\n", kind)
