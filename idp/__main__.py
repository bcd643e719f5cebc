"""Entry point of the `idp` command: one Typer app, and one place where errors become lines and exit codes."""

from __future__ import annotations

import errno
import sys

import typer
from pulumi.automation.errors import CommandError
from rich.markup import escape

from environments import InvalidEnvironment
from idp.commands import describe, environment, local, policy, secrets, vault
from idp.display import err
from idp.engine.command import reason
from idp.errors import Exit, IdpError

app = typer.Typer(
    name="idp",
    help="Stands up an internal developer platform, an environment at a time.\n\n"
    "Exit codes: 0 done; 1 tried and failed; 2 the request or a file is wrong, nothing was tried; "
    "3 the machine lacks something; 4 somebody else holds the environment; 5 a policy refused.",
    epilog="Example: idp up local",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
environment.register(app)
describe.register(app)
app.add_typer(local.app, name="local")
app.add_typer(policy.app, name="policy")
app.add_typer(secrets.app, name="secrets")
app.add_typer(vault.app, name="vault")


def main() -> None:
    """Run the command; every expected failure is one line on stderr for each finding, and an exit code."""
    try:
        app()
    except (IdpError, InvalidEnvironment) as error:
        _fail(str(error), error.code if isinstance(error, IdpError) else Exit.INVALID)
    except CommandError as error:
        _fail(reason(error), Exit.FAILED)
    except KeyboardInterrupt:
        _fail("interrupted; the next `idp up` goes on from here", Exit.FAILED)
    except OSError as error:
        if error.errno not in _LACKS:
            raise
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror}", Exit.MISSING)


_LACKS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE),
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR),
}
"""What the machine, not the program, is short of; and a file where a folder must be, or the other way round."""


def _fail(message: str, code: Exit) -> None:
    for line in message.splitlines():
        err.print(f"[red]error[/red] {escape(line)}", soft_wrap=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
