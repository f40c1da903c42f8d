"""What providers list, noted for the fleet."""

import time
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from workfleet.tasks.client import AsyncClient
from workfleet.workers.providers.dialect import ListedModel
from workfleet.workers.registry.listings import Listings
from workfleet.workers.registry.syncing import ask_all, keep
from workfleet.workers.settings.provider import ProviderSettings

SERVED = {"data": [{"id": "me/served", "owned_by": "vllm", "max_model_len": 4096}]}
LISTED = ListedModel("me/served", context_tokens=4096, owned_by="vllm", local=True)


@pytest.fixture
async def url() -> AsyncGenerator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(SERVED)

    app = web.Application()
    app.router.add_get("/v1/models", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


def vllm(*urls: str, **fields: object) -> ProviderSettings:
    return ProviderSettings.model_validate(
        {"name": "gpu", "type": "vllm", "tier": "local", "base_urls": urls, **fields}
    )


async def test_the_models_of_all_endpoints_are_listed_once(url: str) -> None:
    (answered,) = await ask_all([vllm(url, f"{url}/v1", default_model="me/other")])
    assert (answered.models, answered.missing, answered.error) == ((LISTED,), ["me/other"], None)


async def test_an_endpoint_that_does_not_answer_hides_no_other(url: str) -> None:
    both, none = await ask_all([vllm(url, "http://127.0.0.1:1"), vllm("http://127.0.0.1:1", default_model="m")])
    assert (both.models, both.error) == ((LISTED,), None)
    assert (none.models, none.missing) == ((), [])
    assert none.error is not None


async def test_what_was_listed_stays_when_a_provider_goes_away(url: str, redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        began = time.time()
        await keep(client, await ask_all([vllm(url)]))
        await keep(client, await ask_all([vllm("http://127.0.0.1:1")]))
        (found,) = (await Listings(client.redis).read()).values()
    assert (found.models, found.gone) == ((LISTED,), {})
    assert began <= found.at <= time.time()
