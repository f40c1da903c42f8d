import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import Request
from workfleet.workers.providers.cohere.dialect import Cohere
from workfleet.workers.providers.dialect import Ask, Reply
from workfleet.workers.providers.rows import ROWS

ASK = Ask(ROWS["cohere"], "c", "m", Request.from_prompt("x"))
TRIAL = "You are using a Trial key, which is limited to"


@pytest.mark.parametrize(
    ("status", "message", "fault"),
    [
        (400, "invalid request: message must be at least 1 token long", Fault.BAD_REQUEST),
        (400, "too many tokens: total number of tokens in the request cannot exceed 4081", Fault.CONTEXT_OVERFLOW),
        (401, "invalid api token", Fault.AUTH),
        (402, "Please add or update your payment method", Fault.QUOTA_EXHAUSTED),
        (403, "forbidden", Fault.AUTH),
        (404, "model 'command-light' not found", Fault.MODEL_NOT_FOUND),
        (422, "invalid type: parameter temperature is of type string", Fault.BAD_REQUEST),
        (429, f"{TRIAL} 20 API calls / minute.", Fault.RATE_LIMITED),
        (429, f"{TRIAL} 1000 API calls / month.", Fault.QUOTA_EXHAUSTED),
        (498, "blocked token", Fault.CONTENT_FILTERED),
        (500, "internal server error", Fault.SERVER),
        (503, "service unavailable", Fault.OVERLOADED),
        (504, "gateway timeout", Fault.SERVER),
    ],
)
def test_what_it_refuses_has_its_class(status: int, message: str, fault: Fault) -> None:
    body = json.dumps({"id": "i", "message": message}).encode()
    found = Cohere().failure(Reply(status, {}, body))
    assert (found.fault, found.message, found.status) == (fault, message, status)


@pytest.mark.parametrize("ended", ["ERROR", "TIMEOUT"])
def test_an_answer_that_ends_in_an_error_is_a_failure(ended: str) -> None:
    body = {"finish_reason": ended, "message": {"content": [{"type": "text", "text": "par"}]}}
    found = Cohere().decode(ASK, Reply(200, {}, json.dumps(body).encode()))
    assert found == Failure(Fault.SERVER, f"the provider ended the answer with {ended}", status=200, code=ended)


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (
            {"billed_units": {"input_tokens": 431.0, "output_tokens": 661.0},
             "tokens": {"input_tokens": 2190.0, "output_tokens": 1257.0}, "cached_tokens": 2048},
            (2190, 2048, 1257, 431, 661),
        ),
        ({"billed_units": {"input_tokens": 3}}, (3, 0, 0, 3, 0)),
        ({"tokens": {"input_tokens": 5, "output_tokens": 2}}, (5, 0, 2, None, None)),
    ],
    ids=["both", "only what is billed", "only what was read and written"],
)  # fmt: skip
def test_limits_count_tokens_and_prices_what_is_billed(usage: Any, counts: tuple[int | None, ...]) -> None:
    body: dict[str, Any] = {"finish_reason": "COMPLETE", "message": {"content": []}, "usage": usage}
    found = Cohere().decode(ASK, Reply(200, {}, json.dumps(body).encode()))
    assert isinstance(found, Answer)
    used = found.usage
    assert counts == (
        used.input_tokens,
        used.cached_read_tokens,
        used.output_tokens,
        used.billed_input_tokens,
        used.billed_output_tokens,
    )
