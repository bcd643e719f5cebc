"""The cut of a VPC's range: inside it, apart, of the right sizes, and never moved by another zone."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.cidr import LARGEST, LETTERS, SMALLEST, ZoneSubnets, cut
from components.aws.cluster import SERVICE_RANGE
from environments import eks, foundation_rules, load, names

vpcs = st.builds(
    lambda address, length: IPv4Network((address, length), strict=False),
    st.integers(0, 2**32 - 1),
    st.integers(LARGEST, SMALLEST),
)
zone_lists = st.lists(st.sampled_from([f"eu-central-1{letter}" for letter in LETTERS]), unique=True, max_size=8)
BITS = {"private": 4, "public": 5, "intra": 6}
"""Kind -> how many bits its prefix is longer than that of the VPC: S/16, S/32, S/64."""


def subnets(plan: dict[str, ZoneSubnets]) -> list[IPv4Network]:
    return [subnet for zone in plan.values() for subnet in (zone.private, zone.public, zone.intra)]


@given(vpcs, zone_lists)
def test_subnets_are_inside_the_vpc_and_apart_and_leave_an_eighth(vpc: IPv4Network, zones: list[str]) -> None:
    plan = cut(vpc, zones)
    assert list(plan) == zones
    made = subnets(plan)
    assert all(subnet.subnet_of(vpc) for subnet in made)
    assert not any(one.overlaps(other) for one, other in combinations(made, 2))
    spare = list(vpc.subnets(3))[-1]
    assert not any(subnet.overlaps(spare) for subnet in made)


@given(vpcs, zone_lists)
def test_sizes_depend_on_the_kind_alone(vpc: IPv4Network, zones: list[str]) -> None:
    for zone in cut(vpc, zones).values():
        lengths = {kind: getattr(zone, kind).prefixlen - vpc.prefixlen for kind in BITS}
        assert lengths == BITS


def test_the_smallest_vpc_is_large_enough_for_the_control_plane() -> None:
    [zone] = cut(IPv4Network(("10.0.0.0", SMALLEST)), ["eu-central-1a"]).values()
    # EKS asks for 6 free addresses and recommends 16; AWS keeps 5 of each subnet.
    assert zone.intra.num_addresses - 5 >= 16


@given(vpcs, zone_lists, zone_lists)
def test_a_zone_keeps_its_subnets_whatever_other_zones_there_are(
    vpc: IPv4Network, zones: list[str], others: list[str]
) -> None:
    before, after = cut(vpc, zones), cut(vpc, others)
    assert all(before[zone] == after[zone] for zone in set(zones) & set(others))


@given(vpcs, zone_lists, st.randoms())
def test_the_order_of_zones_moves_nothing(vpc: IPv4Network, zones: list[str], random: object) -> None:
    shuffled = list(zones)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert cut(vpc, shuffled) == cut(vpc, zones)


def test_one_cut_by_hand() -> None:
    plan = cut(IPv4Network("10.20.0.0/16"), ["eu-central-1a", "eu-central-1b"])
    assert [str(subnet) for subnet in subnets(plan)] == [
        "10.20.0.0/20", "10.20.128.0/21", "10.20.192.0/22",
        "10.20.16.0/20", "10.20.136.0/21", "10.20.196.0/22",
    ]  # fmt: skip


@pytest.mark.parametrize("vpc", ["10.0.0.0/8", "10.20.0.0/15", "10.20.0.0/21", "10.20.0.0/28"])
def test_a_range_of_another_size_is_refused(vpc: str) -> None:
    with pytest.raises(ValueError, match=f"{vpc} is not allowed: /16 to /20"):
        cut(IPv4Network(vpc), ["eu-central-1a"])


@pytest.mark.parametrize("zone", ["", "eu-central-1i", "eu-central-1A", "eu-central-1"])
def test_a_zone_without_a_known_letter_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="is not allowed: a zone ending in a to h"):
        cut(IPv4Network("10.20.0.0/16"), ["eu-central-1b", zone])


def test_a_repeated_letter_is_refused() -> None:
    with pytest.raises(ValueError, match="eu-central-1a, eu-west-1a is not allowed: each zone once"):
        cut(IPv4Network("10.20.0.0/16"), ["eu-central-1a", "eu-west-1a"])


@pytest.mark.parametrize("name", names())
def test_the_networks_of_the_environments_can_be_cut(name: str) -> None:
    foundation = load(name).foundation
    if foundation is not None and foundation.network.cidr is not None:
        plan = cut(IPv4Network(foundation.network.cidr), foundation.network.zones)
        assert len(plan) >= foundation_rules.FEWEST_ZONES


def test_the_model_and_the_components_mean_the_same_service_range() -> None:
    """Components import nothing of the environments, so both write it down."""
    assert SERVICE_RANGE == eks.SERVICE_RANGE
