"""Who may do what in a team's namespace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import Role, RoleBinding

VAULT_MAINTAINER = "vault-maintainer"
"""Account that maintainers ask for tokens of, to log in to Vault; no pod runs as it (AdmissionBaseline)."""

_READ = ("get", "list", "watch")
_WRITE = ("create", "update", "patch", "delete")
_DEBUG = ("get", "create")
"""`exec` and `portforward` are asked for by GET (websocket) and by POST (SPDY)."""

_VISIBLE = {
    "": (
        "configmaps",
        "events",
        "persistentvolumeclaims",
        "pods",
        "pods/log",
        "resourcequotas",
        "limitranges",
        "services",
        "serviceaccounts",
    ),
    "apps": ("deployments", "replicasets", "statefulsets", "daemonsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "discovery.k8s.io": ("endpointslices",),
    "gateway.networking.k8s.io": ("httproutes",),
    "networking.k8s.io": ("networkpolicies",),
    "policy": ("poddisruptionbudgets",),
}
_DEPLOYABLE = {
    "": ("configmaps", "persistentvolumeclaims", "pods", "services"),
    "apps": ("deployments", "deployments/scale", "statefulsets", "statefulsets/scale"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "gateway.networking.k8s.io": ("httproutes",),
    "policy": ("poddisruptionbudgets",),
}


@dataclass(frozen=True, kw_only=True)
class WorkspaceAccessArgs:
    """Arguments of `WorkspaceAccess`."""

    namespace: pulumi.Input[str]
    """The team's namespace."""
    labels: Mapping[str, pulumi.Input[str]]
    """Labels of roles and bindings."""
    readers: Sequence[pulumi.Input[str]] = ()
    """Groups that may look at everything but secrets."""
    developers: Sequence[pulumi.Input[str]] = ()
    """Groups that may also deploy and debug."""
    maintainers: Sequence[pulumi.Input[str]] = ()
    """Groups that may also handle secrets and service accounts, and bind others to what they hold themselves."""
    vault_login: bool = False
    """Whether maintainers log in to Vault through the cluster: with tokens of an account without rights."""


class WorkspaceAccess(pulumi.ComponentResource):
    """Three roles, each holding what the one before it holds, bound to groups of the identity provider.

    Whoever may create pods can mount any secret of the namespace into one: the secrets of a namespace are kept
    from its readers, not from its developers (kubernetes.io/docs, Good practices for Kubernetes Secrets).

    No role has a wildcard, `escalate`, `bind` or `impersonate`, none may touch quota, limit range or network
    policies: these are the platform's side of the bargain. Quota and isolation hold against maintainers too.
    """

    def __init__(self, name: str, args: WorkspaceAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:WorkspaceAccess", name, {}, opts)
        self._name = name
        self._args = args
        reader = _rules(_VISIBLE, _READ)
        developer = [*reader, *_rules(_DEPLOYABLE, _WRITE), *_rules({"": ("pods/exec", "pods/portforward")}, _DEBUG)]
        maintainer = [
            *developer,
            *_rules({"": ("secrets",)}, (*_READ, *_WRITE)),
            *_rules({"": ("serviceaccounts",)}, _WRITE),
            # The API server lets nobody grant more than they hold, so this can't be used to climb.
            *_rules({"rbac.authorization.k8s.io": ("rolebindings",)}, (*_READ, *_WRITE)),
        ]
        if args.vault_login:
            maintainer += self._login()
        self._role("reader", reader, args.readers)
        self._role("developer", developer, args.developers)
        self._role("maintainer", maintainer, args.maintainers)
        self.register_outputs({})

    def _login(self) -> list[dict[str, list[str]]]:
        """Make the account, and return the rules of who may ask for its tokens."""
        ServiceAccount(
            f"{self._name}-{VAULT_MAINTAINER}",
            metadata={"name": VAULT_MAINTAINER, "namespace": self._args.namespace, "labels": self._args.labels},
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        tokens = _rules({"": ("serviceaccounts/token",)}, ("create",))
        return [{**rule, "resource_names": [VAULT_MAINTAINER]} for rule in tokens]

    def _role(self, kind: str, rules: Sequence[Mapping[str, list[str]]], groups: Sequence[pulumi.Input[str]]) -> None:
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": f"workspace-{kind}", "namespace": self._args.namespace, "labels": self._args.labels}
        role = Role(f"{self._name}-{kind}", metadata=metadata, rules=rules, opts=child)
        if not groups:
            return
        RoleBinding(
            f"{self._name}-{kind}",
            metadata=metadata,
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": role.metadata.name},
            subjects=[{"api_group": "rbac.authorization.k8s.io", "kind": "Group", "name": group} for group in groups],
            opts=child,
        )


def _rules(resources: Mapping[str, Sequence[str]], verbs: Sequence[str]) -> list[dict[str, list[str]]]:
    return [
        {"api_groups": [group], "resources": list(names), "verbs": list(verbs)} for group, names in resources.items()
    ]
