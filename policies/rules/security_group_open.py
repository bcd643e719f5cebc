"""The internet comes in by HTTP and HTTPS, and by no other door."""

from __future__ import annotations

from collections.abc import Iterator

from policies.iam import listed
from policies.kinds import exactly
from policies.plain import UNKNOWN, Plain, at, join
from policies.rule import Finding, NotYetKnown, Resource, Rule, Severity, Violation
from policies.samples import declared
from policies.truth import Truth, every, opposite, some

_GROUP, _RULE, _INGRESS = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)
_PORTS = (80, 443)
"""Ports that FSBP EC2.18 authorizes where nobody says otherwise."""
_TCP = ("tcp", "6")
_HARMLESS = ("icmp", "1", "icmpv6", "58")
"""They have no ports: `fromPort` and `toPort` are a type and a code."""
_RANGES = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")


def _check(resource: Resource) -> Iterator[Finding]:
    if resource.kind == "SecurityGroup":
        rules = at(resource.props, "ingress")
        for index, rule in enumerate(listed(rules)):
            yield from _judge(rule, "ingress" if rules is UNKNOWN else join("ingress", index), True)
    elif resource.kind == "SecurityGroupRule":
        kind = at(resource.props, "type")
        yield from _judge(resource.props, "", None if kind is UNKNOWN else kind == "ingress")
    else:
        yield from _judge(resource.props, "", True)


def _judge(rule: Plain, path: str, comes_in: Truth) -> Iterator[Finding]:
    wrong = every((comes_in, _is_from_everywhere(rule), opposite(_is_allowed(rule))))
    if wrong is None:
        yield NotYetKnown(path)
    elif wrong:
        yield Violation("lets every address in; allowed are the TCP ports 80 and 443, each by itself", path)


def _is_from_everywhere(rule: Plain) -> Truth:
    ranges = [one for key in _RANGES for one in listed(at(rule, key))]
    return some(None if one is UNKNOWN else isinstance(one, str) and one.rpartition("/")[2] == "0" for one in ranges)


def _is_allowed(rule: Plain) -> Truth:
    protocol = at(rule, "ipProtocol") if at(rule, "protocol") is None else at(rule, "protocol")
    first, last = at(rule, "fromPort"), at(rule, "toPort")
    ports = None if UNKNOWN in (first, last) else first in _PORTS and first == last
    return some((_is_one_of(protocol, _HARMLESS), every((_is_one_of(protocol, _TCP), ports))))


def _is_one_of(value: Plain, names: tuple[str, ...]) -> Truth:
    return None if value is UNKNOWN else isinstance(value, str) and value.lower() in names


def _group(*rules: Plain) -> Resource:
    return declared(_GROUP, ingress=list(rules))


def _on(port: Plain, last: Plain = None, protocol: Plain = "tcp", **ranges: Plain) -> dict[str, Plain]:
    return {"protocol": protocol, "fromPort": port, "toPort": port if last is None else last, **ranges}


_ALL: list[Plain] = ["0.0.0.0/0"]

RULE = Rule(
    id="security_group_open",
    title="No port but 80 and 443 is open to the internet",
    severity=Severity.CRITICAL,
    why="Every address is scanned within minutes, for SSH and databases first.",
    remedy="Name the ranges or security groups that come in; reach machines through Session Manager.",
    standards=(
        "FSBP 1.0.0 EC2.18",
        "FSBP 1.0.0 EC2.19",
        "CIS AWS 3.0.0 5.2",
        "CIS AWS 3.0.0 5.3",
        "CIS AWS 5.0.0 5.3",
        "CIS AWS 5.0.0 5.4",
    ),
    types=exactly(SecurityGroup=_GROUP, SecurityGroupRule=_RULE, SecurityGroupIngressRule=_INGRESS),
    check=_check,
    passing=(
        declared(_GROUP),
        _group(_on(443, cidrBlocks=_ALL), _on(80, protocol="6", ipv6CidrBlocks=["::/0"])),
        _group(_on(22, cidrBlocks=["198.51.100.0/24"]), _on(0, 65535, securityGroups=["sg-1"])),
        _group(_on(8, 0, protocol="icmp", cidrBlocks=_ALL)),
        declared(_RULE, type="egress", **_on(0, protocol="-1", cidrBlocks=_ALL)),
        declared(_RULE, type="ingress", **_on(443, cidrBlocks=_ALL)),
        declared(_INGRESS, ipProtocol="tcp", fromPort=443, toPort=443, cidrIpv4="0.0.0.0/0"),
        declared(_INGRESS, ipProtocol="-1", cidrIpv4="10.0.0.0/8"),
        declared(_INGRESS, ipProtocol="-1", referencedSecurityGroupId="sg-1"),
    ),
    failing=(
        _group(_on(22, cidrBlocks=_ALL)),
        _group(_on(443, cidrBlocks=_ALL), _on(3389, ipv6CidrBlocks=["fd00::/8", "::/0"])),
        _group(_on(80, 443, cidrBlocks=_ALL)),
        _group(_on(443, protocol="udp", cidrBlocks=_ALL)),
        _group(_on(0, protocol="-1", cidrBlocks=["10.0.0.0/8", "0.0.0.0/0"])),
        declared(_RULE, type="ingress", **_on(5432, cidrBlocks=_ALL)),
        declared(_INGRESS, ipProtocol="-1", cidrIpv4="0.0.0.0/0"),
        declared(_INGRESS, ipProtocol="tcp", fromPort=22, toPort=22, cidrIpv6="::/0"),
    ),
)
