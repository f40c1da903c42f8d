"""Where the output of children goes: to files of their own, or line by line to one stream, each with its name."""

import asyncio
import itertools
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

LineSink = Callable[[str], None]

#: A file is appended to, so that the last words before a crash stay; a bigger one is first moved to `<name>.1`.
LARGEST_LOG_BYTES = 10_000_000

_LONGEST_LINE_BYTES = 1_000_000
_LAST_WORDS_BYTES = 4096
_COLORS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class Prefixed:
    """Lines of several children on one stream, each after its child's name. color: with terminal colours."""

    def __init__(self, stream: TextIO, *, color: bool, width: int = 0) -> None:
        self._stream = stream
        self._colors = itertools.cycle(_COLORS) if color else None
        self._width = width

    def sink(self, name: str) -> LineSink:
        """Where the lines of one child go."""
        self._width = max(self._width, len(name))
        code = next(self._colors) if self._colors else None

        def write(line: str) -> None:
            prefix = f"{name:<{self._width}} |"
            shown = f"\x1b[{code}m{prefix}\x1b[0m" if code else prefix
            self._stream.write(f"{shown} {line}\n")
            self._stream.flush()

        return write


def plain(stream: TextIO) -> LineSink:
    """Lines as they come: for output that a machine reads."""

    def write(line: str) -> None:
        stream.write(line + "\n")
        stream.flush()

    return write


@contextmanager
def to_file(path: Path) -> Generator[int]:
    """A descriptor for a child's own output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST_LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def last_line(path: Path) -> str:
    """The last line of a log that is not empty, for people."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _LAST_WORDS_BYTES))
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines()]
    except OSError:
        lines = []
    return next((line for line in reversed(lines) if line), "it said nothing")


async def pump(reader: asyncio.StreamReader, sink: LineSink) -> None:
    """Hand on complete lines until the output ends. What is no text is shown as well as it can be."""
    rest = b""
    while chunk := await reader.read(65_536):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            sink(_text(line))
        if len(rest) > _LONGEST_LINE_BYTES:
            sink(_text(rest))
            rest = b""
    if rest:
        sink(_text(rest))


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip("\r")
