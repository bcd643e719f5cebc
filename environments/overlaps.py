"""What only several environments together can show: networks that could never be joined, and shared accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from itertools import combinations

from environments.errors import Finding
from environments.foundation import Foundation
from environments.model import Environment


def overlaps(environments: Iterable[Environment]) -> list[Finding]:
    """Return a finding for each two environments whose foundations stand in each other's way.

    The ranges of two VPCs may not overlap, and an account has one foundation: IAM allows one OIDC provider for each
    GitLab. A finding is at the place in the file of the one that comes later by name. Ranges of adopted VPCs are not
    known here; the emulator has no account to share.
    """
    foundations = {one.name: one.foundation for one in environments if one.foundation is not None}
    return [
        finding
        for (other, earlier), (name, later) in combinations(sorted(foundations.items()), 2)
        for finding in (*_ranges(other, earlier, name, later), *_accounts(other, earlier, name, later))
    ]


def _ranges(other: str, earlier: Foundation, name: str, later: Foundation) -> Iterator[Finding]:
    taken, cidr = earlier.network.cidr, later.network.cidr
    if taken and cidr and IPv4Network(taken).overlaps(IPv4Network(cidr)):
        message = f"{cidr!r} is not allowed: a range apart from {taken}, that of {other}"
        yield Finding(message, f"{name}.yaml", path="foundation.network.cidr")


def _accounts(other: str, earlier: Foundation, name: str, later: Foundation) -> Iterator[Finding]:
    account = later.aws.account_id
    if account == earlier.aws.account_id and not (earlier.aws.emulator or later.aws.emulator):
        message = f"{account!r} is not allowed: an account of its own ({other} has this one)"
        yield Finding(message, f"{name}.yaml", path="foundation.aws.account_id")
