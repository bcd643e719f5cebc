"""What the API server refuses whoever asks: rules in CEL, evaluated by the API server itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.admissionregistration.v1 import ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding

from components.labels import POD_SECURITY, WORKSPACE, Ownership
from components.workspace_access import VAULT_MAINTAINER

_PODS = {"api_groups": [""], "api_versions": ["v1"], "resources": ["pods", "pods/ephemeralcontainers"]}
_SERVICES = {"api_groups": [""], "api_versions": ["v1"], "resources": ["services"]}
_NAMESPACES = {"api_groups": [""], "api_versions": ["v1"], "resources": ["namespaces"]}

_CONTAINERS = (
    "object.spec.containers + object.spec.?initContainers.orValue([]) + object.spec.?ephemeralContainers.orValue([])"
)


@dataclass(frozen=True, kw_only=True)
class AdmissionBaselineArgs:
    """Arguments of `AdmissionBaseline`."""

    ownership: Ownership
    """Who answers for it and who pays."""
    registries: Sequence[str]
    """Prefixes that images in workspaces may come from, each ending in `/`."""


class AdmissionBaseline(pulumi.ComponentResource):
    """What holds in every team's namespace, whoever asks.

    Images come from known registries only, services are not exposed past the gateway, the namespace itself is never
    below the Pod Security Standard `baseline`, and no pod runs as the account that people log in to Vault with.
    """

    policies: pulumi.Output[Sequence[str]]
    """Names of the ValidatingAdmissionPolicies."""

    def __init__(self, name: str, args: AdmissionBaselineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:AdmissionBaseline", name, {}, opts)
        self._labels = args.ownership.labels()
        made = [
            self._policy(f"{name}-{kind}", rule, expression, message)
            for kind, rule, expression, message in (
                ("registries", _PODS, *_registries(args.registries)),
                ("accounts", _PODS, *_ACCOUNTS),
                ("exposure", _SERVICES, *_EXPOSURE),
                ("pod-security", _NAMESPACES, *_POD_SECURITY),
            )
        ]
        self.policies = pulumi.Output.all(*made)
        self.register_outputs({"policies": self.policies})

    def _policy(
        self, name: str, rule: Mapping[str, Sequence[str]], expression: str, message: str
    ) -> pulumi.Output[str]:
        child = pulumi.ResourceOptions(parent=self)
        policy = ValidatingAdmissionPolicy(
            name,
            metadata={"name": name, "labels": self._labels},
            spec={
                "failure_policy": "Fail",
                "match_constraints": {"resource_rules": [{**rule, "operations": ["CREATE", "UPDATE"]}]},
                "validations": [{"expression": expression, "message": message}],
            },
            opts=child,
        )
        ValidatingAdmissionPolicyBinding(
            name,
            metadata={"name": name, "labels": self._labels},
            spec={
                "policy_name": policy.metadata.name,
                "validation_actions": ["Deny"],
                "match_resources": {
                    "namespace_selector": {"match_expressions": [{"key": WORKSPACE, "operator": "Exists"}]}
                },
            },
            opts=child,
        )
        return policy.metadata.name


def _registries(prefixes: Sequence[str]) -> tuple[str, str]:
    # A JSON list of strings is a CEL list of strings.
    allowed = json.dumps(sorted(prefixes))
    return (
        f"({_CONTAINERS}).all(c, {allowed}.exists(prefix, c.image.startsWith(prefix)))",
        f"image: from an unknown registry; allowed: {', '.join(sorted(prefixes))}",
    )


# Whoever may create pods would otherwise get a maintainer's login by running one as this account.
_ACCOUNTS = (
    f"object.spec.?serviceAccountName.orValue('default') != '{VAULT_MAINTAINER}'",
    f"spec.serviceAccountName: {VAULT_MAINTAINER} is for people's login to Vault; no pod runs as it",
)

_EXPOSURE = (
    "object.spec.?type.orValue('ClusterIP') == 'ClusterIP' && object.spec.?externalIPs.orValue([]).size() == 0",
    "spec.type: only ClusterIP without externalIPs; traffic enters through the gateway",
)

_POD_SECURITY = (
    f"object.metadata.?labels['{POD_SECURITY}/enforce'].orValue('privileged') in ['baseline', 'restricted']",
    f"metadata.labels: {POD_SECURITY}/enforce must be baseline or restricted",
)
