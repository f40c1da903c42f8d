"""An OpenAI Batch input file of any size, line by line, in bounded memory.

What stays in memory is one line and the custom_ids seen so far (about 130 bytes each).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from .batch_line import BatchLine, LineError, LineFault, parse_line
from .errors import InvalidRequest

#: Bytes of a line. A longer one is no prompt for any model, and is skipped without being held.
MAX_LINE_BYTES: Final = 16 * 1024 * 1024

_SKIP_BYTES: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_FOREIGN: Final = {
    b"\xff\xfe": "is UTF-16; save it as UTF-8",
    b"\xfe\xff": "is UTF-16; save it as UTF-8",
    b"\x1f\x8b": "is compressed by gzip; unpack it first",
    b"PK\x03\x04": "is a zip archive; unpack it first",
}


def opened(path: Path) -> BinaryIO:
    """The file for `read_batch`. Raises InvalidRequest if it cannot be opened, or is no text."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidRequest(f"cannot read {path}: {error.strerror or error}") from None
    try:
        begins = file.peek()
    except OSError as error:
        file.close()
        raise InvalidRequest(f"cannot read {path}: {error.strerror or error}") from None
    for magic, fault in _FOREIGN.items():
        if begins.startswith(magic):
            file.close()
            raise InvalidRequest(f"{path} {fault}")
    return file


def read_batch(file: BinaryIO, *, max_line_bytes: int = MAX_LINE_BYTES) -> Iterator[BatchLine | LineError]:
    """Every line that is not blank, as a request or as what is wrong with it. Raises OSError as reading does."""
    seen: set[str] = set()
    for number, raw in _lines(file, max_line_bytes):
        if raw is None:
            message = f"longer than {max_line_bytes:,} bytes"
            yield LineError(number, None, LineFault.LINE_TOO_LONG, message)
            continue
        line = parse_line(raw, number)
        if line.custom_id in seen:
            message = f"custom_id {line.custom_id!r} was used by an earlier line"
            yield LineError(number, None, LineFault.DUPLICATE_CUSTOM_ID, message, "custom_id")
            continue
        if line.custom_id is not None:
            seen.add(line.custom_id)
        yield line


def _lines(file: BinaryIO, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """The numbered lines that are not blank; None stands for one above the limit."""
    raw = file.readline(limit + 1).removeprefix(_BOM)
    number = 1
    while raw:
        if len(raw) > limit and not raw.endswith(b"\n"):
            _skip_rest(file)
            yield number, None
        elif not raw.isspace():
            yield number, raw
        raw = file.readline(limit + 1)
        number += 1


def _skip_rest(file: BinaryIO) -> None:
    while (piece := file.readline(_SKIP_BYTES)) and not piece.endswith(b"\n"):
        pass
