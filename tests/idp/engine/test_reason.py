"""What a person reads when the engine failed and no event told why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.automation import CommandResult
from pulumi.automation.errors import CommandError, create_command_error

from idp.engine.command import reason
from idp.engine.progress import Progress


def failure(stdout: str, stderr: str) -> CommandError:
    return create_command_error(CommandResult(stdout=stdout, stderr=stderr, code=255))


@pytest.mark.parametrize(
    ("stdout", "stderr", "expected"),
    [
        # As pulumi 3.259.0 writes it: the reason is the first and only line.
        ("", "error: no stack named 'local.nope' found\n", "no stack named 'local.nope' found"),
        ("", "warning: old\nerror: first\nerror: last\n", "last"),
        ("Previewing\n", "error: cause\n  more about it\n", "cause"),
        ("error: told on the wrong stream\n", "", "told on the wrong stream"),
        ("", "panic: nil map\n", "panic: nil map"),
        ("only this\n", "", "only this"),
        ("", "", "the engine gave no reason"),
        ("\n\n", "\n", "the engine gave no reason"),
    ],
)
def test_it_is_the_engines_own_word(stdout: str, stderr: str, expected: str) -> None:
    assert reason(failure(stdout, stderr)) == expected


words = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


@given(st.lists(words, max_size=4), st.lists(words, max_size=4))
def test_it_is_always_one_line(stdout: list[str], stderr: list[str]) -> None:
    told = reason(failure("\n".join(stdout), "\n".join(stderr)))
    assert told.strip()
    assert len(told.splitlines()) == 1


@given(st.lists(words, max_size=4), words.filter(lambda word: word.strip() != ""))
def test_an_error_goes_before_all_that_is_none(noise: list[str], cause: str) -> None:
    noise = [line for line in noise if "error:" not in line]
    told = reason(failure("\n".join(noise), "\n".join([f"error: {cause}", *noise])))
    assert told == cause.strip()


@pytest.mark.parametrize("hollow", ["preview failed", "idp-local.platform: update failed", "destroy failed"])
def test_what_only_says_that_something_failed_gives_way_to_what_failed(hollow: str) -> None:
    progress = Progress("platform")
    progress.errors = ["web: 1 error occurred", hollow]
    progress.conclude()
    assert progress.errors == ["web: 1 error occurred"]
    progress.errors = [hollow]
    progress.conclude()
    assert progress.errors == [hollow]
