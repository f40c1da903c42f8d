"""How rate limits and waits are told in headers."""

import math
from collections.abc import Iterable

from ..limits import Overrun, Reading
from ..problem import Told
from ..spans import go_duration, http_date


def standing(readings: Iterable[Reading]) -> dict[str, str]:
    """`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, as OpenAI and Groq have them."""
    headers: dict[str, str] = {}
    for reading in readings:
        unit = reading.limit.unit
        headers[f"x-ratelimit-limit-{unit}"] = str(reading.limit.amount)
        headers[f"x-ratelimit-remaining-{unit}"] = str(max(reading.remaining, 0))
        headers[f"x-ratelimit-reset-{unit}"] = go_duration(reading.reset_s)
    return headers


def whole_seconds(overrun: Overrun) -> int:
    """The wait rounded up, a second at least."""
    return max(math.ceil(overrun.wait_s), 1)


def retry_after(
    overrun: Overrun, told: Told, at: float, by_provider: tuple[Told, ...] = (Told.SECONDS,)
) -> dict[str, str]:
    """The headers of a 429 sent at `at` epoch seconds; by_provider: the forms that this provider itself sends."""
    if math.isinf(overrun.wait_s):
        return {}
    forms = {
        Told.SECONDS: ("retry-after", str(whole_seconds(overrun))),
        Told.MILLISECONDS: ("retry-after-ms", str(math.ceil(overrun.wait_s * 1000))),
        Told.DATE: ("retry-after", http_date(at + overrun.wait_s)),
    }
    wanted = by_provider if told is Told.BY_PROVIDER else (told,)
    return dict(forms[form] for form in wanted if form in forms)


def in_words(overrun: Overrun, told: Told) -> str:
    """The sentence that tells the wait, with a space before it; nothing if the wait is told otherwise."""
    if told in (Told.BY_PROVIDER, Told.TEXT) and math.isfinite(overrun.wait_s):
        return f" Please try again in {go_duration(overrun.wait_s)}."
    return ""
