"""Every type of provider: ours, and those of installed packages, as entry points of the group `workfleet.providers`.

An entry point is a `Row`, under the row's name. Ours cannot be replaced.
"""

import sys
from dataclasses import fields
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from ...tasks.errors import ConfigurationError, UnknownName
from ...tasks.packages import Brought, brought, only
from .rows import ROWS, Row
from .type_names import canonical_type, folded

GROUP = "workfleet.providers"

_ROW = TypeAdapter(Row)


def row_of(type_: str) -> Row:
    """Raises UnknownName; ConfigurationError if the package that brings it is broken."""
    row = ROWS.get(type_) or _installed(type_, tuple(sys.path))
    if row is None:
        raise UnknownName("type of provider", type_, (*ROWS, *installed_types()))
    return row


def known_row(type_: str) -> Row | None:
    """The row, None if this host has none: what is known of other hosts' providers must not depend on it."""
    try:
        return ROWS.get(type_) or _installed(type_, tuple(sys.path))
    except ConfigurationError:
        return None


def type_named(name: str) -> str | None:
    """The type that a name means, however it is spelled; None if there is no such type."""
    ours = canonical_type(name)
    return ours or next((each for each in installed_types() if folded(each) == folded(name)), None)


def installed_types() -> tuple[str, ...]:
    """Those of packages, whether they can be loaded or not."""
    return tuple(name for name in brought(GROUP, "provider") if canonical_type(name) is None)


def where_from(type_: str) -> tuple[Brought, ...]:
    """The packages that bring a type, none if it is ours."""
    return brought(GROUP, "provider").get(type_, ()) if canonical_type(type_) is None else ()


@lru_cache(maxsize=128)
def _installed(type_: str, path: tuple[str, ...]) -> Row | None:  # noqa: ARG001 - what is installed depends on it
    found = only(GROUP, "provider", type_) if canonical_type(type_) is None else None
    return None if found is None else _checked(found, type_)


def _checked(found: Brought, type_: str) -> Row:
    row = found.load()
    if not isinstance(row, Row):
        raise found.wrong(f"is no Row, but {type(row).__name__}")
    if row.name != type_:
        raise found.wrong(f"calls itself {row.name!r}; row and entry point must have one name")
    try:
        return _ROW.validate_python({each.name: getattr(row, each.name) for each in fields(row)})
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise found.wrong(f"has a wrong field: {place}: {first['msg']}") from None
