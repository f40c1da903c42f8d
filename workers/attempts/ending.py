"""How a delivery ended, as the Celery side needs to know it."""

from dataclasses import dataclass

from ...tasks.results import Outcome


@dataclass(frozen=True, slots=True)
class Ended:
    """The job reached a final state here. awaited: a Celery canvas or another submission may be to go on with it."""

    outcome: Outcome
    awaited: bool = True


@dataclass(frozen=True, slots=True)
class Moved:
    """The job goes on elsewhere or later. why: for Flower."""

    why: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """A duplicate delivery, or a job that is no longer ours; nothing was done. why: the state that was found."""

    why: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The pool stops; the job stays in its queue, for others."""


Ending = Ended | Moved | Dropped | Declined
