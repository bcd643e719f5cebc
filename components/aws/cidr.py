"""How the address range of a VPC is cut into subnets: pure arithmetic.

The cut depends on a zone's letter alone, never on how many zones there are: a zone that is added or removed
moves no other subnet. Of a range of size S, zones `a` to `h` each get S/16 private (pods and nodes), S/32
public (load balancers, NAT) and S/64 intra (control plane, endpoints); S/8 stays spare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

LETTERS = "abcdefgh"
"""Zones end in a letter; no region of AWS has more than six."""

LARGEST, SMALLEST = 16, 20
"""Prefix lengths of a VPC: AWS allows /16 to /28; below /20 an intra subnet would be too small for EKS.

EKS recommends 16 free addresses at least (docs.aws.amazon.com/eks, Subnet requirements); of /20 an intra subnet has 64.
"""

_SLOT = 3
"""Bits for a zone: eight letters."""


@dataclass(frozen=True)
class ZoneSubnets:
    """The subnets of one zone."""

    private: IPv4Network
    public: IPv4Network
    intra: IPv4Network


def cut(vpc: IPv4Network, zones: Sequence[str]) -> dict[str, ZoneSubnets]:
    """Return the subnets of each zone, by the zone's name.

    Raises ValueError for a range outside /16 to /20, an unknown or a repeated zone letter.
    """
    if not LARGEST <= vpc.prefixlen <= SMALLEST:
        raise ValueError(f"{vpc} is not allowed: /{LARGEST} to /{SMALLEST}")
    letters = [zone[-1:] for zone in zones]
    if unknown := [zone for zone, letter in zip(zones, letters, strict=True) if letter not in LETTERS or not letter]:
        raise ValueError(f"{unknown[0]!r} is not allowed: a zone ending in {LETTERS[0]} to {LETTERS[-1]}")
    if len(set(letters)) != len(letters):
        raise ValueError(f"{', '.join(zones)} is not allowed: each zone once")
    return {zone: _zone(vpc, LETTERS.index(letter)) for zone, letter in zip(zones, letters, strict=True)}


def _zone(vpc: IPv4Network, slot: int) -> ZoneSubnets:
    first, second = vpc.subnets(1)
    third, fourth = second.subnets(1)
    fifth, _spare = fourth.subnets(1)
    return ZoneSubnets(private=_slot(first, slot), public=_slot(third, slot), intra=_slot(fifth, slot))


def _slot(block: IPv4Network, slot: int) -> IPv4Network:
    size = 1 << (32 - block.prefixlen - _SLOT)
    return IPv4Network((int(block.network_address) + slot * size, block.prefixlen + _SLOT))
