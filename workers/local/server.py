"""The llama.cpp server of one pool: started with it, started again when it fails, ended with it."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from ..providers.endpoint import Endpoint
from ..providers.sender import Sender
from ..settings.provider import ProviderSettings
from ..supervision.child import Child, ChildSpec
from ..supervision.output import LineSink
from ..supervision.restart import GiveUp, RestartPolicy, after_exit, described
from .command import Runnable, runnable
from .guard import Guard, Taken, host_folder

log = structlog.get_logger()

_LOOK_EVERY_S = 0.1
_END_WITHIN_S = 5.0


@contextmanager
def local_server(
    provider: ProviderSettings, folders: tuple[Path, ...], output: Path | LineSink, *, guard: Guard | None = None
) -> Generator[None]:
    """Within the block the provider's server runs, if it has a `runner`. It may still be loading; it says so itself.

    Raises ConfigurationError if it cannot run at all.
    """
    if provider.runner is None:
        yield
        return
    found, guard = runnable(provider, folders), guard or Guard(host_folder())
    taken = guard.take(Taken(found.model, found.need_bytes), budget_gb=provider.runner.memory_gb)
    keeper = _Keeper(provider, found, output, guard)
    thread = threading.Thread(target=lambda: asyncio.run(keeper.run()), name="local-server", daemon=True)
    thread.start()
    keeper.began.wait()
    try:
        yield
    finally:
        keeper.end()
        thread.join()
        guard.give_back(taken)


@dataclass(slots=True)
class _Keeper:
    """Lives on a loop of its own, as long as the pool."""

    provider: ProviderSettings
    runnable: Runnable
    output: Path | LineSink
    guard: Guard
    policy: RestartPolicy = field(default_factory=RestartPolicy)
    clock: Callable[[], float] = time.monotonic
    began: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Safe in any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it has given up, and its loop is closed
                self._loop.call_soon_threadsafe(self._ending.set)

    async def run(self) -> None:
        """Until `end`, or until a new start would end as the last one did."""
        self._loop = asyncio.get_running_loop()
        self.began.set()
        short_runs = 0
        while not self._ending.is_set():
            began = self.clock()
            code = await self._once()
            if self._ending.is_set() or code is None:
                return
            step = after_exit(self.policy, code=code, ran_s=self.clock() - began, short_runs=short_runs)
            if isinstance(step, GiveUp):
                log.error("local_server.given_up", provider=self.provider.name, reason=step.reason)
                return
            short_runs = step.short_runs
            log.warning(
                "local_server.exited", provider=self.provider.name, reason=described(code), again_in_s=step.delay_s
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), step.delay_s)

    async def _once(self) -> int | None:
        """One life of the server: its exit code, None if it was never started."""
        loading = self.guard.loading()
        entering = asyncio.create_task(loading.__aenter__())
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait({entering, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not entering.done():
                return None
            child = await self._spawn()
            try:
                waiting = asyncio.create_task(child.wait())
                await self._loaded(waiting, ending)
            finally:
                await loading.__aexit__(None, None, None)
            await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
            return await self._ended(child, waiting)
        finally:
            for task in (entering, ending):
                task.cancel()

    async def _spawn(self) -> Child:
        key = self.provider.api_key
        env = {"LLAMA_API_KEY": key.get_secret_value()} if key is not None else {}
        found = self.runnable
        log.info("local_server.started", provider=self.provider.name, model=found.model, endpoint=found.base_url)
        return await Child.spawn(ChildSpec(f"{self.provider.name}.server", found.command, self.output, env))

    async def _loaded(self, *over: "asyncio.Task[object]") -> None:
        """Wait until it answers, has ended, is to end, or has had its time."""
        runner = self.provider.runner
        assert runner is not None
        began = self.clock()
        endpoint = Endpoint(self.provider.name, self.provider.type, self.runnable.base_url, self.provider.api_key)
        async with Sender() as sender:
            while not any(task.done() for task in over):
                if (await sender.health(endpoint, timeout_s=1.0)).healthy:
                    log.info("local_server.loaded", provider=self.provider.name, took_s=round(self.clock() - began, 1))
                    return
                if self.clock() - began > runner.load_within_s:
                    log.error("local_server.slow", provider=self.provider.name, load_within_s=runner.load_within_s)
                    return
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _ended(self, child: Child, waiting: "asyncio.Task[int]") -> int:
        if not waiting.done():
            child.terminate()
            await asyncio.wait({waiting}, timeout=_END_WITHIN_S)
            child.kill()
        return await waiting


def folders_of(source: Path | None, env: dict[str, str] | None = None) -> tuple[Path, ...]:
    """Where a relative path of a model file may start: the configuration's folder, then that of fetched models."""
    return (source.parent if source else Path(), models_folder(env))


def models_folder(env: dict[str, str] | None = None) -> Path:
    """Where fetched models are kept: FLEET_MODELS, else `workfleet/models` in the user's cache."""
    said = (os.environ if env is None else env).get("FLEET_MODELS")
    return Path(said) if said else Path.home() / ".cache" / "workfleet" / "models"
