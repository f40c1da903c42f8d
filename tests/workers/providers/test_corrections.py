from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.corrections import Correction, Drop, FoldSystem, Rename, corrected, correction_for

BODY: dict[str, Any] = {
    "model": "m",
    "messages": [],
    "max_tokens": 9,
    "temperature": 0.2,
    "tools": [{}],
    "stop": ["x"],
    "think": True,
}


def refused(parameter: str | None, *, code: str | None = "unsupported_parameter", message: str = "m") -> Failure:
    return Failure(Fault.BAD_REQUEST, message, status=400, code=code, parameter=parameter)


@pytest.mark.parametrize(
    ("failure", "correction"),
    [
        (refused("max_tokens"), Rename("max_tokens", "max_completion_tokens")),
        (refused("temperature", code="unsupported_value"), Drop("temperature")),
        (refused("temperature", code=None, message="property 'temperature' is unsupported"), Drop("temperature")),
        (refused("think", code=None, message='"x" does not support thinking'), Drop("think")),
        (refused("messages[0].role", code="unsupported_value"), FoldSystem()),
        (refused("temperature", code="BadRequestError", message="temperature must be non-negative"), None),
        (refused("tools"), None),
        (refused("stop"), None),
        (refused("top_p"), None),
        (refused(None), None),
        (Failure(Fault.CONTEXT_OVERFLOW, "m", parameter="max_tokens", code="unsupported_parameter"), None),
    ],
    ids=[
        "the limit has another name",
        "the value is not taken",
        "a provider without codes",
        "a model that does not think",
        "no system role",
        "a value that is wrong is the caller's",
        "tools are the request",
        "stop words are the request",
        "what was not sent cannot be left out",
        "nothing is named",
        "only bad requests are corrected",
    ],
)
def test_a_refused_parameter_has_a_correction_if_the_request_stays_the_same(
    failure: Failure, correction: Correction | None
) -> None:
    assert correction_for(failure, BODY) == correction


@pytest.mark.parametrize(
    ("corrections", "body"),
    [
        ([Drop("temperature")], {"max_tokens": 9}),
        ([Rename("max_tokens", "max_completion_tokens")], {"temperature": 0.2, "max_completion_tokens": 9}),
        ([Drop("temperature"), Rename("max_tokens", "n")], {"n": 9}),
        ([Drop("absent")], {"temperature": 0.2, "max_tokens": 9}),
    ],
    ids=["dropped", "renamed", "both", "nothing to do"],
)
def test_corrections_change_the_body(corrections: list[Correction], body: dict[str, Any]) -> None:
    assert corrected({"temperature": 0.2, "max_tokens": 9}, corrections) == body


SYSTEM = {"role": "system", "content": "Be brief."}
USER = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("messages", "folded"),
    [
        ([SYSTEM, USER], [{"role": "user", "content": "Be brief.\n\nHi"}]),
        (
            [SYSTEM, {"role": "developer", "content": "In French."}, USER, USER],
            [{"role": "user", "content": "Be brief.\n\nIn French.\n\nHi"}, USER],
        ),
        (
            [SYSTEM, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
            [{"role": "user", "content": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Hi"}]}],
        ),
        ([SYSTEM], [{"role": "user", "content": "Be brief."}]),
        ([USER], [USER]),
    ],
    ids=["before the text", "all of it", "before the parts", "alone", "none"],
)
def test_a_system_prompt_is_put_before_the_first_user_message(messages: list[Any], folded: list[Any]) -> None:
    assert corrected({"messages": messages}, [FoldSystem()]) == {"messages": folded}
