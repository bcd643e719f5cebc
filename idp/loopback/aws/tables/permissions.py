"""EC2: rules written inside a security group, which the SDK and the service spell differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from idp.loopback.provider.context import Context
from idp.loopback.provider.values import UNKNOWN, Properties, Value

_PEERS = {
    "cidrBlocks": ("IpRanges", "CidrIp"),
    "ipv6CidrBlocks": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListIds": ("PrefixListIds", "PrefixListId"),
    "securityGroups": ("UserIdGroupPairs", "GroupId"),
}
"""The SDK's list of peers: EC2's list, and the member of its elements."""

EVERYTHING = "-1"
"""The protocol that means all protocols; ports do not count then."""


@dataclass(frozen=True, order=True)
class Permission:
    """One protocol, one range of ports, one peer: what no rule can be split into further."""

    protocol: str
    first: int
    last: int
    peers: str
    """The SDK's name of the list the peer is in."""
    peer: str
    description: str

    def request(self) -> Properties:
        """Return it as an element of EC2's `IpPermissions`."""
        container, member = _PEERS[self.peers]
        peer = {member: self.peer, **({"Description": self.description} if self.description else {})}
        ports = {} if self.protocol == EVERYTHING else {"FromPort": self.first, "ToPort": self.last}
        return {"IpProtocol": self.protocol, **ports, container: [peer]}


def of_rules(rules: Value, group: str) -> set[Permission]:
    """Return the permissions of the SDK's rules; `group` is what their `self` means."""
    found = set()
    for rule in rules if isinstance(rules, list) else []:
        protocol = str(rule.get("protocol", EVERYTHING))
        protocol = EVERYTHING if protocol == "all" else protocol
        ports = (0, 0) if protocol == EVERYTHING else (int(rule.get("fromPort", 0)), int(rule.get("toPort", 0)))
        for peers, peer in _peers(rule, group):
            found.add(Permission(protocol, *ports, peers, peer, str(rule.get("description", ""))))
    return found


def of_answer(permissions: Value) -> Iterator[Permission]:
    """Yield the permissions of EC2's `IpPermissions`."""
    for item in permissions if isinstance(permissions, list) else []:
        for name, (container, member) in _PEERS.items():
            for peer in item.get(container, []):
                ports = (int(item.get("FromPort", 0)), int(item.get("ToPort", 0)))
                ports = (0, 0) if item["IpProtocol"] == EVERYTHING else ports
                text = str(peer.get("Description", ""))
                yield Permission(str(item["IpProtocol"]), *ports, name, str(peer[member]), text)


def rules(permissions: Value, group: str) -> list[Value]:
    """Return EC2's permissions as the SDK's rules, one for each."""
    return [
        {
            "protocol": item.protocol,
            "fromPort": item.first,
            "toPort": item.last,
            **({"self": True} if item.peer == group else {item.peers: [item.peer]}),
            **({"description": item.description} if item.description else {}),
        }
        for item in sorted(of_answer(permissions))
    ]


def normal(value: Value) -> Value:
    """Return rules in the form in which two spellings of the same permissions are equal."""
    return [str(item) for item in sorted(of_rules(value, "self"))]


def read(context: Context) -> Properties:
    """Return the rules of both directions, as the SDK spells them."""
    group = _describe(context)
    return {
        "ingressRules": rules(group["IpPermissions"], str(context.id)),
        "egressRules": rules(group["IpPermissionsEgress"], str(context.id)),
    }


def synchronise(context: Context) -> None:
    """Make the group's rules those wanted; a direction the program does not speak of is left alone."""
    group = _describe(context)
    for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        wanted = context.inputs.get(direction)
        if wanted is None or wanted is UNKNOWN:
            continue
        _change(context, direction, set(of_answer(group[member])), of_rules(wanted, str(context.id)))


def revoke_first_rules(context: Context) -> None:
    """Take away the rule that EC2 gives each new group: everything may leave."""
    _change(context, "egress", set(of_answer(_describe(context)["IpPermissionsEgress"])), set())


def _change(context: Context, direction: str, has: set[Permission], wants: set[Permission]) -> None:
    for verb, items in (("revoke", has - wants), ("authorize", wants - has)):
        if items:
            permissions = [item.request() for item in sorted(items)]
            context.send(f"{verb}_security_group_{direction}", GroupId=context.id, IpPermissions=permissions)


def _peers(rule: Mapping[str, Value], group: str) -> Iterator[tuple[str, str]]:
    for name in _PEERS:
        listed = rule.get(name)
        for peer in listed if isinstance(listed, list) else []:
            yield name, str(peer)
    if rule.get("self") is True:
        yield "securityGroups", group


def _describe(context: Context) -> dict[str, Value]:
    answer = context.send("describe_security_groups", GroupIds=[context.id])
    groups = answer["SecurityGroups"]
    return dict(groups[0]) if isinstance(groups, list) else {}
