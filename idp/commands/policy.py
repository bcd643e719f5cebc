"""`idp policy list|check|baseline`: the catalogue, its verdict on files, and what was there before the policies.

Nothing of the catalogue is imported before one of them runs: every other command would wait for it.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

import environments
from idp import display
from idp.commands.options import Json
from idp.commands.policy_baseline import baseline
from idp.errors import Exit, IdpError

if TYPE_CHECKING:
    from idp.check.excuses import Excuses
    from idp.check.run import Report
    from policies.catalogue import Catalogue

app = typer.Typer(
    help="The rules of the policy pack: which there are, what they say about files.", no_args_is_help=True
)
app.command(epilog="Example: idp policy baseline dev --layer workspaces")(baseline)


class ListFormat(StrEnum):
    """How the catalogue is printed."""

    TABLE = "table"
    MARKDOWN = "markdown"
    JSON = "json"


class CheckFormat(StrEnum):
    """How a report is printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    CODEQUALITY = "codequality"


class Level(StrEnum):
    """Which rules are asked."""

    BASELINE = "baseline"
    RESTRICTED = "restricted"
    ALL = "all"


@app.command("list", epilog="Example: idp policy list --format markdown")
def list_rules(
    form: Annotated[
        ListFormat, typer.Option("--format", help="A table for people, or the same as Markdown or JSON.")
    ] = ListFormat.TABLE,
    as_json: Json = False,
) -> None:
    """List the rules: id, severity, title, what they look at, standards, Pod Security level."""
    from idp.check import listing
    from policies.catalogue import load

    catalogue = load()
    if as_json or form is ListFormat.JSON:
        typer.echo(listing.as_json(catalogue))
    elif form is ListFormat.MARKDOWN:
        typer.echo(listing.markdown(catalogue))
    else:
        display.table(f"{len(catalogue.rules)} rules", listing.HEADINGS, listing.rows(catalogue))


@app.command(
    epilog="Example: idp policy check manifests/ --profile restricted --format sarif > policies.sarif\n\n"
    "Example: helm template chart/ | idp policy check -\n\n"
    "Example: pulumi preview --json | idp policy check - --environment dev --format json"
)
def check(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Files, folders (every *.yaml, *.yml and *.json below them), or - for standard input. "
            "What a file is, its content tells: Kubernetes manifests, an exported state or a preview of Pulumi.",
            show_default=False,
        ),
    ],
    form: Annotated[
        CheckFormat,
        typer.Option(
            "--format",
            help="text for people; json: a row for each resource; sarif: for code scanners; codequality: for GitLab's "
            "merge requests.",
        ),
    ] = CheckFormat.TEXT,
    profile: Annotated[
        Level,
        typer.Option("--profile", help="Every rule, or those of a level of the Pod Security Standards."),
    ] = Level.ALL,
    environment: Annotated[
        str | None,
        typer.Option(metavar="ENV", help="The environment that they are for: its registries and exemptions count."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge manifests, exported states and previews by the rules of the pack.

    Exit codes: 0 nothing is refused; 5 something is; 2 something cannot be read, so that the report is not complete.
    """
    from idp.check import run
    from idp.check.judge import selected
    from policies.catalogue import load
    from policies.rule import Profile

    rules = load()
    catalogue = selected(rules, None if profile is Level.ALL else Profile(profile.value))
    if not catalogue.rules:
        raise IdpError(f"--profile: {profile.value} is not allowed: no rule is of that level", Exit.INVALID)
    if environment is None:
        report = run.check(paths, catalogue, sys.stdin.buffer, display.note)
    else:
        excuses = _excuses(environment, rules)
        report = run.check(paths, catalogue, sys.stdin.buffer, display.note, excuses, excuses.settings)
        report.judged += excuses.expired(catalogue)
    code = Exit.INVALID if report.problems else Exit.VIOLATION if report.refused else Exit.OK
    typer.echo(_rendered(report, CheckFormat.JSON if as_json else form, code))
    if report.problems:
        raise IdpError("\n".join(str(problem) for problem in report.problems), code)
    if code is not Exit.OK:
        raise typer.Exit(code)


def _excuses(name: str, rules: Catalogue) -> Excuses:
    from idp.check.excuses import Excuses
    from policies.environment import Unusable

    # Every mistake of the file at once, as any other command tells them.
    environments.load(name)
    try:
        return Excuses(name, rules)
    except Unusable as error:
        raise IdpError(str(error), Exit.INVALID) from None


def _rendered(report: Report, form: CheckFormat, code: Exit) -> str:
    from idp.check import codequality, render, sarif

    if form is CheckFormat.SARIF:
        return sarif.log(report, code)
    if form is CheckFormat.CODEQUALITY:
        return codequality.issues(report)
    return render.rows(report) if form is CheckFormat.JSON else render.text(report)
