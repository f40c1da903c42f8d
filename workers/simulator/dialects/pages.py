"""What listings of models have in common: which names, how many a page, and how they are spoilt."""

from collections.abc import Callable, Sequence
from urllib.parse import parse_qsl, urlsplit

from ..exchange import Exchange
from ..narrowing import Json
from .dialect import Listing

_HUGE = 1_000

#: Models a page where the listing comes in many.
SMALL_PAGE = 2


def names(exchange: Exchange, form: Listing) -> Sequence[str]:
    more = (f"sim-filler-{number:04d}" for number in range(_HUGE if form is Listing.HUGE else 0))
    return [*exchange.settings.models, *more]


def query(path: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(path).query))


def size(asked: str | None, usual: int, form: Listing) -> int:
    """Models a page: as asked for, at most a thousand."""
    if form is Listing.PAGED:
        return SMALL_PAGE
    return min(int(asked), 1_000) if asked and asked.isdecimal() and int(asked) else usual


def shaped(
    rows: list[Json], broken: Json, form: Listing, wrapped: Callable[[list[Json | None]], Json]
) -> Json | list[Json | None]:
    """broken: an entry that names no model."""
    if form is Listing.BARE:
        return [*rows]
    return wrapped([None, broken, *rows] if form is Listing.MALFORMED else [*rows])


def content_type(form: Listing) -> str:
    return "text/html" if form is Listing.WRONG_TYPE else "application/json; charset=utf-8"
