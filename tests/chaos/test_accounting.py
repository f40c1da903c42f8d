"""What the accounts find: each kind of loss, and nothing where there is none."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from workfleet.tasks.job import JobState
from workfleet.tasks.store import POISON

from .accounting import Account, account, resumption
from .crew import Trouble
from .evidence import Case, Entry, Evidence
from .faults import Fault
from .on_redis import Outage
from .visits import Visit

DONE = Case(
    "id", "job", JobState.SUCCEEDED, told=(JobState.SUCCEEDED,), answer="first", ledger=(Entry("succeeded", True),)
)
ENDED = Case("id", "job", JobState.CANCELLED, told=(JobState.CANCELLED,))


def visit(worker: str, began: float, answer: str = "", *, complete: bool = True) -> Visit:
    return Visit("id", worker, began, began + 1.0, complete, answer)


FIRST = visit("alpha@1", 10.0, "first")


def accounts(
    *cases: Case,
    visits: Sequence[Visit] = (),
    troubles: Sequence[Trouble] = (),
    submitted: Sequence[str] = ("job",),
    commits: int = 1,
    listed_twice: Sequence[str] = (),
    dead_letters: Sequence[str] = (),
    outages: Sequence[Outage] = (),
) -> Account:
    evidence = Evidence(cases, commits, tuple(listed_twice), frozenset(dead_letters))
    return account(submitted, evidence, visits, troubles, outages)


def test_one_answer_for_one_job_adds_up() -> None:
    found = accounts(DONE, visits=[FIRST])
    assert found.adds_up
    assert (found.lost, found.committed_twice, found.in_vain, found.bought_twice) == ((), 0, {}, ())
    assert (found.bought, found.booked, found.wrong_answers, found.overlaps) == (1, 1, (), ())


@pytest.mark.parametrize(
    "case",
    [
        None,
        replace(DONE, state=None),
        replace(DONE, state=JobState.RUNNING, told=()),
        replace(DONE, told=()),
        replace(DONE, told=(JobState.SUCCEEDED, JobState.SUCCEEDED)),
        replace(DONE, told=(JobState.FAILED,)),
    ],
    ids=["no record of its name", "no record", "has not ended", "nobody was told", "told twice", "told otherwise"],
)
def test_a_job_without_exactly_one_end_is_lost(case: Case | None) -> None:
    assert accounts(*[case] if case else []).lost == ("job",)


@pytest.mark.parametrize(
    "found",
    [
        accounts(DONE, commits=2),
        accounts(DONE, listed_twice=["id"]),
        accounts(replace(DONE, ledger=(Entry("succeeded", True), Entry("succeeded", True)))),
    ],
    ids=["ended more often than there are jobs", "stands twice among the ended", "two successes in its ledger"],
)
def test_a_second_commit_is_found(found: Account) -> None:
    assert found.committed_twice == 1


def test_a_refused_commit_is_booked_and_is_no_second_one() -> None:
    found = accounts(replace(DONE, ledger=(Entry("lease_lost", True), Entry("succeeded", True))))
    assert (found.committed_twice, found.booked, found.refused) == (0, 2, 1)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (Trouble("beta@1", "killed", 6.2), "killed"),
        (Trouble("beta@1", "stopped", 5.5), "stopped"),
        (Trouble("beta@1", "frozen", 5.2, 12.0), "out of reach"),
        (Trouble("beta@1", "cut off", 5.5, 12.0), "out of reach"),
    ],
    ids=[
        "its worker was killed just then",
        "its worker was told to stop",
        "its worker was frozen",
        "its worker did not reach Redis",
    ],
)
def test_an_answer_that_nobody_could_commit_was_bought_in_vain(trouble: Trouble, reason: str) -> None:
    found = accounts(DONE, visits=[visit("beta@1", 5.0, "other"), FIRST], troubles=[trouble])
    assert (found.in_vain, found.bought_twice) == ({reason: 1}, ())


@pytest.mark.parametrize(
    "troubles",
    [
        [],
        [Trouble("beta@2", "killed", 6.2)],
        [Trouble("beta@1", "frozen", 1.0, 4.0)],
        [Trouble("beta@1", "killed", 9.0)],
    ],
    ids=["nothing happened", "another worker was killed", "its worker was frozen before", "it was killed much later"],
)
def test_an_answer_that_could_have_been_committed_was_bought_twice(troubles: list[Trouble]) -> None:
    found = accounts(DONE, visits=[visit("beta@1", 5.0, "other"), FIRST], troubles=troubles)
    assert found.bought_twice == ("id",)


def test_a_worker_may_die_with_the_answers_that_it_keeps_while_redis_is_away() -> None:
    visits, killed = [visit("beta@1", 5.0, "other"), FIRST], [Trouble("beta@1", "killed", 9.0)]
    away = Outage(Fault.KILL_REDIS, 5.5, 9.5)
    assert accounts(DONE, visits=visits, troubles=killed, outages=[away]).in_vain == {"killed": 1}


def test_an_answer_for_a_job_that_was_cancelled_meanwhile_is_bought_in_vain() -> None:
    assert accounts(ENDED, visits=[FIRST]).in_vain == {"ended otherwise": 1}


def test_the_answer_to_another_job_is_a_wrong_one() -> None:
    assert accounts(replace(DONE, answer="of another job"), visits=[FIRST]).wrong_answers == ("id",)


@pytest.mark.parametrize(
    ("troubles", "overlaps"),
    [
        ([], ("id",)),
        ([Trouble("alpha@1", "frozen", 10.1, 20.0)], ()),
        ([Trouble("alpha@1", "frozen", 10.7, 20.0)], ("id",)),
    ],
    ids=["to a worker that has its lease", "to one that was frozen", "to one that was frozen only later"],
)
def test_a_second_call_while_the_first_is_under_way_is_found(
    troubles: list[Trouble], overlaps: tuple[str, ...]
) -> None:
    second = visit("beta@1", 10.5, complete=False)
    assert accounts(DONE, visits=[FIRST, second], troubles=troubles).overlaps == overlaps


@pytest.mark.parametrize(("before_s", "overlaps"), [(0.2, ()), (0.3, ("id",))], ids=["a moment", "longer"])
def test_a_provider_sees_a_moment_late_that_a_caller_has_given_up(before_s: float, overlaps: tuple[str, ...]) -> None:
    given_up = visit("alpha@1", 10.0, complete=False)
    second = visit("beta@1", given_up.ended - before_s, "first")
    assert accounts(DONE, visits=[given_up, second]).overlaps == overlaps


def test_poisonous_jobs_are_told_from_innocent_ones() -> None:
    stopped = Case("p", "poison-1", JobState.FAILED, told=(JobState.FAILED,), reason=POISON)
    innocent = replace(stopped, id="i", custom_id="job-2")
    found = accounts(stopped, innocent, submitted=["poison-1", "job-2"], commits=2, dead_letters=["p", "i"])
    assert (found.poison, found.innocent, found.adds_up) == (1, 1, True)


def test_a_worker_resumes_when_it_calls_again_after_redis_is_back() -> None:
    visits = [visit("alpha@1", 1.0), visit("alpha@1", 9.0), visit("beta@1", 1.0), visit("beta@2", 8.5)]
    troubles = [Trouble("beta@1", "killed", 5.0)]
    assert resumption([Outage(Fault.KILL_REDIS, 4.0, 8.0)], visits, troubles) == [1.0]
