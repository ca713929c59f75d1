import os
import signal
import sys
import time

import pytest

from backend import supervisor
from backend.supervisor import GiveUp, Stopped, Supervisor

pytestmark = pytest.mark.processes
# Ignores TERM, and has a child of its own that does too.
STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
open(sys.argv[1], "a").write(f"{os.getpid()} ")
time.sleep(60)
"""


@pytest.fixture
def said():
    return []


@pytest.fixture
def running(tmp_path, said):
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with Supervisor(cwd=tmp_path, env=os.environ, say=said.append) as made:
        yield made
    for signum, handler in before.items():
        signal.signal(signum, handler)


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except OSError:
        return False


def test_a_child_that_dies_again_and_again_ends_everything(running, said, monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_PAUSE_SECONDS", 0.01)
    running.start("worker", ["false"])

    with pytest.raises(GiveUp, match="worker ended 5 times in a minute"):
        running.watch()

    assert said == ["worker ended (1); starting it again"] * 4


def test_what_does_not_end_when_asked_is_killed_with_all_that_it_started(
    running, tmp_path, monkeypatch
):
    monkeypatch.setattr(supervisor, "SECONDS_TO_END", 0.3)
    pids = tmp_path / "pids"
    running.start("stubborn", [sys.executable, "-c", STUBBORN, str(pids)])
    running.wait_until(
        lambda: pids.exists() and len(pids.read_text().split()) == 2, what="both", seconds=20
    )

    running.stop()

    deadline = time.monotonic() + 5
    while any(is_alive(pid) for pid in pids.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [is_alive(pid) for pid in pids.read_text().split()] == [False, False]


def test_a_step_that_fails_is_named_with_what_it_said(running):
    assert running.run("step", ["echo", "all well"]) == "all well\n"

    with pytest.raises(GiveUp, match="release failed\nno disk"):
        running.run("release", ["sh", "-c", "echo no disk; exit 3"])


def test_a_request_to_end_interrupts_whatever_it_waits_for(running):
    os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Stopped):
        running.run("demo", ["sleep", "60"])
