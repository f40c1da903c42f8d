"""A private server: shared by those who use it, and nothing it holds is lost."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workfleet.tasks.errors import FleetUnavailable
from workfleet.workers.embedded.process import runs
from workfleet.workers.embedded.server import EmbeddedRedis

OTHER_USER = """
import sys
from pathlib import Path
from workfleet.workers.embedded.server import EmbeddedRedis
from workfleet.workers.logs import LogOptions, configure_logs

configure_logs(LogOptions())
with EmbeddedRedis(Path(sys.argv[1])) as server:
    print("adopted" if server.adopted else "started", server.port, flush=True)
    sys.stdin.readline()
"""

#: Ends as after a second Ctrl-C: no context manager is left in order.
HASTY_USER = """
import sys
from pathlib import Path
from workfleet.workers.embedded.server import EmbeddedRedis

EmbeddedRedis(Path(sys.argv[1])).start()
"""


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder, whose server is ended even if a test fails."""
    folder = tmp_path / "state of a fleet"
    yield folder
    if runs(folder / "redis"):
        os.kill(process_id(folder), signal.SIGKILL)


def process_id(state: Path) -> int:
    return int((state / "redis" / "redis.pid").read_text())


def kill(state: Path) -> None:
    """End the folder's server as a power cut would, and wait until it is gone."""
    process = psutil.Process(process_id(state))
    process.kill()
    process.wait(10)


def put(server: EmbeddedRedis, value: str) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("job", value)


def value(server: EmbeddedRedis) -> str | None:
    with redis.Redis.from_url(server.url, decode_responses=True) as client:
        found = client.get("job")
        assert found is None or isinstance(found, str)
        return found


def another_process(state: Path) -> subprocess.Popen[str]:
    """A second user of the folder; it leaves when its standard input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", OTHER_USER, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def test_what_it_holds_survives_an_orderly_end(state: Path) -> None:
    with EmbeddedRedis(state) as first:
        put(first, "written")
    assert not runs(state / "redis")
    with EmbeddedRedis(state) as second:
        assert value(second) == "written"
        assert second.url == first.url


def test_what_it_has_acknowledged_survives_a_kill(state: Path) -> None:
    with EmbeddedRedis(state) as server:
        put(server, "written")
        url = server.url
        kill(state)
        assert server.revive()
        assert value(server) == "written"
        assert server.url == url


def test_a_server_that_answers_is_not_revived(state: Path) -> None:
    with EmbeddedRedis(state) as server:
        assert not server.revive()


def test_the_folder_of_a_killed_fleet_is_taken_over(state: Path) -> None:
    starter = another_process(state)
    assert line(starter.stdout).startswith("started")
    with starter:
        starter.kill()
    with EmbeddedRedis(state) as heir:
        assert heir.adopted
    assert not runs(state / "redis")


def test_the_password_is_required(state: Path) -> None:
    with (
        EmbeddedRedis(state) as server,
        redis.Redis(port=server.port, retry=Retry(NoBackoff(), 0)) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.get("job")


def test_the_password_shows_in_no_argument_and_no_readable_file(state: Path) -> None:
    with EmbeddedRedis(state) as server:
        password = server.url.split(":", 2)[2].split("@")[0]
        assert not any(password in argument for argument in psutil.Process(process_id(state)).cmdline())
        for file in (state / "redis").rglob("*"):
            if file.is_file() and password.encode() in file.read_bytes():
                assert file.stat().st_mode & 0o077 == 0, file


def test_the_state_folder_stays_out_of_version_control(state: Path) -> None:
    with EmbeddedRedis(state):
        assert (state / ".gitignore").read_text() == "*\n"


def test_it_listens_on_loopback_only(state: Path) -> None:
    with EmbeddedRedis(state):
        listening = [c.laddr for c in psutil.Process(process_id(state)).net_connections() if c.status == "LISTEN"]
        assert {address.ip for address in listening} == {"127.0.0.1"}


def test_a_full_memory_refuses_writes_and_drops_nothing(state: Path) -> None:
    with EmbeddedRedis(state) as server, redis.Redis.from_url(server.url, decode_responses=True) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("append*") == {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "appendfilename": "appendonly.aof",
            "appenddirname": "appendonlydir",
        }


def test_a_second_process_shares_the_server_and_the_last_one_ends_it(state: Path) -> None:
    with EmbeddedRedis(state) as first:
        with another_process(state) as second:
            assert line(second.stdout) == f"adopted {first.port}"
            put(first, "shared")
            first.stop()
            assert runs(state / "redis"), "it must outlive its starter while another process uses it"
        assert not runs(state / "redis")
    with EmbeddedRedis(state) as later:
        assert value(later) == "shared"


def test_processes_that_start_at_once_get_one_server(state: Path) -> None:
    users = [another_process(state) for _ in range(4)]
    reports = sorted(line(user.stdout) for user in users)
    for user in users:
        with user:
            pass
    ports = {report.split()[1] for report in reports}
    assert [report.split()[0] for report in reports] == ["adopted", "adopted", "adopted", "started"]
    assert len(ports) == 1
    assert not runs(state / "redis")


def test_a_program_that_leaves_in_haste_ends_the_server(state: Path) -> None:
    program = [sys.executable, "-c", HASTY_USER, str(state)]
    subprocess.run(program, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert (state / "redis" / "access.json").exists()
    assert not runs(state / "redis")


def test_a_port_that_another_program_took_is_given_up(state: Path) -> None:
    with EmbeddedRedis(state) as first:
        put(first, "written")
        port = first.port
    with socket.create_server(("127.0.0.1", port)), EmbeddedRedis(state) as second:
        assert second.port != port
        assert value(second) == "written"


def test_a_damaged_access_file_costs_the_url_and_no_data(state: Path) -> None:
    with EmbeddedRedis(state) as first:
        put(first, "written")
    (state / "redis" / "access.json").write_text('{"port": 12')
    with EmbeddedRedis(state) as second:
        assert value(second) == "written"
        assert second.url != first.url


def test_a_running_server_without_its_password_is_not_doubled(state: Path) -> None:
    with EmbeddedRedis(state):
        (state / "redis" / "access.json").unlink()
        with pytest.raises(FleetUnavailable, match=r"access.json with its password is gone; end it"):
            EmbeddedRedis(state).start()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FleetUnavailable, match=r"cannot keep the fleet's state in .*file.*FLEET_STATE"):
        EmbeddedRedis(tmp_path / "file").start()


def test_damaged_data_are_refused_with_the_servers_own_words(state: Path) -> None:
    with EmbeddedRedis(state) as first:
        put(first, "written")
    for file in (state / "redis" / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"not what a server wrote\r\n" + file.read_bytes())
    before = psutil.Process().children()
    with pytest.raises(FleetUnavailable, match=r"ended at its start: .*[Bb]ad file format.*redis\.log"):
        EmbeddedRedis(state).start()
    assert psutil.Process().children() == before


def test_a_state_folder_that_vanishes_does_not_keep_the_server_alive(state: Path) -> None:
    with EmbeddedRedis(state) as server:
        process = psutil.Process(process_id(state))
        for file in sorted((state / "redis").rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        (state / "redis").rmdir()
        server.stop()
    assert process.wait(10) is None or not process.is_running()


async def test_it_is_used_from_a_loop_without_blocking_it(state: Path) -> None:
    async with EmbeddedRedis(state) as server:
        put(server, "written")
    assert not runs(state / "redis")


async def test_a_start_that_is_cancelled_leaves_nothing_behind(state: Path) -> None:
    server = EmbeddedRedis(state)
    entering = asyncio.create_task(server.__aenter__())
    await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    assert not runs(state / "redis")
