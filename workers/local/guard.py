"""What the models of all pools of a host take together: a memory budget, and one loader at a time.

Everything is files in one folder for the user: a model holds the lock of its file as long as its pool lives, and loses
it however that dies; a process id in a file could by then be another program's.
"""

import asyncio
import fcntl
import json
import os
import tempfile
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from ...tasks.errors import ConfigurationError

_LOOK_EVERY_S = 0.1
_GB = 1e9


class TooLarge(ConfigurationError):
    """A model does not fit beside those that are loaded."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one loaded model takes of the host's memory."""

    model: str
    need_bytes: int


def host_folder() -> Path:
    """Where the pools of this user and host find each other, whatever folder they were started in."""
    folder = Path(tempfile.gettempdir()) / f"workfleet-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


class Guard:
    """folder: shared by all pools of the host. available_bytes: of memory now, None asks the system."""

    def __init__(self, folder: Path, *, available_bytes: int | None = None) -> None:
        self._folder = folder
        self._available = available_bytes

    def take(self, model: Taken, *, budget_gb: float | None) -> int:
        """Count a model as loaded; the descriptor to give back. Raises TooLarge.

        budget_gb: for the models of all pools together; None is what memory is free now.
        """
        with _locked(self._folder / "budget.lock"):
            others = list(self.taken())
            self._check(model, others, budget_gb)
            descriptor, _ = tempfile.mkstemp(prefix="model-", suffix=".json", dir=self._folder)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, json.dumps({"model": model.model, "need_bytes": model.need_bytes}).encode())
            return descriptor

    def give_back(self, descriptor: int) -> None:
        os.close(descriptor)

    def taken(self) -> Iterator[Taken]:
        """The models of living pools."""
        for file in sorted(self._folder.glob("model-*.json")):
            if _is_held(file):
                with suppress(ValueError, KeyError, OSError):
                    said = json.loads(file.read_text())
                    yield Taken(str(said["model"]), int(said["need_bytes"]))
            else:
                file.unlink(missing_ok=True)

    @asynccontextmanager
    async def loading(self) -> AsyncGenerator[None]:
        """Be the one that loads: two at a time thrash the disk, and both are late."""
        descriptor = os.open(self._folder / "loading.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while not _try_lock(descriptor):  # noqa: ASYNC110 - a lock of the file system wakes nobody
                await asyncio.sleep(_LOOK_EVERY_S)
            yield
        finally:
            os.close(descriptor)

    def _check(self, model: Taken, others: list[Taken], budget_gb: float | None) -> None:
        need = model.need_bytes / _GB
        beside = ", ".join(f"{each.model} ({each.need_bytes / _GB:.1f} GB)" for each in others)
        smaller = "take a smaller model, context_tokens or slots"
        smaller += ", or end the pool of one of those" if others else ""
        if budget_gb is None:
            free = (psutil.virtual_memory().available if self._available is None else self._available) / _GB
            if need > free:
                raise TooLarge(
                    f"{model.model} needs about {need:.1f} GB, and {free:.1f} GB of memory are free"
                    + (f" beside {beside} of other pools" if others else "")
                    + f": {smaller}; or say `memory_gb`, if it goes to the memory of a GPU"
                )
            return
        used = sum(each.need_bytes for each in others) / _GB
        if used + need > budget_gb:
            raise TooLarge(
                f"{model.model} needs about {need:.1f} GB of the {budget_gb:g} GB that `memory_gb` allows"
                + (f", of which other pools have taken {used:.1f} GB: {beside}" if others else "")
                + f": {smaller}; or allow more"
            )


@contextmanager
def _locked(file: Path) -> Generator[None]:
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_held(file: Path) -> bool:
    try:
        descriptor = os.open(file, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor)
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
