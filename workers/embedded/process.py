"""One server process: its start, its end, and how to tell whether it runs and whether it is ready."""

import fcntl
import os
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ...tasks.errors import FleetUnavailable
from .config import ServerConfig

_POLL_S = 0.01
_TRY_S = 2.0


def lock_of(folder: Path) -> Path:
    """The lock that a folder's server holds for as long as it runs."""
    return folder / "running.lock"


def launch(program: Path, config: ServerConfig) -> int:
    """Start a server and return its process id.

    It leads its own process group: Ctrl-C in a terminal ends those who use it, and they end it in order. It is spawned
    without a `Popen`, which wants to outlive its process; this one may go on for another user when we are gone.
    """
    config.file.touch(mode=0o600)
    config.file.write_text(config.render())
    lock = os.open(lock_of(config.folder), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The server inherits the lock with the file, keeps it as long as it lives, and loses it however it dies.
        # A process id in a file could by then be another program's.
        os.set_inheritable(lock, True)
        output = (os.POSIX_SPAWN_OPEN, 1, str(config.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.posix_spawn(
            program,
            [str(program), str(config.file)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                output,
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setpgroup=0,
        )
    finally:
        os.close(lock)


def runs(folder: Path) -> bool:
    """Whether a server of this folder runs, whoever started it, and whether or not it answers yet."""
    try:
        lock = os.open(lock_of(folder), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def answers(config: ServerConfig) -> bool:
    """Whether a server with this password serves on the port. False while it still loads its data."""
    with _client(config) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def wait_until_ready(config: ServerConfig, *, within_s: float) -> None:
    """Return once the server answers."""
    deadline = time.monotonic() + within_s
    while not answers(config):
        if not runs(config.folder):
            raise FleetUnavailable(f"the embedded Redis ended at its start: {_last_words(config)}")
        if time.monotonic() > deadline:
            raise FleetUnavailable(f"the embedded Redis did not answer in {within_s:.0f} s (log: {config.log})")
        time.sleep(_POLL_S)


def end(config: ServerConfig, *, within_s: float) -> None:
    """End the server, and return when its data are on disk.

    Without SAVE: the append-only file is synced at the end, and a snapshot would add nothing to it.
    """
    deadline = time.monotonic() + within_s
    refusal = "it is still writing"
    with _client(config) as client:
        try:
            client.shutdown()
        except redis.RedisError as refused:
            refusal = str(refused)
    while runs(config.folder):
        if time.monotonic() > deadline:
            raise FleetUnavailable(
                f"the embedded Redis on port {config.port} does not end: {refusal} (log: {config.log})"
            )
        time.sleep(_POLL_S)


def reap(pid: int) -> None:
    """Take leave of a process of ours that has ended, or is ending."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return


def _client(config: ServerConfig) -> redis.Redis:
    """One question, one try: whoever waits for the server does so with a bound of its own."""
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(config.url, retry=once, socket_timeout=_TRY_S, socket_connect_timeout=_TRY_S)


def _last_words(config: ServerConfig) -> str:
    """The last line of the server's log that names a problem, for people."""
    try:
        lines = config.log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    marked = [line.split(" # ", 1)[1] for line in lines[-50:] if " # " in line]
    return f"{marked[-1] if marked else 'it said nothing'} (log: {config.log})"
