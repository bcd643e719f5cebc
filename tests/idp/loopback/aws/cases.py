"""For each resource type: inputs with which it can be made, what updates it, what replaces it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .conftest import ACCOUNT, ALLOW, TRUST, World

Inputs = dict[str, Any]
Value = Any


@dataclass(frozen=True)
class Case:
    token: str
    minimal: Callable[[World], Inputs]
    full: Callable[[World, Inputs], Inputs] = lambda _, __: {}
    """What is added to the minimal inputs: every property that an update below does not set."""
    updates: Mapping[str, Callable[[World, Inputs], Value]] = field(default_factory=dict)
    replaces: Mapping[str, Callable[[World, Inputs], Value]] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    """Outputs that must be told."""
    stays: bool = False
    """Whether a deletion leaves it (`read` still finds it)."""
    identity: Callable[[str], str] = lambda identity: identity
    """What to import it by."""


def const(value: Value) -> Callable[[World, Inputs], Value]:
    return lambda _, __: value


def _with(path: str, value: Value) -> Callable[[World, Inputs], Value]:
    """Return the object named by the first part of `path` with one member changed."""
    name, member = path.split(".")
    return lambda _, inputs: {**inputs[name], member: value}


def _bucket_policy(bucket: str, action: str) -> str:
    resource = f"arn:aws:s3:::{bucket}/*"
    deny = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [deny]})


def _lifecycle(days: int) -> str:
    selection = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def _repository_policy(action: str) -> str:
    statement = {
        "Sid": "pull",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": action,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _key_policy(sid: str) -> str:
    principal = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    statement = {"Sid": sid, "Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TAGS = {"tags": const({"a": "2", "b": "3"})}

EC2 = (
    Case(
        "aws:ec2/vpc:Vpc",
        lambda _: {"cidrBlock": "10.1.0.0/16"},
        updates={
            "enableDnsHostnames": const(True),
            "enableDnsSupport": const(False),
            "enableNetworkAddressUsageMetrics": const(True),
            **TAGS,
        },
        replaces={"cidrBlock": const("10.2.0.0/16"), "instanceTenancy": const("dedicated")},
        outputs=("arn", "ownerId", "mainRouteTableId", "defaultSecurityGroupId", "defaultNetworkAclId", "tagsAll"),
    ),
    Case(
        "aws:ec2/subnet:Subnet",
        lambda w: {"vpcId": w.vpc, "cidrBlock": w.block(), "availabilityZone": "eu-central-1b"},
        updates={"mapPublicIpOnLaunch": const(True), "assignIpv6AddressOnCreation": const(True), **TAGS},
        replaces={
            "vpcId": lambda w, _: w.other_vpc,
            "cidrBlock": const("10.0.251.0/24"),
            "availabilityZone": const("eu-central-1c"),
            "availabilityZoneId": const("euc1-az1"),
        },
        outputs=("arn", "availabilityZoneId"),
    ),
    Case(
        "aws:ec2/internetGateway:InternetGateway",
        lambda _: {},
        updates={"vpcId": lambda w, _: w.other_vpc, **TAGS},
        outputs=("arn", "ownerId"),
    ),
    Case(
        "aws:ec2/eip:Eip",
        lambda _: {"domain": "vpc"},
        updates={**TAGS},
        replaces={"domain": const("standard")},
        outputs=("allocationId", "publicIp"),
    ),
    Case(
        "aws:ec2/natGateway:NatGateway",
        lambda w: {"subnetId": w.subnets[0], "allocationId": w.address()},
        updates={**TAGS},
        replaces={
            "subnetId": lambda w, _: w.subnets[1],
            "allocationId": lambda w, _: w.address(),
            "connectivityType": const("private"),
        },
        outputs=("publicIp", "privateIp", "networkInterfaceId"),
    ),
    Case(
        "aws:ec2/routeTable:RouteTable",
        lambda w: {"vpcId": w.vpc},
        updates={**TAGS},
        replaces={"vpcId": lambda w, _: w.other_vpc},
        outputs=("arn", "ownerId"),
    ),
    Case(
        "aws:ec2/route:Route",
        lambda w: {
            "routeTableId": w.tables[0],
            "destinationCidrBlock": f"172.16.{w.count % 250}.0/24",
            "gatewayId": w.gateway,
        },
        updates={"natGatewayId": lambda w, _: _nat(w)},
        replaces={
            "routeTableId": lambda w, _: w.tables[1],
            "destinationCidrBlock": const("172.17.0.0/24"),
            "destinationIpv6CidrBlock": const("2001:db8::/64"),
            "destinationPrefixListId": const("pl-1234"),
        },
        outputs=("state", "origin"),
    ),
    Case(
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        lambda w: {"routeTableId": w.tables[0], "subnetId": w.subnet_of(2)},
        replaces={
            "routeTableId": lambda w, _: w.tables[1],
            "subnetId": lambda w, _: w.subnets[1],
            "gatewayId": const("igw-1"),
        },
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {"vpcId": w.vpc, "serviceName": "com.amazonaws.eu-central-1.s3"},
        updates={
            "routeTableIds": lambda w, _: w.tables,
            "policy": const(ALLOW),
            **TAGS,
        },
        replaces={
            "vpcId": lambda w, _: w.other_vpc,
            "serviceName": const("com.amazonaws.eu-central-1.dynamodb"),
            "vpcEndpointType": const("Interface"),
        },
        outputs=("arn", "state"),
    ),
    Case(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.eu-central-1.sts",
            "vpcEndpointType": "Interface",
            "subnetIds": w.subnets[:1],
        },
        updates={
            "subnetIds": lambda w, _: w.subnets[1:],
            "securityGroupIds": lambda w, _: w.groups,
            "privateDnsEnabled": const(True),
        },
    ),
    Case(
        "aws:ec2/flowLog:FlowLog",
        lambda w: {
            "vpcId": w.made("aws:ec2/vpc:Vpc", cidrBlock="10.7.0.0/16").id,
            "trafficType": "ALL",
            "logDestinationType": "s3",
            "logDestination": f"arn:aws:s3:::{w.bucket()}",
        },
        lambda _, __: {"maxAggregationInterval": 60, "logFormat": "${version} ${vpc-id}"},
        updates={**TAGS},
        replaces={
            "vpcId": lambda w, _: w.vpc,
            "subnetId": lambda w, _: w.subnets[0],
            "eniId": const("eni-1"),
            "trafficType": const("REJECT"),
            "logDestinationType": const("cloud-watch-logs"),
            "logDestination": const("arn:aws:s3:::other"),
            "logFormat": const("${version}"),
            "iamRoleArn": lambda w, _: w.roles[0]["arn"],
            "maxAggregationInterval": const(60),
        },
        outputs=("arn",),
    ),
    Case(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        lambda w: {"vpcId": w.made("aws:ec2/vpc:Vpc", cidrBlock="10.8.0.0/16").id},
        updates={
            "ingress": const([{"protocol": "tcp", "fromPort": 1, "toPort": 2, "self": True}]),
            "egress": const([{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["10.0.0.0/8"]}]),
            **TAGS,
        },
        replaces={"vpcId": lambda w, _: w.other_vpc},
        outputs=("arn", "name", "ownerId"),
        stays=True,
    ),
    Case(
        "aws:ec2/securityGroup:SecurityGroup",
        lambda w: {"vpcId": w.vpc},
        lambda w, _: {"name": w.unique("group"), "description": "of a test"},
        updates={
            "ingress": lambda w, _: [
                {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"]},
                {"protocol": "udp", "fromPort": 53, "toPort": 53, "securityGroups": w.groups, "description": "names"},
            ],
            "egress": const([{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}]),
            **TAGS,
        },
        replaces={"name": const("other"), "description": const("other"), "vpcId": lambda w, _: w.other_vpc},
        outputs=("arn", "ownerId", "name"),
    ),
    *(
        Case(
            f"aws:vpc/securityGroup{direction}Rule:SecurityGroup{direction}Rule",
            lambda w: {
                "securityGroupId": w.groups[0],
                "ipProtocol": "tcp",
                "fromPort": 1000 + w.count,
                "toPort": 2000 + w.count,
                "cidrIpv4": "10.0.0.0/8",
            },
            updates={
                "ipProtocol": const("udp"),
                "fromPort": const(900),
                "toPort": const(3000),
                "cidrIpv4": const("10.1.0.0/16"),
                "description": const("a rule"),
                **TAGS,
            },
            replaces={"securityGroupId": lambda w, _: w.groups[1]},
            outputs=("arn", "securityGroupRuleId"),
        )
        for direction in ("Ingress", "Egress")
    ),
    Case(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        lambda w: {
            "securityGroupId": w.groups[0],
            "ipProtocol": "-1",
            "referencedSecurityGroupId": w.groups[1],
        },
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.groups[1],
            "ipProtocol": "tcp",
            "fromPort": 1,
            "toPort": 2,
            "cidrIpv6": "2001:db8::/32",
        },
        updates={"cidrIpv6": const("2001:db9::/32")},
    ),
    Case(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        lambda w: {
            "securityGroupId": w.groups[1],
            "ipProtocol": "tcp",
            "fromPort": 1,
            "toPort": 2,
            "prefixListId": _prefix_list(w),
        },
    ),
    Case(
        "aws:ec2/launchTemplate:LaunchTemplate",
        lambda _: {"instanceType": "m6i.large"},
        lambda w, _: {
            "name": w.unique("template"),
            "imageId": "ami-12345678",
            "updateDefaultVersion": True,
            "description": "first",
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1, "httpEndpoint": "enabled"},
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {"encrypted": "true", "volumeSize": 20, "volumeType": "gp3", "deleteOnTermination": "true"},
                }
            ],
            "tagSpecifications": [{"resourceType": "instance", "tags": {"a": "b"}}],
            "vpcSecurityGroupIds": w.groups,
            "monitoring": {"enabled": True},
            "userData": "W3NldHRpbmdzXQo=",
            "ebsOptimized": "true",
        },
        updates={
            "instanceType": const("m6i.xlarge"),
            "description": const("second"),
            "metadataOptions": const({"httpTokens": "required", "httpPutResponseHopLimit": 2}),
            "tagSpecifications": const(
                [
                    {"resourceType": "instance", "tags": {"a": "b", "c": "d"}},
                    {"resourceType": "volume", "tags": {"a": "b"}},
                    {"resourceType": "network-interface", "tags": {"a": "b"}},
                ]
            ),
            **TAGS,
        },
        replaces={"name": const("other")},
        outputs=("arn", "latestVersion", "defaultVersion"),
    ),
)


def _nat(world: World) -> str:
    subnet, address = world.subnets[0], world.address()
    return str(world.made("aws:ec2/natGateway:NatGateway", subnetId=subnet, allocationId=address).id)


def _prefix_list(world: World) -> str:
    answer = world.aws("ec2").create_managed_prefix_list(  # type: ignore[attr-defined]
        PrefixListName=world.unique("list"), MaxEntries=1, AddressFamily="IPv4"
    )
    return str(answer["PrefixList"]["PrefixListId"])


LOGS_IAM_KMS = (
    Case(
        "aws:cloudwatch/logGroup:LogGroup",
        lambda _: {},
        lambda w, _: {"name": w.unique("/logs/group"), "logGroupClass": "STANDARD"},
        updates={"retentionInDays": const(30), "kmsKeyId": lambda w, _: w.keys[0]["arn"], **TAGS},
        replaces={"name": const("other"), "logGroupClass": const("INFREQUENT_ACCESS")},
        outputs=("arn", "name"),
    ),
    Case(
        "aws:iam/role:Role",
        lambda _: {"assumeRolePolicy": TRUST},
        lambda w, _: {"name": w.unique("role"), "path": "/ci/"},
        updates={
            "assumeRolePolicy": const(TRUST.replace("eks.", "ec2.")),
            "description": const("a role"),
            "maxSessionDuration": const(7200),
            "permissionsBoundary": lambda w, _: w.policies[0],
            **TAGS,
        },
        replaces={"name": const("other"), "path": const("/other/")},
        outputs=("arn", "uniqueId", "createDate"),
    ),
    Case(
        "aws:iam/policy:Policy",
        lambda _: {"policy": ALLOW},
        lambda w, _: {"name": w.unique("policy"), "path": "/ci/", "description": "a policy"},
        updates={"policy": const(ALLOW.replace("GetObject", "PutObject")), **TAGS},
        replaces={"name": const("other"), "path": const("/other/"), "description": const("other")},
        outputs=("arn", "policyId"),
    ),
    Case(
        "aws:iam/rolePolicy:RolePolicy",
        lambda w: {"role": w.roles[0]["name"], "policy": ALLOW},
        updates={"policy": const(ALLOW.replace("GetObject", "PutObject"))},
        replaces={"role": lambda w, _: w.roles[1]["name"], "name": const("other")},
        outputs=("name",),
    ),
    Case(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        lambda w: {"role": w.roles[0]["name"], "policyArn": w.policies[0]},
        replaces={"role": lambda w, _: w.roles[1]["name"], "policyArn": lambda w, _: w.policies[1]},
    ),
    Case(
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        lambda w: {"url": f"https://{w.unique('gitlab')}.example", "clientIdLists": ["one", "two"]},
        updates={
            "clientIdLists": const(["two", "three"]),
            "thumbprintLists": const(["a" * 40]),
            **TAGS,
        },
        replaces={"url": const("https://other.example")},
        outputs=("arn",),
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: {},
        lambda _, __: {
            "multiRegion": True,
            "keyUsage": "ENCRYPT_DECRYPT",
            "deletionWindowInDays": 7,
            "bypassPolicyLockoutSafetyCheck": True,
        },
        updates={
            "description": const("a key"),
            "policy": const(_key_policy("other")),
            "enableKeyRotation": const(True),
            "isEnabled": const(False),
            **TAGS,
        },
        replaces={
            "keyUsage": const("SIGN_VERIFY"),
            "customerMasterKeySpec": const("RSA_2048"),
            "multiRegion": const(True),
        },
        outputs=("arn", "keyId", "policy"),
    ),
    Case(
        "aws:kms/key:Key",
        lambda _: {"enableKeyRotation": True, "rotationPeriodInDays": 100},
        updates={"rotationPeriodInDays": const(200)},
    ),
    Case(
        "aws:kms/alias:Alias",
        lambda w: {"targetKeyId": w.keys[0]["arn"]},
        updates={"targetKeyId": lambda w, _: w.keys[1]["keyId"]},
        replaces={"name": const("alias/other")},
        outputs=("arn", "targetKeyArn", "name"),
    ),
)

EKS = (
    Case(
        "aws:eks/cluster:Cluster",
        lambda w: {"roleArn": w.roles[0]["arn"], "vpcConfig": {"subnetIds": w.subnets[:2]}},
        lambda w, _: {
            "name": w.unique("cluster"),
            "version": "1.33",
            "vpcConfig": {
                "subnetIds": w.subnets[:2],
                "securityGroupIds": w.groups[:1],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
            },
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4"},
            "bootstrapSelfManagedAddons": False,
        },
        updates={
            "version": const("1.34"),
            "vpcConfig": _with("vpcConfig.publicAccessCidrs", ["192.0.2.0/24"]),
            "accessConfig": const({"authenticationMode": "API"}),
            "enabledClusterLogTypes": const(["api", "audit"]),
            "encryptionConfig": lambda w, _: {"provider": {"keyArn": w.keys[0]["arn"]}, "resources": ["secrets"]},
            "deletionProtection": const(True),
            "upgradePolicy": const({"supportType": "STANDARD"}),
            "zonalShiftConfig": const({"enabled": True}),
            **TAGS,
        },
        replaces={
            "name": const("other"),
            "roleArn": lambda w, _: w.roles[1]["arn"],
            "kubernetesNetworkConfig": const({"serviceIpv4Cidr": "172.21.0.0/16"}),
            "bootstrapSelfManagedAddons": const(False),
        },
        outputs=("arn", "endpoint", "certificateAuthority", "identities", "status", "platformVersion", "createdAt"),
    ),
    Case(
        "aws:eks/nodeGroup:NodeGroup",
        lambda w: {
            "clusterName": w.clusters[0],
            "nodeRoleArn": w.roles[0]["arn"],
            "subnetIds": w.subnets[:2],
            "scalingConfig": {"desiredSize": 1, "minSize": 1, "maxSize": 3},
        },
        lambda w, _: {
            "amiType": "BOTTLEROCKET_x86_64",
            "capacityType": "SPOT",
            "instanceTypes": ["m6i.large", "m5.large"],
            "launchTemplate": {"id": w.launch_templates[0].id, "version": "1"},
        },
        updates={
            "scalingConfig": const({"desiredSize": 2, "minSize": 1, "maxSize": 5}),
            "labels": const({"pool": "system"}),
            "taints": const([{"key": "runners", "value": "true", "effect": "NO_SCHEDULE"}]),
            "updateConfig": const({"maxUnavailable": 2}),
            "nodeRepairConfig": const({"enabled": True}),
            "version": const("1.34"),
            "releaseVersion": const("1.34.0-20260101"),
            "launchTemplate": lambda w, _: {"name": w.launch_templates[0].outputs["name"], "version": "2"},
            **TAGS,
        },
        replaces={
            "clusterName": lambda w, _: w.clusters[1],
            "nodeGroupName": const("other"),
            "nodeRoleArn": lambda w, _: w.roles[1]["arn"],
            "subnetIds": lambda w, _: w.subnets[1:],
            "amiType": const("AL2023_x86_64_STANDARD"),
            "capacityType": const("SPOT"),
            "diskSize": const(50),
            "instanceTypes": const(["m6i.large"]),
        },
        outputs=("arn", "status", "resources"),
    ),
    Case(
        "aws:eks/addon:Addon",
        lambda w: {"clusterName": w.cluster(), "addonName": "vpc-cni"},
        lambda _, __: {
            "addonVersion": "v1.19.0-eksbuild.1",
            "resolveConflictsOnCreate": "OVERWRITE",
            "resolveConflictsOnUpdate": "PRESERVE",
            "preserve": True,
        },
        updates={
            "addonVersion": const("v1.20.0-eksbuild.1"),
            "configurationValues": const('{"enableNetworkPolicy": "true"}'),
            "serviceAccountRoleArn": lambda w, _: w.roles[0]["arn"],
            "podIdentityAssociations": lambda w, _: [{"roleArn": w.roles[0]["arn"], "serviceAccount": "aws-node"}],
            **TAGS,
        },
        replaces={"clusterName": lambda w, _: w.clusters[1], "addonName": const("coredns")},
        outputs=("arn", "addonVersion", "createdAt"),
    ),
    Case(
        "aws:eks/accessEntry:AccessEntry",
        lambda w: {"clusterName": w.clusters[0], "principalArn": f"arn:aws:iam::{ACCOUNT}:role/{w.unique('role')}"},
        lambda _, __: {"type": "STANDARD"},
        updates={"kubernetesGroups": const(["admins"]), "userName": const("someone"), **TAGS},
        replaces={
            "clusterName": lambda w, _: w.clusters[1],
            "principalArn": const(f"arn:aws:iam::{ACCOUNT}:role/other"),
            "type": const("EC2_LINUX"),
        },
        outputs=("accessEntryArn", "userName"),
    ),
    Case(
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        lambda w: {
            "clusterName": w.clusters[0],
            "principalArn": w.entry(w.clusters[0]),
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["team-a", "team-b"]},
        },
        replaces={
            "clusterName": lambda w, _: w.clusters[1],
            "principalArn": lambda w, _: w.entry(w.clusters[0]),
            "policyArn": const("arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"),
            "accessScope": const({"type": "cluster"}),
        },
        outputs=("associatedAt",),
    ),
    Case(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        lambda w: {
            "clusterName": w.clusters[0],
            "namespace": "vault",
            "serviceAccount": w.unique("account"),
            "roleArn": w.roles[0]["arn"],
        },
        updates={
            "roleArn": lambda w, _: w.roles[1]["arn"],
            "targetRoleArn": lambda w, _: w.roles[0]["arn"],
            "disableSessionTags": const(True),
            **TAGS,
        },
        replaces={
            "clusterName": lambda w, _: w.clusters[1],
            "namespace": const("other"),
            "serviceAccount": const("other"),
        },
        outputs=("associationArn", "associationId"),
    ),
)

ECR_ROUTE53_ACM = (
    Case(
        "aws:ecr/repository:Repository",
        lambda _: {},
        lambda w, _: {
            "name": w.unique("team/repository"),
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": w.keys[0]["arn"]}],
            "forceDelete": True,
        },
        updates={
            "imageTagMutability": const("IMMUTABLE"),
            "imageScanningConfiguration": const({"scanOnPush": True}),
            **TAGS,
        },
        replaces={"name": const("other"), "encryptionConfigurations": const([{"encryptionType": "KMS"}])},
        outputs=("arn", "repositoryUrl", "registryId"),
    ),
    Case(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        lambda w: {"repository": w.repositories[0], "policy": _lifecycle(7)},
        updates={"policy": const(_lifecycle(30))},
        replaces={"repository": lambda w, _: w.repositories[1]},
        outputs=("registryId",),
    ),
    Case(
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        lambda w: {"repository": w.repositories[0], "policy": _repository_policy("ecr:BatchGetImage")},
        updates={"policy": const(_repository_policy("ecr:GetDownloadUrlForLayer"))},
        replaces={"repository": lambda w, _: w.repositories[1]},
        outputs=("registryId",),
    ),
    Case(
        "aws:ecr/pullThroughCacheRule:PullThroughCacheRule",
        lambda w: {"ecrRepositoryPrefix": w.unique("docker"), "upstreamRegistryUrl": "registry-1.docker.io"},
        updates={
            "credentialArn": const(f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:ecr-pullthroughcache/x"),
            "customRoleArn": lambda w, _: w.roles[0]["arn"],
        },
        replaces={
            "ecrRepositoryPrefix": const("other"),
            "upstreamRegistryUrl": const("quay.io"),
            "upstreamRepositoryPrefix": const("library"),
        },
        outputs=("registryId",),
    ),
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": f"{w.unique('z')}.example"},
        lambda _, __: {"forceDestroy": True},
        updates={"comment": const("a zone"), **TAGS},
        replaces={"name": const("other.example")},
        outputs=("arn", "zoneId", "nameServers", "primaryNameServer"),
    ),
    Case(
        "aws:route53/zone:Zone",
        lambda w: {"name": f"{w.unique('z')}.internal", "vpcs": [{"vpcId": w.vpc}]},
        updates={"vpcs": lambda w, _: [{"vpcId": w.vpc}, {"vpcId": w.other_vpc, "vpcRegion": "eu-central-1"}]},
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {"zoneId": w.zones[0], "name": w.unique("host"), "type": "A", "ttl": 60, "records": ["192.0.2.1"]},
        lambda _, __: {"allowOverwrite": True},
        updates={"records": const(["192.0.2.2", "192.0.2.3"]), "ttl": const(120)},
        replaces={"zoneId": lambda w, _: w.zones[1], "name": const("other"), "type": const("TXT")},
        outputs=("fqdn",),
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {"zoneId": w.zones[0], "name": f"*.{w.unique('h')}", "type": "TXT", "ttl": 60, "records": ["a b"]},
        updates={"records": const(["c d", "e"])},
    ),
    Case(
        "aws:route53/record:Record",
        lambda w: {
            "zoneId": w.zones[0],
            "name": w.unique("alias"),
            "type": "A",
            "aliases": [{"name": "lb.example", "zoneId": "Z215JYRZR1TBD5", "evaluateTargetHealth": False}],
        },
        updates={
            "aliases": const([{"name": "nlb.example", "zoneId": "Z215JYRZR1TBD5", "evaluateTargetHealth": False}])
        },
    ),
    Case(
        "aws:acm/certificate:Certificate",
        lambda w: {"domainName": f"{w.unique('c')}.example"},
        lambda _, inputs: {
            "validationMethod": "DNS",
            "subjectAlternativeNames": [f"*.{inputs['domainName']}"],
            "keyAlgorithm": "EC_prime256v1",
        },
        updates={"options": const({"certificateTransparencyLoggingPreference": "DISABLED"}), **TAGS},
        replaces={
            "domainName": const("other.example"),
            "subjectAlternativeNames": const(["b.example"]),
            "validationMethod": const("EMAIL"),
            "keyAlgorithm": const("RSA_4096"),
        },
        outputs=("arn", "domainValidationOptions", "status"),
    ),
    Case(
        "aws:acm/certificateValidation:CertificateValidation",
        lambda w: {"certificateArn": w.certificates[0]},
        lambda _, __: {"validationRecordFqdns": ["_x.example"]},
        replaces={
            "certificateArn": lambda w, _: w.certificates[1],
            "validationRecordFqdns": const(["_y.example"]),
        },
        stays=True,
    ),
)


def _encryption(algorithm: str, key: str | None = None) -> list[Inputs]:
    chosen = {"sseAlgorithm": algorithm, **({"kmsMasterKeyId": key} if key else {})}
    return [{"applyServerSideEncryptionByDefault": chosen, "bucketKeyEnabled": True}]


def _rule(days: int) -> Inputs:
    return {
        "id": "old",
        "status": "Enabled",
        "filter": {"prefix": "snapshots/"},
        "expiration": {"days": days},
        "noncurrentVersionExpiration": {"noncurrentDays": 7},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
    }


def _log_bucket(world: World) -> str:
    bucket = world.bucket()
    service = {"Service": "logging.s3.amazonaws.com"}
    statement = {
        "Effect": "Allow",
        "Principal": service,
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.made("aws:s3/bucketPolicy:BucketPolicy", bucket=bucket, policy=policy)
    return bucket


def _other_bucket(world: World, _: Inputs) -> str:
    return world.bucket()


S3 = (
    Case(
        "aws:s3/bucket:Bucket",
        lambda _: {},
        lambda w, _: {"bucket": w.unique("bucket"), "objectLockEnabled": True, "forceDestroy": True},
        updates={**TAGS},
        replaces={"bucket": const("other-bucket"), "objectLockEnabled": const(True)},
        outputs=("arn", "bucketDomainName", "bucketRegionalDomainName", "bucketRegion"),
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {"bucket": w.bucket(), "blockPublicAcls": True},
        updates={
            "blockPublicAcls": const(False),
            "blockPublicPolicy": const(True),
            "ignorePublicAcls": const(True),
            "restrictPublicBuckets": const(True),
        },
        replaces={"bucket": _other_bucket},
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        lambda w: {"bucket": (name := w.bucket()), "policy": _bucket_policy(name, "s3:GetObject")},
        updates={"policy": lambda _, inputs: _bucket_policy(inputs["bucket"], "s3:PutObject")},
        replaces={"bucket": _other_bucket},
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        lambda w: {"bucket": w.bucket(), "rules": _encryption("AES256")},
        updates={"rules": lambda w, _: _encryption("aws:kms", w.keys[0]["arn"])},
        replaces={"bucket": _other_bucket},
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket(), "versioningConfiguration": {"status": "Enabled"}},
        updates={"versioningConfiguration": const({"status": "Suspended"})},
        replaces={"bucket": _other_bucket},
        stays=True,
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {"bucket": w.bucket(), "rules": [_rule(30)]},
        updates={"rules": const([_rule(60), {"id": "b", "status": "Disabled", "expiration": {"days": 3}}])},
        replaces={"bucket": _other_bucket},
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket(), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        updates={"rule": const({"objectOwnership": "ObjectWriter"})},
        replaces={"bucket": _other_bucket},
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        lambda w: {"bucket": w.bucket(), "targetBucket": _log_bucket(w), "targetPrefix": "logs/"},
        updates={"targetBucket": lambda w, _: _log_bucket(w), "targetPrefix": const("other/")},
        replaces={"bucket": _other_bucket},
    ),
)

CASES = (*EC2, *LOGS_IAM_KMS, *EKS, *ECR_ROUTE53_ACM, *S3)
