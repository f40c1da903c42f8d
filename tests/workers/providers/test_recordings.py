"""What providers really sent, decoded: a sample of it always, all of it where it lies beside the clone."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, Usage
from workfleet.tasks.openai_request import KINDS, UnusableBody, openai_request
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import Ask, Delta, Reply
from workfleet.workers.providers.openai.dialect import OpenAICompatible
from workfleet.workers.providers.openai.request import encoded
from workfleet.workers.providers.rows import ROWS

SAMPLE = Path(__file__).parent / "recordings" / "exchanges.jsonl"
ALL = Path(__file__).parents[4] / "shared" / "recordings" / "exchanges.jsonl"
OPENAI_SPEAKERS = frozenset({"openai", "groq", "openrouter", "mistral", "deepseek", "cerebras", "ollama"})
DIALECT = OpenAICompatible()


@dataclass(frozen=True)
class Exchange:
    name: str
    ask: Ask
    reply: Reply
    sent: dict[str, Any]
    received: Any
    is_exact: bool  #: the request says all that was asked

    def deltas(self) -> list[Delta]:
        return DIALECT.decoder(self.ask, self.reply).feed(self.reply.body)

    def outcome(self) -> Answer | Failure:
        if self.reply.status != 200:
            return DIALECT.failure(self.reply)
        if not self.ask.stream:
            return DIALECT.decode(self.ask, self.reply)
        decoder = DIALECT.decoder(self.ask, self.reply)
        decoder.feed(self.reply.body)
        return decoder.finish()


def read(path: Path) -> dict[str, Exchange]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {line["name"]: exchange(line) for line in lines if line["provider"] in OPENAI_SPEAKERS}


def exchange(line: dict[str, Any]) -> Exchange:
    row = ROWS.get(line["provider"], ROWS["openai_compatible"])
    row = row if row.dialect == "openai" else ROWS["openai_compatible"]
    sent, received = line["request"], line["response"]
    request = request_of(line)
    asked = request or Request.from_prompt("…", keep_body=True)
    ask = Ask(row, line["provider"], sent["model"], asked, stream=bool(sent.get("stream")))
    body = received.encode() if isinstance(received, str) else json.dumps(received).encode()
    reply = Reply(line["status"], line["response_headers"], body)
    return Exchange(line["name"], ask, reply, sent, received, request is not None)


def request_of(line: dict[str, Any]) -> Request | None:
    """What was asked; None where it is more than a request can say (documents, another provider's parts)."""
    path = next(path for path in KINDS if line["url"].endswith(path.removeprefix("/v1")))
    try:
        return openai_request(KINDS[path], {**line["request"], "stream": None, "stream_options": None})
    except UnusableBody:
        return None


RECORDED = read(SAMPLE)


def recorded(name: str) -> Exchange:
    return next(exchange for full, exchange in RECORDED.items() if full.endswith(name))


@pytest.mark.parametrize(
    ("name", "text", "finish", "usage"),
    [
        (
            "test_max_completion_tokens[o3-mini]#0",
            "Hello there! How can I help you today?",
            "stop",
            Usage(input_tokens=7, output_tokens=87, reasoning_tokens=64),
        ),
        ("test_openai_tool_output#0", "", "tool_calls", Usage(input_tokens=68, output_tokens=12)),
        ("test_openai_moderation_stream#0", "Paris", "stop", Usage(input_tokens=13, output_tokens=11)),
        (
            "test_image_url_tool_response#1",
            "The image shows a potato.",
            "stop",
            Usage(input_tokens=503, output_tokens=8),
        ),
        (
            "test_tool_use_failed_error#1",
            "",
            "tool_calls",
            Usage(input_tokens=301, output_tokens=52, reasoning_tokens=22),
        ),
        (
            "test_mistral_history_uses_prompt_cache#1",
            "cache probe two.",
            "stop",
            Usage(input_tokens=268, cached_read_tokens=224, output_tokens=5),
        ),
        (
            "test_openrouter_stream_with_native_options#0",
            "I'm Grok,",
            "stop",
            Usage(
                input_tokens=687,
                cached_read_tokens=679,
                output_tokens=187,
                reasoning_tokens=118,
                cost_usd=0.00333825,
                cost_source="receipt",
            ),
        ),
        ("test_mistral_model_thinking_part_iter#0", "", "stop", Usage(input_tokens=10, output_tokens=232)),
        ("test_disable_reasoning_setting#0", "The answer is 4.", "stop", Usage(input_tokens=13, output_tokens=7)),
    ],
)
def test_answers_have_the_providers_text_end_and_count(name: str, text: str, finish: str, usage: Usage) -> None:
    name = name.replace("test_disable", "test_cerebras_disable")
    outcome = recorded(name).outcome()
    assert isinstance(outcome, Answer)
    assert (outcome.text[: len(text)], outcome.finish_reason, outcome.usage) == (text, finish, usage)


@pytest.mark.parametrize(
    ("name", "reasoning", "text"),
    [
        (
            "test_deepseek_model_thinking_part#0",
            "Okay, the user is asking how to cross th",
            "Crossing the street safely",
        ),
        ("test_groq_native_output#0", "The user asks", '{"city":"Mexico City"'),
        ("test_mistral_model_thinking_part#1", "**Analogizing crossing a ", ""),
        ("test_mistral_model_thinking_part_iter#0", "Okay", ""),
        ("test_openrouter_map_messages_reasoning#0", "This question is asking me about my iden", "I am Claude"),
        (
            "test_openai_model_cerebras_provider_harmony#0",
            "User asks simple question",
            "The capital of France is **Paris**.",
        ),
        ("test_ollama_local_native_output_uses_json_schema#0", "Okay, the user is asking", '{ "city": "Paris"'),
    ],
)
def test_reasoning_is_apart_from_the_answer_wherever_the_provider_puts_it(name: str, reasoning: str, text: str) -> None:
    outcome = recorded(name).outcome()
    assert isinstance(outcome, Answer)
    said = outcome.reasoning[: len(reasoning)], " ".join(outcome.text.split())[: len(text)]
    assert (said, "<think>" in outcome.text) == ((reasoning, text), False)


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        (
            "test_embed_error#0",
            Failure(
                Fault.MODEL_NOT_FOUND,
                "The model `nonexistent` does not exist or you do not have access to it.",
                status=404,
                code="model_not_found",
            ),
        ),
        (
            "test_openai_o1_mini_system_role[developer]#0",
            Failure(
                Fault.BAD_REQUEST,
                "Unsupported value: 'messages[0].role' does not support 'developer' with this model.",
                status=400,
                code="unsupported_value",
                parameter="messages[0].role",
            ),
        ),
        (
            "test_tool_use_failed_error#0",
            Failure(
                Fault.BAD_OUTPUT,
                "Tool call validation failed: tool call validation failed: parameters for tool get_something_by_name "
                "did not match schema: errors: [missing properties: 'name', additionalProperties 'foo' not allowed]",
                status=400,
                code="tool_use_failed",
            ),
        ),
    ],
)
def test_refusals_have_their_class(name: str, failure: Failure) -> None:
    assert recorded(name).outcome() == failure


def test_embeddings_are_read_in_whichever_form_they_come() -> None:
    outcome = recorded("TestOpenAI.test_instrumentation#0").outcome()
    assert isinstance(outcome, Answer)
    assert ([len(vector) for vector in outcome.embeddings], outcome.usage.input_tokens) == ([128], 4)


STREAMED = [name for name, exchange in RECORDED.items() if exchange.ask.stream]


@pytest.mark.parametrize("name", STREAMED)
def test_the_pieces_of_a_stream_add_up_to_the_answer(name: str) -> None:
    deltas, outcome = RECORDED[name].deltas(), RECORDED[name].outcome()
    assert isinstance(outcome, Answer)
    added = "".join(delta.text for delta in deltas), "".join(delta.reasoning for delta in deltas)
    assert (added, deltas[-1].usage or outcome.usage) == ((outcome.text, outcome.reasoning), outcome.usage)


@pytest.mark.parametrize("name", [name for name, exchange in RECORDED.items() if exchange.reply.status == 200])
def test_the_body_is_kept_as_the_provider_sent_it(name: str) -> None:
    exchange = RECORDED[name]
    outcome = exchange.outcome()
    assert isinstance(outcome, Answer)
    if not exchange.ask.stream:
        assert outcome.body == exchange.received
        return
    assert outcome.body is not None
    message = outcome.body["choices"][0]["message"]
    assert (outcome.body["object"], message["content"], outcome.body["usage"]["prompt_tokens"]) == (
        "chat.completion",
        outcome.text,
        outcome.usage.input_tokens,
    )


@pytest.mark.parametrize("name", [name for name, exchange in RECORDED.items() if exchange.is_exact])
def test_what_was_asked_is_written_as_it_was_sent(name: str) -> None:
    exchange = RECORDED[name]
    sent = {key: value for key, value in exchange.sent.items() if key not in ("stream", "stream_options")}
    written = {key: value for key, value in encoded(exchange.ask).items() if key not in ("stream", "stream_options")}
    assert comparable(written) == comparable(sent)


def comparable(body: dict[str, Any]) -> dict[str, Any]:
    """Without the differences that mean nothing: a single input, a null, and the row's own name of the limit."""
    body = {"max_tokens" if k.startswith("max_") else k: v for k, v in body.items() if v is not None}
    if isinstance(body.get("input"), str):
        body["input"] = [body["input"]]
    messages = [{k: v for k, v in message.items() if v or k == "role"} for message in body.get("messages", [])]
    return {**body, "messages": messages}


@pytest.mark.skipif(not ALL.exists(), reason=f"the whole recording is not beside the clone ({ALL.parent})")
def test_every_recorded_exchange_is_understood() -> None:
    exchanges = read(ALL).values()
    outcomes = {exchange.name: exchange.outcome() for exchange in exchanges}
    failed = {name: str(o) for name, o in outcomes.items() if isinstance(o, Failure) and "200" in str(o)}
    counted = [o.usage.source for o in outcomes.values() if isinstance(o, Answer)]
    assert (failed, set(counted), len(counted) > 50) == ({}, {"provider"}, True)
