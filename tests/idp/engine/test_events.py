"""The event log: whole lines, all of them, from a process that writes as it likes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi.automation.events import EngineEvent

from idp.engine.events import EventLog


def line(message: str) -> bytes:
    event = {"sequence": 0, "timestamp": 0, "diagnosticEvent": {"severity": "info", "message": message}}
    return json.dumps(event, ensure_ascii=False).encode() + b"\n"


class Seen(list[str]):
    def add(self, event: EngineEvent) -> None:
        assert event.diagnostic_event is not None
        self.append(event.diagnostic_event.message)


@settings(max_examples=25)
@given(st.lists(st.text(max_size=40), max_size=20), st.lists(st.integers(1, 60), min_size=1))
def test_lines_arrive_whole_and_in_order_however_they_are_cut(messages: list[str], sizes: list[int]) -> None:
    data = b"".join(map(line, messages))
    seen = Seen()
    with EventLog(seen.add) as log:
        at = 0
        while at < len(data):
            size = sizes[at % len(sizes)]
            os.write(log.descriptor, data[at : at + size])
            at += size
    assert seen == messages


def test_a_child_process_writes_through_the_path() -> None:
    seen = Seen()
    pieces = [line("first")[:20], line("first")[20:], line("second ä")]
    program = (
        "import sys, time\n"
        "log = open(sys.argv[1], 'ab', buffering=0)\n"
        "for piece in sys.argv[2:]:\n"
        "    log.write(bytes.fromhex(piece)); time.sleep(0.1)\n"
    )
    with EventLog(seen.add) as log:
        command = [sys.executable, "-S", "-c", program, log.path, *(piece.hex() for piece in pieces)]
        subprocess.run(command, check=True, pass_fds=[log.descriptor], timeout=20)
    assert seen == ["first", "second ä"]


def test_events_are_handed_over_while_the_engine_works() -> None:
    seen = Seen()
    with EventLog(seen.add) as log:
        os.write(log.descriptor, line("early"))
        deadline = time.monotonic() + 10
        while not seen and time.monotonic() < deadline:
            time.sleep(0.01)
        assert seen == ["early"]


def test_what_is_written_last_is_not_lost() -> None:
    messages = [str(number) for number in range(5000)]
    seen = Seen()
    with EventLog(seen.add) as log:
        os.write(log.descriptor, b"".join(map(line, messages)))
    assert seen == messages


def test_a_half_line_of_a_killed_engine_is_dropped() -> None:
    seen = Seen()
    with EventLog(seen.add) as log:
        os.write(log.descriptor, line("whole") + line("half")[:15])
    assert seen == ["whole"]


def test_a_failing_listener_is_not_silent() -> None:
    def fail(_event: EngineEvent) -> None:
        raise RuntimeError("told")

    with pytest.raises(RuntimeError, match="told"), EventLog(fail) as log:
        os.write(log.descriptor, line("x"))


def test_the_error_of_the_block_goes_first() -> None:
    def fail(_event: EngineEvent) -> None:
        raise RuntimeError("second")

    def block() -> None:
        with EventLog(fail) as log:
            os.write(log.descriptor, line("x"))
            raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        block()


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="elsewhere a file without a name takes its place")
def test_nothing_lies_on_disk() -> None:
    with EventLog(Seen().add) as log:
        assert "memfd:" in str(Path(f"/proc/self/fd/{log.descriptor}").readlink())


def test_the_descriptor_is_given_back() -> None:
    with EventLog(Seen().add) as log:
        descriptor = log.descriptor
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
