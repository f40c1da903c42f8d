"""The private Redis of a state folder: started by whoever needs it first, stopped by whoever leaves last."""

import asyncio
import atexit
import contextlib
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Self

import structlog
from pydantic import SecretStr

from ...tasks.errors import FleetUnavailable
from .binary import find_server
from .config import ServerConfig, free_port, port_is_free
from .process import answers, end, launch, reap, runs, wait_until_ready
from .state import Access, Presence, held, prepare, writable

log = structlog.get_logger()

_PORTS_TRIED = 3


class EmbeddedRedis:
    """A Redis for one state folder, shared by all processes that name the same folder.

    It is durable: what it has answered is in its append-only file, and the next start finds it, whether the end was
    orderly or not. Port and password stay the same from start to start as long as the port is free, so that a server
    which was killed comes back under the same URL.

    ready_within_s: how long a server may take to load its data. ends_within_s: how long it may take to write them out.
    """

    def __init__(self, state_dir: Path, *, ready_within_s: float = 60.0, ends_within_s: float = 30.0) -> None:
        self.folder = state_dir.absolute() / "redis"
        self.adopted = False  #: whether it was running already
        self._ready_within_s = ready_within_s
        self._ends_within_s = ends_within_s
        self._access: Access | None = None
        self._presence: Presence | None = None
        self._child: int | None = None

    @property
    def url(self) -> str:
        """With the password: not for eyes or logs."""
        return self._config().url

    @property
    def port(self) -> int:
        return self._config().port

    def start(self) -> None:
        """Adopt the folder's running server, or start one; return when it answers."""
        with self._starting():
            self.adopted = not self._ensure()
            self._presence = self._presence or Presence(self.folder / "users.lock")
        # A second Ctrl-C ends a program without its context managers, but not without this.
        atexit.register(self.stop)
        log.info("redis.started", port=self.port, folder=self.folder, adopted=self.adopted)

    def revive(self) -> bool:
        """Start the server again if it has ended under its users. True if it had."""
        if answers(self._config()):
            return False
        with self._starting():
            revived = self._ensure()
        if revived:
            log.warning("redis.revived", port=self.port, folder=self.folder)
        return revived

    def stop(self) -> None:
        """Leave the server; the last user ends it, and waits until its data are on disk."""
        atexit.unregister(self.stop)
        if self._presence is None:
            return
        with self._starting():
            last = self._presence.leave()
            self._presence = None
            if last:
                end(self._config(), within_s=self._ends_within_s)
                self._reap()
        if last:
            log.info("redis.stopped", folder=self.folder)

    def _ensure(self) -> bool:
        """Whether a server had to be started: none of this folder was running."""
        known = Access.read(self._access_file)
        if not runs(self.folder):
            self._reap()
            self._start(known or Access.new(free_port()))
            return True
        if known is None:
            raise FleetUnavailable(
                f"a Redis of {self.folder} runs, but {self._access_file.name} with its password is gone; "
                f"end it (its process id is in {self.folder / 'redis.pid'}) and try again"
            )
        self._access = known
        wait_until_ready(self._config(), within_s=self._ready_within_s)
        return False

    def _start(self, access: Access) -> None:
        program = find_server()
        for port in (access.port, *(free_port() for _ in range(_PORTS_TRIED))):
            if not port_is_free(port):
                continue
            try:
                self._start_at(program, replace(access, port=port))
                return
            except FleetUnavailable:
                # Another program may have taken the port in between; any other reason is the caller's to know.
                if port_is_free(port):
                    raise
        raise FleetUnavailable("the embedded Redis finds no free port on 127.0.0.1")

    def _start_at(self, program: Path, access: Access) -> None:
        # Written first: a server that runs is always one that somebody can find, even if we die here.
        access.write(self._access_file)
        self._access = access
        self._child = launch(program, self._config())
        try:
            wait_until_ready(self._config(), within_s=self._ready_within_s)
        except FleetUnavailable:
            if not runs(self.folder):
                self._reap()
            raise

    def _reap(self) -> None:
        if self._child is not None:
            reap(self._child)
            self._child = None

    def _config(self) -> ServerConfig:
        if self._access is None:
            raise RuntimeError("the embedded Redis is not started; use it as a context manager")
        return ServerConfig(folder=self.folder, port=self._access.port, password=SecretStr(self._access.password))

    @contextlib.contextmanager
    def _starting(self) -> Generator[None]:
        """One process at a time looks, starts or stops."""
        with writable(self.folder):
            prepare(self.folder.parent)
            self.folder.mkdir(exist_ok=True, mode=0o700)
            with held(self.folder / "starting.lock"):
                yield

    @property
    def _access_file(self) -> Path:
        return self.folder / "access.json"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        starting = asyncio.create_task(asyncio.to_thread(self.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The thread cannot be cancelled; what it has started must not be left behind.
            await starting
            await asyncio.to_thread(self.stop)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)
