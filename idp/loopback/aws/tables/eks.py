"""EKS: clusters, what runs on them and who may use them."""

from __future__ import annotations

from idp.loopback.aws.tables.common import KEPT, LOCAL, TAGS, tag_calls
from idp.loopback.provider.table import Call, Function, If, Literal, Prop, Ready, Row, Step

_ARN = "arn:aws:eks:{region}:{account}"
_LOG_TYPES = "logging.clusterLogging[?enabled].types[] || `[]`"
_IDENTITIES = "identity && [{oidcs: [identity.oidc]}] || `[]`"


def _tags(arn: str) -> tuple[Step, ...]:
    return tag_calls({"resourceArn": arn})


CLUSTER = Row(
    type="aws:eks/cluster:Cluster",
    service="eks",
    identity="{name}",
    create=(
        Call(
            "create_cluster",
            {
                "resourcesVpcConfig": "$vpcConfig",
                "logging": If("$enabledClusterLogTypes", {"clusterLogging": "$logging"}),
                "encryptionConfig": If("$encryptionConfig", ["$encryptionConfig"]),
            },
        ),
    ),
    read=(Call("describe_cluster", {"name": "$id"}, pick="cluster"),),
    update=(
        Call("update_cluster_version", {"name": "$id"}, on=("version",), needs="$version"),
        Call(
            "update_cluster_config",
            {
                "name": "$id",
                "resourcesVpcConfig": {
                    "endpointPublicAccess": "$vpcConfig.endpointPublicAccess",
                    "endpointPrivateAccess": "$vpcConfig.endpointPrivateAccess",
                    "publicAccessCidrs": "$vpcConfig.publicAccessCidrs",
                    "subnetIds": "$vpcConfig.subnetIds",
                    "securityGroupIds": "$vpcConfig.securityGroupIds",
                },
            },
            on=("vpcConfig",),
            by_name=False,
        ),
        Call(
            "update_cluster_config",
            {"name": "$id", "logging": {"clusterLogging": "$logging"}},
            on=("enabledClusterLogTypes",),
            by_name=False,
        ),
        Call(
            "update_cluster_config",
            {"name": "$id", "accessConfig": {"authenticationMode": "$accessConfig.authenticationMode"}},
            on=("accessConfig",),
            by_name=False,
        ),
        Call("update_cluster_config", {"name": "$id"}, on=("upgradePolicy",)),
        Call("update_cluster_config", {"name": "$id"}, on=("deletionProtection",)),
        Call("update_cluster_config", {"name": "$id"}, on=("zonalShiftConfig",)),
        Call(
            "associate_encryption_config",
            {"clusterName": "$id", "encryptionConfig": ["$encryptionConfig"]},
            on=("encryptionConfig",),
            needs="$encryptionConfig",
            by_name=False,
        ),
        *_tags(f"{_ARN}:cluster/{{name}}"),
    ),
    delete=(Call("delete_cluster", {"name": "$id"}),),
    properties={
        "name": Prop(),
        "roleArn": Prop(),
        "version": KEPT,
        "vpcConfig": Prop(
            member="resourcesVpcConfig",
            out="resourcesVpcConfig",
            defaults={
                "endpointPrivateAccess": False,
                "endpointPublicAccess": True,
                "publicAccessCidrs": ["0.0.0.0/0"],
            },
            kept_inside=("vpcId", "clusterSecurityGroupId", "securityGroupIds", "controlPlaneEgressMode"),
        ),
        "accessConfig": Prop(kept=True, kept_inside=("authenticationMode", "bootstrapClusterCreatorAdminPermissions")),
        "enabledClusterLogTypes": Prop(member="logging", out=_LOG_TYPES, default=[]),
        "encryptionConfig": Prop(out="encryptionConfig[0]", permanent=True),
        "kubernetesNetworkConfig": Prop(
            kept=True, kept_inside=("ipFamily", "serviceIpv4Cidr", "serviceIpv6Cidr", "elasticLoadBalancing")
        ),
        # The service does not tell it.
        "bootstrapSelfManagedAddons": Prop(out=None, default=True),
        "deletionProtection": Prop(default=False),
        "upgradePolicy": KEPT,
        "zonalShiftConfig": KEPT,
        **TAGS,
    },
    computed={
        "certificateAuthority": "certificateAuthority",
        "identities": _IDENTITIES,
    },
    derived={
        "logging": [
            If("$enabledClusterLogTypes", {"types": "$enabledClusterLogTypes", "enabled": True}),
            If("$removed.enabledClusterLogTypes", {"types": "$removed.enabledClusterLogTypes", "enabled": False}),
        ]
    },
    absent=(
        "clusterId",
        "computeConfig",
        "controlPlaneScalingConfig",
        "defaultAddonsToRemoves",
        "forceUpdateVersion",
        "kubeApiServerConfig",
        "kubeControllerManagerConfig",
        "kubeSchedulerConfig",
        "outpostConfig",
        "remoteNetworkConfig",
        "storageConfig",
    ),
    autoname="name",
    unique=("name",),
    ready=Ready("status", ("ACTIVE",), ("FAILED",), seconds=1800),
    settle=True,
)

_NODE_GROUP = {"clusterName": "$clusterName", "nodegroupName": "$nodeGroupName"}

NODE_GROUP = Row(
    type="aws:eks/nodeGroup:NodeGroup",
    service="eks",
    identity="{clusterName}:{nodeGroupName}",
    create=(Call("create_nodegroup", {"nodeRole": "$nodeRoleArn", "subnets": "$subnetIds"}),),
    read=(Call("describe_nodegroup", _NODE_GROUP, pick="nodegroup", by_name=False),),
    update=(
        Call(
            "update_nodegroup_version",
            _NODE_GROUP,
            on=("version", "releaseVersion", "launchTemplate"),
        ),
        Call("update_nodegroup_config", _NODE_GROUP, on=("scalingConfig", "updateConfig", "nodeRepairConfig")),
        Call(
            "update_nodegroup_config",
            {
                **_NODE_GROUP,
                "labels": {"addOrUpdateLabels": "$changed.labels", "removeLabels": "$removed.labels"},
            },
            on=("labels",),
            by_name=False,
        ),
        Call(
            "update_nodegroup_config",
            {
                **_NODE_GROUP,
                "taints": {"addOrUpdateTaints": "$added.taints", "removeTaints": "$removed.taints"},
            },
            on=("taints",),
            by_name=False,
        ),
        *_tags("$state.arn"),
    ),
    delete=(Call("delete_nodegroup", _NODE_GROUP, by_name=False),),
    properties={
        "clusterName": Prop(),
        "nodeGroupName": Prop(),
        "nodeRoleArn": Prop(out="nodeRole"),
        "subnetIds": Prop(out="subnets"),
        "scalingConfig": Prop(),
        "amiType": KEPT,
        "capacityType": Prop(default="ON_DEMAND"),
        "diskSize": KEPT,
        "instanceTypes": KEPT,
        "labels": Prop(default={}),
        "launchTemplate": Prop(kept_inside=("id", "name"), permanent=True),
        "nodeRepairConfig": KEPT,
        "releaseVersion": KEPT,
        "taints": Prop(default=[]),
        "updateConfig": Prop(kept=True, kept_inside=("updateStrategy", "maxUnavailable", "maxUnavailablePercentage")),
        "version": KEPT,
        **TAGS,
    },
    computed={
        "arn": "nodegroupArn",
        "resources": "resources && [{autoscalingGroups: resources.autoScalingGroups, "
        "remoteAccessSecurityGroupId: resources.remoteAccessSecurityGroup}] || `[]`",
    },
    absent=("nodeGroupNamePrefix", "remoteAccess", "warmPoolConfig", "forceUpdateVersion"),
    autoname="nodeGroupName",
    unique=("clusterName", "nodeGroupName"),
    ready=Ready("status", ("ACTIVE",), ("CREATE_FAILED", "DEGRADED"), seconds=3600),
    settle=True,
)

_ADDON = {"clusterName": "$clusterName", "addonName": "$addonName"}

ADDON = Row(
    type="aws:eks/addon:Addon",
    service="eks",
    identity="{clusterName}:{addonName}",
    create=(Call("create_addon", {"resolveConflicts": "$resolveConflictsOnCreate"}),),
    read=(Call("describe_addon", _ADDON, pick="addon", by_name=False),),
    update=(
        Call(
            "update_addon",
            {
                **_ADDON,
                "resolveConflicts": "$resolveConflictsOnUpdate",
                "configurationValues": If("$configurationValues", "$configurationValues", Literal("")),
                "podIdentityAssociations": If("$podIdentityAssociations", "$podIdentityAssociations", []),
            },
            on=("addonVersion", "configurationValues", "serviceAccountRoleArn", "podIdentityAssociations"),
        ),
        *_tags("$state.arn"),
    ),
    delete=(Call("delete_addon", {**_ADDON, "preserve": "$preserve"}, by_name=False),),
    properties={
        "clusterName": Prop(),
        "addonName": Prop(),
        "addonVersion": KEPT,
        "configurationValues": Prop(),
        "serviceAccountRoleArn": Prop(permanent=True),
        # The service answers the ids of the associations it made of them.
        "podIdentityAssociations": Prop(out=None),
        "preserve": LOCAL,
        "resolveConflictsOnCreate": LOCAL,
        "resolveConflictsOnUpdate": LOCAL,
        **TAGS,
    },
    computed={"arn": "addonArn"},
    absent=("namespaceConfig",),
    unique=("clusterName", "addonName"),
    ready=Ready("status", ("ACTIVE",), ("CREATE_FAILED", "UPDATE_FAILED", "DEGRADED")),
    settle=True,
)

_ENTRY = {"clusterName": "$clusterName", "principalArn": "$principalArn"}

ACCESS_ENTRY = Row(
    type="aws:eks/accessEntry:AccessEntry",
    service="eks",
    identity="{clusterName}:{principalArn}",
    create=(Call("create_access_entry", {"username": "$userName"}),),
    read=(Call("describe_access_entry", _ENTRY, pick="accessEntry", by_name=False),),
    update=(
        Call("update_access_entry", {**_ENTRY, "username": "$userName"}, on=("kubernetesGroups", "userName")),
        *_tags("$state.accessEntryArn"),
    ),
    delete=(Call("delete_access_entry", _ENTRY, by_name=False),),
    properties={
        "clusterName": Prop(),
        "principalArn": Prop(),
        "kubernetesGroups": Prop(default=[]),
        "type": Prop(default="STANDARD"),
        "userName": Prop(out="username", kept=True),
        **TAGS,
    },
    unique=("clusterName", "principalArn"),
)

_ASSOCIATION = {**_ENTRY, "policyArn": "$policyArn"}

ACCESS_POLICY = Row(
    type="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    service="eks",
    identity="{clusterName}#{principalArn}#{policyArn}",
    create=(Call("associate_access_policy"),),
    read=(
        Call(
            "list_associated_access_policies",
            _ENTRY,
            pick="associatedAccessPolicies[?policyArn=={policyArn}] | [0]",
            by_name=False,
        ),
    ),
    delete=(Call("disassociate_access_policy", _ASSOCIATION, by_name=False),),
    properties={
        "clusterName": Prop(out="$clusterName"),
        "principalArn": Prop(out="$principalArn"),
        "policyArn": Prop(),
        "accessScope": Prop(),
    },
    unique=("clusterName", "principalArn", "policyArn"),
)

_POD = {"clusterName": "$clusterName", "associationId": "$associationId"}

POD_IDENTITY = Row(
    type="aws:eks/podIdentityAssociation:PodIdentityAssociation",
    service="eks",
    # The form that the official provider takes for an import: an association is only found with its cluster.
    identity="{clusterName},{associationId}",
    create=(Call("create_pod_identity_association", pick="association"),),
    read=(Call("describe_pod_identity_association", _POD, pick="association", by_name=False),),
    update=(
        Call(
            "update_pod_identity_association",
            _POD,
            on=("roleArn", "targetRoleArn", "disableSessionTags"),
        ),
        *_tags("$state.associationArn"),
    ),
    delete=(Call("delete_pod_identity_association", _POD, by_name=False),),
    properties={
        "clusterName": Prop(),
        "namespace": Prop(),
        "serviceAccount": Prop(),
        "roleArn": Prop(),
        "targetRoleArn": Prop(permanent=True),
        "disableSessionTags": Prop(default=False),
        **TAGS,
    },
    absent=("policy",),
    unique=("clusterName", "namespace", "serviceAccount"),
)

GET_CLUSTER = Function(
    token="aws:eks/getCluster:getCluster",  # noqa: S106 (a name of the SDK, not a secret)
    service="eks",
    call=Call("describe_cluster", pick="cluster"),
    # The SDK's `tags` is a result that its generator also made an argument: the official plugin overwrites it.
    arguments=("name",),
    computed={
        # The id is the name; what the service calls an id, only clusters on an outpost have.
        "id": "name",
        "clusterId": "id",
        "certificateAuthorities": "certificateAuthority",
        "enabledClusterLogTypes": _LOG_TYPES,
        "identities": _IDENTITIES,
        "upgradePolicies": "upgradePolicy",
        "vpcConfig": "resourcesVpcConfig",
    },
)

FUNCTIONS = (GET_CLUSTER,)

ROWS = (CLUSTER, NODE_GROUP, ADDON, ACCESS_ENTRY, ACCESS_POLICY, POD_IDENTITY)
