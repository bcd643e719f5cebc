"""AppArmor profiles are the runtime's own, or one that the node has."""

from __future__ import annotations

from policies.condition import EachEntry, Field, Matches, any_of, empty
from policies.demand import TEMPLATE, TEMPLATES, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Profile, Resource, Rule, Severity
from policies.samples import sample, workload
from policies.security_context import profile, profile_for_all

_FIELD = "appArmorProfile"
_ANNOTATIONS = ("metadata", "annotations")
# An annotation a container, which the field replaced in Kubernetes 1.30; its prefix is deprecated, and still obeyed.
_OF_A_CONTAINER = r"container\.apparmor\.security\.beta\.kubernetes\.io/(?s:.*)"
_PREFIX = "container.apparmor.security.beta.kubernetes.io/"


def _profile(kind: Plain) -> dict[str, Plain]:
    return profile(_FIELD, kind)


def _annotated(value: Plain, key: str = f"{_PREFIX}app", typed: str = "core/v1:Pod") -> Resource:
    return sample(typed, metadata={"annotations": {key: value}})


def _template(value: Plain) -> Resource:
    return sample("apps/v1:Deployment", spec={"template": _annotated(value).props})


RULE = Rule(
    id="pod_app_armor",
    title="AppArmor confines containers as the runtime does",
    severity=Severity.HIGH,
    why="Without its profile a container may write where only the node should, as under /proc and /sys.",
    remedy="Leave the profile out, or use `RuntimeDefault` or `Localhost`.",
    standards=("Pod Security baseline: AppArmor",),
    types=WORKLOADS,
    profile=Profile.BASELINE,
    check=demands(
        *profile_for_all(_FIELD),
        Demand(
            TEMPLATES,
            EachEntry(
                Field(TEMPLATE, *_ANNOTATIONS),
                _OF_A_CONTAINER,
                "profile",
                any_of(empty(Field("profile")), Matches(Field("profile"), "(?s:runtime/default|localhost/.*)")),
            ),
            "have another AppArmor profile; allowed are `runtime/default`, `localhost/NAME`, or no annotation",
            _ANNOTATIONS,
        ),
    ),
    passing=(
        workload("Pod", {"containers": [{"name": "app"}]}),
        workload("Pod", {**_profile("RuntimeDefault"), "containers": [_profile("Localhost")]}),
        _annotated("runtime/default"),
        _annotated("localhost/mine"),
        _annotated(""),
        _annotated("unconfined", "containerXapparmor.security.beta.kubernetes.io/app"),
        _annotated("unconfined", "container.apparmorXsecurity.beta.kubernetes.io/app"),
        _annotated("unconfined", "container.apparmor.securityXbeta.kubernetes.io/app"),
        _annotated("unconfined", "container.apparmor.security.betaXkubernetes.io/app"),
        _annotated("unconfined", "container.apparmor.security.beta.kubernetesXio/app"),
        _annotated("unconfined", typed="apps/v1:Deployment"),
        workload("Deployment", {"containers": [{"name": "app"}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        workload("Pod", {**_profile("Unconfined"), "containers": [_profile("Localhost")]}),
        workload("Deployment", {"containers": [_profile("RuntimeDefault"), _profile("Unconfined")]}),
        workload("Job", {"initContainers": [_profile("")]}),
        workload("Pod", {"ephemeralContainers": [{"securityContext": {"appArmorProfile": {}}}]}),
        workload("Pod", _profile("Unconfined"), typed="core/v1:PodPatch"),
        _annotated("unconfined"),
        _annotated("localhost"),
        _annotated("runtime/default2"),
        _annotated("unconfined", _PREFIX),
        _template("unconfined"),
    ),
)
