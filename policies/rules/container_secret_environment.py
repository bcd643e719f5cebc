"""Secrets reach programs as files, not as environment variables."""

from __future__ import annotations

from policies.condition import EachItem, Field, absent
from policies.demand import EVERY_CONTAINER, ITEM, Demand, demands
from policies.plain import Plain
from policies.pods import WORKLOADS
from policies.rule import Rule, Severity
from policies.samples import deployment, workload

_KEY: Plain = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "app", "key": "token"}}}

RULE = Rule(
    id="container_secret_environment",
    title="No Secret is an environment variable",
    severity=Severity.MEDIUM,
    why="Environment variables end in crash reports, reach every child process, and stay when the secret changes.",
    remedy="Mount the Secret as files, or let Vault's agent write them (`secrets` of a service).",
    standards=("CIS Kubernetes 1.10 5.4.1", "CIS EKS 1.7.0 4.4.1"),
    types=WORKLOADS,
    check=demands(
        Demand(
            EVERY_CONTAINER,
            EachItem(Field(ITEM, "env"), "variable", absent(Field("variable", "valueFrom", "secretKeyRef"))),
            "has a `secretKeyRef`; allowed are values, `fieldRef`, `resourceFieldRef` and `configMapKeyRef`",
            at=("env",),
        ),
        Demand(
            EVERY_CONTAINER,
            EachItem(Field(ITEM, "envFrom"), "source", absent(Field("source", "secretRef"))),
            "has a `secretRef`; allowed is `configMapRef`",
            at=("envFrom",),
        ),
    ),
    passing=(
        deployment({"image": "app:1", "env": [{"name": "PORT", "value": "80"}]}),
        deployment({"image": "app:1", "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "a"}}}]}),
        deployment({"image": "app:1", "envFrom": [{"configMapRef": {"name": "app"}}]}),
        workload("Deployment", {"containers": [{"name": "app", "env": []}]}, typed="apps/v1:DeploymentPatch"),
    ),
    failing=(
        deployment({"image": "app:1", "env": [_KEY]}),
        deployment({"image": "app:1", "envFrom": [{"secretRef": {"name": "app"}}]}),
        workload("CronJob", {"initContainers": [{"image": "app:1", "env": [{"name": "A", "value": "1"}, _KEY]}]}),
        workload("Deployment", {"containers": [{"name": "app", "env": [_KEY]}]}, typed="apps/v1:DeploymentPatch"),
        workload("Pod", {"ephemeralContainers": [{"image": "debug:1", "env": [_KEY]}]}),
    ),
)
