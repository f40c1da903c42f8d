"""What is said of a limit that has no room. Pure."""

from ...routing.limits import Unit
from .budgets import budget_name

_KEYS = tuple(f"{unit}/" for unit in Unit)
_SLOTS = "slots@"


def used_up(key: str, wait_s: float) -> str:
    """Why a call has to wait. key: of a limit, or of a target that its provider wants to be left alone."""
    if key.startswith(_SLOTS):
        return f"{key.removeprefix(_SLOTS)} has as many calls at the same time as it may have"
    limit = budget_name(key) or _limit_name(key)
    if limit is not None:
        return f"{limit} is used up for {span(wait_s)}"
    return f"it asked us to wait, for another {span(wait_s)}"


def _limit_name(key: str) -> str | None:
    """As in `the limit of tokens a minute of groq`; None of what is no limit."""
    unit_and_period, _, scope = key.partition("@")
    return f"the limit of {unit_and_period.replace('/', ' a ')} of {scope}" if key.startswith(_KEYS) else None


def span(seconds: float) -> str:
    """As in `2 h 05 min`."""
    if seconds < 1:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{hours // 24} days"
