"""Reading JSON that somebody else wrote: a field of the wrong type counts as absent, and nothing raises."""

import json
from typing import Any, TypeGuard


def parse(body: bytes | str) -> Any:
    """The JSON value, None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def mapping(value: object) -> dict[str, Any]:
    return value if _is_object(value) else {}


def sequence(value: object) -> list[Any]:
    return value if _is_list(value) else []


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects of a list, without what else it holds."""
    return [item for item in sequence(value) if _is_object(item)]


def first(items: list[dict[str, Any]]) -> dict[str, Any]:
    return items[0] if items else {}


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """A number of something, 0 if it is none or beyond all reason."""
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e15 else 0


def vector(values: object) -> tuple[float, ...]:
    """A list of numbers; empty if one of them is none."""
    numbers = [number(value) for value in sequence(values)]
    return tuple(value for value in numbers if value is not None) if None not in numbers else ()


def number(value: object) -> float | None:
    """A finite number, also one that was sent as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except ValueError:
        return None
    return read if abs(read) != float("inf") and read == read else None
