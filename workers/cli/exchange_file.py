"""A file of recorded exchanges with providers."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...tasks.errors import InvalidRequest
from ..providers.exchange import Exchange, NoExchange


def exchanges_in(file: Path) -> Iterator[Exchange]:
    """One JSON object a line; `-` is standard input. Raises InvalidRequest, with the line."""
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            yield Exchange.of(json.loads(line))
        except json.JSONDecodeError as wrong:
            raise InvalidRequest(f"{file}:{number}: is no JSON: {wrong}") from None
        except NoExchange as wrong:
            raise InvalidRequest(f"{file}:{number}: {wrong}") from None


def _lines(file: Path) -> Iterable[str]:
    if str(file) == "-":
        return sys.stdin
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as refused:
        raise InvalidRequest(f"can't read {file}: {refused.strerror or refused}") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is not in UTF-8") from None
