import asyncio

from workfleet.workers.simulator.slots import Slots


async def settled(slots: Slots, *, waiting: int) -> None:
    """Wait until so many are queued."""
    async with asyncio.timeout(5):
        while slots.waiting != waiting:
            await asyncio.sleep(0)


async def test_without_a_limit_nobody_waits() -> None:
    slots = Slots()
    assert [await slots.acquire() for _ in range(100)] == [True] * 100
    assert (slots.running, slots.waiting) == (100, 0)


async def test_who_comes_first_is_served_first() -> None:
    slots, served = Slots(1), list[int]()

    async def take(number: int) -> None:
        await slots.acquire()
        served.append(number)
        slots.release()

    await slots.acquire()
    waiting = [asyncio.create_task(take(number)) for number in range(5)]
    await settled(slots, waiting=5)
    slots.release()
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2, 3, 4]
    assert (slots.running, slots.waiting) == (0, 0)


async def test_a_full_queue_turns_the_next_away_at_once() -> None:
    slots = Slots(1, queue_limit=1)
    await slots.acquire()
    queued = asyncio.create_task(slots.acquire())
    await settled(slots, waiting=1)
    assert await slots.acquire() is False
    slots.release()
    assert await queued is True


async def test_who_leaves_the_queue_takes_no_slot() -> None:
    slots = Slots(1)
    await slots.acquire()
    gone, stays = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await settled(slots, waiting=2)
    gone.cancel()
    await settled(slots, waiting=1)
    slots.release()
    assert await stays is True
    assert (slots.running, slots.waiting) == (1, 0)


async def test_a_slot_given_to_one_who_is_just_leaving_goes_to_the_next() -> None:
    slots = Slots(1)
    await slots.acquire()
    gone, stays = asyncio.create_task(slots.acquire()), asyncio.create_task(slots.acquire())
    await settled(slots, waiting=2)
    slots.release()
    gone.cancel()
    assert await stays is True
    assert (slots.running, slots.waiting) == (1, 0)


async def test_more_slots_let_those_in_who_wait() -> None:
    slots = Slots(1)
    await slots.acquire()
    queued = [asyncio.create_task(slots.acquire()) for _ in range(3)]
    await settled(slots, waiting=3)
    slots.resize(3, None)
    await asyncio.gather(*queued[:2])
    assert (slots.running, slots.waiting) == (3, 1)
    slots.resize(0, None)
    assert await queued[2] is True
