"""People and their secrets on the real server: `idp secrets` as a process, by both logins, and values nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.loopback.aws.server import AwsEmulator

from . import world
from .conftest import begun, stacked
from .expected import OF_A_TEAM, OF_VAULT
from .identities import not_maintainers, through_the_cluster
from .persons import Person
from .server import VaultServer
from .test_matrix_e2e import wrong

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TEAMS = world.TEAMS[:2]
OWN, OTHER = TEAMS
CANARY = "canary-of-a-person"


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory, emulator: AwsEmulator) -> Iterator[VaultServer]:
    """Return a Vault whose maintainers come through the cluster."""
    server = begun(tmp_path_factory.mktemp("vault"))
    try:
        stacked(tmp_path_factory.mktemp("stack"), server, emulator, TEAMS, people=False).up()
        yield server
    finally:
        server.stop()


@pytest.fixture
def person(tmp_path: Path, clustered: VaultServer) -> Person:
    return Person(tmp_path, clustered, OWN, people=False)


@pytest.fixture
def browsing(tmp_path: Path, standing: VaultServer) -> Person:
    return Person(tmp_path, standing, OWN, people=True)


def tokens(server: VaultServer) -> int:
    return len(server.call("LIST", "auth/token/accessors", token=server.root).data["keys"])


def test_maintainers_by_the_cluster_get_what_the_table_says(clustered: VaultServer) -> None:
    planted = {"app/db": "app", "ci/token": "ci", "deploy/key": "deploy", "people/root": "people"}
    for team in TEAMS:
        for name, word in {**planted, "application": "beside"}.items():
            clustered.does("POST", f"team/{team}/kv/data/{name}", {"data": {"value": f"canary-{team}-{word}"}})
    found = []
    for identity in through_the_cluster(clustered, TEAMS):
        for one, team in [*((one, team) for team in TEAMS for one in OF_A_TEAM), *((one, "") for one in OF_VAULT)]:
            answer = clustered.call(one.method, one.path.format(team=team), dict(one.body), identity.token)
            if problem := wrong(one, team, identity, answer):
                found.append(problem)
    assert found == [], "\n".join(found)


def test_nobody_else_is_a_maintainer(clustered: VaultServer) -> None:
    refused = 0
    for intruder in not_maintainers(clustered, TEAMS):
        answer = clustered.login(intruder.mount, intruder.role, intruder.jwt)
        assert answer.status in (400, 403), intruder
        refused += 1
    assert refused >= 2 * 12


def test_a_person_s_token_is_short_and_has_one_policy(clustered: VaultServer) -> None:
    for identity in through_the_cluster(clustered, TEAMS):
        known = clustered.call("GET", "auth/token/lookup-self", token=identity.token).data
        assert 0 < known["ttl"] <= known["explicit_max_ttl"] == 900
        assert sorted(known["policies"]) == ["default", f"maintainer-{identity.team}"]


def test_life_of_a_secret(person: Person, clustered: VaultServer) -> None:
    before = tokens(clustered)
    (person.folder / "pem").write_text(f"{CANARY}-file\n")
    at = (OWN, "people/life")
    written = person("put", *at, "piped=-", "--from-file", f"filed={person.folder / 'pem'}", stdin=f"{CANARY}-piped")
    assert written.code == 0, written.err
    typed = person.typing(f"{CANARY}-typed", "put", *at, "typed")
    assert typed.code == 0, typed.out
    shown = person("get", *at)
    assert "filed, piped, typed" in shown.out
    for name, value in {"piped": "-piped", "filed": "-file\n", "typed": "-typed"}.items():
        got = person("get", *at, "--field", name)
        assert got.out == CANARY + value
        assert CANARY not in got.err + got.seen
    assert person.json("get", *at, "--field", "piped", "--version", "1")["value"] == f"{CANARY}-piped"
    assert person.json("list", OWN, "people")["names"].count("life") == 1

    assert person("delete", *at).code == 0
    gone = person("get", *at, "--field", "piped")
    assert (gone.code, gone.out) == (1, "")
    assert "version 2: deleted" in gone.err
    assert person("undelete", *at).code == 0
    assert person("get", *at, "--field", "piped").out == f"{CANARY}-piped"
    listed = person("history", *at)
    rows = person.json("history", *at)["versions"]
    assert [(row["version"], row["deleted"], row["destroyed"]) for row in rows] == [(1, None, False), (2, None, False)]

    for ran in (written, typed, shown, listed):
        assert CANARY not in ran.out + ran.err + ran.seen
        assert "secrets put" in written.seen
        assert "vault-maintainer" in written.seen
    assert CANARY not in person.left() + clustered.log.read_text()
    audit = (clustered.folder / "audit.log").read_text()
    assert "people/life" in audit
    assert CANARY not in audit
    # Each login ended with its command.
    assert tokens(clustered) == before


def test_after_a_deletion_the_old_fields_do_not_come_back(person: Person) -> None:
    at = (OWN, "people/anew")
    assert person("put", *at, "old=-", stdin="x").code == 0
    assert person("delete", *at).code == 0
    ran = person("put", *at, "new=-", stdin="y")
    assert "its fields are not taken over" in ran.err
    assert person.json("get", *at)["fields"] == ["new"]


def test_two_people_do_not_overwrite_each_other(person: Person, clustered: VaultServer) -> None:
    for path, first in (("people/new", False), ("people/old", True)):
        url = f"team/{OWN}/kv/data/{path}"
        if first:
            clustered.does("POST", url, {"data": {"value": "first"}})
        looked = f"team/{OWN}/kv/metadata/{path}"

        def meanwhile(url: str = url, looked: str = looked) -> None:
            _until(lambda: (clustered.folder / "audit.log").read_text().count(looked) >= 2)
            clustered.does("POST", url, {"data": {"value": "theirs"}})

        ran = person("put", OWN, path, "value=-", stdin=CANARY, meanwhile=meanwhile)
        assert ran.code == 1
        assert "somebody else wrote a version in the meantime; nothing was written" in ran.err
        assert CANARY not in ran.err
        assert clustered.does("GET", url)["data"] == {"value": "theirs"}


def _until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("never")


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (("list", "nobody"), 2, "TEAM: 'nobody' is not allowed: one of shop, shop-api"),
        (("get", OWN, "../x"), 2, "PATH: '../x' is not allowed"),
        (("put", OWN, "people/x", f"value={CANARY}"), 2, "FIELD 1: a value is not allowed on a command line"),
        (("put", OWN, "people/x", "value"), 2, "FIELD: there is no terminal to type it at"),
        (("put", OWN, "people/x", "value=-"), 2, "value=-: empty; nothing was written"),
        (("get", OWN, "people/none"), 1, "shop: people/none: there is no such secret"),
        (("history", OWN, "people/none"), 1, "shop: people/none: there is no such secret"),
        (("delete", OWN, "people/none"), 1, "shop: people/none: there is no such secret"),
        (("undelete", OWN, "people/none"), 1, "shop: people/none: there is no such secret"),
        (("list", OWN, "none"), 1, "shop: none: nothing is there"),
        (("get", OWN, "people/here", "--field", "none"), 1, "version 1: there is no field 'none'"),
        (("get", OWN, "people/here", "--version", "7"), 1, "version 7: is not there: there are 1"),
        (
            ("list", OTHER),
            1,
            "shop-api: login: only maintainers may, through the cluster: kubectl create: error: ",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_goes_wrong_is_one_line(
    person: Person, clustered: VaultServer, arguments: tuple[str, ...], code: int, reason: str
) -> None:
    once = {"data": {"value": CANARY}, "options": {"cas": 0}}
    clustered.call("POST", f"team/{OWN}/kv/data/people/here", once, clustered.root)
    ran = person(*arguments)
    assert ran.code == code, ran.err
    assert ran.out == ""
    [line] = ran.errors()
    assert reason in line
    assert CANARY not in ran.err


def test_a_destroyed_version_is_gone(person: Person, clustered: VaultServer) -> None:
    clustered.does("POST", f"team/{OWN}/kv/data/people/lost", {"data": {"value": CANARY}})
    clustered.does("PUT", f"team/{OWN}/kv/destroy/people/lost", {"versions": [1]})
    for command in ("undelete", "delete"):
        assert "version 1: destroyed: nobody can bring it back" in person(command, OWN, "people/lost").err
    assert "version 1: destroyed" in person("get", OWN, "people/lost", "--field", "value").err


def test_a_vault_that_does_not_answer_or_is_not_trusted_is_named(person: Person, clustered: VaultServer) -> None:
    for address, trusted, reason in (
        ("https://127.0.0.1:1", str(clustered.certificate), "https://127.0.0.1:1: no answer (ConnectionError)"),
        (clustered.address, "/etc/ssl/certs/ca-certificates.crt", "its certificate is not trusted"),
    ):
        person.describe(address, trusted)
        ran = person("list", OWN)
        assert (ran.code, ran.out) == (1, "")
        assert reason in ran.errors()[0]


def test_a_token_of_the_surroundings_is_used_and_left(person: Person, clustered: VaultServer) -> None:
    [_, other] = through_the_cluster(clustered, TEAMS)
    assert other.token is not None
    person.variables["VAULT_TOKEN"] = other.token
    assert person("put", OTHER, "people/x", "value=-", stdin="y").code == 0
    refused = person("get", OWN, "people/x")
    assert refused.code == 1
    assert "shop: people/x: not permitted (permission denied)" in refused.errors()[0]
    assert clustered.call("GET", "auth/token/lookup-self", token=other.token).status == 200
    assert not person.spied.exists()


def test_people_log_in_with_a_browser(browsing: Person, standing: VaultServer) -> None:
    before = tokens(standing)
    keeps = [f"{OWN}-maintainers"]
    written = browsing.browsing("put", OWN, "people/oidc", "value=-", groups=keeps, stdin=CANARY)
    assert written.code == 0, written.err
    read = browsing.browsing("get", OWN, "people/oidc", "--field", "value", groups=keeps)
    assert read.out == CANARY
    assert CANARY not in written.out + written.err + read.err + browsing.left()
    # Nobody goes through the cluster.
    assert not browsing.spied.exists()

    looks = browsing.browsing("get", OWN, "people/oidc", groups=[f"{OWN}-readers"])
    assert looks.code == 0, looks.err
    assert "only maintainers see the names of fields" in looks.err
    for groups in ([f"{OWN}-readers"], [f"{OWN}-developers"], [f"{OTHER}-maintainers"], []):
        refused = browsing.browsing("get", OWN, "people/oidc", "--field", "value", groups=groups)
        assert (refused.code, refused.out) == (1, "")
        assert "not permitted" in refused.errors()[0]
    assert tokens(standing) == before

    denied = browsing.browsing("list", OWN, groups=[], error="access_denied")
    assert denied.errors() == ["error login: the identity provider let nobody in (access_denied)"]


def test_a_sealed_vault_says_so(person: Person, clustered: VaultServer) -> None:
    """The last of this server."""
    clustered.call("PUT", "sys/seal", token=clustered.root)
    ran = person("list", OWN)
    assert (ran.code, ran.out) == (1, "")
    assert "Vault is sealed" in ran.errors()[0]
