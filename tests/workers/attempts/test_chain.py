"""Where a running job may still go."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from workfleet.routing.failure import Failure, Fault
from workfleet.routing.gate import PoolState
from workfleet.routing.lanes import Priority
from workfleet.tasks.job import Attempt, Constraints, Job, JobSpec, JobState
from workfleet.workers.attempts.chain import Alternatives, alternatives, model_of, second_chance


def facts(name: str, *models: ModelFacts, **fields: object) -> ProviderFacts:
    return ProviderFacts.model_validate({"name": name, "type": "vllm", "tier": "local", "models": models, **fields})


SMALL, LARGE = ModelFacts(name="small", context_tokens=8_192), ModelFacts(name="large", context_tokens=131_072)
A, B, C = ChainLink(provider="a", priority=0), ChainLink(provider="b", priority=1), ChainLink(provider="c", priority=2)
DIRECTORY = Directory(
    providers={"a": facts("a", SMALL), "b": facts("b", LARGE), "c": facts("c", default_model="m", tier="hosted")},
    routes={"default": Route(name="default", chain=(A, B, C))},
)
SPEC = JobSpec.from_prompt("hi")
JOB = Job("id", JobState.RUNNING, "general", "general.simple", Priority.BATCH, 2, "default", 0.0, 1.0, "general.simple")
FREE = PoolState(slots=1, busy=0)
OUT = PoolState(slots=0, busy=0, unavailable="it does not answer")
RESTING = PoolState(slots=0, busy=0, unavailable="its breaker is open", resting=True)
ALL = {"a": FREE, "b": FREE, "c": FREE}


def seen(
    *, job: Job = JOB, spec: JobSpec = SPEC, pools: dict[str, PoolState] = ALL, provider: str = "a"
) -> Alternatives:
    return alternatives(job, spec, DIRECTORY, pools, provider=provider)


def tried(*targets: str) -> Job:
    return replace(JOB, tried=targets)


def test_the_rest_of_the_lanes_chain_is_left_in_order() -> None:
    assert seen() == Alternatives(
        "a",
        A,
        open=(B, C),
        waiting=(),
        resting=(),
        larger=(B, C),
        again=(),
        skipped={},
        local=(B,),
        spill_after_s=5.0,
    )


def test_the_chain_is_left_in_the_order_of_its_strategy() -> None:
    cheapest_last = {
        name: each.model_copy(update={"tier": "hosted", "input_usd_per_mtok": usd, "output_usd_per_mtok": usd})
        for usd, (name, each) in zip((3.0, 2.0, 1.0), DIRECTORY.providers.items(), strict=True)
    }
    route = DIRECTORY.routes["default"].model_copy(update={"strategy": "cost_based"})
    directory = DIRECTORY.model_copy(update={"providers": cheapest_last, "routes": {"default": route}})
    found = alternatives(JOB, SPEC, directory, ALL, provider="a")
    assert [str(link) for link in found.open] == ["c/m", "b/large"]


def test_a_target_whose_limits_have_no_room_is_waited_for_only_if_nothing_else_is_left() -> None:
    found = seen(pools={**ALL, "b": PoolState(slots=1, busy=0, out={"large": "its limits have no room"})})
    assert (found.open, found.waiting, found.resting) == ((C,), (B,), (B,))
    assert found.skipped == {"b": "its limits have no room"}
    assert seen(pools={**ALL, "b": PoolState(slots=1, busy=0, out={"another": "its limits have no room"})}).open == (
        B,
        C,
    )


def test_a_target_is_alone_if_no_other_provider_may_ever_run_the_job_again() -> None:
    pinned = SPEC.model_copy(update={"constraints": Constraints(providers=("a",))})
    assert seen(spec=pinned, pools={}).alone
    assert not seen(job=tried("b/large", "c/m"), pools={}).alone


def test_a_later_provider_sees_those_before_it_too() -> None:
    found = seen(provider="c")
    assert (found.own, found.open) == (C, (A, B))


def test_a_jobs_own_chain_replaces_the_lanes() -> None:
    found = seen(job=replace(JOB, chain=("b/large", "a")), provider="b")
    assert (found.own, found.open) == (
        ChainLink(provider="b", model="large", priority=0),
        (ChainLink(provider="a", priority=1),),
    )


def test_a_provider_outside_the_chain_may_not_run_the_job() -> None:
    found = seen(job=replace(JOB, chain=("b",)))
    assert (found.own, found.next) == (None, ChainLink(provider="b", priority=0))


def test_hard_constraints_hold_at_every_fallback() -> None:
    found = seen(spec=SPEC.model_copy(update={"constraints": Constraints(local_only=True)}))
    assert (found.open, found.skipped) == ((B,), {"c/m": "the job is local only"})


def test_pools_that_take_no_jobs_now_are_waited_for_and_say_why() -> None:
    found = seen(pools={"a": FREE, "b": RESTING})
    assert (found.open, found.waiting, found.resting, found.next) == ((), (B, C), (B,), None)
    assert found.skipped == {"b": "its breaker is open", "c": "no worker runs"}


def test_targets_that_failed_the_job_are_out() -> None:
    found = seen(job=tried("b/large"))
    assert (found.own, found.open, found.again) == (A, (C,), (B,))


def test_a_target_without_a_configured_model_is_known_by_its_provider() -> None:
    directory = DIRECTORY.model_copy(update={"providers": {**DIRECTORY.providers, "b": facts("b")}})
    found = alternatives(tried("b/whatever-it-listed"), SPEC, directory, ALL, provider="a")
    assert found.open == (C,)


TWICE = replace(JOB, chain=("a/small", "a/large"))


@pytest.mark.parametrize(
    ("tried_before", "model"),
    [((), "small"), (("a/small",), "large"), (("a/small", "a/large"), "small")],
    ids=["the first", "not what has failed", "the first again, if all have"],
)
def test_of_a_providers_two_models_the_one_that_has_not_failed_is_asked(
    tried_before: Sequence[str], model: str
) -> None:
    found = seen(job=replace(TWICE, tried=tuple(tried_before)))
    assert found.own is not None
    assert found.own.model == model


def test_a_provider_that_is_out_is_not_passed_on_to_itself() -> None:
    found = seen(job=TWICE)
    assert found.next_for(Failure(Fault.MODEL_NOT_FOUND, "no")) == ChainLink(provider="a", model="large", priority=1)
    assert found.next is None


@pytest.mark.parametrize(
    ("fault", "pools", "to"),
    [
        (Fault.SERVER, ALL, B),
        (Fault.SERVER, {"a": FREE, "b": RESTING, "c": FREE}, C),
        (Fault.SERVER, {"a": FREE, "b": RESTING}, None),
        (Fault.RATE_LIMITED, {"a": FREE, "b": RESTING}, None),
        (Fault.BAD_REQUEST, {"a": FREE, "b": RESTING}, B),
        (Fault.BAD_OUTPUT, {"a": FREE, "b": RESTING}, B),
        (Fault.BAD_REQUEST, {"a": FREE, "b": OUT}, None),
    ],
    ids=[
        "the next one",
        "the next one that takes jobs",
        "what may pass here is not worth waiting elsewhere",
        "nor is a limit",
        "a refusal is, if the other only rests",
        "and so is a bad answer",
        "but not if nobody knows when the other comes back",
    ],
)
def test_where_a_job_goes_after_a_failure(fault: Fault, pools: dict[str, PoolState], to: ChainLink | None) -> None:
    assert seen(pools=pools).next_for(Failure(fault, "said")) == to


@pytest.mark.parametrize(
    ("provider", "to"),
    [("a", B), ("b", C)],
    ids=["to a larger context", "to an unknown context, never to a smaller one"],
)
def test_a_prompt_that_is_too_long_goes_to_a_larger_context(provider: str, to: ChainLink) -> None:
    assert seen(provider=provider).next_for(Failure(Fault.CONTEXT_OVERFLOW, "too long")) == to


@pytest.mark.parametrize(
    ("job", "pools", "hopeless"),
    [
        (replace(JOB, chain=("off",)), ALL, True),
        (replace(JOB, chain=("b",)), {"a": FREE}, False),
        (replace(JOB, chain=("b",)), ALL, False),
        (JOB, {}, False),
    ],
    ids=["nobody can run it", "somebody may, later", "somebody can", "we can"],
)
def test_when_there_is_no_hope(job: Job, pools: dict[str, PoolState], hopeless: bool) -> None:
    assert seen(job=job, pools=pools).hopeless is hopeless


def attempt(target: str, outcome: str) -> Attempt:
    return Attempt(number=1, epoch=1, target=target, outcome=outcome)


@pytest.mark.parametrize(
    ("attempts", "to"),
    [
        ([attempt("a/small", "overloaded")], A),
        ([attempt("a/small", "rate_limited")], A),
        ([attempt("a/small", "model_not_found")], None),
        ([attempt("a/small", "server"), attempt("a/small", "bad_output")], None),
        ([attempt("c/m", "bad_request"), attempt("a/small", "timeout_total")], A),
        ([], A),
    ],
    ids=[
        "overload passes",
        "limits pass",
        "an unknown model does not",
        "nor does a bad answer",
        "each target for itself",
        "a ledger that is gone says nothing",
    ],
)
def test_a_target_that_failed_in_passing_gets_a_second_chance(attempts: list[Attempt], to: ChainLink | None) -> None:
    others = seen(job=tried("a/small"), pools={"a": FREE, "b": OUT}, provider="b")
    assert others.next is None
    assert second_chance(others, JOB, DIRECTORY, attempts) == to


def test_a_target_that_takes_no_jobs_gets_none() -> None:
    others = seen(job=tried("a/small"), pools={"a": OUT, "b": OUT}, provider="b")
    assert second_chance(others, JOB, DIRECTORY, []) is None


def test_without_any_route_the_pool_itself_runs_the_job() -> None:
    found = alternatives(JOB, SPEC.model_copy(update={"model": "m"}), Directory(), ALL, provider="a")
    assert found.own == ChainLink(provider="a", model="m")


@pytest.mark.parametrize(
    ("link", "listed", "model"),
    [
        (ChainLink(provider="a", model="named"), ("listed",), "named"),
        (A, ("listed",), "small"),
        (ChainLink(provider="unknown"), ("listed", "other"), "listed"),
        (ChainLink(provider="unknown"), (), None),
    ],
    ids=["the link's own", "the provider's", "the first that the server lists", "none"],
)
def test_which_model_a_link_means(link: ChainLink, listed: tuple[str, ...], model: str | None) -> None:
    assert model_of(link, DIRECTORY, "general", listed) == model


def test_after_a_rejected_answer_a_stronger_model_comes_first() -> None:
    models = {"a": 0.5, "b": 0.4, "c": 0.9}
    providers = {name: facts(name, ModelFacts(name="m", quality=score)) for name, score in models.items()}
    directory = DIRECTORY.model_copy(update={"providers": providers})
    found = alternatives(JOB, SPEC, directory, ALL, provider="a")
    assert found.next_for(Failure(Fault.BAD_OUTPUT, "no tests")) == C
    assert found.next_for(Failure(Fault.SERVER, "oops")) == B
    assert seen().next_for(Failure(Fault.BAD_OUTPUT, "no tests")) == B


@pytest.mark.parametrize(
    "scores",
    [
        {"a": 0.5, "b": 0.4, "c": 0.5},
        {"a": None, "b": 0.4, "c": 0.9},
        {"a": 0.5, "b": 0.4, "c": None},
    ],
    ids=["as good is not better", "nothing is better than what nobody knows", "nor is what nobody knows better"],
)
def test_after_a_rejected_answer_only_what_is_known_to_be_better_jumps_ahead(scores: dict[str, float | None]) -> None:
    providers = {name: facts(name, ModelFacts(name="m", quality=score)) for name, score in scores.items()}
    directory = DIRECTORY.model_copy(update={"providers": providers})
    found = alternatives(JOB, SPEC, directory, ALL, provider="a")
    assert found.next_for(Failure(Fault.BAD_OUTPUT, "no tests")) == B


def test_another_model_of_the_same_provider_runs_the_job_while_the_first_one_is_out() -> None:
    both = (ChainLink(provider="a", model="small", priority=0), ChainLink(provider="a", model="large", priority=1))
    pools = {"a": PoolState(slots=1, busy=0, out={"small": "its breaker is open"})}
    job = replace(JOB, chain=("a/small", "a/large"))
    assert seen(job=job, pools=pools).own == both[1]
    assert seen(job=job, pools={"a": FREE}).own == both[0]


@pytest.mark.parametrize(
    ("spec", "agent", "to"),
    [
        (SPEC, "default", B),
        (SPEC.model_copy(update={"route": "ours"}), "default", None),
        (SPEC, "careful", None),
    ],
    ids=["its lane's route", "its own", "its agent's"],
)
def test_what_a_filter_refused_goes_only_where_its_route_says(spec: JobSpec, agent: str, to: ChainLink | None) -> None:
    """Route `ours` lets only servers of our own have it; there is none after `a` but the hosted `c`."""
    ours = Route(name="ours", chain=(A, C), filtered="local")
    directory = DIRECTORY.model_copy(
        update={"routes": {**DIRECTORY.routes, "ours": ours}, "agents": {"careful": "ours"}}
    )
    chain = ("a", "c") if to is None else ()
    job = replace(JOB, agent=agent, chain=chain)
    found = alternatives(job, spec, directory, ALL, provider="a")
    assert found.next_for(Failure(Fault.CONTENT_FILTERED, "unsafe")) == to
    assert found.next_for(Failure(Fault.BAD_REQUEST, "no")) is not None


def test_what_a_filter_refused_goes_to_a_hosted_provider_too_where_its_route_says_nothing() -> None:
    assert seen(pools={"a": FREE, "c": FREE}).next_for(Failure(Fault.CONTENT_FILTERED, "unsafe")) == C
