"""The table of tools: each with the versions that fit, where it comes from and how long that takes."""

from __future__ import annotations

from idp.toolchain.spec import AptInstall, DebianUnpack, GoBuild, ModuleFile, Spec

KUBERNETES = "4.25.0"
"""Version of the Kubernetes provider plugin; the Python SDK in pyproject.toml has the same."""

VAULT_RELEASE = "1.21.0"
"""Version of the Vault server: a plugin from the same module goes with exactly this one."""

_PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_VAULT = "github.com/hashicorp/vault"
_KUBERNETES_AUTH = "github.com/hashicorp/vault-plugin-auth-kubernetes"


def _kubernetes(name: str, minutes: float, ask: tuple[str, ...] = ("--version",)) -> Spec:
    stamp = "-X k8s.io/component-base/version.git"
    recipe = GoBuild(
        folder="kubernetes",
        packages=(f"k8s.io/kubernetes/cmd/{name}",),
        pin="k8s.io/kubernetes",
        link=(f"{stamp}Version={{version}}", f"{stamp}Major={{major}}", f"{stamp}Minor={{minor}}"),
    )
    return Spec(name, "==1.33.*", recipe, minutes, ask=ask, linux=True)


def _local(name: str) -> Spec:
    recipe = GoBuild(folder="local", packages=(f"./cmd/{name}",))
    return Spec(name, "", recipe, 0.1, ask=None, linux=True)


def _system(name: str, *companions: str) -> Spec:
    return Spec(name, ">=1", AptInstall(name), 0.2, companions=companions, linux=True)


def _plugin(name: str, package: str, pin: str) -> Spec:
    # A plugin does not tell its version, and Vault takes it by its checksum: never from PATH.
    recipe = GoBuild(folder="vault", packages=(package,), pin=pin, output=name)
    # What it shares with the server, nearly all, is compiled by then.
    return Spec(name, "", recipe, 0.1, ask=None, linux=True)


def _library(name: str, package: str, soname: str, rule: str) -> Spec:
    where = ("/lib/*-linux-gnu", "/usr/lib/*-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib")
    return Spec(name, rule, AptInstall(package), 0.2, kind="library", members=(soname,), where=where, linux=True)


ENGINE = (
    Spec(
        "pulumi",
        # The floor is the Python SDK's minor version: an older engine does not know all that the SDK asks of it.
        ">=3.259,<4",
        GoBuild(
            folder="pulumi",
            packages=("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "./cmd/pulumi-language-python"),
            pin="github.com/pulumi/pulumi/pkg/v3",
            # Without it `pulumi version` answers an empty line, at which the Automation API stops.
            link=(f"-X {_PULUMI_SDK}/go/common/version.Version={{version}}",),
            copies=(ModuleFile(_PULUMI_SDK, "python/cmd/pulumi-language-python-exec", "pulumi-language-python-exec"),),
        ),
        6,
        ask=("version",),
        companions=("pulumi-language-python", "pulumi-language-python-exec"),
    ),
    Spec(
        "pulumi-resource-kubernetes",
        f"=={KUBERNETES}",
        GoBuild(
            folder="pulumi-kubernetes",
            packages=("./cmd/pulumi-resource-kubernetes",),
            pin=_PROVIDER,
            overlays=(
                ModuleFile(
                    _PROVIDER,
                    "cmd/pulumi-resource-kubernetes/schema.json",
                    "cmd/pulumi-resource-kubernetes/schema.json",
                ),
            ),
        ),
        8,
    ),
)
"""What previews and updates need, whatever the cluster."""

CLUSTER = (
    _kubernetes("kube-apiserver", 4.5),
    _kubernetes("kube-controller-manager", 1.5),
    _kubernetes("kubelet", 0.6),
    _kubernetes("kube-scheduler", 0.4),
    _kubernetes("kube-proxy", 0.2),
    _kubernetes("kubectl", 0.5, ask=("version", "--client")),
    Spec(
        "coredns",
        ">=1.11,<2",
        GoBuild(folder="coredns", packages=("github.com/coredns/coredns",), pin="github.com/coredns/coredns"),
        2,
        ask=("-version",),
        linux=True,
    ),
    Spec(
        "kube-router",
        ">=2.1,<3",
        GoBuild(
            folder="kube-router",
            packages=("github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",),
            pin="github.com/cloudnativelabs/kube-router/v2",
            link=("-X github.com/cloudnativelabs/kube-router/v2/pkg/version.Version={version}",),
        ),
        2,
        # The path it was started by comes before the version.
        pattern=r"version v?(\d+(?:\.\d+)+)",
        linux=True,
    ),
    _local("pause"),
    _local("forward"),
    _local("volume-provisioner"),
    _local("sample"),
    _local("probe"),
    Spec("etcd", ">=3.4,<4", DebianUnpack("etcd-server", "usr/bin"), 0.1, linux=True),
    Spec(
        "containerd",
        ">=1.6,<2",
        DebianUnpack("containerd", "usr/bin"),
        0.1,
        companions=("containerd-shim-runc-v2", "ctr"),
        linux=True,
    ),
    Spec("runc", ">=1.1,<2", DebianUnpack("runc", "usr/sbin"), 0.1, linux=True),
    Spec(
        "cni-plugins",
        ">=1.0",
        DebianUnpack("containernetworking-plugins", "usr/lib/cni"),
        0.1,
        # Debian's say "version unknown"; the newest protocol version they speak is what a configuration depends on.
        pattern=r"supported:.*?(\d+(?:\.\d+)+)\s*$",
        kind="folder",
        members=("bridge", "host-local", "loopback", "portmap"),
        where=("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"),
        linux=True,
    ),
    _system("iptables", "iptables-save", "iptables-restore"),
    _system("ipset"),
    _system("conntrack"),
    _library("libseccomp", "libseccomp2", "libseccomp.so.2", ">=2.2"),
)
"""What the local cluster runs on: Linux only."""

VAULT = (
    Spec(
        "vault",
        f"=={VAULT_RELEASE}",
        GoBuild(
            folder="vault",
            packages=(_VAULT,),
            pin=_VAULT,
            # When its commit was made. Without a date Vault answers an error to each plugin that asks for its version.
            link=(f"-X {_VAULT}/version.BuildDate=2025-10-22T02:33:18Z",),
            tags=("minimal",),
        ),
        5,
        ask=("version",),
        linux=True,
    ),
    _plugin("vault-plugin-auth-kubernetes", f"{_KUBERNETES_AUTH}/cmd/vault-plugin-auth-kubernetes", _KUBERNETES_AUTH),
    _plugin("vault-plugin-secrets-aws", f"{_VAULT}/builtin/logical/aws/cmd/aws", _VAULT),
    _plugin(
        "vault-plugin-database-postgresql",
        f"{_VAULT}/plugins/database/postgresql/postgresql-database-plugin",
        _VAULT,
    ),
    Spec(
        "vault-bootstrap",
        "",
        GoBuild(folder="vault-bootstrap", packages=("./cmd/vault-bootstrap",)),
        1.5,
        ask=None,
        linux=True,
    ),
)
"""The Vault server, the plugins that its minimal build does not contain, and the program that initialises it."""

DATABASE = (
    # What PostgreSQL needs beyond a bare system comes with these two.
    _library("libpq", "libpq5", "libpq.so.5", ">=5"),
    _library("libxml2", "libxml2", "libxml2.so.2", ">=2"),
    Spec(
        "postgresql",
        ">=15,<16",
        # All of it: the server looks for its libraries and tables beside its own folder, wherever that is.
        DebianUnpack("postgresql-15", "usr"),
        0.1,
        kind="folder",
        members=("lib/postgresql/15/bin/postgres", "lib/postgresql/15/bin/initdb"),
        where=("/usr",),
        linux=True,
    ),
)
"""The server for which the tests have Vault make credentials."""

TABLE = ENGINE + CLUSTER + VAULT + DATABASE
