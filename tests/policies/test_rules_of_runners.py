"""Every key of a runner's configuration that a rule refuses: a table beside the rules, not made from them.

The keys are those of `common/config.go` of gitlab-runner.
"""

from __future__ import annotations

import pytest

from policies.catalogue import Catalogue, load
from policies.evaluate import evaluate_resource
from policies.report import refuses
from policies.rule import Violation
from policies.runners import GOOD, configured, extended

RUNNERS = Catalogue(tuple(rule for rule in load().rules if rule.id.startswith("runner_")))
CONTEXTS = ("build", "helper", "service", "init_permissions")
PREFIX = 'data["config.toml"].runners[0]'


def _found(content: str) -> set[tuple[str, str]]:
    outcomes = [one for one in evaluate_resource(RUNNERS, configured(content)) if refuses(one)]
    return {
        (one.rule.id, one.finding.path.removeprefix(f"{PREFIX}.kubernetes."))
        for one in outcomes
        if isinstance(one.finding, Violation)
    }


def test_nothing_is_said_about_a_good_runner() -> None:
    assert _found(GOOD) == set()
    assert list(evaluate_resource(RUNNERS, extended("poll_timeout = 180"))) == []


@pytest.mark.parametrize(
    ("line", "rule", "path"),
    [
        ('cap_add = ["NET_ADMIN"]', "runner_privileged", "cap_add"),
        *(
            (
                f"[runners.kubernetes.{name}_container_security_context]\n{key} = true",
                "runner_privileged",
                f"{name}_container_security_context.{key}",
            )
            for name in CONTEXTS
            for key in ("privileged", "allow_privilege_escalation")
        ),
        *(
            (
                f"[runners.kubernetes.{name}_container_security_context.capabilities]\nadd = ['A']",
                "runner_privileged",
                f"{name}_container_security_context.capabilities.add",
            )
            for name in CONTEXTS
        ),
        *(
            (f'{key}_overwrite_allowed = ".*"', "runner_overwrites", f"{key}_overwrite_allowed")
            for key in ("namespace", "service_account", "node_selector", "node_tolerations", "pod_labels")
        ),
        ("bearer_token_overwrite_allowed = true", "runner_overwrites", "bearer_token_overwrite_allowed"),
        (
            "[[runners.kubernetes.volumes.host_path]]\nname = 'a'\nmount_path = '/a'",
            "runner_host_path",
            "volumes.host_path",
        ),
    ],
)
def test_what_is_added_is_refused(line: str, rule: str, path: str) -> None:
    assert _found(f"{GOOD}{line}\n") == {(rule, path)}


@pytest.mark.parametrize(
    ("key", "values", "rule"),
    [
        ("privileged", ["true"], "runner_privileged"),
        ("allow_privilege_escalation", ["true", None], "runner_privileged"),
        ("automount_service_account_token", ["true", None], "runner_account_token"),
        ("image", ['"a"', '"a:latest"', '"a/b@sha256:1"', '""', None], "runner_images"),
        ("helper_image", ['"a"', '"a:latest"', '""', None], "runner_images"),
        ("allowed_images", ['["*"]', '["a/*", "**/*"]', '["*:*"]', "[]", None], "runner_images"),
        ("allowed_services", ['["?*"]', '["a/*", "*/*@*"]', "[]", None], "runner_images"),
    ],
)
def test_what_is_changed_is_refused(key: str, values: list[str | None], rule: str) -> None:
    lines = GOOD.splitlines()
    (number,) = (number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
    for value in values:
        changed = [*lines[:number], *([] if value is None else [f"{key} = {value}"]), *lines[number + 1 :]]
        assert _found("\n".join(changed)) == {(rule, key)}, value


@pytest.mark.parametrize("key", ["token", "registration_token"])
def test_a_token_is_refused_in_a_config_map_only(key: str) -> None:
    content = GOOD.replace("[[runners]]", f"[[runners]]\n{key} = 'glrt-0'")
    assert _found(content) == {("runner_plain_token", f"{PREFIX}.{key}")}
    assert list(evaluate_resource(RUNNERS, configured(content, "Secret"))) == []


def test_each_runner_is_judged() -> None:
    second = GOOD.replace("privileged = false", "privileged = true")
    assert _found(GOOD + second) == {("runner_privileged", 'data["config.toml"].runners[1].kubernetes.privileged')}
