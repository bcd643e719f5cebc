"""What is still there in the emulator, for "down leaves nothing"."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import jmespath

from idp.loopback.aws.client import Client, Credentials
from idp.loopback.aws.recorder.paths import REGIONS_PATH
from idp.loopback.provider import loopback
from idp.loopback.provider.api import ApiError
from idp.loopback.provider.values import Properties, Value

DEFAULT_REGION = "us-east-1"
"""Asked even when nothing was ever asked there: the region of services that have none."""


@dataclass(frozen=True)
class Listing:
    """An operation that lists resources which somebody must have made, and where their ids are in its answer."""

    service: str
    operation: str
    path: str
    request: tuple[tuple[str, Value], ...] = ()


# moto gives each region a default VPC, as AWS does, with all that belongs to it.
_OWN_VPC = "Vpcs[?!IsDefault].VpcId"
LISTINGS = (
    Listing("ec2", "describe_vpcs", _OWN_VPC),
    Listing("ec2", "describe_subnets", "Subnets[?!DefaultForAz].SubnetId"),
    Listing("ec2", "describe_internet_gateways", "InternetGateways[].InternetGatewayId"),
    Listing("ec2", "describe_addresses", "Addresses[].AllocationId"),
    Listing("ec2", "describe_nat_gateways", "NatGateways[?State!='deleted'].NatGatewayId"),
    Listing(
        "ec2",
        "describe_route_tables",
        "RouteTables[?!not_null(Associations[?Main] | [0], `false`)].RouteTableId",
    ),
    Listing("ec2", "describe_vpc_endpoints", "VpcEndpoints[?State!='deleted'].VpcEndpointId"),
    Listing("ec2", "describe_flow_logs", "FlowLogs[].FlowLogId"),
    Listing("ec2", "describe_security_groups", "SecurityGroups[?GroupName!='default'].GroupId"),
    Listing("ec2", "describe_launch_templates", "LaunchTemplates[].LaunchTemplateId"),
    Listing("ec2", "describe_network_interfaces", "NetworkInterfaces[].NetworkInterfaceId"),
    Listing("ec2", "describe_instances", "Reservations[].Instances[?State.Name!='terminated'][].InstanceId"),
    Listing("ec2", "describe_volumes", "Volumes[].VolumeId"),
    Listing("logs", "describe_log_groups", "logGroups[].logGroupName"),
    Listing("iam", "list_roles", "Roles[].RoleName"),
    Listing("iam", "list_policies", "Policies[].Arn", (("Scope", "Local"),)),
    Listing("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList[].Arn"),
    Listing("iam", "list_users", "Users[].UserName"),
    Listing("iam", "list_instance_profiles", "InstanceProfiles[].InstanceProfileName"),
    Listing("eks", "list_clusters", "clusters"),
    Listing("ecr", "describe_repositories", "repositories[].repositoryName"),
    Listing("ecr", "describe_pull_through_cache_rules", "pullThroughCacheRules[].ecrRepositoryPrefix"),
    Listing("route53", "list_hosted_zones", "HostedZones[].Id"),
    Listing("acm", "list_certificates", "CertificateSummaryList[].CertificateArn"),
    Listing("s3", "list_buckets", "Buckets[].Name"),
    # AWS's own aliases, which moto lists without a key of ours.
    Listing("kms", "list_aliases", "Aliases[?!starts_with(AliasName, 'alias/aws/')].AliasName"),
)


def leftovers(endpoint: str, regions: tuple[str, ...] = ()) -> list[str]:
    """Return a line for each resource at `endpoint`, in `regions` or in all that were ever used.

    Add-ons, access entries and the like go with their cluster; Pod Identity associations are listed all the same,
    because a cluster that was adopted stays. Keys that wait for their deletion are as good as gone.
    Raises ForeignAddressError for an endpoint outside this machine, ApiError if it does not answer.
    """
    loopback.require(endpoint)
    found: set[str] = set()
    for region in regions or _regions(endpoint):
        services = {listing.service for listing in LISTINGS} | {"kms"}
        client = Client(region, Credentials("loopback", "loopback"), dict.fromkeys(services, endpoint))
        found.update(_in_region(client))
    return sorted(found)


def _in_region(client: Client) -> Iterator[str]:
    for listing in LISTINGS:
        answer = client.send(listing.service, listing.operation, dict(listing.request), client.region)
        for item in jmespath.search(listing.path, answer) or []:
            yield f"{listing.service} {listing.operation}: {item} ({client.region})"
    for cluster in jmespath.search("clusters", client.send("eks", "list_clusters", {}, client.region)) or []:
        given = client.send("eks", "list_pod_identity_associations", {"clusterName": cluster}, client.region)
        for item in jmespath.search("associations[].associationId", given) or []:
            yield f"eks list_pod_identity_associations: {cluster} {item} ({client.region})"
    for key in jmespath.search("Keys[].KeyId", client.send("kms", "list_keys", {}, client.region)) or []:
        described = _describe_key(client, key)
        if described.get("KeyManager") == "CUSTOMER" and described.get("KeyState") != "PendingDeletion":
            yield f"kms list_keys: {key} ({client.region})"


def _describe_key(client: Client, key: str) -> Properties:
    try:
        answer = client.send("kms", "describe_key", {"KeyId": key}, client.region)["KeyMetadata"]
    except ApiError as error:
        if error.is_gone:
            return {}
        raise
    return answer if isinstance(answer, dict) else {}


def _regions(endpoint: str) -> tuple[str, ...]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{endpoint.rstrip('/')}{REGIONS_PATH}", timeout=10) as answer:
        return tuple(sorted({DEFAULT_REGION, *json.loads(answer.read())}))
