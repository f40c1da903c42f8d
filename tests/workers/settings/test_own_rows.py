"""A provider that is none of the known types is a row of the user's own configuration."""

from collections.abc import Callable
from dataclasses import fields

import httpx2
import pytest

from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import Endpoint, Timeouts
from workfleet.workers.providers.rows import ROWS, OwnRow, Row
from workfleet.workers.providers.sender import Sender
from workfleet.workers.settings import Settings
from workfleet.workers.settings.dump import as_yaml

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]

MINE = """
providers:
  mine:
    type: openai_compatible
    base_url: https://api.example.com/llm/v1
    api_key: ${MINE_KEY}
    default_model: m
    capabilities: [json_mode]
    api:
      keyHeader: X-Key
      health_path: /ok
      listing_path: catalog
      max_tokens_field: max_completion_tokens
      seed_field: random_seed
      top_k: false
      receipts: true
      always: {tier: fast}
"""


def mine(load: Load) -> Endpoint:
    (endpoint,) = load(MINE, MINE_KEY="k" * 20).providers["mine"].endpoints()
    return endpoint


def test_it_differs_from_its_type_in_what_it_says(load: Load) -> None:
    row, usual = mine(load).row, ROWS["openai_compatible"]
    unlike = {each.name for each in fields(Row) if getattr(row, each.name) != getattr(usual, each.name)}
    assert unlike == {
        "key_header",
        "health_path",
        "listing_paths",
        "max_tokens_field",
        "seed_field",
        "top_k",
        "receipts",
        "always",
    }


def test_a_provider_that_says_nothing_has_the_row_of_its_type() -> None:
    assert Endpoint("g", "groq", "https://api.groq.com/openai/v1").row is ROWS["groq"]


def test_whatever_a_row_of_ones_own_may_say_a_row_has() -> None:
    assert {each.name for each in fields(OwnRow)} - {each.name for each in fields(Row)} == {"listing_path"}


async def test_it_is_spoken_to_as_it_says(load: Load) -> None:
    asked: list[tuple[str, str | None, bytes]] = []

    def server(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.url.path, request.headers.get("x-key"), request.content))
        if request.method == "GET":
            return httpx2.Response(200, json={"data": [{"id": "m", "context_length": 4096}]})
        choice = {"message": {"content": "Hello"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.25}
        return httpx2.Response(200, json={"choices": [choice], "usage": usage})

    endpoint, request = mine(load), Request.from_prompt("Hi", max_tokens=5, seed=3, top_k=7)
    async with Sender(transport=httpx2.MockTransport(server)) as sender:
        answer = await sender.ask(endpoint, "m", request, Timeouts())
        health, models = await sender.health(endpoint), await sender.models(endpoint)
    assert (answer.usage.cost_usd, answer.usage.cost_source) == (0.25, "receipt")
    assert (health.healthy, [model.context_tokens for model in models]) == (True, [4096])
    assert [(path, key) for path, key, _ in asked] == [
        ("/llm/v1/chat/completions", "k" * 20),
        ("/llm/ok", "k" * 20),
        ("/llm/v1/catalog", "k" * 20),
    ]
    assert asked[0][2] == (
        b'{"model":"m","tier":"fast","messages":[{"role":"user","content":"Hi"}],'
        b'"max_completion_tokens":5,"random_seed":3,"stream":false}'
    )


def test_it_is_shown_as_it_was_said(load: Load) -> None:
    settings = load(MINE, MINE_KEY="k" * 20)
    assert load(as_yaml(settings), MINE_KEY="k" * 20).providers == settings.providers


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (
            "lab: {type: vllm, api: {max_tokens_field: tokens}}",
            "1: providers.lab.api.max_tokens_field: must be one of max_tokens or max_completion_tokens, not 'tokens'",
        ),
        (
            "lab: {type: vllm, api: {key_haeder: X}}",
            "1: providers.lab.api.key_haeder: unknown field 'key_haeder'; did you mean 'key_header'?",
        ),
        (
            "o: {type: ollama, api: {top_k: 1}}",
            (
                "1: providers.o.api.top_k: a provider of type ollama has no such field; "
                "only servers with OpenAI's API have it"
            ),
        ),
    ],
    ids=["another word", "a slip", "another dialect"],
)
def test_what_no_row_says_is_refused_where_it_stands(said: str, why: str, refusals: Refusals) -> None:
    assert refusals(f"providers: {{{said}}}")[0] == why
