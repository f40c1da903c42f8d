"""Whose turn it is among a pool's queues."""

from workfleet.workers.pool.queue_turns import IN_A_ROW, AlternatesFirst


def served(*waiting: str, turns: int) -> list[str]:
    """Which queue is served at each turn, while these never run empty."""
    cycle = AlternatesFirst()
    cycle.update(["one.simple", "two.simple", "provider.groq"])
    found = list[str]()
    for _ in range(turns):
        found.append(next(name for name in cycle.consume(3) if name in waiting))
        cycle.rotate(found[-1])
    return found


def test_lanes_take_turns() -> None:
    assert served("one.simple", "two.simple", turns=4) == ["one.simple", "two.simple"] * 2


def test_jobs_that_must_run_here_come_first_and_leave_the_lanes_every_fourth_turn() -> None:
    found = served("one.simple", "two.simple", "provider.groq", turns=8)
    own = ["provider.groq"] * IN_A_ROW
    assert found == [*own, "one.simple", *own, "two.simple"]


def test_where_no_lane_has_jobs_they_have_every_turn() -> None:
    assert served("provider.groq", turns=10) == ["provider.groq"] * 10


def test_queues_that_begin_and_end_keep_that_order() -> None:
    cycle = AlternatesFirst()
    cycle.update(["b.simple", "provider.x"])
    cycle.update(["a.simple", "b.simple", "provider.x"])
    assert cycle.consume(3) == ["provider.x", "a.simple", "b.simple"]
