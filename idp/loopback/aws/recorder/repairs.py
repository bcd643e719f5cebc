"""What moto 5.2.5 gets wrong of the operations used here, put right in its own classes."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from moto import settings
from moto.core.config import default_user_config
from moto.ec2.models import EC2Backend
from moto.s3.models import FakeBucket

_done: list[str] = []


def apply() -> None:
    """Repair moto in this process, once."""
    if _done:
        return
    # moto issues a certificate when more than so many seconds have passed: at once, here.
    settings.ACM_VALIDATION_WAIT = -1
    # moto knows the policies that AWS itself manages, and leaves them out unless told not to.
    default_user_config.setdefault("iam", {})["load_aws_managed_policies"] = True
    for name, repair in (
        ("modify_vpc_endpoint", _route_tables),
        ("modify_security_group_rules", _peers),
        ("delete_nat_gateway", _interface),
    ):
        setattr(EC2Backend, name, repair(getattr(EC2Backend, name)))
        _done.append(name)
    # A static method, which an assignment to the class would make one of its instances.
    setattr(FakeBucket, "_log_permissions_enabled_policy", staticmethod(_may_be_written))  # noqa: B010


def _route_tables(original: Callable[..., None]) -> Callable[..., None]:
    """Let a gateway endpoint that changes its route tables change their routes, which its deletion expects."""

    @functools.wraps(original)
    def modify(self: EC2Backend, vpc_id: str, *arguments: Any, **named: Any) -> None:  # noqa: ANN401
        endpoint = self.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])[0]
        before = set(endpoint.route_table_ids or [])
        original(self, vpc_id, *arguments, **named)
        after = set(endpoint.route_table_ids or [])
        prefixes = endpoint.destination_prefix_list_id
        for table in sorted(after - before) if prefixes else []:
            self.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefixes)
        for table in sorted(before - after) if prefixes else []:
            self.delete_route(table, prefixes or "")

    return modify


def _peers(original: Callable[..., None]) -> Callable[..., None]:
    """Let a rule's IPv6 range, prefix list or group change, not only its IPv4 range."""

    @functools.wraps(original)
    def modify(self: EC2Backend, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        original(self, group_id, rules)
        group = self.get_security_group_by_name_or_id(group_id)
        for identity, wanted in rules.items():
            rule = group.get_rule(identity) if group is not None else None
            if rule is None:
                continue
            if "CidrIpv6" in wanted:
                rule.ip_range["CidrIpv6"] = wanted["CidrIpv6"]
            if "PrefixListId" in wanted:
                rule.prefix_list_id = wanted["PrefixListId"]
            if "ReferencedGroupId" in wanted:
                rule.source_group = {**rule.source_group, "GroupId": wanted["ReferencedGroupId"]}

    return modify


def _interface(original: Callable[..., Any]) -> Callable[..., Any]:
    """Let a deleted gateway give back its address and take its network interface along."""

    @functools.wraps(original)
    def delete(self: EC2Backend, nat_gateway_id: str) -> Any:  # noqa: ANN401
        deleted = original(self, nat_gateway_id)
        for address in deleted.nat_gateway_addresses:
            if address.get("associationId"):
                self.disassociate_address(association_id=address["associationId"])
            self.enis.pop(address["networkInterfaceId"], None)
        return deleted

    return delete


def _may_be_written(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    """Tell whether a bucket's policy lets S3's logging service write; moto reads single texts only, not lists."""
    arn = f"arn:{target_bucket.partition}:s3:::{target_bucket.name}"
    objects = {f"{arn}/*", f"{arn}/{target_prefix or ''}*"}
    statements = json.loads(target_bucket.policy)["Statement"] if target_bucket.policy else []
    return any(
        statement["Effect"] == "Allow"
        and "logging.s3.amazonaws.com" in _listed(_services(statement))
        and {"s3:PutObject", "s3:*"}.intersection(_listed(statement.get("Action")))
        and objects.intersection(_listed(statement.get("Resource")))
        for statement in _listed(statements)
    )


def _services(statement: dict[str, Any]) -> object:
    principal = statement.get("Principal")
    return principal.get("Service") if isinstance(principal, dict) else None


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - a policy's JSON
    """Return what IAM lets one write as a list or as its only element."""
    return value if isinstance(value, list) else [value]
