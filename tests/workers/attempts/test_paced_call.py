"""A call that has waited for its turn looks at its lease once more before it spends money."""

import asyncio
import time

import pytest

from workfleet.routing.reservation import Ask, Granted
from workfleet.workers.attempts.ending import Dropped
from workfleet.workers.attempts.leases import LEASE_S

from ..pools import fleet, hosted

_WAIT_S = 0.5


async def test_a_worker_that_was_frozen_while_it_waited_for_its_turn_asks_nobody(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with fleet(redis_url, hosted("one")) as pools:
        pool, store = pools.pools["one"], pools.client.store
        job_id, frozen = await pools.submit(), list["asyncio.Task[None]"]()

        async def freeze() -> None:
            await store.redis.zadd(store.key("leases"), {job_id: 0})
            assert (await store.rescue()).rescued == [job_id]
            pool.leases.clock = lambda: time.monotonic() + LEASE_S

        async def reserve(_: Ask) -> Granted:
            frozen.append(asyncio.create_task(freeze()))
            return Granted(_WAIT_S, 10)

        monkeypatch.setattr(pool.admission.books, "reserve", reserve)
        assert await pools.deliver(job_id, "one") == Dropped("its lease was lost")
        await frozen[0]
        assert pools.servers["one"].asked == []
