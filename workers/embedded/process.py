"""One server process: its configuration, its start, and how to tell that it is ready."""

import json
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import redis
from pydantic import SecretStr

from ...tasks.errors import FleetUnavailable

HOST = "127.0.0.1"

_POLL_S = 0.01
_PING_S = 2.0


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What a server is started with.

    folder: its data, configuration, log and pid file. password: None asks for none.
    durable: every write goes to the append-only file, synced once a second.
    """

    folder: Path
    port: int
    password: SecretStr | None = None
    durable: bool = True

    @property
    def url(self) -> str:
        login = f":{self.password.get_secret_value()}@" if self.password else ""
        return f"redis://{login}{HOST}:{self.port}/0"

    @property
    def file(self) -> Path:
        return self.folder / "redis.conf"

    @property
    def log(self) -> Path:
        return self.folder / "redis.log"

    def render(self) -> str:
        """The configuration file. The password stands here, and not among the arguments, where `ps` shows it."""
        lines = [
            f"bind {HOST}",
            f"port {self.port}",
            f"dir {_quoted(self.folder)}",
            f"logfile {_quoted(self.log)}",
            "daemonize no",
            # Jobs are no cache: a full server refuses writes, and never drops what it holds.
            "maxmemory-policy noeviction",
            # The append-only file is the one copy; snapshots beside it would only cost.
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
        ]
        if self.password:
            lines.append(f"requirepass {_quoted(self.password.get_secret_value())}")
        return "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def free_port() -> int:
    """A port that was free a moment ago. Another program may take it first; starting then fails, and is tried again."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def launch(program: Path, config: ServerConfig) -> subprocess.Popen[bytes]:
    """Start a server. It has its own session: Ctrl-C in a terminal ends those who use it, and they end it in order."""
    config.file.touch(mode=0o600)
    config.file.write_text(config.render())
    return subprocess.Popen(
        [program, config.file],
        cwd=config.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def answers(config: ServerConfig) -> bool:
    """Whether a server with this password serves on the port. False while it still loads its data."""
    client = redis.Redis.from_url(config.url, socket_timeout=_PING_S, socket_connect_timeout=_PING_S)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def wait_until_ready(config: ServerConfig, *, alive: Callable[[], bool], within_s: float) -> None:
    """Return once the server answers. alive: whether its process still runs."""
    deadline = time.monotonic() + within_s
    while not answers(config):
        if not alive():
            raise FleetUnavailable(f"the embedded Redis ended at its start: {last_words(config)}")
        if time.monotonic() > deadline:
            raise FleetUnavailable(f"the embedded Redis did not answer in {within_s:.0f} s (log: {config.log})")
        time.sleep(_POLL_S)


def last_words(config: ServerConfig) -> str:
    """The last line of the server's log that names a problem, for people."""
    try:
        lines = config.log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    marked = [line.split(" # ", 1)[1] for line in lines[-50:] if " # " in line]
    return f"{marked[-1] if marked else 'it said nothing'} (log: {config.log})"
