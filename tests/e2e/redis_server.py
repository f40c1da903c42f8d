"""A Redis that tests may kill and start again; what it has answered is in its append-only file."""

import os
import signal
from pathlib import Path
from typing import Self

import redis

from workfleet.workers.embedded.config import ServerConfig, free_port
from workfleet.workers.embedded.process import reap, wait_until_ready

from ..redis_process import start_redis

_READY_WITHIN_S = 20


class RedisServer:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._config = ServerConfig(folder=folder, port=free_port())
        self._pid: int | None = None

    @property
    def url(self) -> str:
        return self._config.url

    def start(self) -> None:
        """Return when it answers, with all that it held."""
        self._pid = start_redis(self._config)
        wait_until_ready(self._config, within_s=_READY_WITHIN_S)

    def kill(self) -> None:
        """As a crash: nothing is said to anyone, nothing is written any more."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            reap(self._pid)
            self._pid = None

    def cut(self, kind: str = "normal") -> int:
        """Close every connection of a kind (`normal`, `pubsub`); how many there were."""
        with redis.Redis.from_url(self.url) as client:
            return int(client.client_kill_filter(_type=kind, skipme=True))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
