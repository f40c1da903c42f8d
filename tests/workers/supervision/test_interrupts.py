"""Signals are counted instead of ending the program at once."""

import asyncio
import os
import signal

import pytest

from workfleet.workers.supervision.interrupts import SIGNALS, counted_interrupts


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
async def test_each_signal_is_told_with_its_number(number: signal.Signals) -> None:
    told: asyncio.Queue[int] = asyncio.Queue()
    with counted_interrupts(told.put_nowait):
        for expected in (1, 2, 3):
            os.kill(os.getpid(), number)
            async with asyncio.timeout(5):
                assert await told.get() == expected


async def test_afterwards_ctrl_c_is_what_it_was() -> None:
    with counted_interrupts(lambda _: None):
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
