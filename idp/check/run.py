"""Reads what a command line names, judges it, and keeps the findings: the content itself is gone with its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from environments.explaining import path as written
from environments.yamltree import Fault, Node, Unreadable
from idp.check import manifests, pulumi_files
from idp.check.documents import documents
from idp.check.found import Found, refused
from idp.check.judge import Exempted, Judge, Judged, Verdict, nothing_exempted
from idp.check.sources import Problem, Source, sources
from policies.catalogue import Catalogue
from policies.settings import NOTHING, Settings

MOST_RESOURCES = 100_000
"""Resources of one command, of all files together."""

_ALLOWED = "allowed are Kubernetes manifests, `pulumi stack export` and `pulumi preview --json`"


@dataclass(slots=True)
class Report:
    """What was found out."""

    catalogue: Catalogue
    """The rules that were asked."""
    judged: list[Judged] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """Files, or the rest of files, that could not be judged: the verdicts are not all that there is to say."""

    @property
    def refused(self) -> bool:
        """Tell whether a resource fails."""
        return any(one.verdict is Verdict.FAIL for one in self.judged)


class _Enough(Exception):  # noqa: N818 - ends the reading of all files
    pass


def check(
    paths: Sequence[str],
    catalogue: Catalogue,
    standard_input: BinaryIO,
    note: Callable[[str], None],
    exempted: Exempted = nothing_exempted,
    settings: Settings = NOTHING,
) -> Report:
    """Judge everything under `paths`; `note` is told what is passed over, `settings` are the environment's.

    Raises nothing for whatever the files hold: what cannot be read is in the report, one problem for each file.
    """
    report = Report(catalogue)
    reading = _Reading(report, Judge(catalogue, exempted, settings), note)
    try:
        for source in sources(paths, standard_input, note):
            if isinstance(source, Problem):
                report.problems.append(source)
            else:
                reading.read(source)
    except _Enough:
        report.problems.append(
            Problem(reading.path, f"more than {MOST_RESOURCES:,} resources in all; check them in several commands")
        )
    reading.end()
    return report


class _Reading:
    def __init__(self, report: Report, judge: Judge, note: Callable[[str], None]) -> None:
        self.path = ""
        self._report = report
        self._judge = judge
        self._note = note
        self._manifests: list[tuple[Found, Judged]] = []
        self._manifests_path = ""
        self._recognised = False

    def read(self, source: Source) -> None:
        """Judge one file, up to the first thing in it that cannot be read."""
        self.path = source.path
        try:
            self._documents(source)
        except Unreadable as error:
            self._report.problems.append(_problem(source.path, error.faults))

    def end(self) -> None:
        """Judge what all manifests hold together; a command that looked at nothing must not pass for a good one."""
        if self._manifests:
            self._report.judged += self._judge.judge_stack(self._manifests, self._manifests_path)
        if not self._recognised and not self._report.problems:
            self._report.problems.append(Problem(self.path, f"holds nothing to check; {_ALLOWED}"))

    def _documents(self, source: Source) -> None:
        passed_over = empty = True
        for document in documents(source.raw):
            root = document.root
            if root.keys is None and root.entries is None and root.value is None:
                continue
            empty = False
            if not _is_known(root):
                if source.named or (root.keys is None and root.entries is None):
                    raise refused(root, f"is something else; {_ALLOWED}")
                if passed_over:
                    self._note(f"{source.path}:{root.line}: is something else and passed over; {_ALLOWED}")
                passed_over = False
                continue
            if document.faults:
                raise Unreadable(list(document.faults))
            self._recognised = True
            self._judge_document(root)
        if empty and source.named:
            raise Unreadable([Fault(1, f"is empty; {_ALLOWED}")])

    def _judge_document(self, root: Node) -> None:
        if manifests.is_manifest(root):
            self._manifests_path = self._manifests_path or self.path
            self._manifests += self._each(manifests.objects(root))
            return
        found = pulumi_files.state(root) if pulumi_files.is_state(root) else pulumi_files.preview(root)
        members = list(self._each(found))
        self._report.judged += self._judge.judge_stack(members, self.path)

    def _each(self, found: Iterator[Found]) -> Iterator[tuple[Found, Judged]]:
        """Judge resources one by one; yield those that a stack rule has to see."""
        for one in found:
            if len(self._report.judged) == MOST_RESOURCES:
                raise _Enough
            judged = self._judge.judge(one, self.path)
            self._report.judged.append(judged)
            if self._judge.wants(one):
                yield one, judged


def _is_known(root: Node) -> bool:
    return manifests.is_manifest(root) or pulumi_files.is_state(root) or pulumi_files.is_preview(root)


def _problem(path: str, faults: Sequence[Fault]) -> Problem:
    first = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem(path, f"{first.message}{more}", first.line, written(first.place))
