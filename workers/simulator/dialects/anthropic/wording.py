"""Anthropic's headers of limits, and its words for what went wrong."""

import math
from collections.abc import Mapping

from .....routing.limits import Period, Unit
from ...exchange import Exchange
from ...limits import Overrun
from ...narrowing import Json
from ...problem import Kind, Problem, Told
from ...script import Script, whole
from ...spans import whole_second
from .. import waits
from ..dialect import encode

_BAD = "invalid_request_error"

_TYPES = {
    400: _BAD,
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}

#: Kind -> status and message; `{detail}` is the problem's.
_WORDS: Mapping[Kind, tuple[int, str]] = {
    Kind.BAD_JSON: (400, "The request body is not valid JSON"),
    Kind.INVALID: (400, "{detail}"),
    Kind.UNSUPPORTED: (400, "{detail}"),
    Kind.UNAUTHORIZED: (401, "invalid x-api-key"),
    Kind.PAYMENT: (402, "There is an issue with your organization's billing"),
    Kind.FORBIDDEN: (403, "Your API key does not have permission to use the specified resource"),
    Kind.NO_MODEL: (404, "model: {detail}"),
    Kind.RETIRED_MODEL: (404, "model: {detail}"),
    Kind.NO_ROUTE: (404, "Not Found"),
    Kind.BAD_METHOD: (405, "Method Not Allowed"),
    Kind.TOO_LARGE: (413, "Request exceeds the maximum size"),
    Kind.FILTERED: (400, "Output blocked by content filtering policy"),
    Kind.OVERLOADED: (529, "Overloaded"),
    # A 400, although it is no fault of the request.
    Kind.NO_CREDIT: (
        400,
        (
            "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or "
            "purchase credits."
        ),
    ),
    Kind.STATUS: (500, "{detail}"),
    Kind.ERROR_IN_200: (200, "Internal server error"),
}


def headers(exchange: Exchange) -> dict[str, str]:
    """The request's id, and the limits of the minute; tokens are told of both kinds together."""
    told = {"request-id": f"req_{exchange.id}"}
    for reading in exchange.readings:
        if reading.limit.period is Period.MINUTE:
            head = f"anthropic-ratelimit-{reading.limit.unit}"
            told[f"{head}-limit"] = str(reading.limit.amount)
            told[f"{head}-remaining"] = str(max(reading.remaining, 0))
            told[f"{head}-reset"] = whole_second(exchange.at + reading.reset_s)
    return told


def problem(problem: Problem, exchange: Exchange) -> Script:
    status, message, more = _said(problem, exchange)
    error = {"type": _TYPES.get(status, "api_error"), "message": message}
    body: Json = {"type": "error", "error": error, "request_id": f"req_{exchange.id}"}
    return whole(status, encode(body).encode(), {**headers(exchange), **more})


def _said(problem: Problem, exchange: Exchange) -> tuple[int, str, dict[str, str]]:
    """Status, message, headers."""
    if problem.overrun:
        waited = waits.in_words(problem.overrun, problem.told) if problem.told is Told.TEXT else ""
        return 429, _limit(problem.overrun) + waited, waits.retry_after(problem.overrun, problem.told, exchange.at)
    if problem.kind is Kind.OVERFLOW:
        return 400, f"prompt is too long: {problem.prompt_tokens} tokens > {problem.limit} maximum", {}
    if problem.kind is Kind.UNSUPPORTED:
        return 400, f"`{problem.param}` is deprecated for this model.", {"x-should-retry": "false"}
    status, message = _WORDS[problem.kind]
    status = problem.status or status
    said = "Overloaded" if status == 529 else message.replace("{detail}", problem.detail)
    return status, said, {}


def _limit(overrun: Overrun) -> str:
    what = "tokens" if overrun.limit.unit is Unit.TOKENS else "requests"
    whose = f"your organization's rate limit of {overrun.limit.amount:,} {what} per {overrun.limit.period}"
    if math.isinf(overrun.wait_s):
        return f"This request would exceed {whose}, whenever it is made."
    return f"This request would exceed {whose}. Please reduce the prompt length or try again later."
