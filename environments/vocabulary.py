"""The words of the environment files: each type says what it allows, in one place."""

from __future__ import annotations

import base64
from datetime import date
from ipaddress import IPv4Network, ip_network
from typing import Annotated, TypeVar

from environments.constraints import Boolean, Entries, Text, Whole
from environments.eks import SERVICE_RANGE

LABEL = "[a-z]([a-z0-9-]*[a-z0-9])?"
"""A DNS label (RFC 1035, section 2.3.1): Kubernetes wants the leading letter in the names of services."""

OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
"""0 to 255 without leading zeros, which some readers take for octal."""

LINK_LOCAL = IPv4Network("169.254.0.0/16")
"""RFC 3927. Clouds serve instance credentials there (AWS at 169.254.169.254 and 169.254.170.2)."""

WIDEST_PREFIX = 8
"""The widest network that traffic may be let out to: 10.0.0.0/8, the largest private one (RFC 1918)."""


def _unsafe_network(text: str) -> bool:
    try:
        network = ip_network(text)
    except ValueError:
        return True
    return not isinstance(network, IPv4Network) or network.overlaps(LINK_LOCAL)


DnsLabel = Annotated[
    str,
    Text(
        f"^{LABEL}$",
        "a DNS label of at most 40 characters (a-z, 0-9 and -, a letter first) such as checkout",
        40,
        ("checkout",),
    ),
]

EnvironmentName = Annotated[
    str,
    Text(
        f"^{LABEL}$",
        "local, dev, staging, prod or another DNS label of at most 20 characters (a-z, 0-9 and -, a letter first)"
        " such as mr-42, the same as the file's name",
        20,
        ("local", "dev", "staging", "prod", "mr-42"),
    ),
]

WorkspaceName = Annotated[
    str,
    Text(
        f"^(?!(default|platform)$|(kube|idp)-){LABEL}$",
        "a DNS label of at most 40 characters (a-z, 0-9 and -, a letter first) such as payments,"
        " not default, platform, kube-... or idp-..., which belong to the system",
        40,
        ("payments",),
    ),
]

Slug = Annotated[
    str,
    Text(
        "^[a-z0-9]+(-[a-z0-9]+)*$",
        "words of a-z and 0-9 joined by single hyphens, at most 40 characters, such as team-payments",
        40,
        ("team-payments", "cc-4711"),
    ),
]

Sentence = Annotated[
    str,
    Text("^[^\\x00-\\x20\\x7f]([^\\x00-\\x1f\\x7f]*[^\\x00-\\x20\\x7f])?$", "one line of 1 to 200 characters", 200),
]

Fqdn = Annotated[
    str,
    Text(
        "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a fully qualified domain name in lower case without a dot at the end such as dev.example.com",
        253,
        ("dev.example.com",),
    ),
]

Cidr = Annotated[
    str,
    Text(
        f"^(?!169\\.254\\.)({OCTET}\\.){{3}}{OCTET}/([89]|[12][0-9]|3[0-2])$",
        f"an IPv4 network from /{WIDEST_PREFIX} to /32 without host bits such as 10.20.0.0/16,"
        f" clear of {LINK_LOCAL} (instance metadata and credentials)",
        18,
        ("10.20.0.0/16", "192.0.2.10/32"),
        refuse=_unsafe_network,
    ),
]

CpuQuantity = Annotated[
    str,
    Text(
        "^(?=.*[1-9])([0-9]{1,7}m|[0-9]{1,4}(\\.[0-9]{1,3})?)$",
        "a Kubernetes CPU quantity such as 500m or 2",
        9,
        ("500m", "2"),
    ),
]

MemoryQuantity = Annotated[
    str,
    Text(
        "^[1-9][0-9]{0,8}(Ki|Mi|Gi|Ti|k|M|G|T)$",
        "a Kubernetes memory quantity, a whole number with a unit, such as 256Mi or 2Gi",
        11,
        ("256Mi", "2Gi"),
    ),
]

GroupName = Annotated[
    str,
    Text(
        "^(?!system:)[A-Za-z0-9]([A-Za-z0-9 ._:/@+-]*[A-Za-z0-9])?$",
        "the name of an identity provider's group, at most 128 characters, such as payments-developers;"
        " system:... belongs to Kubernetes",
        128,
        ("payments-developers",),
    ),
]

_HOST = "[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?"
_FOLDER = "[a-z0-9]+([._-]+[a-z0-9]+)*"
_DIGEST = "@sha256:[0-9a-f]{64}"

RegistryPrefix = Annotated[
    str,
    Text(
        # The slash at the end is what keeps `idp.local/` from letting in `idp.local.example.com/`.
        f"^{_HOST}/({_FOLDER}/)*$",
        "a registry's host, with folders or without, ending in / such as registry.gitlab.com/acme/",
        200,
        ("idp.local/", "registry.gitlab.com/acme/"),
    ),
]

ImageReference = Annotated[
    str,
    Text(
        f"^{_HOST}(/{_FOLDER})+(:(?!latest(@|$))[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}({_DIGEST})?|{_DIGEST})$",
        "an image with its registry and a tag or digest, never :latest, such as registry.gitlab.com/acme/shop:1.4.2",
        400,
        ("registry.gitlab.com/acme/shop:1.4.2",),
    ),
]

Port = Annotated[int, Whole(1, 65535)]

Replicas = Annotated[int, Whole(1, 50)]

Count = Annotated[int, Whole(0, 10000)]

KubernetesVersion = Annotated[
    str,
    Text("^1\\.[1-9][0-9]$", "a Kubernetes minor version in quotes such as '1.33'", 4, ("1.33",)),
]

_REGION = "[a-z]{2}(-[a-z]+)+-[0-9]"

StateBackend = Annotated[
    str,
    Text(
        f"^(file|s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9](/[A-Za-z0-9][A-Za-z0-9._-]*)*(\\?region={_REGION})?)$",
        "file, or s3://BUCKET with an optional /prefix and ?region=REGION such as"
        " s3://acme-idp-state/dev?region=eu-central-1",
        300,
        ("file", "s3://acme-idp-state/dev?region=eu-central-1"),
    ),
]

SecretsProvider = Annotated[
    str,
    Text(
        "^(passphrase|awskms://(alias/[A-Za-z0-9/_-]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        f"|/arn:aws[a-z-]*:kms:{_REGION}:[0-9]{{12}}:(key|alias)/[A-Za-z0-9/_-]+)(\\?region={_REGION})?)$",
        "passphrase, or awskms:// with an alias, a key id or an ARN such as awskms://alias/idp-dev?region=eu-central-1",
        300,
        ("passphrase", "awskms://alias/idp-dev?region=eu-central-1"),
    ),
]

KubeconfigPath = Annotated[
    str,
    Text(
        "^(?!~[^/]|~$)[^\\x00-\\x1f\\x7f]+$",
        "the path of a kubeconfig file, absolute, from ~/ or relative to the environment file,"
        " such as ~/.kube/idp-dev.yaml",
        1024,
        ("~/.kube/idp-dev.yaml",),
    ),
]

ContextName = Annotated[
    str,
    Text(
        "^[A-Za-z0-9]([A-Za-z0-9._:/@-]*[A-Za-z0-9])?$",
        "the name of a context in the kubeconfig such as idp-dev",
        253,
        ("idp-dev",),
    ),
]

Flag = Annotated[bool, Boolean()]

NodeCount = Annotated[int, Whole(0, 100)]

AccountId = Annotated[
    str,
    Text("^[0-9]{12}$", "the 12 digits of an AWS account, in quotes, such as '123456789012'", 12, ("123456789012",)),
]

_COMPASS = "(central|north|south|east|west|northeast|northwest|southeast|southwest)"
_AWS_REGION = f"(af|ap|ca|eu|il|me|mx|sa|us)-{_COMPASS}-[1-9]"

AwsRegion = Annotated[
    str,
    Text(
        # China, GovCloud and the sovereign clouds are partitions of their own: their ARNs do not begin with arn:aws.
        f"^{_AWS_REGION}$",
        "a region of the AWS partition `aws` such as eu-central-1",
        20,
        ("eu-central-1",),
    ),
]

ZoneName = Annotated[
    str,
    Text(
        f"^{_AWS_REGION}[a-h]$",
        "an availability zone, a region with a letter from a to h, such as eu-central-1a",
        21,
        ("eu-central-1a",),
    ),
]


def _has_host_bits(text: str) -> bool:
    try:
        IPv4Network(text)
    except ValueError:
        return True
    return False


VpcCidr = Annotated[
    str,
    Text(
        f"^(10\\.{OCTET}|172\\.(1[6-9]|2[1-9]|3[01])|192\\.168)\\.{OCTET}\\.{OCTET}/(1[6-9]|20)$",
        "a private IPv4 network (RFC 1918) from /16 to /20 without host bits such as 10.20.0.0/16,"
        f" clear of {SERVICE_RANGE} (the cluster's services)",
        18,
        ("10.20.0.0/16",),
        refuse=_has_host_bits,
    ),
]

PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""RFC 1918: EKS refuses them as sources from the internet."""


def _unsafe_source(text: str) -> bool:
    return _has_host_bits(text) or any(IPv4Network(text).overlaps(private) for private in PRIVATE)


PublicCidr = Annotated[
    str,
    Text(
        f"^({OCTET}\\.){{3}}{OCTET}/(1[6-9]|2[0-9]|3[0-2])$",
        "a public IPv4 network from /16 to /32 without host bits such as 198.51.100.0/24, never the whole internet",
        18,
        ("198.51.100.0/24",),
        refuse=_unsafe_source,
    ),
]

_ID = "[0-9a-f]{8}([0-9a-f]{9})?"

VpcId = Annotated[
    str, Text(f"^vpc-{_ID}$", "the id of a VPC such as vpc-0a1b2c3d4e5f67890", 21, ("vpc-0a1b2c3d4e5f67890",))
]

SubnetId = Annotated[
    str,
    Text(f"^subnet-{_ID}$", "the id of a subnet such as subnet-0a1b2c3d4e5f67890", 24, ("subnet-0a1b2c3d4e5f67890",)),
]

ClusterName = Annotated[
    str,
    Text(
        "^[A-Za-z0-9][A-Za-z0-9_-]*$",
        "the name of an EKS cluster, at most 100 letters, digits, - and _, such as idp-dev",
        100,
        ("idp-dev",),
    ),
]

RoleArn = Annotated[
    str,
    Text(
        "^arn:aws:iam::[0-9]{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$",
        "the ARN of an IAM role such as arn:aws:iam::123456789012:role/platform-admin",
        600,
        ("arn:aws:iam::123456789012:role/platform-admin",),
    ),
]

InstanceType = Annotated[
    str,
    Text(
        "^[a-z][a-z0-9-]*[0-9][a-z0-9-]*\\.(nano|micro|small|medium|large|([1-9][0-9]{0,2})?xlarge|metal(-[1-9][0-9]?xl)?)$",
        "an EC2 instance type such as m7i.large",
        32,
        ("m7i.large",),
    ),
]

_LABEL_NAME = "[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"

NodeLabel = Annotated[
    str,
    Text(
        f"^(?!([a-z0-9.-]*\\.)?(kubernetes|k8s)\\.io/|eks\\.amazonaws\\.com/)([a-z0-9]([a-z0-9.-]*[a-z0-9])?/)?{_LABEL_NAME}"
        f"=({_LABEL_NAME})?$",
        "key=value by Kubernetes' rules for labels such as idp/pool=runners; keys of kubernetes.io, k8s.io and"
        " eks.amazonaws.com belong to the system",
        317,
        ("idp/pool=runners",),
    ),
]

BucketPrefix = Annotated[
    str,
    Text(
        # Of S3's 63 characters `-`, an environment's 20 and `-vault-snapshots`, the longest purpose, take 37.
        "^[a-z0-9]+(-[a-z0-9]+)*$",
        "words of a-z and 0-9 joined by single hyphens, at most 26 characters, such as acme-idp",
        26,
        ("acme-idp",),
    ),
]

GitlabUrl = Annotated[
    str,
    Text(
        # IAM takes no port, and compares the issuer of tokens with this text.
        "^https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?(/[A-Za-z0-9_-]+)*$",
        "https:// and the host of a GitLab instance in lower case, without a port or a slash at the end,"
        " such as https://gitlab.com",
        255,
        ("https://gitlab.com",),
    ),
]

ProjectPath = Annotated[
    str,
    Text(
        "^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$",
        "the full path of a GitLab project, never a pattern, such as platform/idp",
        255,
        ("platform/idp",),
    ),
]

BranchName = Annotated[
    str,
    Text(
        "^(?!.*(\\.\\.|//|/\\.|\\.lock(/|$)))[A-Za-z0-9_]([A-Za-z0-9._/+-]*[A-Za-z0-9_+-])?$",
        "the exact name of a branch, never a pattern, such as main",
        100,
        ("main",),
    ),
]

ProjectId = Annotated[int, Whole(1, 2**53 - 1)]
"""GitLab counts from 1; above 2^53 readers of JSON lose digits."""

PublicKey = Annotated[
    str,
    Text(
        "^-----BEGIN PUBLIC KEY-----\\n([A-Za-z0-9+/=]{1,64}\\n)+-----END PUBLIC KEY-----\\n?$",
        "a public key in PEM, as `openssl rsa -pubin` writes it, from BEGIN PUBLIC KEY to END PUBLIC KEY",
        4000,
    ),
]

_HTTPS_HOST = "https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"

HttpsUrl = Annotated[
    str,
    Text(
        f"^{_HTTPS_HOST}(:[1-9][0-9]{{0,4}})?(/[A-Za-z0-9._-]+)*/?$",
        "https:// and a host in lower case, with or without a port and path, such as https://login.acme.example/realm",
        255,
        ("https://login.acme.example/realm",),
    ),
]

VaultAddress = Annotated[
    str,
    Text(
        f"^({_HTTPS_HOST}|https://(127\\.{OCTET}\\.{OCTET}\\.{OCTET}|\\[::1\\]))(:[1-9][0-9]{{0,4}})?$",
        "https:// and a host in lower case or an address of 127.0.0.0/8 or [::1], with or without a port, no slash"
        " at the end, such as https://vault.dev.example.com:8200",
        255,
        ("https://vault.dev.example.com:8200", "https://127.0.0.1:8200"),
    ),
]

TrustFile = Annotated[
    str,
    Text(
        "^/[^\\x00-\\x1f\\x7f]+$",
        "the absolute path of a file with certificates (PEM) such as /etc/ssl/acme.pem",
        1024,
        ("/etc/ssl/acme.pem",),
    ),
]

VaultReplicas = Annotated[int, Whole(1, 5)]

KeyThreshold = Annotated[int, Whole(1, 20)]

PUBLIC_KEY_TAGS = (0x98, 0x99, 0x9A, 0xC6)
"""First byte of an OpenPGP public key in the old format, by the size of its length, and in the new (RFC 9580, 4.2)."""


def _no_public_key(text: str) -> bool:
    try:
        return base64.b64decode(text, validate=True)[0] not in PUBLIC_KEY_TAGS
    except ValueError:
        return True


OpenpgpKey = Annotated[
    str,
    Text(
        "^[mx][A-Za-z0-9+/]{98,}={0,2}$",
        "an OpenPGP public key, never a private one, binary, in base64 on one line: gpg --export ADDRESS | base64 -w0",
        20_000,
        refuse=_no_public_key,
    ),
]

ClientId = Annotated[
    str,
    Text(
        "^[A-Za-z0-9]([A-Za-z0-9._:/-]*[A-Za-z0-9])?$",
        "the id of a client of the identity provider, at most 128 letters, digits and . _ : / -, such as vault-dev",
        128,
        ("vault-dev",),
    ),
]

DatabaseName = Annotated[
    str,
    Text(
        # What needs no quotes in SQL, so that no name ends a statement and begins another.
        "^[a-z_][a-z0-9_]*$",
        "the name of a database or role of PostgreSQL, at most 63 characters (a-z, 0-9 and _, no digit first), such as"
        " shop_application",
        63,
        ("shop_application",),
    ),
]

_PLAIN = "[A-Za-z0-9_][A-Za-z0-9_.-]*"
"""No leading dot, so no way up; nothing that a template, a pattern of Vault's policies or a URL gives a meaning to."""

SecretPath = Annotated[
    str,
    Text(
        f"^{_PLAIN}(/{_PLAIN})*$",
        "the path of a secret below app/, parts of letters, digits and _ . - joined by /, none beginning with a dot,"
        " such as shop/payment",
        200,
        ("shop/payment",),
    ),
]

SecretField = Annotated[
    str,
    Text(
        f"^{_PLAIN}$",
        "the name of a field of a secret, at most 100 letters, digits and _ . -, no dot or hyphen first,"
        " such as api-key",
        100,
        ("api-key",),
    ),
]

SecretFileName = Annotated[
    str,
    Text(
        f"^{_PLAIN}$",
        "the name of a file without a folder, at most 100 letters, digits and _ . -, no dot or hyphen first,"
        " such as api-key",
        100,
        ("api-key",),
    ),
]

ControlId = Annotated[
    str,
    Text(
        "^[a-z][a-z0-9_]*$",
        "the id of a control, at most 60 characters (a-z, 0-9 and _, a letter first), such as image_pinned",
        60,
        ("image_pinned",),
    ),
]

_LAYER = "(foundation|platform|secrets|workspaces)"
_NAMESPACED = "(platform|secrets|workspaces)"
_TOKEN = "[A-Za-z0-9][A-Za-z0-9_.-]*:[A-Za-z0-9_./-]*:[A-Za-z0-9_.]+"  # noqa: S105 - a type token of Pulumi

ResourcePattern = Annotated[
    str,
    Text(
        # One layer and, in a URN, one type: no pattern takes in everything.
        f"^(urn:pulumi:{LABEL}\\.{_LAYER}::[A-Za-z0-9_.-]+::(\\*|({_TOKEN}\\$)*){_TOKEN}::[^\\x00-\\x1f\\x7f]+"
        f"|namespace:{_NAMESPACED}/(?=.*[a-z0-9])[a-z0-9*-]+)$",
        "a URN with its layer and type in full, such as"
        " urn:pulumi:dev.workspaces::idp::*kubernetes:apps/v1:Deployment::shop-*, or namespace:LAYER/NAME such as"
        " namespace:workspaces/shop-*, never * alone",
        600,
        (
            "urn:pulumi:dev.workspaces::idp::*kubernetes:apps/v1:Deployment::shop-*",
            "namespace:workspaces/shop-*",
        ),
    ),
]


def _no_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return True
    return False


Day = Annotated[
    str,
    Text(
        "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
        "a day in quotes, as YEAR-MONTH-DAY, such as '2027-03-31'",
        10,
        ("2027-03-31",),
        refuse=_no_day,
    ),
]

BaselineFile = Annotated[
    str,
    Text(
        # Beside the environment's file, so that no path leads out of the folder.
        "^[a-z0-9][a-z0-9._-]*\\.json$",
        "the name of a JSON file beside this one, without a folder, such as dev.baseline.json",
        60,
        ("dev.baseline.json",),
    ),
]

Item = TypeVar("Item")

Many = Annotated[tuple[Item, ...], Entries()]
Distinct = Annotated[tuple[Item, ...], Entries(distinct=True)]
AtLeastTwo = Annotated[tuple[Item, ...], Entries(fewest=2, distinct=True)]
AtLeastOne = Annotated[tuple[Item, ...], Entries(fewest=1, distinct=True)]
