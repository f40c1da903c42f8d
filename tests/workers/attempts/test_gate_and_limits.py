"""What the limits of a provider mean for its lanes."""

import re

from workfleet.workers.attempts.ending import Moved

from ..gates import TWO, gates, routed
from ..pools import LANE, directory_of, fails, fleet, provider


async def test_a_lane_pauses_while_the_limits_of_its_target_have_no_room(redis_url: str) -> None:
    limited = provider("one", type="openai", tier="hosted", limits={"requests_per_day": 1, "resets": "UTC"})
    directory = directory_of(limited, TWO)
    async with fleet(redis_url, limited, TWO, directory=directory) as pools:
        one, other = gates(pools, directory)
        job_id = await pools.submit(complexity=1)
        assert [await one.turn(), await other.turn()] == [True, False]
        await pools.deliver(job_id, "one")
        assert [await one.turn(), await one.turn(), await other.turn()] == [False, False, True]
        why = (await pools.client.snapshot()).nodes[0].closed_lanes[LANE]
        assert re.fullmatch(r"m: the limit of requests a day of one is used up for \d.*", why)
        await pools.client.redis.delete("wf:limit:requests/day@one")
        assert [await one.turn(), await other.turn()] == [True, False]


async def test_a_lane_stays_open_while_another_model_of_the_pool_has_room(redis_url: str) -> None:
    """The strategy has chosen two models of the first provider, and the limits are for each of them."""
    limited = provider(
        "one",
        type="openai",
        tier="hosted",
        models=[{"name": "m"}, {"name": "n"}],
        limits={"requests_per_day": 1, "resets": "UTC", "per": "model"},
    )
    routes = {"default": routed("quality").routes["default"]}
    directory = directory_of(limited, TWO).model_copy(update={"routes": routes})
    async with fleet(redis_url, limited, TWO, directory=directory) as pools:
        one, _ = gates(pools, directory)
        first, second = [await pools.submit(complexity=1) for _ in range(2)]
        await one.turn()
        await pools.deliver(first, "one")
        assert [await one.turn(), await one.turn()] == [True, True]
        await pools.deliver(second, "one")
        assert [await one.turn(), await one.turn()] == [False, False]
        assert pools.servers["one"].asked == ["m", "n"]


async def test_a_pool_that_waits_for_its_pace_is_full_to_those_that_come_after(redis_url: str) -> None:
    paced = provider("one", type="openai", tier="hosted", limits={"requests_per_minute": 30})
    directory = directory_of(paced, TWO)
    async with fleet(redis_url, paced, TWO, directory=directory) as pools:
        one, other = gates(pools, directory)
        await pools.deliver(await pools.submit(complexity=1), "one")
        assert [await one.turn(), await other.turn()] == [False, False]
        pools.pools["one"].admission.clock = pools.pools["one"].admission.shortage.clock = lambda: one.now
        assert isinstance(await pools.deliver(await pools.submit(complexity=1), "one"), Moved)
        assert [await one.turn(after_s=4.0), await other.turn()] == [False, False]
        assert [await one.turn(after_s=2.0), await other.turn()] == [False, True]


async def test_a_reset_asks_a_provider_again_that_wanted_to_be_left_alone(redis_url: str) -> None:
    limited = provider("one", type="openai", tier="hosted", limits={"requests_per_minute": 600})
    directory = directory_of(limited, TWO)
    async with fleet(redis_url, limited, TWO, directory=directory) as pools:
        one, _ = gates(pools, directory)
        pools.servers["one"].will(fails(429, "buy more", retry_after="40000"))
        await pools.deliver(await pools.submit(complexity=1), "one")
        assert [await one.turn(), await one.turn()] == [False, False]
        await pools.client.fleet.controls.forget_failures("one")
        await one.turn()
        assert await one.turn()
        assert [limit.amount for limit in pools.pools["one"].admission.limits("m")] == [600, 16]


async def test_a_pool_that_starts_after_a_reset_still_leaves_alone_whoever_wants_it(redis_url: str) -> None:
    limited = provider("one", type="openai", tier="hosted")
    directory = directory_of(limited, TWO)
    async with fleet(redis_url, limited, TWO, directory=directory) as pools:
        await pools.client.fleet.controls.forget_failures("one")
        pools.servers["one"].will(fails(429, "buy more", retry_after="40000"))
        await pools.deliver(await pools.submit(complexity=1), "one")
        one, _ = gates(pools, directory)
        assert [await one.turn(), await one.turn()] == [False, False]


async def test_slots_that_were_changed_by_hand_are_those_of_the_whole_fleet(redis_url: str) -> None:
    hosted = provider("one", type="openai", tier="hosted", slots=2)
    directory = directory_of(hosted, TWO)
    async with fleet(redis_url, hosted, TWO, directory=directory) as pools:
        one, _ = gates(pools, directory)
        admission = pools.pools["one"].admission
        for slots in (40, 1, None):
            await pools.client.fleet.controls.set_provider("one", {"slots": slots})
            await one.turn()
            assert [limit.amount for limit in admission.limits("m")] == [slots or 2]


async def test_limits_that_were_changed_by_hand_are_kept_until_they_are_taken_back(redis_url: str) -> None:
    open_handed = provider("one", type="openai", tier="hosted")
    directory = directory_of(open_handed, TWO)
    async with fleet(redis_url, open_handed, TWO, directory=directory) as pools:
        one, _ = gates(pools, directory)
        await pools.client.fleet.controls.set_provider("one", {"requests_per_day": 1})
        await one.turn()
        await pools.deliver(await pools.submit(complexity=1), "one")
        assert [await one.turn(), await one.turn()] == [False, False]
        await pools.client.fleet.controls.set_provider("one", {"requests_per_day": None})
        for _ in range(3):
            await one.turn()
        assert one.open
