"""How long a target is left alone after it has refused a call for its limits. Pure."""

from ...routing.failure import Failure, Fault
from ...routing.limits import Period
from ...routing.quota_calendar import edges
from ..settings.provider import ProviderSettings
from .permitted import resets

#: Seconds for which a limit of a minute is left alone if nobody says for how long.
_UNKNOWN_WAIT_S = 15.0
#: A refusal that says 0, or nearly so, is no invitation to be refused again at once.
_LEAST_WAIT_S = 1.0
#: Seconds after which whoever said that it takes longer is asked again all the same: it may have been a mistake.
_LONGEST_WAIT_S = 86_400.0
#: Seconds for which a quota is, if nobody says when it begins anew: credits, mostly.
_UNKNOWN_RESET_S = 900.0


def refusal_s(failure: Failure, provider: ProviderSettings, model: str, *, now: float) -> float:
    """A minute's limit is back when the provider says so; a day's at its reset, whatever the refusal says."""
    said_s = None if failure.wait_s is None else min(max(failure.wait_s, _LEAST_WAIT_S), _LONGEST_WAIT_S)
    if failure.fault is Fault.RATE_LIMITED:
        return said_s if said_s is not None else _UNKNOWN_WAIT_S
    limits = provider.limits_of(model)
    daily = limits.requests_per_day is not None or limits.tokens_per_day is not None
    ends = edges(Period.DAY, resets(provider, limits), now) if daily else ()
    if ends:
        return max(1.0, ends[1] - now)
    return said_s if said_s is not None else _UNKNOWN_RESET_S
