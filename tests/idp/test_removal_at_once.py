"""`idp local remove` while somebody else waits for the environment, with real processes."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from idp import lock, paths, removal
from idp.errors import Exit, IdpError

TAKE = """
import sys
from pathlib import Path
from idp import lock
lock.POLL = 0.01
with lock.hold(Path(sys.argv[1]), "idp up local", 20, lambda line: print(line, flush=True)):
    print("begun", flush=True)
"""


def test_who_waited_for_a_removed_environment_begins_nothing(work: Path) -> None:
    path = paths.LOCKS / "local.lock"
    with lock.hold(path, "idp local remove", 0, print):
        waiting = subprocess.Popen(
            [sys.executable, "-c", TAKE, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert waiting.stdout is not None
        assert "waiting for idp local remove" in waiting.stdout.readline()
        removal.forget()
    out, err = waiting.communicate(timeout=20)
    assert "begun" not in out
    assert "local: removed by somebody else just now" in err
    assert not work.exists()


@pytest.mark.usefixtures("work")
def test_two_are_never_at_work_though_the_file_is_removed_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "POLL", 0.001)
    path = paths.LOCKS / "local.lock"
    inside: list[int] = []
    most: list[int] = []
    refused: list[Exit] = []

    def work_and_remove(who: int) -> None:
        for _ in range(30):
            try:
                with lock.hold(path, "test", 10, lambda _line: None):
                    inside.append(who)
                    most.append(len(inside))
                    time.sleep(0.001)
                    inside.remove(who)
                    # The last that is done under the lock: from here on others may begin, on a file of their own.
                    path.unlink()
            except IdpError as error:
                refused.append(error.code)

    threads = [threading.Thread(target=work_and_remove, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) >= 30
    assert set(most) == {1}
    assert set(refused) <= {Exit.BUSY}
