"""Output lines are what readers of OpenAI's and of vLLM's batch files expect."""

import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.batch_line import LineError, LineFault
from workfleet.tasks.batch_output import LINE_START, answered_line, failed_line, refused_line, unexecuted_line


def parsed(line: bytes) -> dict[str, Any]:
    assert line.startswith(LINE_START)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    found: dict[str, Any] = json.loads(line)
    assert list(found) == ["id", "custom_id", "response", "error"]
    return found


def test_a_body_is_kept_as_it_came() -> None:
    body = {"id": "chatcmpl-1", "choices": [{"message": {"content": "größer\n\u2028"}}], "logprobs": None}
    assert parsed(answered_line("a", "j1", body, request_id="req-9")) == {
        "id": "batch_req_j1",
        "custom_id": "a",
        "response": {"status_code": 200, "request_id": "req-9", "body": body},
        "error": None,
    }


def test_a_call_without_an_id_of_its_own_has_the_jobs() -> None:
    assert parsed(answered_line("a", "j1", {}))["response"]["request_id"] == "j1"


def test_half_a_character_does_not_spoil_the_line() -> None:
    assert parsed(answered_line("a", "j1", {"text": "\ud83d"}))["response"]["body"] == {"text": "\ufffd"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (404, "invalid_request_error"), (429, "rate_limit_error"), (503, "server_error")],
)
def test_a_failed_call_has_the_providers_status_and_error(status: int, kind: str) -> None:
    failure = Failure(Fault.BAD_REQUEST, "no such parameter", status=status, code="bad", parameter="n")
    assert parsed(failed_line("a", "j1", failure, "gave up")) == {
        "id": "batch_req_j1",
        "custom_id": "a",
        "response": {
            "status_code": status,
            "request_id": "j1",
            "body": {"error": {"message": "no such parameter", "type": kind, "param": "n", "code": "bad"}},
        },
        "error": {"code": "bad", "message": "gave up"},
    }


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Failure(Fault.TIMEOUT_TOTAL, "30 s are over"), "request_timeout"),
        (Failure(Fault.TRANSPORT, "connection refused"), "transport"),
        (Failure(Fault.BAD_OUTPUT, "not JSON"), "bad_output"),
        (Failure(Fault.SERVER, "no JSON in the body", status=200), "server"),
    ],
    ids=["timeout", "no connection", "judged to be bad", "an answer that is none"],
)
def test_a_call_without_an_error_answer_has_no_response(failure: Failure, code: str) -> None:
    line = parsed(failed_line("a", "j1", failure, "gave up"))
    assert (line["response"], line["error"]) == (None, {"code": code, "message": "gave up"})


def test_a_line_that_was_not_executed_says_why() -> None:
    line = parsed(unexecuted_line("a", "j1", "batch_cancelled", "cancelled by request"))
    assert (line["response"], line["error"]) == (None, {"code": "batch_cancelled", "message": "cancelled by request"})


def test_a_refused_line_names_its_number() -> None:
    error = LineError(7, None, LineFault.DUPLICATE_CUSTOM_ID, "custom_id 'a' was used by an earlier line", "custom_id")
    message = "line 7: custom_id 'a' was used by an earlier line"
    assert parsed(refused_line(error)) == {
        "id": "batch_req_line_7",
        "custom_id": None,
        "response": {
            "status_code": 400,
            "request_id": "batch_req_line_7",
            "body": {
                "error": {
                    "message": message,
                    "type": "invalid_request_error",
                    "param": "custom_id",
                    "code": "duplicate_custom_id",
                }
            },
        },
        "error": {"code": "duplicate_custom_id", "message": message, "param": "custom_id", "line": 7},
    }
