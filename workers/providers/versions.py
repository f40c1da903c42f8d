"""Whether a server's version is one whose API is known here; the APIs of servers change with them."""

import re

from .rows import Row

_NUMBERS = re.compile(r"v?(\d+)\.(\d+)")


def unknown_version(row: Row, version: str | None) -> str | None:
    """What to know of the version, None if nothing, or if it is none."""
    number = _number(version or "")
    if row.versions is None or number is None:
        return None
    oldest, newest = row.versions
    if number < oldest:
        return f"version {version} is older than {_text(oldest)}, the oldest whose API is known here"
    if number > newest:
        return f"version {version} is newer than {_text(newest)}, the newest whose API is known here"
    return None


def _number(version: str) -> tuple[int, int] | None:
    found = _NUMBERS.match(version)
    return (int(found[1]), int(found[2])) if found else None


def _text(number: tuple[int, int]) -> str:
    return ".".join(map(str, number))
