"""What a server is started with, and where it can listen."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What a server is started with.

    folder: its data, configuration, log and lock. password: None asks for none.
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
            f"pidfile {_quoted(self.folder / 'redis.pid')}",
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


def port_is_free(port: int) -> bool:
    """Whether a server could listen there. Connections of an earlier server that still linger are no hindrance."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
