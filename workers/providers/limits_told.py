"""What a provider says of its limits: in the headers of every reply, and in the words of a refusal.

`x-ratelimit-limit-{requests,tokens}` (OpenAI, Groq, vLLM's gateways …) names no period: a minute, but at Groq requests
are of a day. `anthropic-ratelimit-{requests,tokens}-limit` is of a minute. A refusal names them as "tokens per minute
(TPM): Limit 12000". Sources: C.4, C.5, C.11 of the wire formats.
"""

import math
import re
from collections.abc import Mapping

from ...routing.limits import Period, Unit

Told = dict[tuple[Unit, Period], float]

_HEADERS = {
    "x-ratelimit-limit-requests": Unit.REQUESTS,
    "x-ratelimit-limit-tokens": Unit.TOKENS,
    "anthropic-ratelimit-requests-limit": Unit.REQUESTS,
    "anthropic-ratelimit-tokens-limit": Unit.TOKENS,
}

#: Types whose header of requests is of a day.
_DAILY_REQUESTS = frozenset({"groq"})

_ACRONYMS = {
    "RPM": (Unit.REQUESTS, Period.MINUTE),
    "TPM": (Unit.TOKENS, Period.MINUTE),
    "RPD": (Unit.REQUESTS, Period.DAY),
    "TPD": (Unit.TOKENS, Period.DAY),
}
_IN_WORDS = re.compile(r"\((RPM|TPM|RPD|TPD)\): Limit ([\d,]+)")


def limits_in_headers(headers: Mapping[str, str], *, type_: str) -> Told:
    """type_: the provider's row. Headers' names are in lower case; what is no number above zero is passed over."""
    told: Told = {}
    for name, unit in _HEADERS.items():
        amount = _number(headers.get(name, ""))
        if amount is not None:
            daily = unit is Unit.REQUESTS and type_ in _DAILY_REQUESTS
            told[unit, Period.DAY if daily else Period.MINUTE] = amount
    return told


def limits_in_words(message: str) -> Told:
    """Documented last resort: OpenAI and Groq name the limit that was reached in the sentence only."""
    found = _IN_WORDS.findall(message)
    return {_ACRONYMS[acronym]: number for acronym, text in found if (number := _number(text.replace(",", "")))}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 1 else None
