"""F20 and F23: listing models, and fetching one."""

from ..ask import Operation
from ..dialects.dialect import Listing, Pull
from .fault import JSON, OLLAMA, Fault, ListAs, PullAs

_LISTING = frozenset({Operation.LISTING})

_PULL = frozenset({Operation.PULL})


def _listing(name: str, summary: str, form: Listing, dialects: frozenset[str] = JSON) -> Fault:
    return Fault(name, "F20", summary, ListAs(form), hits=_LISTING, dialects=dialects)


def _pull(name: str, summary: str, form: Pull, dialects: frozenset[str] = OLLAMA) -> Fault:
    return Fault(name, "F23", summary, PullAs(form), hits=_PULL, dialects=dialects)


FAULTS = (
    _listing("listing-huge", "a thousand models more", Listing.HUGE),
    _listing("listing-paged", "two models a page, and where the next begins", Listing.PAGED, JSON - OLLAMA),
    _listing("listing-bare", "an array without an object around it", Listing.BARE),
    _listing("listing-malformed", "entries that are no models", Listing.MALFORMED),
    _listing("listing-wrong-type", "announced as HTML", Listing.WRONG_TYPE),
    _pull("pull-error", "an error line after some progress", Pull.ERROR, OLLAMA | {"openai"}),
    _pull("pull-restart", "a layer begins anew", Pull.RESTART),
    _pull("pull-present", "every layer is there already", Pull.PRESENT),
)
