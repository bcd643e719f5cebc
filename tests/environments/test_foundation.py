"""Rules of foundations: each broken alone, with the place and the words that help; and what a valid one offers."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from environments import Environment, load, overlaps
from environments.eks import SERVICE_RANGE, SUPPORTED
from environments.foundation import NodePool
from environments.instances import architecture
from environments.loading import parse
from environments.vocabulary import VpcCidr

Document = dict[str, Any]
Refusals = Callable[[Document], list[tuple[str, str]]]


def put(document: Document, place: str, value: object) -> None:
    *above, last = [int(step) if step.isdigit() else step for step in place.split("/")]
    inside: Any = document["foundation"]
    for step in above:
        inside = inside[step]
    inside[last] = value


def environment(document: Document, name: str = "mr-42") -> Environment:
    return parse(yaml.safe_dump({**document, "name": name}).encode(), name)


def pool(name: str, **changes: object) -> Document:
    return {"name": name, "instance_types": ["m7i.large"], "minimum": 1, "maximum": 2, **changes}


ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
NETWORK, CLUSTER, POOLS = "foundation.network", "foundation.cluster", "foundation.cluster.node_pools"
BROKEN: list[tuple[str, object, str, str]] = [
    ("aws/account_id", "12345", "foundation.aws.account_id", "the 12 digits of an AWS account"),
    ("aws/region", "eu-centrl-1", "foundation.aws.region", "a region of the AWS partition"),
    ("aws/emulator", True, "foundation.aws.emulator", "true is not allowed: false; the loopback emulator is for"),
    ("network/cidr", None, f"{NETWORK}.cidr", "null is not allowed: the range of a VPC"),
    ("network/cidr", "10.50.0.0/15", f"{NETWORK}.cidr", "from /16 to /20"),
    ("network/cidr", "10.50.0.0/21", f"{NETWORK}.cidr", "from /16 to /20"),
    ("network/cidr", "10.50.7.0/20", f"{NETWORK}.cidr", "without host bits"),
    ("network/cidr", "100.64.0.0/16", f"{NETWORK}.cidr", "RFC 1918"),
    ("network/cidr", "172.20.64.0/20", f"{NETWORK}.cidr", "clear of 172.20.0.0/16 (the cluster's services)"),
    ("network/nat", None, f"{NETWORK}.nat", "single or per-zone"),
    ("network/zones", [], f"{NETWORK}.zones", "2 to 6 zones"),
    ("network/zones", ZONES[:1], f"{NETWORK}.zones", "2 to 6 zones"),
    ("network/zones", [f"eu-central-1{letter}" for letter in "abcdefg"], f"{NETWORK}.zones", "2 to 6 zones"),
    ("network/zones", [*ZONES, "eu-central-1a"], f"{NETWORK}.zones[3]", "once only"),
    ("network/zones", ["eu-central-1a", "eu-west-1b"], f"{NETWORK}.zones[1]", "a zone of eu-central-1 such as"),
    ("network/zones", ["eu-central-1a", "eu-central-1i"], f"{NETWORK}.zones[1]", "a letter from a to h"),
    ("cluster/name", None, f"{CLUSTER}.name", "the name of a cluster to create"),
    ("cluster/public_access_cidrs", ["0.0.0.0/0"], f"{CLUSTER}.public_access_cidrs[0]", "never the whole internet"),
    ("cluster/public_access_cidrs", ["10.1.0.0/16"], f"{CLUSTER}.public_access_cidrs[0]", "a public IPv4 network"),
    ("cluster/admin_role_arns", [], f"{CLUSTER}.admin_role_arns", "at least one role"),
    (
        "cluster/admin_role_arns",
        ["arn:aws:iam::210987654321:role/admin"],
        f"{CLUSTER}.admin_role_arns[0]",
        "arn:aws:iam::123456789012:role/...",
    ),
    ("cluster/node_pools", [], POOLS, "(system, general, runners missing)"),
    ("cluster/node_pools/1/name", "others", POOLS, "(general missing)"),
    ("cluster/node_pools/2/taint", None, f"{POOLS}[2].taint", "a taint such as idp/pool=runners"),
    ("cluster/node_pools/0/minimum", 4, f"{POOLS}[0].minimum", "at most maximum, 3"),
    ("cluster/node_pools/1/maximum", 0, f"{POOLS}[1].maximum", "at least 1"),
    ("cluster/node_pools/0/instance_types", [], f"{POOLS}[0].instance_types", "at least 1"),
    (
        "cluster/node_pools/1/instance_types",
        ["m7g.large", "m7i.large"],
        f"{POOLS}[1].instance_types[1]",
        "the same architecture as m7g.large, arm64",
    ),
    ("dns/domain", "acme.example", "foundation.dns.domain", "platform.dns_domain, mr-42.idp.test, or a parent"),
    ("dns/domain", "42.idp.test", "foundation.dns.domain", "or a parent of it"),
    ("buckets/prefix", "a" * 27, "foundation.buckets.prefix", "at most 26 characters"),
    ("gitlab/projects", [], "foundation.gitlab.projects", "at least one project"),
    ("gitlab/url", "https://gitlab.com/", "foundation.gitlab.url", "without a port or a slash at the end"),
    ("gitlab/projects/0/path", "platform/*", "foundation.gitlab.projects[0].path", "never a pattern"),
    ("gitlab/projects/0/path", "platform/other", "foundation.gitlab.projects[1].path", "projects[0] has this one"),
    ("gitlab/projects/0/branches", ["*"], "foundation.gitlab.projects[0].branches[0]", "never a pattern"),
    ("gitlab/projects/0/branches", [], "foundation.gitlab.projects[0].branches", "at least 1"),
]


@pytest.mark.parametrize(("place", "value", "path", "words"), BROKEN)
def test_a_broken_rule_is_the_only_finding(
    founded: Document, refusals: Refusals, place: str, value: object, path: str, words: str
) -> None:
    assert refusals(founded) == []
    put(founded, place, value)
    [(found, message)] = refusals(founded)
    assert found == path
    assert words in message


def test_labels_have_each_key_once(founded: Document, refusals: Refusals) -> None:
    put(founded, "cluster/node_pools/0/labels", ["a=1", "b=1", "a=2"])
    assert [path for path, _ in refusals(founded)] == [f"{POOLS}[0].labels[0]", f"{POOLS}[0].labels[2]"]


def test_pools_have_each_name_once(founded: Document, refusals: Refusals) -> None:
    founded["foundation"]["cluster"]["node_pools"].append(pool("system"))
    assert [path for path, _ in refusals(founded)] == [f"{POOLS}[3].name"]


def test_more_pools_than_the_three_are_let_through(founded: Document, refusals: Refusals) -> None:
    founded["foundation"]["cluster"]["node_pools"].append(pool("gpu", instance_types=["g6.xlarge"]))
    assert refusals(founded) == []


@pytest.mark.parametrize("version", ["1.29", "1.31", "1.35", "1.99"])
def test_a_version_without_pins_cannot_be_created(founded: Document, refusals: Refusals, version: str) -> None:
    founded["cluster"]["version"] = version
    [(path, message)] = refusals(founded)
    assert path == "cluster.version"
    assert f"'{version}' is not allowed: a version that EKS has pins for (1.32, 1.33, 1.34)" in message


def test_an_adopted_cluster_may_have_any_version(
    founded: Document, refusals: Refusals, existing_cluster: Document
) -> None:
    founded["foundation"]["cluster"] = existing_cluster
    founded["cluster"]["version"] = "1.29"
    assert refusals(founded) == []


def test_either_create_or_adopt_a_network(founded: Document, refusals: Refusals, existing_network: Document) -> None:
    founded["foundation"]["network"].update(existing_network)
    found = refusals(founded)
    assert [path for path, _ in found] == [f"{NETWORK}.{key}" for key in ("cidr", "zones", "nat")]
    assert all("beside `existing`: either create or adopt" in message for _, message in found)


def test_either_create_or_adopt_a_cluster(founded: Document, refusals: Refusals, existing_cluster: Document) -> None:
    founded["foundation"]["cluster"].update(existing_cluster)
    keys = ("name", "public_access_cidrs", "admin_role_arns", "node_pools")
    assert [path for path, _ in refusals(founded)] == [f"{CLUSTER}.{key}" for key in keys]


def test_neither_way_is_told_key_by_key(founded: Document, refusals: Refusals) -> None:
    founded["foundation"].update(network={}, cluster={})
    assert {path for path, _ in refusals(founded)} == {
        *(f"{NETWORK}.{key}" for key in ("cidr", "zones", "nat")),
        *(f"{CLUSTER}.{key}" for key in ("name", "admin_role_arns", "node_pools")),
    }


@pytest.mark.parametrize("network", [True, False])
@pytest.mark.parametrize("cluster", [True, False])
def test_mixed_cases_are_let_through(
    founded: Document, existing_network: Document, existing_cluster: Document, network: bool, cluster: bool
) -> None:
    if network:
        founded["foundation"]["network"] = existing_network
    if cluster:
        founded["foundation"]["cluster"] = existing_cluster
    foundation = environment(founded).foundation
    assert foundation is not None
    assert (foundation.network.existing is not None, foundation.network.cidr is None) == (network, network)
    assert (foundation.cluster.existing is not None, foundation.cluster.name is None) == (cluster, cluster)


def test_the_control_plane_is_in_the_private_subnets_where_there_are_no_intra_ones(
    founded: Document, existing_network: Document
) -> None:
    def subnets() -> tuple[tuple[str, ...], tuple[str, ...]]:
        foundation = environment({**founded, "foundation": {**founded["foundation"], "network": existing_network}})
        assert foundation.foundation
        existing = foundation.foundation.network.existing
        assert existing
        return existing.control_plane_subnet_ids(), existing.private_subnet_ids

    assert subnets()[0] == ("subnet-0a1b2c40", "subnet-0a1b2c41")
    del existing_network["existing"]["intra_subnet_ids"]
    control_plane, private = subnets()
    assert control_plane == private


@pytest.mark.parametrize("adopted", [False, True])
def test_with_a_foundation_it_needs_no_kubeconfig(
    founded: Document, refusals: Refusals, existing_cluster: Document, adopted: bool
) -> None:
    founded["cluster"] = {"version": "1.33"}
    if adopted:
        founded["foundation"]["cluster"] = existing_cluster
    assert refusals(founded) == []
    founded["cluster"]["context"] = "other"
    assert [path for path, _ in refusals(founded)] == ["cluster.context"]


@pytest.mark.parametrize("foundation", ["null", "absent"])
def test_without_a_foundation_it_needs_a_kubeconfig(founded: Document, refusals: Refusals, foundation: str) -> None:
    founded["cluster"] = {"version": "1.33"}
    if foundation == "null":
        founded["foundation"] = None
    else:
        del founded["foundation"]
    assert [path for path, _ in refusals(founded)] == ["cluster.kubeconfig"]


def test_a_faulty_foundation_is_not_also_told_as_a_missing_kubeconfig(founded: Document, refusals: Refusals) -> None:
    founded["cluster"] = {"version": "1.33"}
    founded["foundation"]["cluster"]["name"] = "Not A Name"
    assert [path for path, _ in refusals(founded)] == [f"{CLUSTER}.name"]
    founded["foundation"] = "yes"
    assert [path for path, _ in refusals(founded)] == ["foundation"]


def local(document: Document) -> Document:
    document["name"] = "local"
    document["cluster"] = {"version": "1.33"}
    return document


def test_local_needs_the_emulator(founded: Document, refusals: Refusals) -> None:
    [(path, message)] = refusals(local(founded))
    assert path == "foundation.aws.emulator"
    assert "false is not allowed: true" in message
    founded["foundation"]["aws"]["emulator"] = True
    assert refusals(founded) == []


def test_local_with_a_foundation_still_has_the_loopback_version(founded: Document, refusals: Refusals) -> None:
    local(founded)["cluster"]["version"] = "1.34"
    founded["foundation"]["aws"]["emulator"] = True
    assert [path for path, _ in refusals(founded)] == ["cluster.version"]


def test_prod_survives_the_loss_of_a_zone(founded: Document, refusals: Refusals) -> None:
    founded["name"] = "prod"
    assert refusals(founded) == []
    founded["foundation"]["network"].update(nat="single", zones=ZONES[:2])
    assert [path for path, _ in refusals(founded)] == [f"{NETWORK}.zones", f"{NETWORK}.nat"]
    founded["name"] = "staging"
    assert refusals(founded) == []


@pytest.mark.parametrize("name", ["mr-42", "prod"])
def test_what_holds_data_is_protected_unless_a_file_says_otherwise(founded: Document, name: str) -> None:
    assert "protect" not in founded["foundation"]
    foundation = environment(founded, name).foundation
    assert foundation is not None
    assert foundation.protect


@pytest.mark.parametrize("protect", ["false", 0, None, []])
def test_protect_is_true_or_false(founded: Document, refusals: Refusals, protect: object) -> None:
    put(founded, "protect", protect)
    assert [path for path, _ in refusals(founded)] == ["foundation.protect"]


def test_prod_keeps_its_data(founded: Document, refusals: Refusals) -> None:
    put(founded, "protect", False)
    assert refusals(founded) == []
    founded["name"] = "prod"
    told = [("foundation.protect", "false is not allowed: true in prod")]
    assert refusals(founded) == told
    # Also where something else is wrong, and the model never comes to its rules.
    founded["foundation"]["colour"] = "blue"
    assert sorted(path for path, _ in refusals(founded)) == ["foundation.colour", "foundation.protect"]
    put(founded, "protect", True)
    assert [path for path, _ in refusals(founded)] == ["foundation.colour"]


def test_rules_are_tried_beside_mistakes_elsewhere_in_the_foundation(founded: Document, refusals: Refusals) -> None:
    founded["foundation"].update(colour="blue", buckets={})
    put(founded, "aws/emulator", "no")
    put(founded, "network/zones", ["eu-west-1a"])
    put(founded, "cluster/node_pools/2/taint", None)
    put(founded, "gitlab/projects/0/path", "platform/other")
    assert {path for path, _ in refusals(founded)} == {
        "foundation.colour",
        "foundation.buckets.prefix",
        "foundation.aws.emulator",
        "foundation.network.zones",
        "foundation.cluster.node_pools[2].taint",
        "foundation.gitlab.projects[1].path",
    }


@pytest.mark.parametrize("domain", [None, "mr-42.idp.test", "idp.test"])
def test_the_zone_holds_the_platforms_domain(founded: Document, refusals: Refusals, domain: str | None) -> None:
    put(founded, "dns/domain", domain)
    assert refusals(founded) == []


def versions() -> Iterator[tuple[str, str, str]]:
    yield from ((version, addon, pin) for version, addons in SUPPORTED.items() for addon, pin in addons.items())


@pytest.mark.parametrize(("version", "addon", "pin"), list(versions()))
def test_every_supported_version_has_exact_pins(version: str, addon: str, pin: str) -> None:
    assert re.fullmatch(r"v[0-9]+[.][0-9]+[.][0-9]+-eksbuild[.][1-9][0-9]*", pin)
    assert set(SUPPORTED[version]) == {
        "vpc-cni",
        "coredns",
        "kube-proxy",
        "aws-ebs-csi-driver",
        "eks-pod-identity-agent",
    }
    if addon == "kube-proxy":
        assert pin.startswith(f"v{version}.")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("m7g.large", "arm64"),
        ("c7gn.16xlarge", "arm64"),
        ("r8gd.large", "arm64"),
        ("t4g.nano", "arm64"),
        ("x2gd.metal", "arm64"),
        ("im4gn.large", "arm64"),
        ("is4gen.large", "arm64"),
        ("g5g.xlarge", "arm64"),
        ("a1.large", "arm64"),
        ("g5.xlarge", "x86_64"),
        ("g6.xlarge", "x86_64"),
        ("gr6.4xlarge", "x86_64"),
        ("m7i.large", "x86_64"),
        ("m7i-flex.large", "x86_64"),
        ("c6a.large", "x86_64"),
        ("u-6tb1.112xlarge", "x86_64"),
    ],
)
def test_the_architecture_is_in_the_name_of_the_type(kind: str, expected: str) -> None:
    assert architecture(kind) == expected
    assert NodePool(name="x", instance_types=(kind,), minimum=0, maximum=1).architecture() == expected


def test_labels_as_a_mapping() -> None:
    labels = ("a=1", "example.com/b=")
    made = NodePool(name="x", instance_types=("m7i.large",), minimum=0, maximum=1, labels=labels)
    assert made.label_map() == {"a": "1", "example.com/b": ""}


def with_network(document: Document, name: str, account: int, cidr: str | None) -> Environment:
    document = copy.deepcopy(document)
    foundation = document["foundation"]
    foundation["aws"]["account_id"] = f"{account:012}"
    foundation["cluster"]["admin_role_arns"] = [f"arn:aws:iam::{account:012}:role/admin"]
    if cidr is None:
        subnets = ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]
        foundation["network"] = {"existing": {"vpc_id": "vpc-0a1b2c3d", "private_subnet_ids": subnets}}
    else:
        foundation["network"]["cidr"] = cidr
    return environment(document, name)


@pytest.mark.parametrize(
    ("first", "second"),
    [("10.20.0.0/16", "10.20.0.0/16"), ("10.20.0.0/16", "10.20.240.0/20"), ("10.20.240.0/20", "10.20.0.0/16")],
)
def test_overlapping_ranges_are_found(founded: Document, first: str, second: str) -> None:
    made = [with_network(founded, "b", 2, second), with_network(founded, "a", 1, first)]
    [finding] = overlaps(made)
    assert str(finding) == (
        f"b.yaml: foundation.network.cidr: '{second}' is not allowed: a range apart from {first}, that of a"
    )


def test_a_shared_account_is_found(founded: Document) -> None:
    made = [with_network(founded, "a", 1, "10.1.0.0/16"), with_network(founded, "b", 1, None)]
    [finding] = overlaps(made)
    assert finding.path == "foundation.aws.account_id"
    assert finding.file == "b.yaml"


def test_environments_without_created_networks_overlap_with_nothing(founded: Document, document: Document) -> None:
    made = [with_network(founded, "a", 1, None), with_network(founded, "b", 2, "10.1.0.0/16"), environment(document)]
    assert overlaps(made) == []


ranges = st.builds(
    lambda second, third, length: str(IPv4Network((f"10.{second}.{third}.0", length), strict=False)),
    st.integers(0, 3),
    st.integers(0, 255),
    st.integers(16, 20),
)
BASE = load("dev")


def moved(name: str, account: int, cidr: str) -> Environment:
    assert BASE.foundation
    aws = BASE.foundation.aws.model_copy(update={"account_id": str(account)})
    network = BASE.foundation.network.model_copy(update={"cidr": cidr})
    foundation = BASE.foundation.model_copy(update={"aws": aws, "network": network})
    return BASE.model_copy(update={"name": name, "foundation": foundation})


@given(st.lists(ranges, max_size=6), st.randoms())
def test_overlaps_are_those_of_arithmetic_in_any_order(cidrs: Sequence[str], random: Any) -> None:  # noqa: ANN401
    made = [moved(f"e{number}", number, cidr) for number, cidr in enumerate(cidrs)]
    expected = sum(
        IPv4Network(one).overlaps(IPv4Network(other))
        for number, one in enumerate(cidrs)
        for other in cidrs[number + 1 :]
    )
    found = overlaps(made)
    assert len(found) == expected
    random.shuffle(made)
    assert overlaps(made) == found


@given(st.integers(0, 2**12 - 1), st.integers(16, 20))
def test_of_172_16_all_but_the_services_range_is_let_through(number: int, length: int) -> None:
    network = IPv4Network((int(IPv4Network("172.0.0.0/8").network_address) + (number << 12), length), strict=False)
    inside = network.subnet_of(IPv4Network("172.16.0.0/12"))
    assert accepted(str(network)) == (inside and not network.overlaps(IPv4Network(SERVICE_RANGE)))


def accepted(cidr: str) -> bool:
    try:
        TypeAdapter(VpcCidr).validate_python(cidr)
    except ValidationError:
        return False
    return True
