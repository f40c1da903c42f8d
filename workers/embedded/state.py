"""What a state folder remembers of its server, and the locks by which processes share it.

Two locks, both released by the kernel when their holder dies, however it dies:
`starting` is held while a server is looked for, started or stopped; `users` is held, shared, by everyone who uses it.
"""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from ...tasks.errors import FleetUnavailable


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach the server of a state folder, running or not."""

    port: int
    password: str

    @classmethod
    def new(cls, port: int) -> Self:
        return cls(port=port, password=secrets.token_urlsafe(32))

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """None if there is none yet, or if it was cut short."""
        try:
            fields = json.loads(file.read_text())
            return cls(port=int(fields["port"]), password=str(fields["password"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        """Replace the file in one step, readable by its owner only."""
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(file)


@contextlib.contextmanager
def writable(folder: Path) -> Generator[None]:
    """Translate what a disk can refuse: no rights, no space, a file where the folder should be."""
    try:
        yield
    except OSError as refused:
        reason = refused.strerror or str(refused)
        raise FleetUnavailable(
            f"cannot keep the fleet's state in {folder}: {reason}; "
            "free the space, correct the rights, or set FLEET_STATE to another folder"
        ) from refused


def prepare(state_dir: Path) -> None:
    """Make the state folder of a project, and keep it out of the project's version control."""
    state_dir.mkdir(parents=True, exist_ok=True)
    ignore = state_dir / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")


@contextlib.contextmanager
def held(file: Path) -> Generator[None]:
    """Hold a lock, waiting for it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Presence:
    """A process' entry among the users of a server."""

    def __init__(self, file: Path) -> None:
        self._handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def leave(self) -> bool:
        """True for the last one. Call it with `starting` held, so that nobody arrives meanwhile."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(self._handle)
