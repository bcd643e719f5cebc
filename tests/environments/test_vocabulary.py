"""Each type against good and bad values, in the model and in the JSON Schema."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from environments import vocabulary as words

DIGEST = "@sha256:" + "0a" * 32
URN = "urn:pulumi:dev.workspaces::idp"


def packet(tag: int, length: int = 100) -> str:
    """Return an OpenPGP packet that begins with this byte, as a file has it."""
    return base64.b64encode(bytes([tag, *range(length)])).decode()


def pem(kind: str = "PUBLIC KEY", line: str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE") -> str:
    return f"-----BEGIN {kind}-----\n{line}\n-----END {kind}-----\n"


GOOD: list[tuple[Any, list[object]]] = [
    (words.DnsLabel, ["a", "web", "a-1", "a" * 40]),
    (words.EnvironmentName, ["local", "dev", "mr-42", "a" * 20]),
    (words.WorkspaceName, ["shop", "defaults", "platform-team", "kubernetes", "idpx", "a" * 40]),
    (words.Slug, ["team-a", "4711", "a" * 40]),
    (words.Sentence, ["x", "Where teams try things", "Ärzte & Co.", "x" * 200]),
    (words.Fqdn, ["idp.test", "dev.acme.example", "a-b.c", "xn--bcher-kva.example"]),
    (words.Cidr, ["10.0.0.0/8", "10.20.0.0/16", "192.0.2.7/32", "169.253.0.0/16", "169.255.0.0/16"]),
    (words.CpuQuantity, ["1m", "500m", "2", "0.5", "1.25", "0.001", "9999999m"]),
    (words.MemoryQuantity, ["1Ki", "64Mi", "2Gi", "1Ti", "5k", "5M", "5G", "5T"]),
    (words.GroupName, ["devs", "shop devs", "acme/shop", "idp:devs", "a@b.example", "systems:x", "1"]),
    (words.RegistryPrefix, ["idp.local/", "registry.gitlab.com/acme/", "localhost:5000/a/b/"]),
    (
        words.ImageReference,
        [
            "idp.local/sample:1",
            "localhost:5000/a/b:v1.2",
            f"idp.local/a{DIGEST}",
            f"idp.local/a:1{DIGEST}",
            "idp.local/a_b:latest-1",
            "idp.local/latest:1",
        ],
    ),
    (words.Port, [1, 443, 65535]),
    (words.Replicas, [1, 50]),
    (words.Count, [0, 10000]),
    (words.KubernetesVersion, ["1.30", "1.33", "1.99"]),
    (
        words.StateBackend,
        ["file", "s3://abc", "s3://acme-idp/dev/eu", "s3://abc/x?region=eu-central-1", "s3://abc?region=us-gov-west-1"],
    ),
    (
        words.SecretsProvider,
        [
            "passphrase",
            "awskms://alias/idp-dev?region=eu-central-1",
            "awskms://alias/idp/dev",
            "awskms://1234abcd-12ab-34cd-56ef-1234567890ab?region=eu-central-1",
            "awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab",
        ],
    ),
    (words.KubeconfigPath, ["~/.kube/config", "/etc/kube config", "../kind.yaml", "kind.yaml", "/home/jürgen/k"]),
    (words.ContextName, ["idp-dev", "arn:aws:eks:eu-central-1:111122223333:cluster/idp", "admin@kind"]),
    (words.Flag, [True, False]),
    (words.NodeCount, [0, 100]),
    (words.AccountId, ["123456789012", "000000000001"]),
    (words.AwsRegion, ["eu-central-1", "us-east-2", "ap-southeast-7", "mx-central-1"]),
    (words.ZoneName, ["eu-central-1a", "us-east-1f", "us-east-1h"]),
    (words.VpcCidr, ["10.20.0.0/16", "10.20.240.0/20", "172.16.0.0/16", "172.31.0.0/17", "192.168.0.0/16"]),
    (words.PublicCidr, ["198.51.100.0/24", "203.0.113.7/32", "172.15.0.0/16", "172.32.0.0/16", "11.0.0.0/16"]),
    (words.VpcId, ["vpc-0a1b2c3d4e5f67890", "vpc-0a1b2c3d"]),
    (words.SubnetId, ["subnet-0a1b2c3d4e5f67890", "subnet-0a1b2c3d"]),
    (words.ClusterName, ["idp-dev", "Legacy_Cluster", "1", "a" * 100]),
    (
        words.RoleArn,
        ["arn:aws:iam::123456789012:role/admin", "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/a_b"],
    ),
    (words.InstanceType, ["m7i.large", "t4g.nano", "c7gn.16xlarge", "u-6tb1.112xlarge", "m7i.metal-24xl", "a1.metal"]),
    (words.NodeLabel, ["idp/pool=runners", "a=b", "example.com/a.b_c=", "CriticalAddonsOnly=true", "eks.example/a=b"]),
    (words.BucketPrefix, ["acme-idp", "a", "a" * 26]),
    (
        words.GitlabUrl,
        ["https://gitlab.com", "https://git.acme.example", "https://acme.example/gitlab", "https://xn--a.b-c.de"],
    ),
    (words.ProjectPath, ["platform/idp", "a/b/c/d", "Acme/My_App.js", "_a/b", "1/2"]),
    (words.BranchName, ["main", "release/1.2", "a", "feature/X_y-z+1", "1.x"]),
    (words.ProjectId, [1, 4711, 2**53 - 1]),
    (words.HttpsUrl, ["https://login.acme.example", "https://a.b:8443/realms/acme", "https://a.b/x/", "https://a.b/"]),
    (
        words.VaultAddress,
        ["https://vault.acme.example:8200", "https://127.0.0.1:8200", "https://[::1]:1", "https://a.b"],
    ),
    (words.TrustFile, ["/etc/ssl/acme.pem", "/a b"]),
    (words.PublicKey, [pem(), pem().rstrip(), pem(line="QUJD" * 16 + "\n" + "QUI=")]),
    (words.VaultReplicas, [1, 2, 3, 5]),
    (words.KeyThreshold, [1, 2, 20]),
    (words.OpenpgpKey, [*map(packet, (0x98, 0x99, 0x9A, 0xC6)), packet(0x99, 74), packet(0x99, 75)]),
    (words.ClientId, ["vault-dev", "a", "api://vault.dev", "0oa1b2c3"]),
    (words.DatabaseName, ["shop", "shop_application", "_x", "a" * 63]),
    (words.SecretPath, ["hello", "shop/payment", "a/b.c/d-e_f", "_x", "7", "a" * 200]),
    (words.SecretField, ["password", "api-key", "tls.crt", "_x", "a" * 100]),
    (words.SecretFileName, ["password", "tls.crt", "A..b", "a" * 100]),
    (words.ControlId, ["image_pinned", "a", "eks_1", "a" * 60]),
    (
        words.ResourcePattern,
        [
            f"{URN}::kubernetes:apps/v1:Deployment::web",
            f"{URN}::*kubernetes:apps/v1:Deployment::*",
            f"{URN}::idp:index:Workspace$idp:index:HttpService$kubernetes:apps/v1:Deployment::a b::c[0]*",
            "urn:pulumi:mr-42.foundation::idp::pulumi:pulumi:Stack::idp-mr-42.foundation",
            "namespace:workspaces/shop",
            "namespace:platform/*-gateway",
            "namespace:secrets/a*",
        ],
    ),
    (words.Day, ["2026-11-25", "2028-02-29", "2099-12-31"]),
    (words.BaselineFile, ["dev.baseline.json", "b.json", "1_a-b.json"]),
]

BAD: list[tuple[Any, list[object]]] = [
    (words.DnsLabel, ["", "A", "a_b", "-a", "a-", "1a", "a.b", "a" * 41, "ä", "a\n", " a"]),
    (words.EnvironmentName, ["", "DEV", "../dev", "dev.platform", "Pulumi.dev.platform", "a" * 21, "dev\n", "-"]),
    (words.WorkspaceName, ["default", "platform", "kube-system", "kube-x", "idp-x", "idp-system", "Shop", "a" * 41]),
    (words.Slug, ["", "Team", "a--b", "-a", "a-", "a b", "a/b", "a" * 41]),
    (words.Sentence, ["", " ", " x", "x ", "x\n", "x\ny", "x\x1b[31my", "x" * 201]),
    (words.Fqdn, ["", "idp", "idp.test.", ".idp.test", "Idp.test", "a..b", "a_b.c", "1.2.3.4", "a-.b", "*.a.b"]),
    (
        words.Cidr,
        ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/7", "10.0.0/16", "256.0.0.0/8", "010.0.0.0/8", "10.0.0.0/08", "::/0"],
    ),
    (words.Cidr, ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "169.254.169.254/32", "169.254.0.0/16", "169.254.1.0/24"]),
    (words.CpuQuantity, ["", "0", "0m", "0.0", "-1", "lots", "1.5m", "1,5", "0.0001", "1e3", "1 ", "500M", "m", ".5"]),
    (words.MemoryQuantity, ["", "0Mi", "-1Mi", "400m", "1.5Gi", "64", "64MB", "64mi", "64 Mi", "Mi", "1Pi", "1K"]),
    (words.GroupName, ["", "system:masters", "system:", " a", "a ", "a\n", "a,b", "a'b", "-a", "a" * 129]),
    (words.RegistryPrefix, ["", "/", "idp.local", "https://idp.local/", "idp.local//", "idp.local/../", "IDP.local/"]),
    (words.RegistryPrefix, ["user:secret@idp.local/", "*/", "idp.local/*"]),
    (
        words.ImageReference,
        [
            "",
            "sample:1",
            "idp.local/sample",
            "idp.local/sample:",
            "idp.local/sample:latest",
            f"idp.local/sample:latest{DIGEST}",
            "idp.local/sample@sha256:abc",
            "idp.local/../sample:1",
            "idp.local/Sample:1",
            "https://idp.local/sample:1",
            "idp.local/sample:1 ",
        ],
    ),
    (words.Port, [0, -1, 65536]),
    (words.Replicas, [0, 51]),
    (words.Count, [-1, 10001]),
    (words.KubernetesVersion, ["", "1.3", "1.33.3", "v1.33", "1.033", "2.33", "1.33\n"]),
    (
        words.StateBackend,
        ["", "File", "file:///tmp", "s3://", "s3://ab", "s3://a_b_c", "s3://abc/../x", "s3://abc?region=x", "gs://abc"],
    ),
    (words.StateBackend, ["s3://abc?region=eu-central-1&profile=x", "s3://key:secret@abc", "S3://abc", "s3://abc/"]),
    (
        words.SecretsProvider,
        ["", "awskms://", "awskms://idp", "alias/idp", "awskms://alias/", "gcpkms://x", "Passphrase"],
    ),
    (words.KubeconfigPath, ["", "~", "~root/.kube/config", "a\nb", "a\x00b", "x" * 1025]),
    (words.ContextName, ["", "-a", "a b", "a\n", "a" * 254]),
    (words.Flag, ["true", "yes", 1, 0]),
    (words.NodeCount, [-1, 101]),
    (words.AccountId, ["", "12345678901", "1234567890123", "12345678901a", "1234-5678-9012", "123456789012\n"]),
    (
        words.AwsRegion,
        ["", "eu-centrl-1", "eu-central", "cn-north-1", "us-gov-west-1", "us-iso-east-1", "EU-CENTRAL-1"],
    ),
    (words.AwsRegion, ["eu-central-1a", "eu-central-0", "eusc-de-east-1"]),
    (words.ZoneName, ["", "a", "eu-central-1", "eu-central-1i", "eu-central-1A", "euc1-az1", "us-east-1-bos-1a"]),
    (words.VpcCidr, ["", "10.0.0.0/8", "10.20.0.0/15", "10.20.0.0/21", "10.20.0.0", "10.020.0.0/16", "::/16"]),
    (words.VpcCidr, ["172.20.0.0/16", "172.20.128.0/20", "172.15.0.0/16", "172.32.0.0/16", "192.169.0.0/16"]),
    (words.VpcCidr, ["198.51.100.0/20", "100.64.0.0/16", "169.254.0.0/16", "0.0.0.0/16", "11.0.0.0/16"]),
    (words.PublicCidr, ["", "0.0.0.0/0", "0.0.0.0/1", "198.0.0.0/8", "198.51.0.0/15", "198.51.100.0", "::/0"]),
    (words.VpcId, ["", "vpc-", "vpc-0a1b", "vpc-0A1B2C3D", "subnet-0a1b2c3d", "vpc-0a1b2c3d4"]),
    (words.SubnetId, ["", "subnet-", "vpc-0a1b2c3d", "subnet-*", "subnet-0a1b2c3d4"]),
    (words.ClusterName, ["", "-a", "a b", "a.b", "a" * 101]),
    (
        words.RoleArn,
        [
            "",
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:user/me",
            "arn:aws:iam::123456789012:role/*",
            "arn:aws:iam::*:role/admin",
            "arn:aws:iam::12345678901:role/admin",
            "arn:aws-cn:iam::123456789012:role/admin",
            "arn:aws:sts::123456789012:assumed-role/admin/me",
            "arn:aws:iam::123456789012:role//admin",
        ],
    ),
    (words.InstanceType, ["", "m7i", "large", "m7i.huge", "m7i.0xlarge", "M7I.large", "m7i.*", "m.large"]),
    (words.NodeLabel, ["", "a", "=b", "a=b=c", "a/b/c=d", "a b=c", "-a=b", "kubernetes.io/a=b", "x.k8s.io/a=b"]),
    (
        words.NodeLabel,
        ["node-role.kubernetes.io/master=x", "eks.amazonaws.com/nodegroup=x", "A.B/c=d", "a" * 64 + "=b"],
    ),
    (words.BucketPrefix, ["", "Acme", "a_b", "a.b", "-a", "a-", "a" * 27]),
    (
        words.GitlabUrl,
        [
            "",
            "gitlab.com",
            "http://gitlab.com",
            "https://gitlab.com/",
            "https://gitlab.com:8443",
            "https://GitLab.com",
            "https://user@gitlab.com",
            "https://*.example",
            "https://localhost",
            "https://gitlab.com?a=b",
            "https://gitlab.com#a",
        ],
    ),
    (
        words.ProjectPath,
        ["", "idp", "platform/", "/idp", "platform//idp", "platform/*", "*/idp", "platform/idp?", "a/../b"],
    ),
    (words.ProjectPath, ["platform/idp:ref_type:branch", "platform/${aws:username}", "platform/i dp", "platform/.git"]),
    (words.BranchName, ["", "*", "release/*", "main?", "a b", "a..b", "/a", "a/", "-a", "a.lock", "a.", ".a", "a/.b"]),
    (words.BranchName, ["a:b", "a~1", "a^", "a[1]", "a\\b", "${aws:username}", "a//b", "main\n", "x.lock/y", "@{-1}"]),
    (words.ProjectId, [0, -1, 2**53, "1"]),
    (words.HttpsUrl, ["http://a.b", "https://localhost", "https://a.b:0", "https://A.b", "https://a.b?x=1", "a.b"]),
    (words.HttpsUrl, ["https://u:p@a.b", "https://a.b/#x", "https://a.b//x", "https://a.b\n"]),
    (
        words.VaultAddress,
        ["http://127.0.0.1:8200", "https://a.b/", "https://10.0.0.1", "https://127.0.0.256", "https://u@a.b"],
    ),
    (words.VaultAddress, ["https://127.0.0.1:", "https://[::2]", "https://a.b\n", ""]),
    (words.TrustFile, ["acme.pem", "~/acme.pem", "/a\n", "", "/"]),
    (
        words.PublicKey,
        [
            "",
            "MFkw",
            pem("PRIVATE KEY"),
            pem("RSA PUBLIC KEY"),
            pem("CERTIFICATE"),
            pem(line="a" * 65),
            pem(line="a b"),
        ],
    ),
    (words.PublicKey, [pem(line=""), f"{pem()}{pem()}", f" {pem()}", pem().replace("\n", ""), f"{pem()}\n"]),
    (words.VaultReplicas, [0, 6, -1, 3.5, "3", True, None]),
    (words.KeyThreshold, [0, 21, -1, "2", True, None]),
    # Of a private key in the old format, of a signature, of a user; in armour; too short to be a key; over two lines.
    (words.OpenpgpKey, ["", *map(packet, (0x94, 0x95, 0x96, 0x88, 0xB4)), "-----BEGIN PGP PUBLIC KEY BLOCK-----"]),
    (
        words.OpenpgpKey,
        [packet(0x99, 60), packet(0x99) + "\n", packet(0x99)[:70] + "\n" + packet(0x99)[70:], "m" * 20_001],
    ),
    (words.ClientId, ["", "a b", "-a", "a-", "a" * 129, "a\n"]),
    (words.DatabaseName, ["", "1a", "a-b", "Shop", "a b", 'a"; drop table x; --', "a" * 64, "a\n"]),
    (
        words.SecretPath,
        [
            "",
            "/a",
            "a/",
            "a//b",
            "..",
            "a/../b",
            "a/.b",
            ".",
            "*",
            "a/+",
            "a b",
            "a?b",
            "a%2e",
            'a"}}{{',
            "a\n",
            "a" * 201,
        ],
    ),
    (words.SecretField, ["", ".a", "-a", "a/b", "a b", 'a" | env', "{{a}}", "$a", "a" * 101, "a\n", "ä"]),
    (words.SecretFileName, ["", ".", "..", ".a", "-a", "a/b", "../a", "a b", "{{a}}", "a" * 101, "a\n", "a\0"]),
    (words.ControlId, ["Image", "image-pinned", "1a", "a" * 61, "", "*"]),
    (
        words.ResourcePattern,
        [
            "*",
            "**",
            "urn:pulumi:*",
            f"{URN}::*::*",
            f"{URN}::*::web",
            f"{URN}::kubernetes:apps/v1:*::web",
            f"{URN}::kubernetes:*:Deployment::web",
            f"{URN}::kubernetes:apps/v1:Deployment::",
            f"{URN}::Deployment::web",
            "urn:pulumi:*.workspaces::idp::kubernetes:apps/v1:Deployment::web",
            "urn:pulumi:dev.*::idp::kubernetes:apps/v1:Deployment::web",
            "urn:pulumi:dev::idp::kubernetes:apps/v1:Deployment::web",
            "urn:pulumi:dev.nowhere::idp::kubernetes:apps/v1:Deployment::web",
            "urn:pulumi:dev.workspaces::*::kubernetes:apps/v1:Deployment::web",
            f"{URN}::*$kubernetes:apps/v1:Deployment::web",
            f"{URN}::kubernetes:apps/v1:Deployment::web\n",
            "namespace:*",
            "namespace:workspaces/*",
            "namespace:workspaces/**-*",
            "namespace:*/shop",
            "namespace:foundation/shop",
            "namespace:shop",
            "shop",
            f"{URN}::kubernetes:apps/v1:Deployment::{'x' * 600}",
        ],
    ),
    (words.Day, ["2026-13-01", "2026-1-1", "26-01-01", "1999-01-01", "2026-11-25T00:00", "tomorrow"]),
    (words.BaselineFile, ["../dev.json", "a/b.json", ".json", "dev.yaml", "/etc/x.json", "A.json", f"{'a' * 56}.json"]),
]

UNEXPRESSIBLE: list[tuple[Any, str]] = [
    (words.Day, "2026-02-29"),
    *((words.Cidr, text) for text in ("169.0.0.0/8", "169.128.0.0/9", "10.0.0.1/16", "10.20.1.0/16")),
    *((words.VpcCidr, text) for text in ("10.20.0.1/16", "10.20.1.0/16", "10.20.8.0/20")),
    *((words.OpenpgpKey, text) for text in (packet(0xC5), packet(0xC7), packet(0x9B), f"{packet(0x99)}A")),
    *((words.PublicCidr, text) for text in ("198.51.100.1/24", "10.1.0.0/16", "172.31.255.0/24", "192.168.7.9/32")),
]
"""Overlaps and host bits of networks are arithmetic, bytes of a key (0xC5: private, new format) are inside base64."""


def pairs(matrix: list[tuple[Any, list[object]]]) -> list[Any]:
    named = {id(kind): name for name, kind in vars(words).items()}
    return [
        pytest.param(kind, value, id=f"{named[id(kind)]}-{str(value)[:30]!a}")
        for kind, values in matrix
        for value in values
    ]


@pytest.mark.parametrize(("kind", "value"), pairs(GOOD))
def test_good_values_are_kept_as_they_are_by_model_and_schema(kind: type[object], value: object) -> None:
    adapter = TypeAdapter(kind)
    assert adapter.validate_python(value) == value
    assert Draft202012Validator(adapter.json_schema()).is_valid(value)


@pytest.mark.parametrize(("kind", "value"), pairs(BAD))
def test_bad_values_are_refused_by_the_model(kind: type[object], value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def ends_in_newline(value: object) -> bool:
    """Tell the values that Python's `$` lets through and ECMA's does not; the model asks for a full match."""
    return isinstance(value, str) and value.endswith("\n")


@pytest.mark.parametrize(
    ("kind", "value"),
    pairs([(kind, [value for value in values if not ends_in_newline(value)]) for kind, values in BAD]),
)
def test_bad_values_are_refused_by_the_schema(kind: type[object], value: object) -> None:
    assert not Draft202012Validator(TypeAdapter(kind).json_schema()).is_valid(value)


@pytest.mark.parametrize(("kind", "value"), UNEXPRESSIBLE)
def test_what_only_arithmetic_can_refuse_is_refused(kind: Any, value: str) -> None:  # noqa: ANN401 - a type
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("kind", [kind for kind, _ in GOOD])
@pytest.mark.parametrize("value", [None, True, 1.5, [], {}, b"a", object()])
def test_values_of_another_type_are_refused(kind: type[object], value: object) -> None:
    if kind is words.Flag and value is True:
        return
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value)


def test_every_type_of_the_vocabulary_is_in_both_matrices() -> None:
    lists = {"Many", "Distinct", "AtLeastOne", "AtLeastTwo"}
    types = {name for name, kind in vars(words).items() if hasattr(kind, "__metadata__")} - lists
    named = {id(kind): name for name, kind in vars(words).items()}
    assert types == {named[id(kind)] for kind, _ in GOOD} == {named[id(kind)] for kind, _ in BAD}
