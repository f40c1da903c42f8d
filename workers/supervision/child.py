"""One run of one command as a child process."""

import asyncio
import os
import signal
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from . import tether
from .output import LineSink, pump, to_file

#: After the process itself has ended, others that it left behind may hold its output open for this long.
_LAST_OUTPUT_S = 1.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """name: unique in its supervisor. output: a log file, or what takes the lines. env: added to our environment."""

    name: str
    command: tuple[str, ...]
    output: Path | LineSink
    env: Mapping[str, str] = field(default_factory=dict[str, str])


class Child:
    """A running process in a session of its own: Ctrl-C in the terminal reaches us, and we end it in order.

    It ends when we die, where the system can do that.
    """

    def __init__(self, process: asyncio.subprocess.Process, pumping: asyncio.Task[None] | None) -> None:
        self._process = process
        self._pumping = pumping

    @classmethod
    async def spawn(cls, spec: ChildSpec) -> Self:
        if isinstance(spec.output, Path):
            with to_file(spec.output) as descriptor:
                return cls(await _start(spec, descriptor), None)
        # A pipe of our own: with asyncio's, waiting for the process would also wait for everyone who inherited it.
        with _pipe() as (source, target):
            process = await _start(spec, target)
        return cls(process, asyncio.create_task(_read(source, spec.output)))

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        """Its exit code, negative for a signal; what it left running in its group is killed."""
        code = await self._process.wait()
        self.kill()
        if self._pumping is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._pumping, _LAST_OUTPUT_S)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it and everything in its group, at once."""
        # macOS says "not permitted" of a group of which only an ended process is left.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def _start(spec: ChildSpec, output: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *tethered(*spec.command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env={**os.environ, **spec.env},
        start_new_session=True,
    )


def tethered(*command: str) -> tuple[str, ...]:
    """A command that does the same, and gets SIGTERM when this process dies, where the system can do that."""
    if not sys.platform.startswith("linux"):
        return command
    return (sys.executable, "-I", "-S", str(tether.__file__), str(os.getpid()), *command)


@contextmanager
def _pipe() -> Generator[tuple[int, int]]:
    """Both ends; the writing one is closed afterwards, the reading one only after an error."""
    source, target = os.pipe()
    try:
        yield source, target
    except BaseException:
        os.close(source)
        raise
    finally:
        os.close(target)


async def _read(source: int, sink: LineSink) -> None:
    reader = asyncio.StreamReader()
    with os.fdopen(source, "rb") as pipe:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            await pump(reader, sink)
        finally:
            transport.close()
