"""The environment's zone, and one certificate for all hosts in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import acm, route53

TTL = 300
"""Seconds that resolvers may keep the validation record."""


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """Arguments of `Dns`."""

    domain: str
    """Name of the zone; the parent zone's owner delegates it to `name_servers`."""
    protect: bool = True
    """Whether deletion is refused: a new zone gets new name servers."""


class Dns(pulumi.ComponentResource):
    """A public zone and a wildcard certificate that validates, and renews, through it."""

    zone_id: pulumi.Output[str]
    """Id of the zone."""
    name_servers: pulumi.Output[Sequence[str]]
    """Servers that the parent zone must delegate to."""
    certificate_arn: pulumi.Output[str]
    """Certificate of the domain and of every host directly below it, once it is issued."""

    def __init__(self, name: str, args: DnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:Dns", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        zone = route53.Zone(
            name,
            name=args.domain,
            comment="the platform",
            # Records of others (external-dns) would keep it.
            force_destroy=not args.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        certificate = acm.Certificate(
            name,
            domain_name=f"*.{args.domain}",
            subject_alternative_names=[args.domain],
            validation_method="DNS",
            opts=child,
        )
        # The wildcard and the domain itself share one validation record.
        option = certificate.domain_validation_options[0]
        record = route53.Record(
            f"{name}-validation",
            zone_id=zone.zone_id,
            name=option.resource_record_name,
            type=option.resource_record_type,
            records=[option.resource_record_value],
            ttl=TTL,
            allow_overwrite=True,
            opts=child,
        )
        validation = acm.CertificateValidation(
            name, certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=child
        )
        self.zone_id = zone.zone_id
        self.name_servers = zone.name_servers
        self.certificate_arn = validation.certificate_arn
        self.register_outputs(
            {"zone_id": self.zone_id, "name_servers": self.name_servers, "certificate_arn": self.certificate_arn}
        )
