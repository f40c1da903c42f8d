"""Ctrl-C and its like, counted: the first asks, the next ones insist."""

import asyncio
import itertools
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

#: SIGHUP: the terminal was closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def counted_interrupts(handle: Callable[[int], None]) -> Generator[None]:
    """Within the block each signal calls `handle` with its number, 1 for the first, on the running loop."""
    loop = asyncio.get_running_loop()
    numbers = itertools.count(1)
    for number in SIGNALS:
        loop.add_signal_handler(number, lambda: handle(next(numbers)))
    try:
        yield
    finally:
        for number in SIGNALS:
            loop.remove_signal_handler(number)


def ignore_interrupts() -> None:
    """For the last moments of a program: nothing is left to be stopped, and a late Ctrl-C would only end in a trace."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
