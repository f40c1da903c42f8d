"""Real child processes are kept running, and none is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from workfleet.workers.supervision.child import ChildSpec
from workfleet.workers.supervision.output import LineSink
from workfleet.workers.supervision.restart import RestartPolicy
from workfleet.workers.supervision.supervisor import ChildStatus, Supervisor

AT_ONCE = RestartPolicy(first_delay_s=0.0, max_delay_s=0.0)
WITHIN_S = 20

#: Says its process id, and waits for its end.
PATIENT = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
#: Says its process id, and does not end when it is asked to.
STUBBORN = (
    "import os, signal; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True)\nwhile True: signal.pause()"
)
#: Ends when it is asked for the second time.
ASKED_TWICE = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, {15})
print("ready", flush=True)
for _ in range(2):
    signal.sigwait({15})
    print("asked", flush=True)
"""
#: Starts another process in its group that would outlive it.
PARENT = (
    "import os, subprocess, sys; "
    "print(subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']).pid, flush=True); {then}"
)


class Lines:
    """What children have said, and a way to wait for it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._news = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.said.append(line)
        self._news.set()

    async def wait_for(self, count: int) -> list[str]:
        async with asyncio.timeout(WITHIN_S):
            while len(self.said) < count:
                self._news.clear()
                await self._news.wait()
        return self.said


def python(code: str, output: Path | LineSink, *, name: str = "child", env: dict[str, str] | None = None) -> ChildSpec:
    return ChildSpec(name, (sys.executable, "-c", code), output, env or {})


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_child_runs_with_its_environment_and_its_lines_arrive() -> None:
    lines = Lines()
    async with Supervisor() as supervisor:
        code = "import os, signal; print(os.environ['GREETING']); print(b'\\xff no text', flush=True); signal.pause()"
        supervisor.start(python(code, lines, env={"GREETING": "hello"}))
        assert await lines.wait_for(2) == ["hello", "b'\\xff no text'"]
        assert supervisor.status["child"].state == "running"
    assert supervisor.status["child"] == ChildStatus("stopped", None, 1)


async def test_a_child_that_crashes_is_started_again() -> None:
    lines = Lines()
    async with Supervisor(AT_ONCE) as supervisor:
        supervisor.start(python(PATIENT, lines))
        for starts in (1, 2, 3):
            pid = int((await lines.wait_for(starts))[-1])
            os.kill(pid, signal.SIGKILL)
        await lines.wait_for(4)
        assert supervisor.status["child"].starts == 4


async def test_a_child_that_waits_for_its_restart_can_be_stopped_at_once() -> None:
    async with Supervisor(RestartPolicy(first_delay_s=1000, max_delay_s=1000)) as supervisor:
        supervisor.start(python("raise SystemExit(1)", Lines()))
        await until(lambda: supervisor.status["child"].state == "waiting")
        assert supervisor.status["child"] == ChildStatus("waiting", None, 1, "exit code 1")
    assert supervisor.status["child"].state == "stopped"


@pytest.mark.parametrize(
    ("command", "words", "reason"),
    [
        ((sys.executable, "-c", "raise SystemExit(2)"), [], "exit code 2"),
        (("no-such-program",), ["cannot run no-such-program: No such file or directory"], "exit code 127"),
    ],
    ids=["wrong configuration", "no program"],
)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the program is looked up by the tether, on Linux")
async def test_a_hopeless_child_is_given_up_and_the_others_go_on(
    command: tuple[str, ...], words: list[str], reason: str
) -> None:
    lines, others = Lines(), Lines()
    async with Supervisor(AT_ONCE) as supervisor:
        supervisor.start(python(PATIENT, others, name="other"))
        supervisor.start(ChildSpec("hopeless", command, lines))
        await until(lambda: supervisor.status["hopeless"].state == "given_up")
        await others.wait_for(1)
        assert supervisor.status["hopeless"] == ChildStatus("given_up", None, 1, reason)
        assert supervisor.status["other"].state == "running"
        assert lines.said == words


async def test_waiting_ends_when_every_child_is_given_up() -> None:
    async with Supervisor() as supervisor:
        for name in ("one", "two"):
            supervisor.start(python("raise SystemExit(2)", Lines(), name=name))
        async with asyncio.timeout(WITHIN_S):
            await supervisor.wait()


async def test_a_log_that_cannot_be_written_is_the_reason_to_give_up(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with Supervisor() as supervisor:
        supervisor.start(python(PATIENT, tmp_path / "file" / "child.log"))
        await supervisor.wait()
    assert supervisor.status["child"].state == "given_up"
    assert supervisor.status["child"].detail.startswith("it cannot be started: ")


async def test_a_stubborn_child_is_killed_when_its_time_is_up() -> None:
    lines = Lines()
    async with Supervisor(stop_within_s=0.1) as supervisor:
        supervisor.start(python(STUBBORN, lines))
        pid = int((await lines.wait_for(1))[0])
    assert not alive(pid)


async def test_force_ends_everything_without_waiting() -> None:
    lines = Lines()
    async with Supervisor(stop_within_s=1000) as supervisor:
        supervisor.start(python(STUBBORN, lines))
        pid = int((await lines.wait_for(1))[0])
        stopping = asyncio.create_task(supervisor.stop())
        await asyncio.sleep(0)
        supervisor.kill()
        async with asyncio.timeout(WITHIN_S):
            await stopping
    assert not alive(pid)


async def test_haste_asks_again_before_it_kills() -> None:
    lines = Lines()
    async with Supervisor(stop_within_s=1000) as supervisor:
        supervisor.start(python(ASKED_TWICE, lines))
        await lines.wait_for(1)
        stopping = asyncio.create_task(supervisor.stop())
        await lines.wait_for(2)
        supervisor.hurry(within_s=1000)
        async with asyncio.timeout(WITHIN_S):
            await stopping
    assert lines.said == ["ready", "asked", "asked"]


async def test_haste_kills_what_does_not_listen() -> None:
    lines = Lines()
    async with Supervisor(stop_within_s=1000) as supervisor:
        supervisor.start(python(STUBBORN, lines))
        pid = int((await lines.wait_for(1))[0])
        supervisor.hurry(within_s=0.05)
    assert not alive(pid)


@pytest.mark.parametrize("then", ["signal.pause()", "raise SystemExit(2)"], ids=["stopped", "ended by itself"])
async def test_what_a_child_leaves_running_ends_with_it(then: str) -> None:
    lines = Lines()
    async with Supervisor() as supervisor:
        supervisor.start(python("import signal; " + PARENT.format(then=then), lines))
        grandchild = int((await lines.wait_for(1))[0])
        if then.startswith("raise"):
            await supervisor.wait()
    await until(lambda: not alive(grandchild))


async def test_a_cancelled_owner_leaves_no_child(tmp_path: Path) -> None:
    lines = Lines()

    async def own() -> None:
        async with Supervisor() as supervisor:
            supervisor.start(python(PATIENT, lines))
            await supervisor.wait()

    owner = asyncio.create_task(own())
    pid = int((await lines.wait_for(1))[0])
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert not alive(pid)


async def test_a_second_child_of_the_same_name_is_refused() -> None:
    async with Supervisor() as supervisor:
        supervisor.start(python(PATIENT, Lines()))
        with pytest.raises(ValueError, match="'child' is supervised already"):
            supervisor.start(python(PATIENT, Lines()))


async def test_output_in_a_file_is_appended(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "child.log"
    for word in ("first", "second"):
        async with Supervisor() as supervisor:
            supervisor.start(python(f"print({word!r}); raise SystemExit(2)", log))
            await supervisor.wait()
    assert log.read_text() == "first\nsecond\n"


OWNER = """
import asyncio, sys
from workfleet.workers.logs import LogOptions, configure_logs
from workfleet.workers.supervision.child import ChildSpec
from workfleet.workers.supervision.supervisor import Supervisor

async def main():
    configure_logs(LogOptions())
    async with Supervisor() as supervisor:
        supervisor.start(ChildSpec("child", (sys.executable, "-c", sys.argv[1]), lambda line: print(line, flush=True)))
        await supervisor.wait()

asyncio.run(main())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can tie a child's life to its parent's")
def test_children_end_when_their_supervisor_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER, PATIENT], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        child = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    child.wait(WITHIN_S)
