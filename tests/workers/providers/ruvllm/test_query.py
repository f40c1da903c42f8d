import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason
from workfleet.tasks.request import Message, Request
from workfleet.workers.providers.dialect import Ask, Call, ListedModel, Reply
from workfleet.workers.providers.endpoint import Api
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.providers.ruvllm.dialect import Ruvllm

ROW = ROWS["ruvllm"]
QUERY = Api(form="query")
SAID = {"text": "Hello", "model_used": "B1_2", "context_size": 512, "confidence": 0.9, "latency_ms": 12.0}


def ask(request: Request, *, stream: bool = False) -> Ask:
    return Ask(ROW, "r", "auto", request, stream=stream, api=QUERY)


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        pytest.param(Request.from_prompt("Hi"), {"query": "Hi"}, id="one text"),
        pytest.param(
            Request(
                messages=(
                    Message(role="system", content="Be brief."),
                    Message(role="user", content="Hi"),
                    Message(role="assistant", content="Hello"),
                    Message(role="user", content="Bye"),
                )
            ),
            {"query": "[System]: Be brief.\n\n[User]: Hi\n\n[Assistant]: Hello\n\n[User]: Bye"},
            id="the whole conversation",
        ),
        pytest.param(
            Request.from_prompt("Hi", extra={"session_id": "s"}), {"query": "Hi", "session_id": "s"}, id="a session"
        ),
    ],
)
def test_what_is_asked_is_one_query(request_: Request, body: dict[str, Any]) -> None:
    assert Ruvllm().encode(ask(request_)) == Call("POST", "/query", body)


@pytest.mark.parametrize(
    "body",
    [
        SAID,
        {"content": "Hello"},
        {"choices": [{"message": {"content": "Hello"}}]},
    ],
    ids=["text", "content", "choices"],
)
def test_the_answer_is_read_under_any_of_its_names(body: dict[str, Any]) -> None:
    found = Ruvllm().decode(ask(Request.from_prompt("Hi")), Reply(200, {}, json.dumps(body).encode()))
    assert isinstance(found, Answer)
    assert (found.text, found.finish_reason) == ("Hello", FinishReason.STOP)
    assert (found.usage.source, found.usage.cost_usd, found.usage.output_tokens > 0) == ("estimate", 0.0, True)


def test_it_names_the_model_that_it_chose() -> None:
    found = Ruvllm().decode(ask(Request.from_prompt("Hi")), Reply(200, {}, json.dumps(SAID).encode()))
    assert isinstance(found, Answer)
    assert found.model == "B1_2"


def test_an_answer_in_one_piece_serves_for_a_stream() -> None:
    body = json.dumps(SAID).encode()
    decoder = Ruvllm().decoder(ask(Request.from_prompt("Hi"), stream=True), Reply(200))
    decoder.feed(body[:9])
    decoder.feed(body[9:])
    found = decoder.finish()
    assert isinstance(found, Answer)
    assert found.text == "Hello"


def test_an_answer_that_is_cut_is_none() -> None:
    decoder = Ruvllm().decoder(ask(Request.from_prompt("Hi"), stream=True), Reply(200))
    decoder.feed(json.dumps(SAID).encode()[:-1])
    assert decoder.finish() == Failure(Fault.TRANSPORT, "the answer was cut, or is no JSON", status=200)


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [(500, b"router: no model is loaded", Fault.SERVER), (422, b"missing field `query`", Fault.BAD_REQUEST)],
)
def test_its_errors_are_plain_text(status: int, body: bytes, fault: Fault) -> None:
    assert Ruvllm().failure(Reply(status, {}, body)) == Failure(fault, body.decode(), status=status)


def test_it_has_no_embeddings() -> None:
    refused = Ruvllm().encode(ask(Request(kind="embedding", input=("x",))))
    assert isinstance(refused, Failure)
    assert refused.fault is Fault.BAD_REQUEST


def test_a_server_without_a_listing_has_one_model() -> None:
    found = Ruvllm().models(ROW, Reply(200, {}, b'{"status": "healthy", "version": "0.1.0"}'))
    assert found == (ListedModel("auto", capabilities=frozenset(), local=True),)
