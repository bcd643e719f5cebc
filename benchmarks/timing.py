"""The platform's pack with a watch in hand: what it takes inside the rules, and in all."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pulumi.runtime.proto import analyzer_pb2

from policies import pack
from policies.analyzer import Analyzer
from policies.catalogue import load
from policies.evaluate import Outcome
from policies.rule import Resource

FILE = "IDP_BENCH_RULES"
"""Environment variable that names the file."""


@dataclass
class Taken:
    """What one run took, in seconds of the processor: on a busy machine those of the clock are the others' too."""

    resources: int = 0
    rules: float = 0.0
    """Inside the rules, stack rules included."""
    answers: float = 0.0
    """From a request that gRPC has read to the answer, with the rules."""
    findings: int = 0


class Timed(Analyzer):
    """Writes what it took when it has judged the stack, which is last."""

    def __init__(self) -> None:
        super().__init__(load())
        self._taken = Taken()

    def judged(self, resource: Resource) -> list[Outcome]:
        """See `Analyzer`."""
        begun = time.thread_time()
        outcomes = super().judged(resource)
        self._taken.rules += time.thread_time() - begun
        return outcomes

    def judged_together(self, resources: Sequence[Resource]) -> list[Outcome]:
        """See `Analyzer`."""
        begun = time.thread_time()
        outcomes = super().judged_together(resources)
        self._taken.rules += time.thread_time() - begun
        return outcomes

    def analyze(self, request: analyzer_pb2.AnalyzeRequest) -> analyzer_pb2.AnalyzeResponse:
        """See `Analyzer`."""
        begun = time.thread_time()
        response = super().analyze(request)
        self._taken.answers += time.thread_time() - begun
        self._taken.resources += 1
        self._taken.findings += len(response.diagnostics)
        return response

    def analyze_stack(self, request: analyzer_pb2.AnalyzeStackRequest) -> analyzer_pb2.AnalyzeResponse:
        """See `Analyzer`."""
        begun = time.thread_time()
        response = super().analyze_stack(request)
        self._taken.answers += time.thread_time() - begun
        self._taken.findings += len(response.diagnostics)
        Path(os.environ[FILE]).write_text(json.dumps(asdict(self._taken)))
        return response


def serve() -> None:
    """Serve the rules until the engine ends the process."""
    pack.run(Timed())
