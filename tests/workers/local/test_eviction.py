"""Which models make room for another one."""

import pytest

from workfleet.workers.local.eviction import TURN_S, Go, Resident, Wait, room

GB = 1_000_000_000
OLD, NEW = Resident("old", 4 * GB, used_at=1.0), Resident("new", 4 * GB, used_at=2.0)
BUSY = Resident("busy", 4 * GB, used_at=0.0, busy=2)


@pytest.mark.parametrize(
    ("residents", "need_gb", "decision"),
    [
        ([], 10, Go()),
        ([OLD], 6, Go()),
        ([NEW, OLD], 4, Go(("old",))),
        ([NEW, OLD], 8, Go(("old", "new"))),
        ([BUSY, NEW], 4, Go(("new",))),
        ([BUSY, NEW], 8, Wait("it takes about 8.0 GB of 10.0 GB, and busy (4.0 GB) is in use")),
        ([OLD], 11, Wait("it takes about 11.0 GB, and 10.0 GB are for all models (`memory_gb`)")),
        ([NEW, Resident("asked", 4 * GB)], 4, Go()),
        ([BUSY, NEW], 0, Go()),
    ],
    ids=[
        "all of the budget is free",
        "it fits beside what is loaded",
        "the least recently used one goes",
        "as many as it takes",
        "never one that is in use",
        "it waits for one that is in use, and nothing is unloaded in vain",
        "it would never fit",
        "it is loaded already",
        "its size is not known",
    ],
)
def test_room_for_a_model(residents: list[Resident], need_gb: int, decision: Go | Wait) -> None:
    assert room("asked", need_gb * GB, residents, 10 * GB, waited_s={}) == decision


def test_who_has_waited_for_long_gets_its_turn() -> None:
    def decided(waited_s: float) -> Go | Wait:
        return room("busy", 4 * GB, [BUSY], 4 * GB, waited_s={"patient": waited_s, "other": 1.0})

    assert decided(TURN_S - 1) == Go()
    assert decided(TURN_S) == Wait("it is the turn of patient, which has waited for 60 s")
