"""What trying providers with one prompt tells of each."""

import json

import httpx2
import pytest

from workfleet.tasks.request import Request
from workfleet.workers.direct import Provider
from workfleet.workers.direct.trial import alike, try_all
from workfleet.workers.providers.sender import Sender
from workfleet.workers.settings.provider import ProviderSettings

ASKED = Request.from_prompt("Say it.", max_tokens=9)


def provider(name: str, sender: Sender, **fields: object) -> Provider:
    said = {"name": name, "type": "vllm", "base_urls": (f"http://{name}",), "default_model": "m", **fields}
    return Provider(ProviderSettings.model_validate(said), sender)


def hosts(request: httpx2.Request) -> httpx2.Response:
    """Each answers by its name."""
    name, path = request.url.host, request.url.path
    if request.method == "GET":
        return httpx2.Response(503 if name == "ill" else 200)
    if path == "/tokenize":
        return httpx2.Response(200, json={"count": 12})
    if name == "mute":
        return httpx2.Response(500, json={"error": {"message": "no"}})
    if json.loads(request.content)["stream"]:
        return _streamed(name)
    end = "content_filter" if name == "shy" else "stop"
    said = "One two three" if name == "other" else "One two four"
    choice = {"message": {"content": said}, "finish_reason": end}
    return httpx2.Response(200, json={"choices": [choice], "usage": {"prompt_tokens": 11, "completion_tokens": 3}})


def _streamed(name: str) -> httpx2.Response:
    if name == "cut":
        return httpx2.Response(200, content=b": nothing\n\n", headers={"content-type": "text/event-stream"})
    chunk = json.dumps({"choices": [{"delta": {"content": "One"}, "finish_reason": "stop"}]})
    content = f"data: {chunk}\n\ndata: [DONE]\n\n".encode()
    return httpx2.Response(200, content=content, headers={"content-type": "text/event-stream"})


async def test_each_provider_is_tried_on_its_own() -> None:
    names = ("one", "other", "ill", "mute", "cut", "shy")
    async with Sender(transport=httpx2.MockTransport(hosts)) as sender:
        trials = await try_all([provider(name, sender) for name in names], ASKED)
    assert {trial.provider: trial.failed for trial in trials} == {
        "one": None,
        "other": None,
        "ill": "its health check fails: overloaded (HTTP 503): an empty body",
        "mute": "server (HTTP 500): no",
        "cut": "transport (HTTP 200): stream interrupted before its end",
        "shy": "content_filtered: the provider's filter ended the answer",
    }
    one = trials[0]
    assert (one.model, one.counted_tokens, one.whole and one.whole.usage.input_tokens) == ("m", 12, 11)
    assert (one.streamed and one.streamed.text, one.estimated_tokens > 0) == ("One", True)
    assert [trial.alike for trial in trials] == [1.0, pytest.approx(2 / 3), None, None, 1.0, 1.0]


async def test_where_nobody_answers_nothing_is_compared() -> None:
    async with Sender(transport=httpx2.MockTransport(hosts)) as sender:
        (trial,) = await try_all([provider("mute", sender)], ASKED)
    assert (trial.whole, trial.alike) == (None, None)


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [("2, 3, 5", "2, 3, 5", 1.0), ("Yes  it IS", "yes it is", 1.0), ("a b c d", "a b", 2 / 3), ("a", "b", 0.0)],
)
def test_alike_are_the_words_in_order(one: str, other: str, share: float) -> None:
    assert alike(one, other) == pytest.approx(share)
