"""The real engine, the real SDK, a real Vault server and the plugin in between: up, again, drift, destroy."""

from __future__ import annotations

import json
import secrets
import stat
from collections.abc import Iterator

import pytest

from idp import toolchain
from idp.loopback.vault import plugin
from idp.loopback.vault.leftovers import leftovers
from tests.stack_folder import lay_out

from ..aws import test_engine_e2e as aws
from .server import VaultServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

CANARIES = [f"canary-{secrets.token_hex(12)}" for _ in range(4)]

PROGRAM = """
import json
from pathlib import Path
import pulumi
import pulumi_vault as vault

config = pulumi.Config()
secret = config.require_secret_object("secrets")
here = pulumi.ResourceOptions(provider=vault.Provider(
    "vault", address=config.require("address"), token=config.require_secret("token"), skip_child_token=True,
))
plugins = [
    vault.Plugin(name, name=name, type=kind, command=binary, sha256=checksum, opts=here)
    for kind, name, binary, checksum in json.loads(Path("plugins.json").read_text())
]
after = pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=plugins))

vault.Audit("audit", type="file", options={"file_path": config.require("audit")}, opts=here)
policy = vault.Policy("team", policy=config.get("policy") or 'path "kv/*" { capabilities = ["read"] }', opts=here)
jwt = vault.jwt.AuthBackend("gitlab", path="gitlab", jwt_validation_pubkeys=[Path("key.pem").read_text()], opts=here)
vault.jwt.AuthBackendRole(
    "job", backend=jwt.path, role_name="job", role_type="jwt", user_claim="project_path", token_ttl=600,
    bound_audiences=["https://vault.example"], bound_claims={"project_id": "1,2"}, token_policies=[policy.name],
    opts=here,
)
kubernetes = vault.AuthBackend("kubernetes", type="kubernetes", opts=after)
vault.kubernetes.AuthBackendConfig(
    "kubernetes", backend=kubernetes.path, kubernetes_host="https://10.0.0.1", disable_local_ca_jwt=True,
    token_reviewer_jwt=secret[0], opts=here,
)
vault.kubernetes.AuthBackendRole(
    "pod", backend=kubernetes.path, role_name="pod", bound_service_account_names=["default"],
    bound_service_account_namespaces=["team"], opts=here,
)
kv = vault.Mount("kv", path="kv", type="kv", options={"version": "2"}, opts=here)
vault.kv.SecretBackendV2("kv", mount=kv.path, max_versions=5, opts=here)
stored = vault.kv.SecretV2(
    "stored", mount=kv.path, name="team/stored", data_json=secret[1].apply(lambda text: json.dumps({"password": text})),
    opts=here,
)
vault.kv.SecretV2(
    "written", mount=kv.path, name="team/written", data_json_wo=secret[2].apply(lambda text: json.dumps({"p": text})),
    data_json_wo_version=1, opts=here,
)
transit = vault.Mount("transit", path="transit", type="transit", opts=here)
vault.transit.SecretBackendKey("key", backend=transit.path, name="key", deletion_allowed=True, opts=here)
root = vault.Mount("root", path="pki-root", type="pki", max_lease_ttl_seconds=315360000, opts=here)
intermediate = vault.Mount("intermediate", path="pki", type="pki", max_lease_ttl_seconds=31536000, opts=here)
ca = vault.pkisecret.SecretBackendRootCert(
    "ca", backend=root.path, type="internal", common_name="Root", key_type="ec", key_bits=256, ttl="87600h", opts=here,
)
request = vault.pkisecret.SecretBackendIntermediateCertRequest(
    "request", backend=intermediate.path, type="exported", common_name="Intermediate", key_type="ec", key_bits=256,
    opts=here,
)
signed = vault.pkisecret.SecretBackendRootSignIntermediate(
    "signed", backend=root.path, csr=request.csr, common_name="Intermediate", ttl="8760h",
    opts=pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(depends_on=[ca])),
)
vault.pkisecret.SecretBackendIntermediateSetSigned(
    "set", backend=intermediate.path, certificate=signed.certificate_bundle, opts=here,
)
vault.pkisecret.SecretBackendConfigUrls(
    "urls", backend=intermediate.path, issuing_certificates=["http://127.0.0.1/ca"], opts=here,
)
role = vault.pkisecret.SecretBackendRole(
    "services", backend=intermediate.path, name="services", allowed_domains=["svc"], allow_subdomains=True,
    key_type="ec", key_bits=256, max_ttl="72h", opts=here,
)
database = vault.Mount("database", path="database", type="database", opts=after)
connection = vault.database.SecretBackendConnection(
    "db", backend=database.path, name="db", allowed_roles=["reader"], verify_connection=False,
    postgresql={
        "connection_url": "postgresql://{{username}}:{{password}}@127.0.0.1:1/x", "username": "admin-of-it",
        "password": secret[3],
    },
    opts=here,
)
vault.database.SecretBackendRole(
    "reader", backend=database.path, name="reader", db_name=connection.name, creation_statements=["CREATE ROLE x"],
    default_ttl=300, opts=here,
)
aws = vault.aws.SecretBackend("aws", access_key="AKIA", secret_key=secret[3], region="eu-central-1", opts=after)
vault.aws.SecretBackendRole(
    "deploy", backend=aws.path, name="deploy", credential_type="assumed_role",
    role_arns=["arn:aws:iam::111122223333:role/deploy"], opts=here,
)
group = vault.identity.Group("admins", type="external", policies=[policy.name], opts=here)
vault.identity.GroupAlias("admins", name="admins", mount_accessor=jwt.accessor, canonical_id=group.id, opts=here)
vault.QuotaRateLimit("login", path=pulumi.Output.concat("auth/", jwt.path), rate=100, opts=here)

pulumi.export("policy", policy.name)
pulumi.export("request", request.csr)
pulumi.export("private", request.private_key)
pulumi.export("stored", stored.data_json)
pulumi.export("role", role.id)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    started = VaultServer(tmp_path_factory.mktemp("server"))
    started.start()
    started.delete("sys/mounts/secret")
    yield started
    started.stop()


class Stack(aws.Stack):
    """A stack whose every word is searched for secrets."""

    hidden: tuple[str, ...] = ()

    def run(self, *arguments: str, fails: bool = False) -> str:
        said = super().run(*arguments, fails=fails)
        assert not [text for text in self.hidden if text in said], said
        return said


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, server: VaultServer) -> Stack:
    from .cases import KEYS
    from .server import PLUGINS

    folder = tmp_path_factory.mktemp("program")
    binary = toolchain.ensure(print, toolchain.ENGINE).path("pulumi")
    executable = plugin.install(folder / "home")
    assert stat.S_IMODE(executable.stat().st_mode) == 0o700
    environment = {
        **lay_out(folder, "loopback", PROGRAM, binary),
        # Nothing of this may decide anything.
        "VAULT_ADDR": "http://192.0.2.1",
        "VAULT_TOKEN": "somebody-elses",
        "VAULT_NAMESPACE": "team",
    }
    made = Stack(folder, environment, binary)
    made.run("stack", "init", "e2e")
    (folder / "key.pem").write_text(KEYS[0])
    plugins = [[*item, name, server.sha256(name)] for name, item in PLUGINS.items()]
    (folder / "plugins.json").write_text(json.dumps(plugins))
    made.config("address", server.address)
    made.config("audit", str(folder / "audit.log"))
    for index, canary in enumerate(CANARIES):
        made.run("config", "set", "--secret", "--path", f"secrets[{index}]", canary)
    made.run("config", "set", "--secret", "token", server.token)
    made.hidden = (server.token, *CANARIES)
    return made


def _state(stack: Stack) -> str:
    return (stack.folder / "state/.pulumi/stacks/loopback/e2e.json").read_text()


def test_life_of_a_stack(stack: Stack, server: VaultServer) -> None:
    assert leftovers(server.address, server.token) == []
    preview = stack.run("preview")
    assert "+ 34 to create" in preview, preview
    assert leftovers(server.address, server.token) == []
    stack.up()
    assert "PRIVATE KEY" not in _state(stack)
    assert not [text for text in stack.hidden if text in _state(stack)]
    outputs = stack.outputs()
    assert outputs["private"] == outputs["stored"] == "[secret]"
    assert outputs["role"] == "pki/roles/services"
    assert "unchanged" in stack.up("--expect-no-changes")
    assert server.read("kv/data/team/stored")["data"]["data"] == {"password": CANARIES[1]}
    assert server.read("kv/data/team/written")["data"]["data"] == {"p": CANARIES[2]}
    issued = server.write("pki/issue/services", common_name="a.svc", ttl="1h")["data"]
    assert len(issued["ca_chain"]) == 2
    assert not [text for text in CANARIES if text in (stack.folder / "audit.log").read_text()]

    server.write(f"sys/policies/acl/{outputs['policy']}", policy='path "*" { capabilities = ["sudo"] }')
    server.write("kv/data/team/stored", data={"password": "stray"})
    server.delete("pki/roles/services")
    server.write("auth/gitlab/role/job", role_type="jwt", user_claim="sub", bound_audiences=["x"], token_ttl=99)
    found = stack.run("preview", "--refresh", "--diff")
    assert "stray" not in found
    assert "1 to create" in found
    assert "3 to update" in found
    stack.up("--refresh")
    stack.up("--refresh", "--expect-no-changes")
    assert server.read("kv/data/team/stored")["data"]["data"] == {"password": CANARIES[1]}
    assert server.read("auth/gitlab/role/job")["data"]["bound_claims"] == {"project_id": ["1", "2"]}

    stack.config("policy", 'path "kv/*" { capabilities = ["list"] }')
    assert "1 to update" in stack.run("preview")
    stack.up()
    stack.run("destroy", "--yes", "--skip-preview")
    assert leftovers(server.address, server.token) == []


def test_foreign_address(stack: Stack, server: VaultServer) -> None:
    stack.config("address", "https://vault.example:8200")
    said = stack.run("preview", fails=True)
    stack.config("address", server.address)
    assert "127.0.0.0/8" in said
