"""Where a job goes that a limit has turned away."""

from dataclasses import replace
from typing import Any

import pytest

from workfleet.routing.action import GiveUp
from workfleet.routing.directory import ChainLink
from workfleet.routing.gate import PoolState
from workfleet.routing.lanes import Priority
from workfleet.routing.reservation import WITHOUT_END_S, Denied
from workfleet.tasks.job import Job, JobState
from workfleet.workers.attempts.chain import Alternatives
from workfleet.workers.attempts.turned_away import Stay, longest_wait_s, turned_away

from ..pools import directory_of, hosted, provider

LANE, OWN = "general.simple", "provider.one"
DIRECTORY = directory_of(hosted("one"), hosted("two"), provider("own"))
TWO, FREE = ChainLink(provider="two"), ChainLink(provider="own")
JOB = Job("j", JobState.RUNNING, "general", LANE, Priority.INTERACTIVE, 1, "a", 0.0, 1e9, LANE)
ALONE = Alternatives("one", ChainLink(provider="one"), (), (), (), (), (), {})


def pools(full: tuple[str, ...]) -> dict[str, PoolState]:
    """full: providers whose pools have had no room for a while."""
    return {name: PoolState(4, 4, full_for_s=9.0 if name in full else 0.0) for name in DIRECTORY.providers}


def may_wait(*, queue: str = LANE, full: tuple[str, ...] = (), **others: Any) -> float:
    return longest_wait_s(replace(JOB, queue=queue), replace(ALONE, **others), pools(full))


def after(
    denied: Denied,
    *,
    queue: str = LANE,
    time_left_s: float = 1e6,
    full: tuple[str, ...] = (),
    jitter: float = 0.0,
    **others: Any,
) -> object:
    job, left = replace(JOB, queue=queue), replace(ALONE, **others)
    return turned_away(denied, job, left, DIRECTORY, pools(full), time_left_s=time_left_s, jitter=jitter)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(after(Denied(9000.0, "usd/day@one")), Stay(LANE, 0.25), id="the lane closes meanwhile"),
        pytest.param(after(Denied(20.0, "tokens/minute@one"), queue=OWN), Stay(OWN, 20.0), id="its own queue waits"),
        pytest.param(after(Denied(9000.0, "usd/day@one"), queue=OWN), Stay(OWN, 60.0), id="but is looked at again"),
        pytest.param(
            after(Denied(9000.0, "usd/day@one"), queue=OWN, open=(TWO,)),
            Stay("provider.two", 0.0),
            id="or goes elsewhere",
        ),
        pytest.param(
            after(Denied(2.0, "tokens/minute@one"), queue=OWN, open=(TWO, FREE), full=("two",)),
            Stay("provider.own", 0.0),
            id="where there is room",
        ),
        pytest.param(
            after(Denied(2.0, "tokens/minute@one"), queue=OWN, open=(TWO,), full=("two",)),
            Stay(OWN, 2.0),
            id="and not to and fro between two that are short of room",
        ),
        pytest.param(
            after(Denied(9000.0, "usd/day@one"), queue=OWN, open=(TWO,), full=("two",)),
            Stay("provider.two", 0.0),
            id="a long wait is worse than a long queue",
        ),
        pytest.param(
            after(Denied(2.0, "tokens/minute@one"), queue=OWN, open=(ChainLink(provider="one", model="other"), TWO)),
            Stay("provider.two", 0.0),
            id="never to the provider that turned it away",
        ),
    ],
)
def test_a_providers_limit_is_waited_for_where_other_pools_may_take_the_job(found: object, expected: object) -> None:
    assert found == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(after(Denied(200.0, "usd/day@agent:a")), Stay(LANE, 200.0), id="until it begins anew"),
        pytest.param(
            after(Denied(9000.0, "usd/day@agent:a")), Stay(LANE, 300.0), id="looked at again: it may be raised"
        ),
        pytest.param(
            after(Denied(9000.0, "usd/day@agent:a"), open=(TWO, FREE)),
            Stay("provider.own", 0.0),
            id="what is free may go on",
        ),
        pytest.param(after(Denied(200.0, "usd/day@agent:a"), open=(TWO,)), Stay(LANE, 200.0), id="what costs may not"),
        pytest.param(
            after(Denied(9000.0, "usd/month@agent:a"), time_left_s=100.0),
            GiveUp("the budget of a month of agent a is used up for 2 h 30 min, past the job's deadline"),
            id="too late",
        ),
    ],
)
def test_an_agents_budget_is_the_same_everywhere(found: object, expected: object) -> None:
    assert found == expected


@pytest.mark.parametrize(
    ("denied", "queue", "at_once", "at_most"),
    [
        (Denied(9000.0, "usd/day@one"), LANE, 0.25, 0.5),
        (Denied(20.0, "tokens/minute@one"), OWN, 20.0, 20.25),
        (Denied(10.0, "usd/day@agent:a"), LANE, 10.0, 11.0),
    ],
    ids=["in its lane", "in a provider's queue", "for its agent's money"],
)
def test_those_that_wait_for_the_same_come_back_one_after_the_other(
    denied: Denied, queue: str, at_once: float, at_most: float
) -> None:
    found = [after(denied, queue=queue, jitter=jitter) for jitter in (0.0, 1.0)]
    assert found == [Stay(queue, at_once), Stay(queue, at_most)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(may_wait(), WITHOUT_END_S, id="nobody else may run it"),
        pytest.param(may_wait(open=(TWO,), full=("two",)), WITHOUT_END_S, id="nobody else has room"),
        pytest.param(may_wait(open=(TWO,), spill_after_s=5.0), 5.0, id="until the lane spills"),
        pytest.param(may_wait(open=(TWO,), spill_after_s=0.0), 1.0, id="every pool pulls"),
        pytest.param(may_wait(open=(TWO,), spill_after_s=None), WITHOUT_END_S, id="the lane never spills"),
        pytest.param(may_wait(queue=OWN, open=(TWO,), spill_after_s=None), 1.0, id="sent on from its own queue"),
    ],
)
def test_no_call_waits_in_a_slot_for_longer_than_another_pool_would_let_it(found: float, expected: float) -> None:
    assert found == expected
