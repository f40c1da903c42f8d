"""Which class of failure an error is. Status and code decide; words only where providers send nothing else.

The classes and what follows from each: `routing/failure.py`, and the error taxonomy of the wire formats (C.18).
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from ...routing.failure import Failure, Fault
from ...routing.waits import parse_wait, wait_in_headers, wait_in_text
from .dialect import Reply
from .error_body import ErrorBody, read_error
from .json_fields import mapping, mappings, text

#: Codes that say more than their status. Those that only repeat it (`server_error`, `invalid_request_error`) do not
#: decide: OpenAI calls an overload a `server_error` too.
_BY_CODE: Mapping[str, Fault] = {
    "context_length_exceeded": Fault.CONTEXT_OVERFLOW,
    "exceed_context_size_error": Fault.CONTEXT_OVERFLOW,  # llama.cpp
    "string_above_max_length": Fault.CONTEXT_OVERFLOW,
    "request_too_large": Fault.CONTEXT_OVERFLOW,
    "billing_error": Fault.QUOTA_EXHAUSTED,  # Anthropic
    "insufficient_quota": Fault.QUOTA_EXHAUSTED,
    "billing_hard_limit_reached": Fault.QUOTA_EXHAUSTED,
    "billing_not_active": Fault.QUOTA_EXHAUSTED,
    "invalid_api_key": Fault.AUTH,
    "wrong_api_key": Fault.AUTH,  # Cerebras
    "authentication_error": Fault.AUTH,
    "account_deactivated": Fault.AUTH,
    "permission_error": Fault.AUTH,  # Anthropic
    "not_found_error": Fault.MODEL_NOT_FOUND,  # Anthropic
    "model_not_found": Fault.MODEL_NOT_FOUND,
    "model_decommissioned": Fault.MODEL_NOT_FOUND,  # Groq, with status 400
    "model_not_available": Fault.MODEL_NOT_FOUND,
    "invalid_model": Fault.MODEL_NOT_FOUND,  # Mistral, with status 400
    "deploymentnotfound": Fault.MODEL_NOT_FOUND,
    "content_filter": Fault.CONTENT_FILTERED,
    "content_policy_violation": Fault.CONTENT_FILTERED,
    "moderation_blocked": Fault.CONTENT_FILTERED,
    "rate_limit_exceeded": Fault.RATE_LIMITED,
    "rate_limit_error": Fault.RATE_LIMITED,
    "model_overloaded": Fault.OVERLOADED,
    "over_capacity": Fault.OVERLOADED,
    "overloaded_error": Fault.OVERLOADED,
    "unavailable_error": Fault.OVERLOADED,  # llama.cpp while it loads
    "capacity_exceeded": Fault.OVERLOADED,
    # Groq, with status 400: what the model generated is no valid tool call or JSON; the request was fine.
    "tool_use_failed": Fault.BAD_OUTPUT,
    "json_validate_failed": Fault.BAD_OUTPUT,
}

#: Codes that decide where no status is told: in the middle of a stream.
_BY_CODE_ALONE: Mapping[str, Fault] = {
    "invalid_request_error": Fault.BAD_REQUEST,
    "badrequesterror": Fault.BAD_REQUEST,  # vLLM
    "notfounderror": Fault.MODEL_NOT_FOUND,
}

_BY_STATUS: Mapping[int, Fault] = {
    401: Fault.AUTH,
    402: Fault.QUOTA_EXHAUSTED,
    403: Fault.AUTH,
    404: Fault.MODEL_NOT_FOUND,
    408: Fault.SERVER,
    409: Fault.SERVER,
    413: Fault.CONTEXT_OVERFLOW,
    424: Fault.SERVER,
    425: Fault.SERVER,
    429: Fault.RATE_LIMITED,
    498: Fault.OVERLOADED,  # Groq: flex capacity exceeded
    499: Fault.SERVER,
    501: Fault.BAD_REQUEST,
    503: Fault.OVERLOADED,
    529: Fault.OVERLOADED,
}

#: Documented last resort, where status and code say "bad request" or less: the wordings of a prompt that does not fit.
#: OpenAI and vLLM; vLLM's max_tokens; llama.cpp; Ollama; Groq and Cerebras; Together; LM Studio; Anthropic;
#: Gemini; Cohere.
_OVERFLOW = re.compile(
    r"maximum context length|max_model_len|exceeds? the available context size|context size has been exceeded"
    r"|exceeds? (?:the |this )?(?:model'?s? )?(?:maximum )?context (?:length|window)"
    r"|reduce the length of the (?:messages|input)|`?inputs`? tokens \+ `?max_new_tokens`?"
    r"|context length of only|context the overflows|prompt is too long|exceeds? (?:the )?context limit"
    r"|exceeds the maximum number of tokens|too many tokens",
    re.IGNORECASE,
)
_OVERFLOW_STATUS = frozenset({400, 403, 422, 500})
_OVERFLOW_PARAMETERS = frozenset({"input_tokens", "input_text"})  # vLLM

#: Documented last resort for a 429: Groq and OpenAI name the limit in the message only ("tokens per day (TPD)"),
#: OpenRouter as `free-models-per-day`, Ollama's cloud and Cohere's trial as a weekly or monthly one.
_LONG_QUOTA = re.compile(
    r"\b(?:TPD|RPD|[Pp]er[ -](?:day|month)|[Dd]aily|[Ww]eekly|[Mm]onthly|(?:day|week|month) usage limit)\b"
    r"|PerDay|PerMonth"
)

#: Documented last resort for a 429: OpenAI's words for a request that is above the limit of a minute by itself.
_TOO_LARGE = re.compile(r"Request too large\b")

#: GitHub's header that names the limit: `UserByModelByDay`, `UserByModelByMinute`.
_LIMIT_HEADER = "x-ratelimit-type"

#: OpenRouter's 403 for a key that has spent its own limit.
_KEY_LIMIT = re.compile(r"\bkey limit exceeded", re.IGNORECASE)

#: Documented last resort for LocalAI, LM Studio, llama.cpp and DeepSeek ("Model Not Exist"), which answer 400 or 500 to
#: a model they do not have.
_NO_MODEL = re.compile(r"\bmodel\b.{0,120}\b(?:not found|(?:does )?not exist|could not be found)", re.IGNORECASE)


def failure_of(reply: Reply) -> Failure:
    """The failure that a reply with an error status is."""
    if 300 <= reply.status < 400:
        place = reply.headers.get("location", "elsewhere")
        words = f"redirects to {place}; make that the base URL"
        return Failure(Fault.SERVER, words, status=reply.status, refused=True)
    error = read_error(reply.body)
    if reply.status in (404, 405) and error.is_bare:
        error = replace(error, message=f"{error.message}: the server has no such path; check the base URL")
    return failure_in(error, reply)


def failure_in(error: ErrorBody, reply: Reply) -> Failure:
    """The failure that an error is, wherever in the reply it stood: an error after status 200 has its own status."""
    status = reply.status if reply.status >= 300 else error.status
    return Failure(
        fault=_fault(error, status, limit=reply.headers.get(_LIMIT_HEADER, "")),
        message=error.message,
        wait_s=_wait(error, reply),
        status=reply.status,
        code=error.codes[0] if error.codes else None,
        parameter=error.parameter,
        of_model="provider_name" in mapping(error.details.get("metadata")),  # OpenRouter's upstreams
        refused=True,
    )


def _fault(error: ErrorBody, status: int | None, *, limit: str = "") -> Fault:
    """limit: as the provider calls the one that was reached."""
    by_code = next((_BY_CODE[code.lower()] for code in error.codes if code.lower() in _BY_CODE), None)
    # Both call it rate_limit_exceeded, but no wait makes a request fit that is above the limit: Groq, then OpenAI.
    if status == 413 or (status == 429 and _TOO_LARGE.match(error.message)):
        return Fault.CONTEXT_OVERFLOW
    if by_code is Fault.RATE_LIMITED or (by_code is None and status == 429):
        long = limit.endswith("ByDay") or _LONG_QUOTA.search(error.message)
        return Fault.QUOTA_EXHAUSTED if long else Fault.RATE_LIMITED
    found = by_code or _by_structure(error) or _by_words(error, status)
    return found or (_by_code_alone(error) if status is None else None) or _by_status(status)


def _by_code_alone(error: ErrorBody) -> Fault | None:
    return next((found for code in error.codes if (found := _BY_CODE_ALONE.get(code.lower()))), None)


def _by_structure(error: ErrorBody) -> Fault | None:
    if error.parameter in _OVERFLOW_PARAMETERS:
        return Fault.CONTEXT_OVERFLOW
    if "flagged_input" in mapping(error.details.get("metadata")):  # OpenRouter's moderation, with status 403
        return Fault.CONTENT_FILTERED
    return None


def _by_words(error: ErrorBody, status: int | None) -> Fault | None:
    if status is not None and status not in _OVERFLOW_STATUS:
        return None
    if _OVERFLOW.search(error.message):
        return Fault.CONTEXT_OVERFLOW
    if status == 403:
        return Fault.QUOTA_EXHAUSTED if _KEY_LIMIT.search(error.message) else None
    return Fault.MODEL_NOT_FOUND if _NO_MODEL.search(error.message) else None


def _by_status(status: int | None) -> Fault:
    if status is None:
        return Fault.SERVER
    found = _BY_STATUS.get(status)
    if found is None:
        found = Fault.BAD_REQUEST if 400 <= status < 500 else Fault.SERVER
    return found


def _wait(error: ErrorBody, reply: Reply) -> float | None:
    """From the headers, else from the body's fields, else from its words."""
    in_headers = wait_in_headers(reply.headers, now=reply.at)
    if in_headers is not None:
        return in_headers
    in_fields = _wait_in_fields(error, reply.at)
    return in_fields if in_fields is not None else wait_in_text(error.message)


def _wait_in_fields(error: ErrorBody, now: float) -> float | None:
    """Google's RetryInfo, and the headers of its upstream that OpenRouter passes on."""
    for detail in mappings(error.details.get("details")):
        if delay := text(detail.get("retryDelay")):
            return parse_wait(delay, now=now)
    passed_on = mapping(mapping(error.details.get("metadata")).get("headers"))
    return wait_in_headers({str(name).lower(): str(value) for name, value in passed_on.items()}, now=now)
