"""Jobs that say what they may cost, as they are handed in."""

from typing import Any

import pytest

from workfleet.routing.calibration import Kind
from workfleet.routing.cost_cap import ANSWER_TOKENS
from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import NoTarget
from workfleet.tasks.job import JobSpec
from workfleet.tasks.submission import Preparer


def facts(name: str, *models: ModelFacts, **fields: Any) -> ProviderFacts:
    return ProviderFacts.model_validate({"name": name, "type": "vllm", "models": models, **fields})


CHAIN = (ChainLink(provider="paid", priority=0), ChainLink(provider="own", priority=1))
DIRECTORY = Directory(
    providers={
        "paid": facts(
            "paid",
            ModelFacts(name="dear", input_usd_per_mtok=10.0, output_usd_per_mtok=1000.0),
            ModelFacts(name="cheap", input_usd_per_mtok=0.1, output_usd_per_mtok=1.0),
            ModelFacts(name="of unknown price"),
            default_model="dear",
        ),
        "own": facts("own", default_model="qwen", tier="local"),
    },
    routes={"default": Route(name="default", chain=CHAIN)},
)


def spec(max_cost_usd: float, *, prompt: str = "hi", max_tokens: int | None = 100, **fields: Any) -> JobSpec:
    constraints = {"max_cost_usd": max_cost_usd}
    return JobSpec.from_prompt(prompt, complexity=1, max_tokens=max_tokens, constraints=constraints, **fields)


def test_a_job_that_may_cost_so_much_goes_only_where_no_answer_costs_more() -> None:
    preparer = Preparer(DIRECTORY)
    assert preparer.prepare(spec(0.05)).placed.chain == ("own",)
    assert preparer.prepare(spec(0.2)).placed.chain == ()
    assert preparer.prepare(spec(0.05, provider="paid", model="cheap")).placed.chain == ("paid/cheap",)


@pytest.mark.parametrize(
    ("model", "skipped"),
    [
        ("dear", {"paid/dear": "a call may cost $0.10007, the job $0.05"}),
        ("of unknown price", {"paid/of unknown price": "its price is unknown, and the job may cost $0.05"}),
    ],
    ids=["too dear", "an unknown price is too high"],
)
def test_a_job_that_is_too_dear_everywhere_is_refused_with_why(model: str, skipped: dict[str, str]) -> None:
    with pytest.raises(NoTarget) as refused:
        Preparer(DIRECTORY).prepare(spec(0.05, provider="paid", model=model))
    assert refused.value.skipped == skipped


def test_what_a_job_may_cost_is_judged_by_its_own_length_whatever_came_before() -> None:
    preparer = Preparer(DIRECTORY)
    prompts = ("hi", "word " * 5_000, "hi")
    assert [preparer.prepare(spec(0.11, prompt=each)).placed.chain for each in prompts] == [(), ("own",), ()]


@pytest.mark.parametrize(
    ("max_cost_usd", "chain"), [(4.0, ("own",)), (5.0, ())], ids=["and counts for so much", "no more"]
)
def test_an_answer_without_a_limit_is_given_one(max_cost_usd: float, chain: tuple[str, ...]) -> None:
    found = Preparer(DIRECTORY).prepare(spec(max_cost_usd, max_tokens=None))
    assert JobSpec.model_validate_json(found.spec).request.max_tokens == ANSWER_TOKENS
    assert found.placed.chain == chain


def test_the_limit_of_all_other_answers_stays_as_it_was() -> None:
    preparer = Preparer(DIRECTORY)
    asked = (spec(5.0, max_tokens=7), JobSpec.from_prompt("hi"))
    assert [JobSpec.model_validate_json(preparer.prepare(each).spec) for each in asked] == list(asked)


async def test_what_workers_have_learned_of_estimates_counts_when_a_job_is_handed_in(redis_url: str) -> None:
    prompt = "word " * 3000
    kind = Kind.of("paid/dear", 3000, tools=False)
    async with AsyncClient(redis_url, directory=DIRECTORY) as client:
        job = spec(0.06, prompt=prompt, max_tokens=1, provider="paid", model="dear")
        assert (await client.job(await client.submit(job))).chain == ("paid/dear",)
    async with AsyncClient(redis_url, directory=DIRECTORY) as client:
        await client.redis.hset("wf:estimates:ratios", str(kind), "2000 " * 5)
        with pytest.raises(NoTarget) as refused:
            await client.submit(job)
    assert refused.value.skipped == {"paid/dear": "a call may cost $0.0836, the job $0.06"}
