from __future__ import annotations

from itertools import product

import pytest

from policies.truth import Truth, every, opposite, some

ANSWERS: tuple[Truth, ...] = (True, False, None)


@pytest.mark.parametrize("answers", [*product(ANSWERS, repeat=2), *product(ANSWERS, repeat=3), ()])
def test_agrees_with_every_way_the_unknown_can_turn_out(answers: tuple[Truth, ...]) -> None:
    """An answer is right if and only if all completions of the unknown ones give it."""
    completions = list(product(*([one] if one is not None else [True, False] for one in answers)))
    for function, plain in ((every, all), (some, any)):
        results = {plain(completion) for completion in completions}
        assert function(answers) is (results.pop() if len(results) == 1 else None)


def test_opposite() -> None:
    assert [opposite(answer) for answer in ANSWERS] == [False, True, None]
