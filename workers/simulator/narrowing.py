"""JSON values as what they are: an object, an array, or something else."""

from typing import Any, TypeGuard

Json = dict[str, Any]


def as_object(value: Any) -> Json | None:
    return value if _is_object(value) else None


def as_array(value: Any) -> list[Any] | None:
    return value if _is_array(value) else None


def _is_object(value: Any) -> TypeGuard[Json]:
    return isinstance(value, dict)


def _is_array(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
