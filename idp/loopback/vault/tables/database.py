"""Database credentials (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Mapping

from idp.loopback.provider.context import Context
from idp.loopback.provider.table import Call, If, Made, Prop, Quirk, Template
from idp.loopback.provider.values import Properties, Value
from idp.loopback.vault.client import snake
from idp.loopback.vault.tables.common import KEPT, LIST, NAMESPACE, NUMBER, TEXT, engine_role, named, row, seconds

_PLAIN = (
    "authType",
    "connectionUrl",
    "disableEscaping",
    "maxConnectionLifetime",
    "maxIdleConnections",
    "maxOpenConnections",
    "passwordAuthentication",
    "serviceAccountJson",
    "tlsCa",
    "tlsCertificate",
    "username",
    "usernameTemplate",
)
_HIDDEN = ("password", "privateKey")
"""What Vault takes and never tells."""
_WRITE_ONLY = "passwordWo"
_VERSION = "passwordWoVersion"
_ABSENT: Mapping[str, Value] = {
    "disableEscaping": False,
    "maxConnectionLifetime": 0,
    "maxIdleConnections": 0,
    "maxOpenConnections": 4,
    "passwordAuthentication": "password",
}
"""What Vault takes for each that is absent; for others it is empty text."""
_OTHERS = (
    "cassandra couchbase elasticsearch hana influxdb mongodb mongodbatlas mssql mysql mysqlAurora mysqlLegacy mysqlRds "
    "oracle redis redisElasticache redshift snowflake"
)
_ENTERPRISE = "disableAutomatedRotation rotationPeriod rotationSchedule rotationWindow skipStaticRoleImportRotation"


def _plain(name: str) -> Made:
    return Made("$postgresql", lambda block: _supported(block).get(name, _ABSENT.get(name, "")))


def _supported(value: Value) -> Mapping[str, Value]:
    block = _block(value)
    if "selfManaged" in block:
        raise ValueError("selfManaged is Vault Enterprise's, and not supported")
    if "passwordWo" in block and "passwordWoVersion" not in block:
        raise ValueError("passwordWo needs passwordWoVersion, whose change is what sends it again")
    if "passwordWo" in block and "password" in block:
        raise ValueError("passwordWo conflicts with password")
    return block


def _block(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, Mapping) else {}


def _comparable(block: Value) -> Value:
    """Return the block without what is write-only, and with what absent members mean."""
    found = {**_ABSENT, **_block(block)}
    return {name: value for name, value in found.items() if name != _WRITE_ONLY}


def _read(context: Context) -> Properties:
    where = {name: context.value(name) for name in ("backend", "name")}
    answer = context.send("GET {backend}/config/{name}", **where)
    details, given = _block(answer.get("connection_details")), _block(context.inputs.get("postgresql"))
    told: Properties = {name: details[snake(name)] for name in _PLAIN if snake(name) in details}
    told["maxConnectionLifetime"] = seconds(told.get("maxConnectionLifetime", 0))
    # What is as usual and nobody asked for stays out: all in the block counts as secret, and `password` is a word.
    told = {name: value for name, value in told.items() if name in given or value != _ABSENT.get(name, "")}
    told |= {name: value for name, value in given.items() if name in (*_HIDDEN, _VERSION)}
    return {**answer, "postgresql": told}


_MEMBERS: Mapping[str, Template] = {
    "plugin_name": "$pluginName",
    "plugin_version": "$pluginVersion",
    "verify_connection": "$verifyConnection",
    "allowed_roles": "$allowedRoles",
    "password_policy": "$passwordPolicy",
    "root_rotation_statements": "$rootRotationStatements",
    **{snake(name): _plain(name) for name in _PLAIN},
    # Only when they changed: Vault may have rotated them meanwhile, and the old ones would break the connection.
    "password": If("$changed.postgresql.passwordWoVersion", "$postgresql.passwordWo", "$changed.postgresql.password"),
    "private_key": "$changed.postgresql.privateKey",
}

CONNECTION = row(
    type="vault:database/secretBackendConnection:SecretBackendConnection",
    identity="{backend}/config/{name}",
    create=(Call("POST {backend}/config/{name}", _MEMBERS, by_name=False),),
    read=(Quirk(_read),),
    update=(
        Call(
            "POST {backend}/config/{name}",
            _MEMBERS,
            on=(
                "allowedRoles",
                "passwordPolicy",
                "pluginName",
                "pluginVersion",
                "postgresql",
                "rootRotationStatements",
                "verifyConnection",
            ),
            by_name=False,
        ),
    ),
    delete=(Call("DELETE {backend}/config/{name}"),),
    properties={
        "backend": Prop(out="$backend"),
        "name": Prop(out="$name"),
        "pluginName": Prop(default="postgresql-database-plugin"),
        "pluginVersion": TEXT,
        "postgresql": Prop(normal=_comparable),
        "allowedRoles": LIST,
        "passwordPolicy": TEXT,
        "rootRotationStatements": Prop(out="root_credentials_rotate_statements", default=[]),
        "verifyConnection": Prop(out=None, default=True),
    },
    # `data` would put more secrets among the request's members, under any name.
    absent=(*NAMESPACE, *_OTHERS.split(), *_ENTERPRISE.split(), "data"),
    secret=("postgresql",),
    autoname="name",
    unique=("backend", "name"),
)

_ROLE = {
    "dbName": Prop(),
    **named(LIST, "creationStatements renewStatements revocationStatements rollbackStatements"),
    **named(NUMBER, "defaultTtl maxTtl"),
    "credentialType": Prop(default="password"),
    "credentialConfig": KEPT,
}

ROLE = engine_role("vault:database/secretBackendRole:SecretBackendRole", _ROLE)

ROWS = (CONNECTION, ROLE)
