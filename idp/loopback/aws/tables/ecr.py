"""ECR: repositories, their policies, and pull-through caches."""

from __future__ import annotations

from idp.loopback.aws.tables.common import LOCAL, TAGS, tag_calls
from idp.loopback.provider.table import Call, Prop, Row

_REPOSITORY = {"repositoryName": "$id"}
_ARN = "arn:aws:ecr:{region}:{account}:repository/{name}"

REPOSITORY = Row(
    type="aws:ecr/repository:Repository",
    service="ecr",
    identity="{name}",
    create=(
        Call(
            "create_repository",
            {"repositoryName": "$name", "encryptionConfiguration": "$encryptionConfigurations.0"},
        ),
    ),
    read=(
        Call("describe_repositories", {"repositoryNames": ["$id"]}, pick="repositories[0]"),
        Call("list_tags_for_resource", {"resourceArn": _ARN}, pick="{tags: tags}"),
    ),
    update=(
        Call("put_image_tag_mutability", _REPOSITORY, on=("imageTagMutability",)),
        Call("put_image_scanning_configuration", _REPOSITORY, on=("imageScanningConfiguration",)),
        *tag_calls({"resourceArn": _ARN}),
    ),
    delete=(Call("delete_repository", {**_REPOSITORY, "force": "$forceDelete"}, by_name=False),),
    properties={
        "name": Prop(out="repositoryName"),
        "imageTagMutability": Prop(default="MUTABLE"),
        "imageScanningConfiguration": Prop(default={"scanOnPush": False}),
        "encryptionConfigurations": Prop(
            out="encryptionConfiguration && [encryptionConfiguration] || `[]`",
            default=[{"encryptionType": "AES256"}],
            defaults={"encryptionType": "AES256"},
            kept_inside=("kmsKey",),
        ),
        "forceDelete": LOCAL,
        **TAGS,
    },
    computed={"arn": "repositoryArn", "repositoryUrl": "repositoryUri"},
    autoname="name",
    unique=("name",),
)

_OF_REPOSITORY = {"repositoryName": "$repository"}

LIFECYCLE_POLICY = Row(
    type="aws:ecr/lifecyclePolicy:LifecyclePolicy",
    service="ecr",
    identity="{repository}",
    create=(Call("put_lifecycle_policy", {**_OF_REPOSITORY, "lifecyclePolicyText": "$policy"}),),
    read=(Call("get_lifecycle_policy", {"repositoryName": "$id"}),),
    update=(Call("put_lifecycle_policy", {**_OF_REPOSITORY, "lifecyclePolicyText": "$policy"}, on=("policy",)),),
    delete=(Call("delete_lifecycle_policy", {"repositoryName": "$id"}),),
    properties={"repository": Prop(out="repositoryName"), "policy": Prop(out="lifecyclePolicyText")},
    unique=("repository",),
)

REPOSITORY_POLICY = Row(
    type="aws:ecr/repositoryPolicy:RepositoryPolicy",
    service="ecr",
    identity="{repository}",
    create=(Call("set_repository_policy", {**_OF_REPOSITORY, "policyText": "$policy"}),),
    read=(Call("get_repository_policy", {"repositoryName": "$id"}),),
    update=(Call("set_repository_policy", {**_OF_REPOSITORY, "policyText": "$policy"}, on=("policy",)),),
    delete=(Call("delete_repository_policy", {"repositoryName": "$id"}),),
    properties={"repository": Prop(out="repositoryName"), "policy": Prop(out="policyText")},
    unique=("repository",),
)

PULL_THROUGH = Row(
    type="aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
    service="ecr",
    identity="{ecrRepositoryPrefix}",
    create=(Call("create_pull_through_cache_rule"),),
    read=(
        Call(
            "describe_pull_through_cache_rules",
            {"ecrRepositoryPrefixes": ["$id"]},
            pick="pullThroughCacheRules[0]",
        ),
    ),
    update=(
        Call("update_pull_through_cache_rule", {"ecrRepositoryPrefix": "$id"}, on=("credentialArn", "customRoleArn")),
    ),
    delete=(Call("delete_pull_through_cache_rule", {"ecrRepositoryPrefix": "$id"}),),
    properties={
        "ecrRepositoryPrefix": Prop(),
        "upstreamRegistryUrl": Prop(),
        "credentialArn": Prop(permanent=True),
        "customRoleArn": Prop(permanent=True),
        "upstreamRepositoryPrefix": Prop(kept=True),
    },
    unique=("ecrRepositoryPrefix",),
)

ROWS = (REPOSITORY, LIFECYCLE_POLICY, REPOSITORY_POLICY, PULL_THROUGH)
