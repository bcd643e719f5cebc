"""Users of a team's PostgreSQL that live for minutes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_vault as vault

from components.vault import paths

LEASE_SECONDS = 900
LONGEST_SECONDS = 3600
"""Life of a user, and how long it can be renewed."""

CONNECTIONS = 4
"""That Vault keeps open, its own default."""


@dataclass(frozen=True, kw_only=True)
class DatabaseCredentialsArgs:
    """Arguments of `DatabaseCredentials`."""

    team: str
    """Name of the team's workspace."""
    host: pulumi.Input[str]
    """Host of the server."""
    port: pulumi.Input[int]
    """Its TCP port."""
    database: pulumi.Input[str]
    """Name of the database."""
    username: pulumi.Input[str]
    """The role that Vault logs in as; CREATEROLE, a member of the roles below, no superuser."""
    password: pulumi.Input[str]
    """Its password, a secret: the first one. Vault may have replaced it since; only another value is written again."""
    roles: Mapping[str, str]
    """Role in Vault -> role of PostgreSQL whose rights its users get, a name that needs no quotes in SQL."""
    verify_certificate: bool = True
    """Whether the server must prove its name; only a server on this machine may do without."""
    verify_connection: bool = True
    """Whether Vault logs in when this is configured, so that a mistake is an error now."""


class DatabaseCredentials(pulumi.ComponentResource):
    """Engine at `team/TEAM/database`; reading `creds/ROLE` makes a user, which is gone when its lease ends."""

    path: pulumi.Output[str]
    """Mount of the engine."""

    def __init__(self, name: str, args: DatabaseCredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("idp:index:DatabaseCredentials", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        mount = vault.Mount(
            name,
            path=paths.database(args.team),
            type="database",
            description=f"users of the database of {args.team}",
            default_lease_ttl_seconds=LEASE_SECONDS,
            max_lease_ttl_seconds=LONGEST_SECONDS,
            opts=child,
        )
        connection = vault.database.SecretBackendConnection(
            name,
            backend=mount.path,
            name=paths.CONNECTION,
            plugin_name="postgresql-database-plugin",
            allowed_roles=sorted(args.roles),
            verify_connection=args.verify_connection,
            postgresql={
                "connection_url": pulumi.Output.format(
                    "postgresql://{{{{username}}}}:{{{{password}}}}@{0}:{1}/{2}?sslmode={3}",
                    args.host,
                    args.port,
                    args.database,
                    "verify-full" if args.verify_certificate else "disable",
                ),
                "username": args.username,
                "password": pulumi.Output.secret(args.password),
                # The server then never sees a user's password in clear, nor does its log.
                "password_authentication": "scram-sha-256",
                "max_open_connections": CONNECTIONS,
            },
            opts=child,
        )
        for role, granted in sorted(args.roles.items()):
            vault.database.SecretBackendRole(
                f"{name}-{role}",
                backend=mount.path,
                name=role,
                db_name=connection.name,
                creation_statements=creation(granted),
                revocation_statements=revocation(granted),
                default_ttl=LEASE_SECONDS,
                max_ttl=LONGEST_SECONDS,
                opts=child,
            )
        self.path = mount.path
        self.register_outputs({"path": self.path})


def creation(granted: str) -> list[str]:
    """Return the statements that make a user with the rights of the role `granted`."""
    return [
        "CREATE ROLE \"{{name}}\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';",
        f'GRANT "{granted}" TO "{{{{name}}}}";',
    ]


def revocation(granted: str) -> list[str]:
    """Return the statements that end a user at once, its open sessions too; what it made stays with the role."""
    return [
        'ALTER ROLE "{{name}}" NOLOGIN;',
        # Only a member may end a role's sessions and hand over what it owns.
        'GRANT "{{name}}" TO CURRENT_USER;',
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}';",
        f'REASSIGN OWNED BY "{{{{name}}}}" TO "{granted}";',
        'DROP OWNED BY "{{name}}";',
        'DROP ROLE "{{name}}";',
    ]
