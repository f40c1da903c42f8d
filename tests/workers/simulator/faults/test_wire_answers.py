"""What spoiled answers and listings look like on the wire."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

Ask = Callable[..., Awaitable[Any]]

OPENAI, OLLAMA = "/v1/chat/completions", "/api/chat"

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Say something."}], "stream": False}

STREAM = CHAT | {"stream": True, "stream_options": {"include_usage": True}}

AS_JSON = CHAT | {"response_format": {"type": "json_object"}, "format": "json"}


@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
async def test_error_in_200_is_an_error_all_the_same(reply: Ask, path: str) -> None:
    got = await reply("error-in-200", path)
    assert (got.status, list(got.json)) == (200, ["error"])


@pytest.mark.parametrize(("fault", "choices"), [("choices-null", None), ("choices-empty", [])])
async def test_an_answer_may_come_without_choices(reply: Ask, fault: str, choices: object) -> None:
    got = await reply(fault, OPENAI)
    assert (got.status, got.json["choices"]) == (200, choices)


@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
async def test_content_empty_is_an_answer_without_a_word(reply: Ask, path: str) -> None:
    got = (await reply("content-empty", path)).json
    assert (got["choices"][0] if path == OPENAI else got)["message"]["content"] == ""


async def test_truncated_input_shows_only_in_the_count(reply: Ask) -> None:
    body = CHAT | {"messages": [{"role": "user", "content": "x" * 4000}]}
    got = await reply("truncated-input", OLLAMA, body)
    assert (got.status, got.json["prompt_eval_count"]) == (200, 503)


async def test_answer_filtered_ends_it_halfway(reply: Ask) -> None:
    choice = (await reply("answer-filtered", OPENAI)).json["choices"][0]
    assert (choice["finish_reason"], bool(choice["message"]["content"])) == ("content_filter", True)


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
async def test_a_refusal_is_not_content(reply: Ask, body: dict[str, Any]) -> None:
    got = await reply("refusal", OPENAI, body=body)
    assert "I'm sorry, I can't assist with that request." in got.text
    if body is CHAT:
        assert got.json["choices"][0]["message"]["content"] is None


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
async def test_usage_missing_tells_no_counts(reply: Ask, body: dict[str, Any]) -> None:
    assert "prompt_tokens" not in (await reply("usage-missing", OPENAI, body=body)).text
    assert "eval_count" not in (await reply("usage-missing", OLLAMA, body)).text


async def test_usage_null_after_comes_after_the_usage(reply: Ask) -> None:
    *_, told, null = (await reply("usage-null-after", OPENAI, body=STREAM)).events
    assert (told["usage"]["completion_tokens"] > 0, null["choices"], null["usage"]) == (True, [], None)


async def test_usage_changing_tells_other_counts_before_the_end(reply: Ask) -> None:
    events = (await reply("usage-changing", OPENAI, body=STREAM)).events
    first, last = events[0]["usage"], events[-1]["usage"]
    assert (first["prompt_tokens"], first["completion_tokens"]) == (last["prompt_tokens"] + 2, 1)


async def test_reasoning_exceeds_the_completion(reply: Ask) -> None:
    usage = (await reply("reasoning-exceeds", OPENAI)).json["usage"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == usage["completion_tokens"] + 1


@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
@pytest.mark.parametrize(
    ("fault", "content"),
    [
        ("json-fenced", '```json\n{"answer": "as asked"}\n```'),
        ("json-in-prose", 'Sure! Here it is:\n\n{"answer": "as asked"}\n\nAnything else?'),
        ("json-truncated", '{"answer": '),
        ("json-wrong-shape", '["not", {"what": "was asked"}]'),
    ],
)
async def test_json_is_spoiled(reply: Ask, fault: str, content: str, path: str) -> None:
    got = (await reply(fault, path, AS_JSON)).json
    assert (got["choices"][0] if path == OPENAI else got)["message"]["content"] == content


@pytest.mark.parametrize(
    ("flavour", "last", "done"),
    [
        ("openai", b"data: {", False),
        ("groq", b"event: error", False),
        ("openrouter", b'"usage"', False),
        ("vllm", b'"code":500', True),
    ],
)
async def test_error_midway_ends_a_stream_as_the_provider_does(
    reply: Ask, flavour: str, last: bytes, done: bool
) -> None:
    got = await reply("error-midway", OPENAI, body=STREAM, flavour=flavour)
    final = [event for event in got.text.split("\n\n") if event and event != "data: [DONE]"][-1]
    assert (got.status, last.decode() in final, '"error"' in final) == (200, True, True)
    assert ("[DONE]" in got.text) is done


async def test_error_midway_is_a_line_in_ollama(reply: Ask) -> None:
    lines = (await reply("error-midway", OLLAMA, STREAM)).text.splitlines()
    assert json.loads(lines[-1]) == {"error": "an error was encountered while running the model"}
    assert len(lines) > 5


@pytest.mark.parametrize(
    ("fault", "field"),
    [("slow-first-token:amount=0.2", "first"), ("slow-tokens:amount=100", "tokens"), ("model-load:amount=0.2", "load")],
)
async def test_a_slow_provider_takes_its_time(reply: Ask, fault: str, field: str) -> None:
    begun = time.perf_counter()
    got = (await reply(fault, OLLAMA, CHAT | {"options": {"num_predict": 21}})).json
    durations = {"first": "prompt_eval_duration", "tokens": "eval_duration", "load": "load_duration"}
    assert got[durations[field]] == pytest.approx(0.2e9, rel=0.06)
    assert time.perf_counter() - begun > 0.19


LISTINGS = [("/v1/models", "data", "id"), ("/api/tags", "models", "name")]


@pytest.mark.parametrize(("path", "key", "name"), LISTINGS)
async def test_listings_come_in_every_form(reply: Ask, path: str, key: str, name: str) -> None:
    async def got(fault: str) -> Any:
        return await reply(fault, path, method="GET")

    assert len((await got("listing-huge")).json[key]) > 1_000
    assert (await got("listing-bare")).json[0][name].startswith("sim-chat")
    assert None in (await got("listing-malformed")).json[key]
    assert (await got("listing-wrong-type")).headers["content-type"] == "text/html"


async def test_a_paged_listing_is_followed_by_its_last_id(reply: Ask) -> None:
    names, after = list[str](), ""
    while True:
        page = (
            await reply("listing-paged", f"/v1/models?after={after}", models=("a", "b", "c", "d", "e"), method="GET")
        ).json
        names += [row["id"] for row in page["data"]]
        after = page["last_id"]
        if not page["has_more"]:
            break
    assert names == ["a", "b", "c", "d", "e"]


async def pulled(reply: Ask, fault: str) -> list[Any]:
    text = (await reply(fault, "/api/pull", {"model": "new"})).text
    return [json.loads(line) for line in text.splitlines()]


async def test_a_pull_may_end_in_an_error_line(reply: Ask) -> None:
    *before, last = await pulled(reply, "pull-error")
    assert last == {"error": "pull model manifest: file does not exist"}
    assert any("completed" in line for line in before)


async def test_a_pulled_layer_may_begin_anew(reply: Ask) -> None:
    lines = await pulled(reply, "pull-restart")
    first = [line.get("completed", 0) for line in lines if line.get("digest") == lines[1]["digest"]]
    assert first != sorted(first)
    assert lines[-1] == {"status": "success"}


async def test_a_pulled_model_may_be_there_already(reply: Ask) -> None:
    layers = [line for line in await pulled(reply, "pull-present") if "digest" in line]
    assert all(line["completed"] == line["total"] for line in layers)
    assert len(layers) == 4
