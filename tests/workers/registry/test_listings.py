"""What is noted of providers' listings, for all hosts and over time."""

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.workers.providers.dialect import ListedModel, Prices
from workfleet.workers.registry.listings import GONE_FOR_S, Listing, Listings, followed, together

ONE, TWO = ListedModel("one"), ListedModel("two")


@pytest.mark.parametrize(
    ("before", "listed", "gone"),
    [
        (None, [ONE], {}),
        (Listing(at=1, models=(ONE, TWO)), [ONE], {"two": 100.0}),
        (Listing(at=1, models=(ONE,), gone={"two": 50.0}), [ONE], {"two": 50.0}),
        (Listing(at=1, models=(ONE,), gone={"two": 50.0}), [ONE, TWO], {}),
        (Listing(at=1, models=(ONE,), gone={"two": 100.0 - GONE_FOR_S}), [ONE], {}),
    ],
    ids=["the first time", "one is missed", "it stays missed since then", "it is back", "it is forgotten at last"],
)
def test_what_was_listed_and_is_not_any_more_is_gone(
    before: Listing | None, listed: list[ListedModel], gone: dict[str, float]
) -> None:
    assert followed(before, listed, at=100.0) == Listing(at=100.0, models=tuple(listed), gone=gone)


def test_a_model_is_gone_from_a_provider_when_none_of_its_servers_has_it() -> None:
    here = Listing(at=10.0, models=(ONE,), gone={"two": 9.0, "three": 8.0})
    there = Listing(at=11.0, models=(TWO,))
    assert together([here, there]) == Listing(at=11.0, models=(ONE, TWO), gone={"three": 8.0})


def test_a_server_that_nobody_has_asked_for_long_counts_no_more() -> None:
    assert together([Listing(at=0.0, models=(TWO,)), Listing(at=1e6, models=(ONE,))]).models == (ONE,)


async def test_everything_that_a_listing_says_comes_back(redis_url: str) -> None:
    model = ListedModel("m", 10, frozenset({"tools", "vision"}), Prices(1.0, 2.0), "me", local=True)
    async with AsyncClient(redis_url) as client:
        listings = Listings(client.redis)
        await listings.write("p", "http://a", [model, ListedModel("bare")], at=1.5)
        await client.redis.hset("wf:listings", "newer|http://b", b'{"at": "never"}')
        found = await listings.read()
    assert found == {"p": Listing(at=1.5, models=(model, ListedModel("bare")))}


async def test_of_all_nodes_one_asks_an_address_until_its_turn_is_over(redis_url: str) -> None:
    async with AsyncClient(redis_url) as client:
        listings = Listings(client.redis)
        took = [await listings.my_turn("p", address, node, for_s=60) for address in "ab" for node in ("x", "y")]
        assert await client.redis.pttl("wf:listing:p|a") in range(50_000, 60_001)
    assert took == [True, False, True, False]
