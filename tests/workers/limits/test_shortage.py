"""When a provider's limits are short, and when they have room to spare again."""

from dataclasses import dataclass

import pytest

from workfleet.workers.limits.shortage import Shortage


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def after(*events: str, every_s: float) -> float:
    """Seconds of shortage after these events, so far apart."""
    clock = Clock()
    shortage = Shortage(clock)
    for event in events:
        clock.now += every_s
        if event == "waited":
            shortage.waited()
        else:
            shortage.looked(room=event == "room")
    return shortage.for_s()


@pytest.mark.parametrize(
    ("events", "every_s", "for_s"),
    [
        ([], 1.0, 0.0),
        (["full", "full"], 1.0, 0.0),
        (["waited", "full", "full"], 0.2, 0.4),
        (["waited", "full", "room", "room", "waited", "room", "room"], 0.4, 2.4),
        (["waited", "full", "room", "room"], 0.4, 1.2),
        (["waited", "full", "room", "room", "room", "room"], 0.4, 0.0),
        (["waited", "room", "room", "full", "room"], 0.6, 2.4),
    ],
    ids=[
        "not before anybody has asked",
        "limits that are used up are not short while no call waits",
        "from the first call that had to wait on",
        "the moments between two paced calls are no room to spare",
        "nor is a short while without a call",
        "room that nobody uses for a second is",
        "but only if it is there all the time",
    ],
)
def test_how_long_the_limits_have_been_short(events: list[str], every_s: float, for_s: float) -> None:
    assert after(*events, every_s=every_s) == pytest.approx(for_s)


def test_a_new_shortage_counts_from_its_own_beginning() -> None:
    assert after("waited", "room", "room", "waited", "full", every_s=1.0) == pytest.approx(1.0)
