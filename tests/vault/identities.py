"""Who asks: everybody who may log in, and everybody who may not, made from the teams of an environment."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from . import world
from .neighbours import CLIENT
from .server import DEPLOYING, VaultServer
from .signing import Signer, unsigned

AUDIENCE = f"https://vault.{world.NAME}.idp.test"
BROWSER = f"{AUDIENCE}/ui/vault/auth/people/oidc/callback"
MINUTE = 60
MAINTAINER = "vault-maintainer"
"""Account whose tokens maintainers ask for where there is no identity provider."""


@dataclass(frozen=True)
class Identity:
    """Somebody with a token of Vault, or None without one."""

    kind: str
    team: str | None
    token: str | None = field(repr=False)

    def __str__(self) -> str:
        return f"{self.kind} of {self.team}" if self.team else self.kind


@dataclass(frozen=True)
class Intruder:
    """A login that must fail."""

    why: str
    mount: str
    role: str
    jwt: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.role}: {self.why}"


def job(project: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the claims of a job on a branch that is not protected."""
    now = int(time.time())
    claims = {
        "iss": world.ISSUER,
        "aud": AUDIENCE,
        "sub": f"project_path:{project['path']}:ref_type:branch:ref:feature",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 5 * MINUTE,
        "project_id": str(project["id"]),
        "project_path": project["path"],
        "ref": "feature",
        "ref_type": "branch",
        "ref_protected": "false",
        "pipeline_id": "77",
        "user_login": "somebody",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


PROTECTED = {"ref": "main", "ref_protected": "true", "environment": world.NAME}


def pod(namespace: str, account: str = "workload", **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the claims of a pod's projected token."""
    now = int(time.time())
    return {
        "iss": "https://kubernetes.default.svc",
        "aud": ["vault"],
        "sub": f"system:serviceaccount:{namespace}:{account}",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 5 * MINUTE,
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": account, "uid": f"uid-{namespace}-{account}"},
            "pod": {"name": "pod", "uid": "uid-pod"},
        },
        **changes,
    }


def person(server: VaultServer, name: str, groups: list[str]) -> str:
    """Log a person in as a browser would; return the token."""
    asked = {"role": "people", "redirect_uri": BROWSER, "client_nonce": "browser"}
    url = server.call("POST", "auth/people/oidc/auth_url", asked).data["auth_url"]
    query = {key: value[0] for key, value in parse_qs(urlsplit(url).query).items()}
    now = int(time.time())
    server.neighbours.people[name] = {
        "iss": server.neighbours.issuer,
        "aud": CLIENT,
        "sub": name,
        "iat": now,
        "exp": now + MINUTE,
        "nonce": query["nonce"],
        "groups": groups,
    }
    back = f"auth/people/oidc/callback?state={query['state']}&code={name}&client_nonce=browser"
    answer = server.call("GET", back)
    assert answer.status == 200, answer.content
    return str(answer.content["auth"]["client_token"])


def _token(server: VaultServer, mount: str, role: str, jwt: str) -> str:
    answer = server.login(mount, role, jwt)
    assert answer.status == 200, (role, answer.content)
    return str(answer.content["auth"]["client_token"])


def through_the_cluster(server: VaultServer, teams: tuple[str, ...]) -> Iterator[Identity]:
    """Yield the maintainers of an environment without an identity provider."""
    for team in teams:
        jwt = server.neighbours.cluster.sign(pod(team, MAINTAINER))
        yield Identity("maintainer", team, _token(server, "kubernetes", f"maintainer-{team}", jwt))


def everybody(server: VaultServer, teams: tuple[str, ...]) -> Iterator[Identity]:
    """Yield everybody who may log in, and nobody."""
    gitlab, cluster = server.neighbours.gitlab, server.neighbours.cluster
    for team in teams:
        own = world.project(team)
        yield Identity("job", team, _token(server, "gitlab", f"job-{team}", gitlab.sign(job(own))))
        protected = gitlab.sign(job(own, **PROTECTED))
        yield Identity("protected-job", team, _token(server, "gitlab", f"protected-job-{team}", protected))
        yield Identity("pod", team, _token(server, "kubernetes", f"pod-{team}", cluster.sign(pod(team))))
        for kind in ("reader", "developer", "maintainer"):
            yield Identity(kind, team, person(server, f"{kind}-of-{team}", [f"{team}-{kind}s", "unknown-group"]))
    platform = world.PLATFORM
    yield Identity("preview", None, _token(server, "gitlab", "idp-preview", gitlab.sign(job(platform))))
    yield Identity("deploy", None, deploying(server))
    yield Identity("nobody in particular", None, person(server, "stranger", []))
    yield Identity("anonymous", None, None)
    yield Identity("made-up token", None, "hvs.AAAAAAAAAAAAAAAAAAAAAAAA")
    yield Identity("GitLab's token instead of Vault's", None, gitlab.sign(job(world.project(teams[0]))))


def deploying(server: VaultServer) -> str:
    """Return a token of the deploy role."""
    jwt = server.neighbours.gitlab.sign(job(world.PLATFORM, **PROTECTED))
    return _token(server, DEPLOYING, "idp-deploy", jwt)


def intruders(server: VaultServer, teams: tuple[str, ...]) -> Iterator[Intruder]:
    """Yield everybody who may not log in."""
    for team in teams:
        for kind, more in (("job", {}), ("protected-job", PROTECTED)):
            yield from _of_gitlab(server, f"{kind}-{team}", world.project(team), more)
        yield from _jobs_elsewhere(server, team, teams)
        yield from _pods(server, team, teams)
        # With an identity provider there is no such role.
        jwt = server.neighbours.cluster.sign(pod(team, MAINTAINER))
        yield Intruder("through the cluster", "kubernetes", f"maintainer-{team}", jwt)
    yield from _of_gitlab(server, "idp-preview", world.PLATFORM, {})
    yield from _of_gitlab(server, "idp-deploy", world.PLATFORM, PROTECTED, DEPLOYING)
    yield from _deployers(server, teams)


def _of_gitlab(
    server: VaultServer, role: str, own: dict[str, Any], more: dict[str, Any], mount: str = "gitlab"
) -> Iterator[Intruder]:
    others = {"the cluster": server.neighbours.cluster, "the identity provider": server.neighbours.provider}
    yield from of_gitlab(server.neighbours.gitlab, others, role, job(own, **more), mount)


def of_gitlab(
    gitlab: Signer, others: Mapping[str, Signer], role: str, good: dict[str, Any], mount: str = "gitlab"
) -> Iterator[Intruder]:
    """Yield what is wrong with a token whatever the role: who signed it, for whom, and when; `good` are good claims."""
    past = int(time.time()) - 10 * MINUTE
    yield Intruder("forged signature", mount, role, Signer("gitlab").sign(good))
    for name, other in others.items():
        yield Intruder(f"signed by {name}", mount, role, other.sign(good))
    yield Intruder("no signature", mount, role, unsigned(good))
    yield Intruder("sealed with the public key", mount, role, gitlab.confused(good))
    for why, change in {
        "expired": {"iat": past - MINUTE, "nbf": past - MINUTE, "exp": past},
        "not yet": {"nbf": int(time.time()) + 10 * MINUTE, "exp": int(time.time()) + 20 * MINUTE},
        "wrong audience": {"aud": "https://vault.prod.idp.test"},
        "no audience": {"aud": None},
        "wrong issuer": {"iss": "https://gitlab.com"},
        "no issuer": {"iss": None},
        "another number of the same path": {"project_id": "4711"},
        "another path of the same number": {"project_path": "evil/app"},
        "path that begins alike": {"project_path": f"{good['project_path']}-2"},
        "pattern": {"project_path": "*", "project_id": "*"},
        "no number": {"project_id": None},
    }.items():
        yield Intruder(why, mount, role, gitlab.sign({k: v for k, v in {**good, **change}.items() if v is not None}))


def _jobs_elsewhere(server: VaultServer, team: str, teams: tuple[str, ...]) -> Iterator[Intruder]:
    yield from jobs_elsewhere(server.neighbours.gitlab, team, teams, {}, PROTECTED)
    pods = server.neighbours.cluster.sign(pod(team))
    yield Intruder("pod's token", "gitlab", f"protected-job-{team}", pods)


def jobs_elsewhere(
    gitlab: Signer, team: str, teams: Sequence[str], plain: Mapping[str, Any], protected: Mapping[str, Any]
) -> Iterator[Intruder]:
    """Yield jobs of other projects, refs and environments; two mappings say what good jobs say beside their project."""
    sign, own = gitlab.sign, world.project(team)
    for other in (*teams, None):
        if other == team:
            continue
        foreign = world.project(other) if other else world.PLATFORM
        who = f"project of {other or 'the platform'}"
        yield Intruder(who, "gitlab", f"job-{team}", sign(job(foreign, **plain)))
        yield Intruder(who, "gitlab", f"protected-job-{team}", sign(job(foreign, **protected)))
        if other:
            mixed = {**own, "id": foreign["id"]}
            yield Intruder(f"number of {other}", "gitlab", f"protected-job-{team}", sign(job(mixed, **protected)))
    role = f"protected-job-{team}"
    for why, change in {
        "ref not protected": {"ref_protected": "false"},
        "no word of protection": {"ref_protected": None},
        "no environment": {"environment": None},
        "other environment": {"environment": "prod"},
    }.items():
        yield Intruder(why, "gitlab", role, sign(job(own, **{**protected, **change})))


def not_maintainers(server: VaultServer, teams: tuple[str, ...]) -> Iterator[Intruder]:
    """Yield everybody who may not log in as a maintainer, where these come through the cluster."""
    for team in teams:
        yield from _pods(server, team, teams, f"maintainer-{team}", MAINTAINER)


def _pods(
    server: VaultServer, team: str, teams: tuple[str, ...], role: str | None = None, own: str = "workload"
) -> Iterator[Intruder]:
    """Yield whoever may not log in as the account `own` of a team."""
    sign, role, past = server.neighbours.cluster.sign, role or f"pod-{team}", int(time.time()) - 10 * MINUTE
    for other in (*teams, "default", "idp-vault", f"{team}-2"):
        if other != team:
            yield Intruder(f"pod in {other}", "kubernetes", role, sign(pod(other, own)))
    for account in {"default", "workload-2", "*", "workload", MAINTAINER, f"{MAINTAINER}-2"} - {own}:
        yield Intruder(f"account {account}", "kubernetes", role, sign(pod(team, account)))
    yield Intruder("forged signature", "kubernetes", role, Signer("cluster").sign(pod(team, own)))
    yield Intruder("signed by GitLab", "kubernetes", role, server.neighbours.gitlab.sign(pod(team, own)))
    yield Intruder("no signature", "kubernetes", role, unsigned(pod(team, own)))
    before = {"exp": past, "iat": past - MINUTE, "nbf": past - MINUTE}
    yield Intruder("expired", "kubernetes", role, sign(pod(team, own, **before)))
    yield Intruder("for the API server", "kubernetes", role, sign(pod(team, own, aud=["api"])))
    yield Intruder("job's token", "kubernetes", role, server.neighbours.gitlab.sign(job(world.project(team))))


def _deployers(server: VaultServer, teams: tuple[str, ...]) -> Iterator[Intruder]:
    sign, own = server.neighbours.gitlab.sign, world.PLATFORM
    for why, change in {
        "merge request": {"ref": "feature", "ref_protected": "false"},
        "branch of that name that is not protected": {"ref_protected": "false"},
        "other protected branch": {"ref": "release"},
        "tag of that name": {"ref_type": "tag"},
    }.items():
        yield Intruder(why, DEPLOYING, "idp-deploy", sign(job(own, **{**PROTECTED, **change})))
    for team in teams:
        for role, mount in (("idp-deploy", DEPLOYING), ("idp-preview", "gitlab")):
            yield Intruder(f"project of {team}", mount, role, sign(job(world.project(team), **PROTECTED)))
