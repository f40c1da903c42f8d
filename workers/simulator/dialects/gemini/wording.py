"""Google's words for what went wrong: a status by name, and details that machines read."""

import math
from collections.abc import Mapping

from .....routing.limits import Period, Unit
from ...exchange import Exchange
from ...limits import Limit, Overrun
from ...narrowing import Json
from ...problem import Kind, Problem, Told
from ...script import Script, whole
from .. import pages, waits
from ..dialect import encode
from . import reading
from .writing import ratings

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "FAILED_PRECONDITION",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    504: "DEADLINE_EXCEEDED",
}

#: Kind -> status and message; `{detail}` is the problem's.
_WORDS: Mapping[Kind, tuple[int, str]] = {
    Kind.BAD_JSON: (400, "Invalid JSON payload received. Unexpected token.\n^"),
    Kind.INVALID: (400, "{detail}"),
    Kind.UNSUPPORTED: (400, "{detail}"),
    # A wrong key is a bad argument.
    Kind.UNAUTHORIZED: (400, "API key not valid. Please pass a valid API key."),
    Kind.PAYMENT: (402, "This API method requires billing to be enabled."),
    Kind.FORBIDDEN: (403, "The caller does not have permission"),
    Kind.NO_ROUTE: (404, "Method not found."),
    Kind.BAD_METHOD: (405, "Operation is not implemented, or supported, or enabled."),
    Kind.TOO_LARGE: (413, "Request payload size exceeds the limit: 20971520 bytes."),
    Kind.OVERLOADED: (503, "The model is overloaded. Please try again later."),
    Kind.STATUS: (500, "{detail}"),
    Kind.ERROR_IN_200: (200, "An internal error has occurred. Please retry or report."),
}

_QUOTA = "You exceeded your current quota, please check your plan and billing details."

_TYPE = "type.googleapis.com/google.rpc."

_METRIC = "generativelanguage.googleapis.com/generate_content_free_tier_"

#: The name of a quota by what it limits.
_QUOTA_IDS: Mapping[tuple[Unit, Period], tuple[str, str]] = {
    (Unit.REQUESTS, Period.MINUTE): ("requests", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
    (Unit.REQUESTS, Period.DAY): ("requests", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
    (Unit.TOKENS, Period.MINUTE): ("input_token_count", "GenerateContentInputTokensPerModelPerMinute-FreeTier"),
    (Unit.TOKENS, Period.DAY): ("input_token_count", "GenerateContentInputTokensPerModelPerDay-FreeTier"),
}

#: The wait that is told for a day's quota, in seconds: short, and untrue.
_MISLEADING_S = 44.0


def problem(problem: Problem, model: str, exchange: Exchange) -> Script:
    odd = _odd(problem, model, exchange)
    if odd is not None:
        return whole(200, encode(odd).encode())
    status, message, details, headers = _said(problem, model, exchange)
    code = 500 if problem.kind is Kind.ERROR_IN_200 else status
    found = error(code, message, _STATUSES.get(code, "UNAVAILABLE" if code > 500 else "UNKNOWN"), details)
    in_array = ":streamGenerateContent" in exchange.path and pages.query(exchange.path).get("alt") != "sse"
    return whole(status, encode([found] if in_array else found).encode(), headers)


def error(code: int, message: str, status: str, details: list[Json] | None = None) -> Json:
    told = {"details": details} if details else {}
    return {"error": {"code": code, "message": message, "status": status, **told}}


def _odd(problem: Problem, model: str, exchange: Exchange) -> Json | None:
    """A status of 200 without an answer."""
    usage = {
        "promptTokenCount": 4,
        "totalTokenCount": 4,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}],
    }
    tail: Json = {"usageMetadata": usage, "modelVersion": model, "responseId": exchange.id}
    match problem.kind:
        case Kind.FILTERED:
            return {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": ratings(blocked=True)}, **tail}
        case Kind.CHOICES_NULL:
            return tail
        case Kind.CHOICES_EMPTY:
            return {"candidates": [], **tail}
        case _:
            return None


def _said(problem: Problem, model: str, exchange: Exchange) -> tuple[int, str, list[Json], dict[str, str]]:
    """Status, message, details, headers."""
    match problem.kind:
        case Kind.RATE:
            assert problem.overrun
            return _refused(problem.overrun, problem.told, model, exchange)
        case Kind.NO_CREDIT:
            # A quota of zero: this model is not in the free tier.
            limit = Limit(Unit.REQUESTS, Period.DAY, 0, 86_400)
            return _refused(Overrun(limit, 0, 1, _MISLEADING_S), Told.BY_PROVIDER, model, exchange)
        case Kind.OVERFLOW:
            return 400, _overflow(problem), [], {}
        case Kind.NO_MODEL | Kind.RETIRED_MODEL:
            return 404, _no_model(problem.detail, exchange), [], {}
        case Kind.UNAUTHORIZED:
            info = {"reason": "API_KEY_INVALID", "domain": "googleapis.com"}
            service = {"metadata": {"service": "generativelanguage.googleapis.com"}}
            return *_WORDS[Kind.UNAUTHORIZED], [{"@type": f"{_TYPE}ErrorInfo", **info, **service}], {}
        case _:
            status, message = _WORDS[problem.kind]
            return problem.status or status, message.replace("{detail}", problem.detail), [], {}


def _overflow(problem: Problem) -> str:
    return (
        f"The input token count ({problem.prompt_tokens}) exceeds the maximum number of tokens allowed "
        f"({problem.limit})."
    )


def _no_model(name: str, exchange: Exchange) -> str:
    what = reading.target(exchange.path)[1] or "GetModel"
    return (
        f"models/{name} is not found for API version v1beta, or is not supported for {what}. Call ListModels to see "
        "the list of available models and their supported methods."
    )


def _refused(
    overrun: Overrun, told: Told, model: str, exchange: Exchange
) -> tuple[int, str, list[Json], dict[str, str]]:
    """A quota that is used up. Google tells the wait in words and in RetryInfo; for a day's quota it is not true."""
    metric, quota_id = _QUOTA_IDS[overrun.limit.unit, overrun.limit.period]
    violation: Json = {
        "quotaMetric": f"{_METRIC}{metric}",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(overrun.limit.amount),
    }
    details: list[Json] = [
        {"@type": f"{_TYPE}QuotaFailure", "violations": [violation]},
        {
            "@type": f"{_TYPE}Help",
            "links": [
                {
                    "description": "Learn more about Gemini API quotas",
                    "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
                }
            ],
        },
    ]
    message = f"{_QUOTA}\n* Quota exceeded for metric: {_METRIC}{metric}, limit: {overrun.limit.amount}, model: {model}"
    wait_s = _MISLEADING_S if overrun.limit.period is Period.DAY else overrun.wait_s
    if told in (Told.BY_PROVIDER, Told.TEXT) and math.isfinite(wait_s):
        message += f"\nPlease retry in {_seconds(wait_s)}."
    if told is Told.BY_PROVIDER and math.isfinite(wait_s):
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": _seconds(wait_s)})
    return 429, message, details, waits.retry_after(overrun, told, exchange.at, by_provider=())


def _seconds(span_s: float) -> str:
    """A protobuf duration, rounded up to a millisecond."""
    whole, ms = divmod(math.ceil(round(span_s * 1000, 6)), 1000)
    return f"{whole}.{ms:03d}".rstrip("0").rstrip(".") + "s"
