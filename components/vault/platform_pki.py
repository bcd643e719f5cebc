"""Certificates for the platform's own servers, from a root that signs one intermediate and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths

KEY_TYPE, KEY_BITS = "ec", 256
"""P-256, which every client of TLS 1.2 and 1.3 knows (RFC 8446, section 9.1)."""

HOUR = 3600
ROOT_HOURS = 10 * 365 * 24
INTERMEDIATE_HOURS = 365 * 24
CERTIFICATE_HOURS = 72
"""Lives: ten years, one, and three days. A server's certificate is never revoked: it ends before a list is read."""


@dataclass(frozen=True, kw_only=True)
class PlatformPkiArgs:
    """Arguments of `PlatformPki`."""

    name: str
    """What the authorities are called: `NAME root`, `NAME intermediate`."""
    domains: Sequence[pulumi.Input[str]]
    """Domains whose hosts get certificates; the domains themselves do not."""
    root_path: str = paths.PKI_ROOT
    """Mount of the root."""
    path: str = paths.PKI
    """Mount of the intermediate."""
    protect: bool = True
    """Whether removing the authorities is refused: nobody would trust what they signed any more."""


class PlatformPki(pulumi.ComponentResource):
    """Authorities at `pki-root` and `pki`, whose keys never leave Vault, and the role `platform` for servers."""

    role: pulumi.Output[str]
    """Path that certificates are asked from, `pki/issue/platform`."""
    root_certificate: pulumi.Output[str]
    """The root's certificate (PEM), which clients trust."""

    def __init__(self, name: str, args: PlatformPkiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:PlatformPki", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        protected = pulumi.ResourceOptions(parent=self, protect=args.protect)
        mounts = {
            what: vault.Mount(
                f"{name}-{what}",
                path=mount,
                type="pki",
                description=f"certificates: {what}",
                max_lease_ttl_seconds=hours * HOUR,
                opts=protected,
            ).path
            for what, mount, hours in (
                ("root", args.root_path, ROOT_HOURS),
                ("intermediate", args.path, INTERMEDIATE_HOURS),
            )
        }
        root = vault.pkisecret.SecretBackendRootCert(
            f"{name}-root",
            backend=mounts["root"],
            type="internal",
            common_name=f"{args.name} root",
            ttl=f"{ROOT_HOURS}h",
            max_path_length=1,
            key_type=KEY_TYPE,
            key_bits=KEY_BITS,
            opts=protected,
        )
        request = vault.pkisecret.SecretBackendIntermediateCertRequest(
            f"{name}-intermediate",
            backend=mounts["intermediate"],
            type="internal",
            common_name=f"{args.name} intermediate",
            key_type=KEY_TYPE,
            key_bits=KEY_BITS,
            opts=protected,
        )
        signed = vault.pkisecret.SecretBackendRootSignIntermediate(
            f"{name}-intermediate",
            backend=mounts["root"],
            csr=request.csr,
            common_name=f"{args.name} intermediate",
            ttl=f"{INTERMEDIATE_HOURS}h",
            max_path_length=0,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[root]),
        )
        imported = vault.pkisecret.SecretBackendIntermediateSetSigned(
            f"{name}-intermediate", backend=mounts["intermediate"], certificate=signed.certificate_bundle, opts=child
        )
        vault.pkisecret.SecretBackendRole(
            f"{name}-platform",
            backend=mounts["intermediate"],
            name=paths.PKI_ROLE,
            allowed_domains=list(args.domains),
            allow_subdomains=True,
            allow_wildcard_certificates=False,
            allow_ip_sans=False,
            allow_localhost=False,
            server_flag=True,
            client_flag=False,
            ttl=f"{CERTIFICATE_HOURS * HOUR}",
            max_ttl=f"{CERTIFICATE_HOURS * HOUR}",
            key_type=KEY_TYPE,
            key_bits=KEY_BITS,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[imported]),
        )
        self.role = pulumi.Output.format("{0}/issue/{1}", mounts["intermediate"], paths.PKI_ROLE)
        self.root_certificate = root.certificate
        self.register_outputs({"role": self.role, "root_certificate": self.root_certificate})
