"""One provider behind one interface, whatever it speaks."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from workfleet.routing.failure import Fault
from workfleet.tasks.answer import Answer, FinishReason
from workfleet.tasks.errors import NoTarget, UnknownName
from workfleet.tasks.request import Request
from workfleet.workers.direct import EventKind, Provider, StreamEvent
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.sender import Sender
from workfleet.workers.settings.provider import ModelSettings, Prices, ProviderSettings

from ..providers.speakers import ANTHROPIC, COHERE, GEMINI, OLLAMA, OPENAI, SPEAKERS, Speaker, openai_chunk, sse

ASKED = Request.from_prompt("Say it.", max_tokens=100)
PRICES = Prices(input_usd_per_mtok=1.0, output_usd_per_mtok=10.0)
BASE_URL = "http://host/v1"


class Host:
    """Answers by function, and remembers the bodies of what it was asked."""

    def __init__(self) -> None:
        self.reply: Callable[[httpx2.Request], httpx2.Response] = lambda _: httpx2.Response(200)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((request.url.path, json.loads(request.content) if request.content else {}))
        return self.reply(request)

    def says(self, content: bytes, kind: str = "application/json", status: int = 200) -> None:
        self.reply = lambda _: httpx2.Response(status, content=content, headers={"content-type": kind})


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
async def sender(host: Host) -> AsyncIterator[Sender]:
    async with Sender(transport=httpx2.MockTransport(host)) as sender:
        yield sender


def settings(type_: str = "vllm", **fields: Any) -> ProviderSettings:
    return ProviderSettings.model_validate(
        {"name": "p", "type": type_, "base_urls": (BASE_URL,), "default_model": "m", "prices": PRICES, **fields}
    )


def of(speaker: Speaker, sender: Sender) -> Provider:
    return Provider(settings(speaker.row, api=speaker.api), sender)


every_dialect = pytest.mark.parametrize("speaker", SPEAKERS, ids=[speaker.dialect for speaker in SPEAKERS])


@every_dialect
async def test_every_dialect_is_asked_alike(speaker: Speaker, sender: Sender, host: Host) -> None:
    host.says(speaker.whole)
    answer = await of(speaker, sender).complete(ASKED)
    assert (answer.text, answer.reasoning, answer.finish_reason) == ("Grüße 🙂", "Hm…", FinishReason.TOOL_CALLS)


@every_dialect
async def test_every_dialect_streams_the_same_events(speaker: Speaker, sender: Sender, host: Host) -> None:
    host.says(speaker.stream, "application/x-ndjson" if speaker.dialect == "ollama" else "text/event-stream")
    events = [event async for event in of(speaker, sender).stream(ASKED)]
    said = {kind: "".join(event.text for event in events if event.kind is kind) for kind in EventKind}
    assert (said[EventKind.CONTENT], said[EventKind.REASONING]) == ("Grüße 🙂", "Hm…")
    calls = [event.tool_call for event in events if event.tool_call is not None]
    assert json.loads("".join(call.arguments for call in calls)) == {"city": "Köln"}
    assert [event.is_last for event in events] == [False] * (len(events) - 1) + [True]
    last = events[-1].answer
    assert last is not None
    assert (last.text, last.usage.output_tokens) == ("Grüße 🙂", 6)


async def test_a_stream_that_fails_ends_with_an_error(sender: Sender, host: Host) -> None:
    host.says(sse(openai_chunk(content="Gr")) + OPENAI.error, "text/event-stream")
    first, last = [event async for event in of(OPENAI, sender).stream(ASKED)]
    assert first == StreamEvent(EventKind.CONTENT, text="Gr")
    assert last.kind is EventKind.ERROR
    assert last.failure is not None
    assert last.failure.fault is Fault.SERVER


async def test_a_stream_that_is_left_ends_the_call(sender: Sender, host: Host) -> None:
    ended = asyncio.Event()

    class Endless(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield sse(openai_chunk(content="Gr"))
            await asyncio.Event().wait()

        async def aclose(self) -> None:
            ended.set()

    host.reply = lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Endless())
    events = of(OPENAI, sender).stream(ASKED)
    assert (await anext(events)).text == "Gr"
    await events.aclose()
    await asyncio.wait_for(ended.wait(), 5)


async def test_a_refusal_is_raised_with_its_class(sender: Sender, host: Host) -> None:
    host.says(b'{"error": {"message": "no", "code": "insufficient_quota"}}', status=429)
    with pytest.raises(AttemptFailed) as failed:
        await of(OPENAI, sender).complete(ASKED)
    assert failed.value.failure.fault is Fault.QUOTA_EXHAUSTED


async def test_the_names_of_other_libraries_mean_the_same(sender: Sender, host: Host) -> None:
    host.says(OPENAI.whole)
    one = of(OPENAI, sender)
    answers = await one.get_response(ASKED), await one.complete(ASKED)
    assert answers[0].text == answers[1].text
    host.says(OPENAI.stream, "text/event-stream")
    assert [event.kind async for event in one.get_streamed_response(ASKED)][-1] is EventKind.DONE


async def test_texts_are_embedded(sender: Sender, host: Host) -> None:
    host.says(b'{"data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [3, 4]}]}')
    assert await of(OPENAI, sender).embed(["a", "b"]) == ((1.0, 2.0), (3.0, 4.0))


@pytest.mark.parametrize(
    ("speaker", "body", "path"),
    [
        (OPENAI, b'{"count": 12}', "/tokenize"),
        (ANTHROPIC, b'{"input_tokens": 12}', "/v1/messages/count_tokens"),
        (GEMINI, b'{"totalTokens": 12}', "/v1/models/m:countTokens"),
        (COHERE, b'{"tokens": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}', "/v1/tokenize"),
        (OLLAMA, b"", None),
    ],
    ids=lambda value: value.dialect if isinstance(value, Speaker) else "",
)
async def test_tokens_are_counted_by_those_who_count(
    speaker: Speaker, body: bytes, path: str | None, sender: Sender, host: Host
) -> None:
    host.says(body)
    assert await of(speaker, sender).count_tokens(ASKED) == (12 if path else None)
    assert [asked for asked, _ in host.asked] == ([path] if path else [])


async def test_a_cost_is_known_before_the_call_and_booked_after_it(sender: Sender, host: Host) -> None:
    one = Provider(settings("openai", tier="hosted"), sender)
    before = await one.estimate_cost(ASKED)
    assert (before.output_tokens, before.price_version) == (100, "configuration")
    assert before.cost_usd == pytest.approx(before.input_tokens / 1e6 + 1e-3)
    host.says(OPENAI.whole)
    await one.complete(ASKED)
    await one.complete(ASKED)
    assert (one.spent.calls, one.spent.input_tokens, one.spent.output_tokens, one.spent.unpriced) == (2, 18, 12, 0)
    assert one.spent.cost_usd == pytest.approx(2 * (9 + 60) / 1e6)


async def test_a_cost_that_nobody_knows_is_none_and_not_nothing(sender: Sender, host: Host) -> None:
    one = Provider(settings("openai", tier="hosted", prices=Prices(), default_model="nobody/knows"), sender)
    assert (await one.estimate_cost(ASKED)).cost_usd is None
    host.says(OPENAI.whole)
    await one.complete(ASKED)
    assert (one.spent.cost_usd, one.spent.unpriced) == (0.0, 1)


async def test_an_estimate_may_rest_on_the_providers_own_count(sender: Sender, host: Host) -> None:
    host.says(b'{"count": 1200}')
    estimate = await of(OPENAI, sender).estimate_cost(ASKED, counted=True)
    assert estimate.input_tokens == 1200
    assert estimate.cost_usd == pytest.approx(2.2e-3)


async def test_the_model_can_be_changed_to_one_that_there_is(sender: Sender, host: Host) -> None:
    models = (ModelSettings(name="m"), ModelSettings(name="n", capabilities=frozenset({"vision"})))
    one = Provider(settings(models=models), sender)
    one.use("n")
    host.says(OPENAI.whole)
    await one.complete(ASKED)
    assert (one.model, host.asked[0][1]["model"], one.capabilities) == ("n", "n", frozenset({"vision"}))
    with pytest.raises(UnknownName, match="unknown model 'o'; known: m, n"):
        one.use("o")


async def test_a_model_is_found_where_none_is_named(sender: Sender, host: Host) -> None:
    one = Provider(settings("lmstudio", default_model=None), sender)
    host.says(b'{"data": [{"id": "e", "type": "embeddings"}, {"id": "found", "type": "llm"}]}')
    await one.initialize()
    assert one.model == "found"


async def test_a_server_without_a_model_is_no_target(sender: Sender, host: Host) -> None:
    host.says(b'{"data": []}')
    with pytest.raises(NoTarget, match="no model is configured, and the server lists none"):
        await Provider(settings(default_model=None), sender).initialize()


async def test_its_health_and_facts_are_told(sender: Sender, host: Host) -> None:
    one = of(OPENAI, sender)
    assert ((await one.health()).healthy, host.asked[0][0]) == (True, "/health")
    assert (one.name, one.metadata.type, "tools" in one.capabilities) == ("p", "vllm", True)


async def test_the_least_busy_of_its_hosts_is_asked(sender: Sender, host: Host) -> None:
    urls = ("http://a/v1", "http://b/v1")
    one = Provider(settings(base_urls=urls), sender)
    asked: list[str] = []
    both, may_go = asyncio.Event(), asyncio.Event()

    async def slow(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.host)
        if len(asked) == 2:
            both.set()
        await may_go.wait()
        return httpx2.Response(200, content=OPENAI.whole, headers={"content-type": "application/json"})

    async with Sender(transport=httpx2.MockTransport(slow)) as speaking:
        one.sender = speaking
        calls: list[asyncio.Task[Answer]] = [asyncio.create_task(one.complete(ASKED)) for _ in urls]
        await asyncio.wait_for(both.wait(), 5)
        may_go.set()
        await asyncio.gather(*calls)
    assert sorted(asked) == ["a", "b"]
