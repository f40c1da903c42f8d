"""Strategies of installed packages: an entry point of the group `workfleet.strategies`, whose name is the strategy's.

It is an `Ordering`, or a function from candidates to places (`routing/strategy.py`). A host without the package keeps
the configured order.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import cast

import structlog

from ..routing.directory import STRATEGIES, Strategy
from ..routing.strategy import Candidate, Ordering
from .packages import Brought, brought, only

log = structlog.get_logger()

GROUP = "workfleet.strategies"

_Places = Sequence[tuple[float, ...]]


def known_strategies() -> tuple[Strategy, ...]:
    """Ours, and those that are installed."""
    return (*STRATEGIES, *(name for name in brought(GROUP, "strategy") if name not in STRATEGIES))


@cache
def installed_ordering(strategy: Strategy) -> Ordering | None:
    """The strategy of a package; None if it is ours, or if no package brings it.

    Raises ConfigurationError if it can't be loaded.
    """
    if strategy in STRATEGIES:
        return None
    found = only(GROUP, "strategy", strategy)
    return None if found is None else _guarded(strategy, _loaded(found))


def _loaded(found: Brought) -> Ordering:
    loaded = found.load()
    if isinstance(loaded, Ordering):
        return loaded
    if not callable(loaded):
        raise found.wrong("is neither an Ordering nor a function")
    return Ordering(cast("Callable[[Sequence[Candidate]], _Places]", loaded))  # what it gives is looked at each time


def _guarded(strategy: Strategy, ordering: Ordering) -> Ordering:
    """Its mistakes are told once, and leave the configured order."""
    told: set[str] = set()

    def places(candidates: Sequence[Candidate]) -> _Places:
        wrong = f"it gave another number of places than there are targets: {len(candidates)}"
        try:
            found = [tuple(float(part) for part in place) for place in ordering.places(candidates)]
        except Exception as defect:
            # The boundary to code of others: no job waits because of it.
            found, wrong = [], f"{type(defect).__name__}: {defect}"
        if len(found) == len(candidates):
            return found
        if wrong not in told:
            told.add(wrong)
            log.error("strategy.failed", strategy=strategy, error=wrong)
        return [()] * len(candidates)

    return Ordering(places, ordering.chooses)
