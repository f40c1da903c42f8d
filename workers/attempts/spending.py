"""What a job that may not cost more than so much has spent."""

from collections.abc import Iterable

from ...routing.cost_cap import usd
from ...tasks.job import Attempt, JobSpec

_NO_TARGET = "no target can run it"


def spent_usd(attempts: Iterable[Attempt]) -> float:
    """What calls have cost; of those whose bill nobody has seen, the most that it may be."""
    return sum((each.presumed_usd if each.cost_usd is None else each.cost_usd) or 0.0 for each in attempts)


def no_target(spec: JobSpec, attempts: Iterable[Attempt]) -> str:
    """That a job cannot go on, and what it has spent if that is limited."""
    most = spec.constraints.max_cost_usd
    if most is None:
        return _NO_TARGET
    return f"{_NO_TARGET}; {usd(spent_usd(attempts))} of the {usd(most)} that it may cost is spent"
