"""Where images lie: immutable tags, scanned on push, old ones removed, public ones cached."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import ecr

UNTAGGED_DAYS = 14
"""Days until an image without a tag, a leftover of a build, is removed."""

UPSTREAMS: Mapping[str, str] = {"ecr-public": "public.ecr.aws", "kubernetes": "registry.k8s.io", "quay": "quay.io"}
"""Prefix -> public registry that needs no login (docs.aws.amazon.com/AmazonECR, Pull through cache)."""


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """Arguments of `Registry`."""

    prefix: pulumi.Input[str]
    """Repositories are `PREFIX/NAME`, cached ones `PREFIX-UPSTREAM/…`."""
    repositories: Sequence[str]
    """Names of the repositories."""
    key_arn: pulumi.Input[str]
    """Key that encrypts the images."""
    keep: int = 100
    """How many tagged images each repository keeps."""
    upstreams: Mapping[str, str] = field(default_factory=lambda: dict(UPSTREAMS))
    """Public registries to cache: prefix -> host."""
    protect: bool = True
    """Whether deletion is refused, and of what is not empty in any case."""


class Registry(pulumi.ComponentResource):
    """Repositories and pull-through caches."""

    urls: pulumi.Output[Mapping[str, str]]
    """Repository -> its address for docker push and pull."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:Registry", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        urls: dict[str, pulumi.Output[str]] = {}
        for short in args.repositories:
            repository = ecr.Repository(
                f"{name}-{short}",
                name=pulumi.Output.format("{0}/{1}", args.prefix, short),
                image_tag_mutability="IMMUTABLE",
                # What is made to be thrown away goes with what is in it.
                force_delete=not args.protect,
                image_scanning_configuration={"scan_on_push": True},
                encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.key_arn}],
                opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
            )
            ecr.LifecyclePolicy(f"{name}-{short}", repository=repository.name, policy=_lifecycle(args.keep), opts=child)
            urls[short] = repository.repository_url
        for prefix, host in args.upstreams.items():
            ecr.PullThroughCacheRule(
                f"{name}-{prefix}",
                ecr_repository_prefix=pulumi.Output.format("{0}-{1}", args.prefix, prefix),
                upstream_registry_url=host,
                opts=child,
            )
        self.urls = pulumi.Output.all(**urls)
        self.register_outputs({"urls": self.urls})


def _lifecycle(keep: int) -> str:
    expire = {"type": "expire"}
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": UNTAGGED_DAYS,
    }
    rest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": keep}
    rules = [
        {"rulePriority": 1, "description": "leftovers of builds", "selection": untagged, "action": expire},
        {"rulePriority": 2, "description": "only the newest", "selection": rest, "action": expire},
    ]
    return json.dumps({"rules": rules}, sort_keys=True)
