"""Pools keep what the fleet knows of their providers' models as it is listed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx2
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from workfleet.routing.directory import Directory
from workfleet.tasks.client import AsyncClient
from workfleet.workers.prices.price_list import PriceList
from workfleet.workers.providers.sender import Sender
from workfleet.workers.registry.informed import Knowledge
from workfleet.workers.registry.keeper import ListingKeeper, Sync
from workfleet.workers.registry.listings import Listings
from workfleet.workers.registry.reading import read_registry
from workfleet.workers.settings.modes import near, under
from workfleet.workers.settings.provider import ProviderSettings

from ..pools import directory_of, provider, until


@dataclass
class House:
    """A server that lists models, and the keepers of nodes that ask it. took: by node."""

    client: AsyncClient
    sender: Sender
    settings: ProviderSettings
    listed: dict[str, int]
    took: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def keeper(self, node: str, *, host: str = "here") -> ListingKeeper:
        directory = directory_of(self.settings)
        known = Knowledge(read_registry(), PriceList(), datetime(2026, 11, 1, tzinfo=UTC))
        place = (node, host, self.settings, self.settings.endpoints(), Sync(60.0, directory, known), self.sender)
        listings = Listings(self.client.redis)
        return ListingKeeper(*place, self.client.fleet, listings, lambda names: self.took.update({node: names}))

    async def pass_time(self) -> None:
        """The turns that were taken are over."""
        async for key in self.client.redis.scan_iter("wf:listing:*"):
            await self.client.redis.delete(key)

    async def directory(self) -> Directory:
        found = await self.client.fleet.directory()
        assert found is not None
        return found


@asynccontextmanager
async def house(redis_url: str, settings: ProviderSettings) -> AsyncGenerator[House]:
    listed = {"m": 4096}

    async def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"data": [{"id": n, "max_model_len": size} for n, size in listed.items()]})

    async with (
        AsyncClient(redis_url) as client,
        Sender(transport=httpx2.MockTransport(answer), near=near([settings])) as sender,
    ):
        yield House(client, sender, settings, listed)


async def test_one_node_asks_and_all_of_them_hear_of_it(redis_url: str) -> None:
    async with house(redis_url, provider("gpu", base_urls=("http://gpu",))) as pools:
        one, other = pools.keeper("one"), pools.keeper("other")
        await one.once()
        pools.listed["n"] = 1
        await other.once()
        assert pools.took == {"one": ("m",), "other": ("m",)}
        await pools.pass_time()
        await other.once()
        await one.once()
    assert pools.took == {"one": ("m", "n"), "other": ("m", "n")}


async def test_a_servers_new_context_reaches_the_fleets_directory(redis_url: str) -> None:
    async with house(redis_url, provider("gpu", base_urls=("http://gpu",))) as pools:
        keeper = pools.keeper("one")
        contexts: list[int | None] = []
        for size in (4096, 8192):
            pools.listed["m"] = size
            await keeper.once()
            await pools.pass_time()
            facts = (await pools.directory()).providers["gpu"].facts_of("m")
            contexts.append(facts.context_tokens if facts else None)
    assert contexts == [4096, 8192]


async def test_while_redis_is_away_it_waits_and_goes_on_when_it_is_back(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(redis_url, provider("gpu", base_urls=("http://gpu",))) as pools:
        keeper = pools.keeper("one")
        keeper.sync = replace(keeper.sync, every_s=0.01)
        turns = keeper.listings.my_turn

        async def away(*_: object, **__: object) -> bool:
            monkeypatch.setattr(keeper.listings, "my_turn", turns)
            raise RedisConnectionError("away")

        monkeypatch.setattr(keeper.listings, "my_turn", away)
        with capture_logs() as said:
            keeping = asyncio.create_task(keeper.run())
            await until(lambda: pools.took)
            keeping.cancel()
    assert [each["error"] for each in said if each["event"] == "listings.wait"] == ["away"]
    assert pools.took == {"one": ("m",)}


async def test_the_same_address_on_two_hosts_is_two_servers(redis_url: str) -> None:
    async with house(redis_url, provider("gpu", base_urls=("http://localhost:8000",))) as pools:
        await pools.keeper("one", host="a").once()
        pools.listed.clear()
        pools.listed["n"] = 1
        await pools.keeper("two", host="b").once()
        found = await Listings(pools.client.redis).read()
    assert pools.took == {"one": ("m",), "two": ("n",)}
    assert [model.name for model in found["gpu"].models] == ["m", "n"]


async def test_a_configured_model_that_is_listed_no_more_is_told_once_with_what_takes_its_place(redis_url: str) -> None:
    settings = provider("fast", type="groq", tier="hosted", base_urls=("http://fast",), default_model="qwen-2.5-32b")
    async with house(redis_url, settings) as pools:
        keeper = pools.keeper("one")
        with capture_logs() as said:
            for _ in range(2):
                await keeper.once()
                await pools.pass_time()
    told = [(each["event"], each["target"], each["instead"]) for each in said if each["event"] == "model.not_listed"]
    assert told == [("model.not_listed", "fast/qwen-2.5-32b", "qwen/qwen3-32b")]


@pytest.mark.parametrize("mode", ["any", "offline"])
async def test_a_model_that_is_gone_is_chosen_no_more_and_noted_as_gone(redis_url: str, mode: str) -> None:
    settings = under("offline" if mode == "offline" else "any", provider("gpu", base_urls=("http://localhost:1",)))
    async with house(redis_url, settings) as pools:
        keeper = pools.keeper("one")
        pools.listed["n"] = 1
        await keeper.once()
        del pools.listed["m"]
        await pools.pass_time()
        await keeper.once()
        (found,) = (await Listings(pools.client.redis).read()).values()
    assert pools.took == {"one": ("n",)}
    assert list(found.gone) == ["m"]


async def test_of_a_server_that_lists_nothing_any_more_nothing_is_chosen(redis_url: str) -> None:
    async with house(redis_url, provider("gpu", base_urls=("http://gpu",))) as pools:
        keeper = pools.keeper("one")
        await keeper.once()
        pools.listed.clear()
        await pools.pass_time()
        await keeper.once()
    assert pools.took == {"one": ()}


async def test_what_is_outside_is_not_asked_offline_and_what_it_listed_stays(redis_url: str) -> None:
    outside = provider("far", base_urls=("http://far.example",))
    async with house(redis_url, outside) as pools:
        await pools.keeper("one").once()
        await pools.pass_time()
        async with Sender(near=frozenset()) as offline:
            pools.sender = offline
            with capture_logs() as said:
                await pools.keeper("one").once()
        found = await Listings(pools.client.redis).read()
    assert [(each["event"], each["error"].partition(":")[0]) for each in said] == [("models.not_listed", "transport")]
    assert [model.name for model in found["far"].models] == ["m"]
