"""A file of recorded exchanges with providers."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from ...tasks.errors import InvalidRequest
from ..providers.exchange import Exchange, NoExchange


def exchanges_in(file: Path) -> Iterator[Exchange]:
    """One JSON object a line; `-` is standard input. Raises InvalidRequest, with the line."""
    found = False
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            yield Exchange.of(json.loads(line.decode("utf-8-sig")))
        except UnicodeDecodeError:
            raise InvalidRequest(f"{file}:{number}: is not in UTF-8") from None
        except (json.JSONDecodeError, RecursionError) as wrong:
            raise InvalidRequest(f"{file}:{number}: is no JSON: {wrong}") from None
        except NoExchange as wrong:
            raise InvalidRequest(f"{file}:{number}: {wrong}") from None
        found = True
    if not found:
        raise InvalidRequest(f"{file} holds no exchange: it needs one JSON object a line")


def _lines(file: Path) -> Iterator[bytes]:
    """As bytes: among the ends of lines in text are characters that JSON may hold as they are."""
    try:
        if str(file) == "-":
            yield from sys.stdin.buffer
            return
        with file.open("rb") as lines:
            yield from lines
    except OSError as refused:
        raise InvalidRequest(f"can't read {file}: {refused.strerror or refused}") from None
