"""What the foundation's resources are like: sealed, private, and what the issue asks of each."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import pairwise
from typing import Any

import pytest

from components.aws.cluster import SERVICE_RANGE

Built = Any
TAGS = {"owner": "platform", "cost-centre": "cc-1"}
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_all_volumes_of_nodes_are_encrypted_with_the_key(built: Built) -> None:
    for template in built.of("LaunchTemplate").values():
        volumes = {one["deviceName"]: one["ebs"] for one in template["blockDeviceMappings"]}
        assert set(volumes) == {"/dev/xvda", "/dev/xvdb"}
        assert all((one["encrypted"], one["kmsKeyId"]) == ("true", KEY) for one in volumes.values())


def test_what_is_made_of_a_launch_template_is_tagged(built: Built) -> None:
    """EC2 Auto Scaling makes it, so the default tags of the provider do not reach it."""
    for template in built.of("LaunchTemplate").values():
        tags = {one["resourceType"]: one["tags"] for one in template["tagSpecifications"]}
        assert tags == dict.fromkeys(("instance", "volume", "network-interface"), TAGS)


def test_pods_do_not_reach_the_metadata_of_nodes(built: Built) -> None:
    for template in built.of("LaunchTemplate").values():
        options = template["metadataOptions"]
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)


def test_node_pools(built: Built) -> None:
    pools = built.of("NodeGroup")
    assert set(pools) == {"idp-test-system", "idp-test-runners"}
    assert "taints" not in pools["idp-test-system"]
    [taint] = pools["idp-test-runners"]["taints"]
    assert taint == {"key": "pool", "value": "runners", "effect": "NO_SCHEDULE"}
    assert all(pool["amiType"].startswith("BOTTLEROCKET_") for pool in pools.values())


def test_the_control_plane(built: Built) -> None:
    [cluster] = built.of("Cluster").values()
    assert set(cluster["enabledClusterLogTypes"]) == {"api", "audit", "authenticator", "controllerManager", "scheduler"}
    assert cluster["encryptionConfig"] == {"provider": {"keyArn": KEY}, "resources": ["secrets"]}
    assert cluster["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert cluster["kubernetesNetworkConfig"]["serviceIpv4Cidr"] == SERVICE_RANGE
    network = cluster["vpcConfig"]
    assert (network["endpointPrivateAccess"], network["endpointPublicAccess"]) == (True, False)
    assert "publicAccessCidrs" not in network


def test_who_administers_is_named_so_that_one_can_leave(built: Built) -> None:
    """By position, whoever follows would be made anew while their old entry is still there, which EKS refuses."""
    entries = {name: entry["principalArn"] for name, entry in built.of("AccessEntry").items()}
    assert entries == {
        "idp-test-admin-admin": "arn:aws:iam::123456789012:role/admin",
        "idp-test-admin-deploy": "arn:aws:iam::123456789012:role/idp-test-deploy",
    }


def test_pod_identity_gives_an_addon_its_role(built: Built) -> None:
    association = built.of("PodIdentityAssociation")["idp-test-aws-ebs-csi-driver"]
    assert (association["namespace"], association["serviceAccount"]) == ("kube-system", "ebs-csi-controller-sa")
    assert all("configurationValues" not in addon for addon in built.of("Addon").values())


def test_the_default_security_group_lets_nothing_through(built: Built) -> None:
    [group] = built.of("DefaultSecurityGroup").values()
    assert (group["ingress"], group["egress"]) == ([], [])


def test_only_https_from_the_vpc_reaches_the_endpoints(built: Built) -> None:
    [rule] = built.of("SecurityGroupIngressRule").values()
    assert (rule["cidrIpv4"], rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == ("10.20.0.0/16", 443, 443, "tcp")
    services = {endpoint["serviceName"].split(".", 3)[3] for endpoint in built.of("VpcEndpoint").values()}
    assert {"ecr.api", "ecr.dkr", "sts", "s3", "kms"} <= services


def test_subnets_are_apart_and_hand_out_no_public_address(built: Built) -> None:
    subnets = built.of("Subnet").values()
    ranges = sorted(IPv4Network(subnet["cidrBlock"]) for subnet in subnets)
    assert len(ranges) == 9
    assert not any(one.overlaps(other) for one, other in pairwise(ranges))
    assert not any(subnet["mapPublicIpOnLaunch"] for subnet in subnets)


def test_each_zone_has_its_nat_gateway_or_all_share_one(built: Built, built_otherwise: Built) -> None:
    for made, expected in ((built, 3), (built_otherwise, 1)):
        assert len(made.of("NatGateway")) == len(made.of("Eip")) == expected
        routes = [route for route in made.of("Route").values() if route.get("natGatewayId")]
        assert len(routes) == 3
        assert len({route["natGatewayId"] for route in routes}) == expected


def test_intra_subnets_have_no_way_out(built: Built) -> None:
    routes = [route for name, route in built.of("Route").items() if "intra" in name]
    tables = [table for name, table in built.of("RouteTable").items() if "intra" in name]
    assert (len(routes), len(tables)) == (0, 1)


@pytest.mark.parametrize(
    ("kind", "key", "wanted"),
    [
        ("BucketPublicAccessBlock", "blockPublicAcls", True),
        ("BucketPublicAccessBlock", "blockPublicPolicy", True),
        ("BucketPublicAccessBlock", "ignorePublicAcls", True),
        ("BucketPublicAccessBlock", "restrictPublicBuckets", True),
        ("BucketVersioning", "versioningConfiguration", {"status": "Enabled"}),
        ("BucketOwnershipControls", "rule", {"objectOwnership": "BucketOwnerEnforced"}),
    ],
)
def test_every_bucket_is_closed_and_versioned(built: Built, kind: str, key: str, wanted: object) -> None:
    buckets = set(built.of("Bucket"))
    assert buckets == {f"idp-test-{purpose}" for purpose in ("vault-snapshots", "runner-cache", "access-logs")}
    assert {name: settings[key] for name, settings in built.of(kind).items()} == dict.fromkeys(buckets, wanted)


def test_every_bucket_takes_tls_only_is_encrypted_and_forgets(built: Built) -> None:
    for name in built.of("Bucket"):
        [deny] = [one for one in built.document(f"BucketPolicy {name}")["Statement"] if one["Effect"] == "Deny"]
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert (deny["Action"], deny["Principal"], len(deny["Resource"])) == (["s3:*"], {"AWS": ["*"]}, 2)
        [rule] = built.of("BucketServerSideEncryptionConfiguration")[name]["rules"]
        default = rule["applyServerSideEncryptionByDefault"]
        assert default == {"sseAlgorithm": "AES256"} if "access-logs" in name else default["kmsMasterKeyId"] == KEY
        [expiry] = built.of("BucketLifecycleConfiguration")[name]["rules"]
        assert (expiry["status"], expiry["expiration"]["days"] > 0) == ("Enabled", True)


def test_every_bucket_but_that_of_the_logs_says_who_read_what(built: Built) -> None:
    logging = {name: one["targetBucket"] for name, one in built.of("BucketLogging").items()}
    target = "acme-idp-test-access-logs"
    assert logging == {"idp-test-vault-snapshots": target, "idp-test-runner-cache": target}


def test_keys_are_rotated_and_named(built: Built) -> None:
    keys = built.of("Key")
    assert all((key["enableKeyRotation"], key["deletionWindowInDays"]) == (True, 30) for key in keys.values())
    assert {one["name"] for one in built.of("Alias").values()} == {f"alias/{name}" for name in keys}


def test_repositories_are_immutable_scanned_and_encrypted(built: Built) -> None:
    for repository in built.of("Repository").values():
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
        assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]


def test_the_certificate_covers_the_domain_and_all_hosts_in_it(built: Built) -> None:
    [certificate] = built.of("Certificate").values()
    assert (certificate["domainName"], certificate["subjectAlternativeNames"]) == ("*.idp.example", ["idp.example"])
    assert certificate["validationMethod"] == "DNS"


def test_log_groups_are_kept_and_encrypted(built: Built) -> None:
    groups = built.of("LogGroup").values()
    assert len(groups) == 2
    assert all((group["retentionInDays"], group["kmsKeyId"]) == (365, KEY) for group in groups)
