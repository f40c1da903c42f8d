"""OpenAI's words for what went wrong."""

from collections.abc import Mapping
from typing import NamedTuple

from ...problem import Kind, Problem


class Words(NamedTuple):
    """`{detail}` in the message is the problem's."""

    status: int
    type: str
    code: str | None
    message: str


_BAD = "invalid_request_error"

_WORDS: Mapping[Kind, Words] = {
    Kind.BAD_JSON: Words(400, _BAD, None, "We could not parse the JSON body of your request."),
    Kind.INVALID: Words(400, _BAD, "invalid_value", "{detail}"),
    Kind.UNSUPPORTED: Words(400, _BAD, "unsupported_value", "Unsupported value: {detail} with this model."),
    Kind.UNAUTHORIZED: Words(401, _BAD, "invalid_api_key", "Incorrect API key provided."),
    Kind.PAYMENT: Words(
        402, "billing_error", "payment_required", "Insufficient credits. Add more and retry the request."
    ),
    Kind.FORBIDDEN: Words(403, _BAD, "permission_denied", "You have insufficient permissions for this operation."),
    Kind.NO_MODEL: Words(
        404, _BAD, "model_not_found", "The model `{detail}` does not exist or you do not have access to it."
    ),
    Kind.RETIRED_MODEL: Words(
        400, _BAD, "model_decommissioned", "The model `{detail}` has been decommissioned and is no longer supported."
    ),
    Kind.NO_ROUTE: Words(404, _BAD, "unknown_url", "Unknown request URL: {detail}."),
    Kind.BAD_METHOD: Words(405, _BAD, "method_not_supported", "Not allowed to {detail}."),
    Kind.OVERFLOW: Words(400, _BAD, "context_length_exceeded", ""),
    Kind.TOO_LARGE: Words(413, _BAD, "request_too_large", "The request body is too large."),
    Kind.FILTERED: Words(
        400,
        _BAD,
        "content_filter",
        "The response was filtered due to the prompt triggering the content management policy.",
    ),
    Kind.OVERLOADED: Words(503, "server_error", None, "The engine is currently overloaded, please try again later."),
    Kind.NO_CREDIT: Words(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    Kind.STATUS: Words(500, "server_error", None, "{detail}"),
    Kind.ERROR_IN_200: Words(200, "server_error", None, "Provider returned error"),
}


def words(problem: Problem) -> Words:
    """The words, with the problem's own status and detail in them."""
    found = _WORDS[problem.kind]
    return found._replace(
        status=problem.status or found.status, message=found.message.replace("{detail}", problem.detail)
    )
