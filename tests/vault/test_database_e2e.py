"""Users of a real PostgreSQL: one logs in, does what its role may, and is refused once its lease is over."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import hvac
import pytest

from components.vault.database_credentials import LEASE_SECONDS, LONGEST_SECONDS, creation, revocation
from idp import toolchain, vault_database
from idp import vault as reaching
from idp.errors import IdpError
from idp.vault import Reach

from .postgresql import Postgresql
from .server import Answer, VaultServer
from .stack import Stack

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(os.geteuid() != 0, reason="installs libraries and changes the user"),
]

MOUNT = "team/own/database"
ADMIN = "vault"
SETUP = (
    "create role application nologin",
    "create role reader nologin",
    # As docs/secrets.md says: no superuser.
    f"create role {ADMIN} login createrole password '{{password}}'",
    f"grant application, reader to {ADMIN} with admin option",
    "create table orders (id int)",
    "insert into orders values (42)",
    "grant select, insert on orders to application",
    "grant select on orders to reader",
    "grant create, usage on schema public to application",
)


@pytest.fixture(scope="module")
def database() -> Iterator[Postgresql]:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        started = Postgresql(Path(folder), toolchain.ensure(print, toolchain.DATABASE))
        started.start()
        for statement in SETUP:
            told = started.ask("postgres", started.password, statement.format(password=started.password))
            assert told == "", told
        yield started
        started.stop()


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    """Return a Vault of its own, with nothing in it but plugins."""
    from .conftest import begun

    server = begun(tmp_path_factory.mktemp("vault"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stack(vault: VaultServer, database: Postgresql, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Return the stack with the component in it, brought up by the real engine."""
    from .identities import deploying

    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.make("", {})
    (stack.folder / "__main__.py").write_text(
        PROGRAM.format(root=str(Path(__file__).resolve().parents[2]), address=vault.address, ca=vault.certificate)
    )
    stack.run("config", "set", "port", str(database.port))
    stack.secret("password", value=database.password)
    stack.token = deploying(vault)
    stack.up()
    assert "unchanged" in stack.up("--refresh", "--expect-no-changes")
    assert database.password not in stack.state()
    return stack


@pytest.fixture(scope="module")
def engine(vault: VaultServer, stack: Stack) -> VaultServer:
    """Return the Vault that the component is in."""
    assert stack.token
    return vault


PROGRAM = """
import sys

sys.path.insert(0, {root!r})
import pulumi
from components.vault.database_credentials import DatabaseCredentials, DatabaseCredentialsArgs
from stacks import providers

config = pulumi.Config()
args = DatabaseCredentialsArgs(
    team="own", host=config.get("host") or "127.0.0.1", port=config.require_int("port"), database="postgres",
    username="vault",
    password=config.require_secret("password"), roles={{"application": "application", "reader": "reader"}},
    verify_certificate=False,
)
there = pulumi.ResourceOptions(providers=[providers.vault({address!r}, "{ca}")])
DatabaseCredentials("own", args, there)
"""


def given(vault: VaultServer, role: str) -> tuple[Answer, str, str]:
    answer = vault.call("GET", f"{MOUNT}/creds/{role}", token=vault.root)
    return answer, answer.data["username"], answer.data["password"]


def test_a_user_works_until_its_lease_is_revoked(engine: VaultServer, database: Postgresql) -> None:
    answer, user, password = given(engine, "application")
    assert answer.content["lease_duration"] == LEASE_SECONDS
    assert database.ask(user, password, "select id from orders") == "42"
    assert database.ask(user, password, "insert into orders values (1) returning id") == "1"
    assert "must be superuser" in database.ask(user, password, "create role thief superuser")
    assert "permission denied" in database.ask(user, password, "create role thief")
    assert "permission denied" in database.ask(user, password, "delete from orders returning id")
    assert database.ask(user, password, "create table made_by_pod (id int)") == ""
    session = database.connect(user, password)
    assert session.ask("select 1") == "1"

    engine.does("PUT", "sys/leases/revoke", {"lease_id": answer.content["lease_id"], "sync": True})
    assert "terminat" in session.ask("select 1")
    assert not session.is_open()
    session.close()
    assert "authentication failed" in database.ask(user, password, "select 1")
    owner = "select tableowner from pg_tables where tablename = 'made_by_pod'"
    assert database.ask("postgres", database.password, owner) == "application"
    assert user not in database.ask("postgres", database.password, "select string_agg(rolname, ' ') from pg_roles")


def test_a_user_is_gone_when_its_lease_ends_by_itself(engine: VaultServer, database: Postgresql) -> None:
    lease, user, password = given(engine, "reader")
    assert database.ask(user, password, "select id from orders limit 1") == "42"
    assert "permission denied" in database.ask(user, password, "insert into orders values (2)")
    assert "permission denied" in database.ask(user, password, "create table x (id int)")
    renewal = {"lease_id": lease.content["lease_id"], "increment": 10 * LONGEST_SECONDS}
    longest = engine.call("PUT", "sys/leases/renew", renewal, engine.root).content["lease_duration"]
    assert longest <= LONGEST_SECONDS

    # The role's lease is a quarter of an hour; another role, of the same statements, lives for seconds.
    statements = {"creation_statements": creation("reader"), "revocation_statements": revocation("reader")}
    life = {"default_ttl": "3s", "max_ttl": "3s"}
    config = {"plugin_name": "postgresql-database-plugin", "allowed_roles": "application,reader,short"}
    engine.does("POST", f"{MOUNT}/config/postgresql", config)
    engine.does("POST", f"{MOUNT}/roles/short", {"db_name": "postgresql", **statements, **life})
    _, user, password = given(engine, "short")
    assert database.ask(user, password, "select id from orders limit 1") == "42"
    for _ in range(300):
        if "authentication failed" in (told := database.ask(user, password, "select 1")):
            break
        time.sleep(0.2)
    assert "authentication failed" in told


LONGEST = 5.0
"""Seconds that a rotation may keep anybody waiting: it is what issue 5 promises."""


@contextmanager
def asking(ask: Callable[[], bool]) -> Iterator[list[float]]:
    """Ask ten times a second for the time of the block; give when it was answered well."""
    worked: list[float] = []
    stop = threading.Event()

    def go_on() -> None:
        while not stop.wait(0.1):
            if ask():
                worked.append(time.monotonic())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield worked
        count = len(worked)
        for _ in range(300):
            if len(worked) > count + 3:
                break
            time.sleep(0.1)
    finally:
        stop.set()
        thread.join()


def test_vaults_own_password_is_rotated_and_stays_so(engine: VaultServer, database: Postgresql, stack: Stack) -> None:
    # Tests before this one may have changed what is declared.
    stack.up("--refresh")
    first = database.password
    _, user, password = given(engine, "reader")
    session = database.connect(user, password)

    def new_user_works() -> bool:
        answer = engine.call("GET", f"{MOUNT}/creds/reader", token=engine.root)
        return answer.status == 200 and "42" in database.ask(
            answer.data["username"], answer.data["password"], "select id from orders limit 1"
        )

    with asking(new_user_works) as worked:
        time.sleep(1)
        begin = time.monotonic()
        vault_database.rotate_with(client(engine, stack.token), "own")
        took = time.monotonic() - begin
    gap = max(later - earlier for earlier, later in pairwise(worked))
    sys.stderr.write(f"password rotated in {took:.2f} s; new users at most {gap:.2f} s apart, {len(worked)} of them\n")
    assert gap < LONGEST
    # Who has a user or a session keeps it; the first password opens nothing.
    assert session.ask("select 1") == "1"
    session.close()
    assert database.ask(user, password, "select 1") == "1"
    assert "authentication failed" in database.ask(ADMIN, first, "select 1")

    # The stack still says the first password: no update, with or without a look at what is there, writes it.
    assert "unchanged" in stack.up("--refresh", "--expect-no-changes")
    stack.run("config", "set", "host", "localhost")
    assert "1 updated" in stack.up()
    assert new_user_works()

    # Another value is written, and tried first: one that does not open the database changes nothing.
    stack.secret("password", value="not-the-password-of-vault")
    assert "authentication failed" in stack.run("up", "--yes", "--skip-preview", fails=True)
    assert new_user_works()
    # Who set a password in PostgreSQL by hand says so in the configuration, and Vault works with it.
    second = "set-by-hand-in-postgresql"
    assert database.ask("postgres", database.password, f"alter role {ADMIN} password '{second}'") == ""
    stack.secret("password", value=second)
    stack.up()
    assert new_user_works()
    assert database.ask(ADMIN, second, "select 1") == "1"


def client(engine: VaultServer, token: str) -> hvac.Client:
    """Return a client as `idp` has one."""
    return reaching.client(Reach(engine.address, engine.certificate), token)


@pytest.mark.parametrize(("team", "forged"), [("nobody", False), ("own", True)])
def test_a_rotation_that_vault_refuses_is_one_line(
    engine: VaultServer, stack: Stack, team: str, *, forged: bool
) -> None:
    with pytest.raises(IdpError, match=rf"^team/{team}/database: [^\n]+$"):
        vault_database.rotate_with(client(engine, "forged" if forged else stack.token), team)


def test_passwords_are_in_no_log(engine: VaultServer, database: Postgresql) -> None:
    _, user, password = given(engine, "application")
    assert database.ask(user, password, "select 1") == "1"
    for text in (database.log.read_text(), engine.log.read_text()):
        assert password not in text
        assert database.password not in text
