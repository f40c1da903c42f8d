"""How long a target is left alone after it has refused a call for its limits. Pure."""

from ...routing.failure import Failure, Fault
from ...routing.limits import Period
from ...routing.quota_calendar import edges
from ..settings.provider import ProviderSettings
from .permitted import resets

#: Seconds for which a limit of a minute is left alone if nobody says for how long.
_UNKNOWN_WAIT_S = 15.0
#: Seconds for which a quota is, if nobody says when it begins anew: credits, mostly.
_UNKNOWN_RESET_S = 900.0


def refusal_s(failure: Failure, provider: ProviderSettings, model: str, *, now: float) -> float:
    """A minute's limit is back when the provider says so; a day's at its reset, whatever the refusal says."""
    if failure.fault is Fault.RATE_LIMITED:
        return failure.wait_s if failure.wait_s is not None else _UNKNOWN_WAIT_S
    limits = provider.limits_of(model)
    daily = limits.requests_per_day is not None or limits.tokens_per_day is not None
    ends = edges(Period.DAY, resets(provider, limits), now) if daily else ()
    if ends:
        return max(1.0, ends[1] - now)
    return failure.wait_s if failure.wait_s is not None else _UNKNOWN_RESET_S
