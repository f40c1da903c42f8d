"""Cohere's words for what went wrong: a sentence, and the status."""

from collections.abc import Mapping

from .....routing.limits import Period
from ...exchange import Exchange
from ...limits import Overrun
from ...problem import Kind, Problem, Told
from ...script import Script, whole
from .. import waits
from ..dialect import encode

#: Kind -> status and message; `{detail}` is the problem's.
_WORDS: Mapping[Kind, tuple[int, str]] = {
    Kind.BAD_JSON: (400, "invalid json syntax: invalid character in the request body"),
    Kind.INVALID: (400, "{detail}"),
    Kind.UNSUPPORTED: (422, "{detail}"),
    Kind.UNAUTHORIZED: (401, "invalid api token"),
    Kind.PAYMENT: (402, "please add a payment method at https://dashboard.cohere.com/billing"),
    Kind.FORBIDDEN: (403, "your API key is not allowed to perform this operation"),
    Kind.NO_MODEL: (
        404,
        "model '{detail}' not found, make sure the correct model ID was used and that you have access to the model.",
    ),
    Kind.RETIRED_MODEL: (
        404,
        "model '{detail}' was removed. See https://docs.cohere.com/docs/models for the models that took its place.",
    ),
    Kind.NO_ROUTE: (404, "not found"),
    Kind.BAD_METHOD: (405, "method not allowed"),
    Kind.TOO_LARGE: (413, "request body too large"),
    Kind.FILTERED: (498, "blocked input: the request contains content that is not allowed."),
    Kind.OVERLOADED: (503, "the service is currently unavailable, please try again later"),
    Kind.STATUS: (500, "{detail}"),
    Kind.ERROR_IN_200: (200, "internal server error"),
}

_TRIAL = (
    "You are using a Trial key, which is limited to {amount} API calls / {period}. You can continue to use the Trial "
    "key for free or upgrade to a Production key with higher rate limits at 'https://dashboard.cohere.com/api-keys'."
)

#: What a trial key may call in a month.
_MONTHLY = 1000


def headers(prompt: str, prompt_tokens: int) -> dict[str, str]:
    return {"num_chars": str(len(prompt)), "num_tokens": str(prompt_tokens)}


def problem(problem: Problem, exchange: Exchange) -> Script:
    status, message, headers = _said(problem, exchange)
    return whole(status, encode({"id": exchange.id, "message": message}).encode(), headers)


def _said(problem: Problem, exchange: Exchange) -> tuple[int, str, dict[str, str]]:
    """Status, message, headers. Cohere itself does not tell how long to wait."""
    overrun = problem.overrun
    if overrun:
        waited = waits.in_words(overrun, problem.told) if problem.told is Told.TEXT else ""
        return 429, _limit(overrun) + waited, waits.retry_after(overrun, problem.told, exchange.at, by_provider=())
    match problem.kind:
        case Kind.NO_CREDIT:
            return 429, _trial(_MONTHLY, "month"), {}
        case Kind.OVERFLOW:
            over = problem.prompt_tokens - problem.limit
            return 400, f"too many tokens: size limit exceeded by {over} tokens. Try using shorter or fewer inputs.", {}
        case _:
            status, message = _WORDS[problem.kind]
            return problem.status or status, message.replace("{detail}", problem.detail), {}


def _limit(overrun: Overrun) -> str:
    """Trial keys are limited by the minute and by the month."""
    return _trial(overrun.limit.amount, "minute" if overrun.limit.period is Period.MINUTE else "month")


def _trial(amount: int, period: str) -> str:
    return _TRIAL.replace("{amount}", str(amount)).replace("{period}", period)
