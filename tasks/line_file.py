"""A file of lines that only one process writes, in whole lines, and that a crash leaves usable."""

import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from .errors import FleetError

if sys.platform != "win32":
    import fcntl


class CannotWrite(FleetError):
    """The file cannot be opened or written; every line that was written before stands."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"cannot write {path}: {error.strerror or error}")


class LineFile:
    """Opened for appending and locked until closed; what it holds stays until `keep` says otherwise.

    Raises CannotWrite, also if another process has the file open as a LineFile.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as error:
            raise CannotWrite(path, error) from error
        status = os.fstat(self._fd)
        self._regular = stat.S_ISREG(status.st_mode)  # a pipe or a terminal is neither cut nor synced
        self._whole = status.st_size
        self._lock()

    def keep(self, whole_bytes: int) -> None:
        """Cut everything after the first `whole_bytes`, and end the last line if it lacks its newline."""
        if not self._regular:
            return
        try:
            os.ftruncate(self._fd, whole_bytes)
        except OSError as error:
            raise CannotWrite(self._path, error) from error
        self._whole = whole_bytes
        if whole_bytes and self._last_byte() != b"\n":
            self.write([b"\n"])

    def write(self, lines: Iterable[bytes]) -> None:
        """Append lines, each with its newline: all of them, or none if CannotWrite is raised."""
        left = memoryview(b"".join(lines))
        size = len(left)
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError as error:
            self._take_back()
            raise CannotWrite(self._path, error) from error
        self._whole += size

    def close(self) -> None:
        """Bring everything to the disk, and let others write."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        try:
            if self._regular:
                os.fsync(fd)
        except OSError as error:
            raise CannotWrite(self._path, error) from error
        finally:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        if sys.platform == "win32" or not self._regular:
            return
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise CannotWrite(self._path, OSError("another process is writing it")) from error

    def _last_byte(self) -> bytes:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1)

    def _take_back(self) -> None:
        """Cut the lines that a full disk took half of, so that what stands is whole lines."""
        if self._regular:
            try:
                os.ftruncate(self._fd, self._whole)
            except OSError:
                # The reader of the file drops a torn last line as well.
                return
