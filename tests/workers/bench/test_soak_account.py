"""The accounts of a soak, from outcomes and ledgers."""

from workfleet.tasks.answer import Answer
from workfleet.tasks.job import Attempt, JobState
from workfleet.tasks.results import Outcome
from workfleet.workers.bench.soak_account import SoakAccount, Struck


def call(provider: str, outcome: str, began: float, took: float = 1.0) -> Attempt:
    return Attempt(number=1, epoch=1, target=f"{provider}/m", outcome=outcome, started_at=began, total_s=took)


def account(*ledgers: list[Attempt], state: JobState = JobState.SUCCEEDED) -> SoakAccount:
    found = SoakAccount.of(("one", "two"))
    for number, ledger in enumerate(ledgers):
        found.submitted += 1
        answer = Answer(text="ok") if state is JobState.SUCCEEDED else None
        found.add(Outcome(f"job-{number}", state, answer, error=None if answer else "broken"), ledger, took_s=2.0)
    return found


def test_what_was_handed_in_and_did_not_succeed_lowers_the_availability() -> None:
    found = account([call("one", "succeeded", 0.0)], [call("two", "succeeded", 0.0)])
    assert found.availability == 1.0
    found.submitted += 1
    found.lost += 1
    assert round(found.availability, 3) == 0.667


def test_a_job_that_failed_is_told_with_its_reason() -> None:
    found = account([call("one", "server", 0.0)], state=JobState.FAILED)
    assert (found.availability, found.failed, found.took_s) == (0.0, 1, [])
    assert found.reasons == ["job-0: failed: broken"]


def test_two_good_answers_for_one_job_were_paid_for_twice_and_a_rejected_one_was_not_good() -> None:
    assert account([call("one", "lease_lost", 0.0), call("two", "succeeded", 2.0)]).bought_twice == 1
    assert account([call("one", "bad_output", 0.0), call("two", "succeeded", 2.0)]).bought_twice == 0


def test_each_provider_has_its_calls_failures_and_switches() -> None:
    found = account(
        [call("one", "server", 0.0), call("one", "server", 1.0), call("two", "succeeded", 2.5, 0.5)],
        [call("two", "succeeded", 5.0)],
    )
    one, two = found.providers["one"], found.providers["two"]
    assert (one.answered, one.calls, dict(one.failures), one.switched_s) == (0, 2, {"server": 2}, [2.0])
    assert (two.answered, two.calls, dict(two.failures), two.switched_s) == (2, 2, {}, [])


def test_a_provider_is_back_with_its_first_answer_after_an_outage() -> None:
    found = account([call("one", "succeeded", 9.0)], [call("one", "succeeded", 14.0)], [call("one", "succeeded", 12.5)])
    found.struck([Struck("one", "hanging", 7.0, 11.0), Struck("two", "cut", 1.0, 2.0)])
    one, two = found.providers["one"], found.providers["two"]
    assert (dict(one.outages), one.out_s, one.back_s) == ({"hanging": 1}, 4.0, [1.5])
    assert (dict(two.outages), two.out_s, two.back_s) == ({"cut": 1}, 1.0, [])
