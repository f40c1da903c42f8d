"""Which queue a job is handed to, and which targets it may run on."""

import pytest

from workfleet.routing.cost_cap import CostCap
from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from workfleet.routing.lanes import Band
from workfleet.routing.placement import Placement, Wants, place, why_not

LOCAL = ProviderFacts(
    name="ollama",
    type="ollama",
    tier="local",
    default_model="small",
    capabilities=frozenset({"tools"}),
    elsewhere=frozenset({"copied"}),
    models=(
        ModelFacts(name="small", context_tokens=8192),
        ModelFacts(name="seeing", capabilities=frozenset({"vision"})),
    ),
)
HOSTED = ProviderFacts(
    name="groq",
    type="groq",
    default_model="large",
    capabilities=frozenset({"tools", "json_mode"}),
    models=(ModelFacts(name="large", context_tokens=131_072), ModelFacts(name="gratis", free=True)),
)
PRICED = HOSTED.model_copy(
    update={
        "input_usd_per_mtok": 1.0,
        "output_usd_per_mtok": 4.0,
        "known": (
            ModelFacts(name="dear", input_usd_per_mtok=5.0, output_usd_per_mtok=40.0),
            ModelFacts(name="twice", long_prompt_tokens=1_999, long_prompt_times=2.0),
            ModelFacts(name="not twice", long_prompt_tokens=2_000, long_prompt_times=2.0),
        ),
    }
)
CENT = CostCap(0.01, input_tokens=1_600, answer_tokens=2_000)
FREE = ProviderFacts(name="openrouter", type="openrouter", tier="free", default_model="any")
BUDGETED = HOSTED.model_copy(update={"budgeted": True})
OWN_BUDGET = HOSTED.model_copy(update={"known": (ModelFacts(name="capped", budgeted=True),)})
ONLY_FREE = LOCAL.model_copy(update={"only_free": True})
STAYS = LOCAL.model_copy(update={"stays": True})
OFF = ProviderFacts(name="off", type="vllm", enabled=False)
BARRED = ProviderFacts(name="barred", type="vllm", enabled=False, unusable="outside the mode offline")
DIRECTORY = Directory(providers={each.name: each for each in (LOCAL, HOSTED, FREE, OFF, BARRED)})

EMBEDS = HOSTED.model_copy(update={"input_usd_per_mtok": 0.02, "capabilities": frozenset({"embedding"})})
ELSEWHERE = "the model runs elsewhere, though a server of ours lists it"

OLLAMA, GROQ = ChainLink(provider="ollama", priority=1), ChainLink(provider="groq", priority=2)


def placed(*links: ChainLink, wants: Wants = Wants(), pinned: bool = False) -> Placement:  # noqa: B008
    route = Route(name="default", chain=links)
    return place(DIRECTORY, route, "general", Band.SIMPLE, wants, pinned=pinned)


@pytest.mark.parametrize(
    ("provider", "model", "wants", "reason"),
    [
        (None, "any", Wants(), "the provider is not configured"),
        (OFF, "any", Wants(), "disabled"),
        (BARRED, "any", Wants(), "outside the mode offline"),
        (HOSTED, "large", Wants(only=frozenset({"ollama"})), "the job does not allow this provider"),
        (HOSTED, "large", Wants(never=frozenset({"groq"})), "the job excludes this provider"),
        (HOSTED, "large", Wants(local_only=True), "the job is local only"),
        (FREE, "any", Wants(local_only=True), "the job is local only"),
        (LOCAL, "small", Wants(local_only=True), None),
        (LOCAL, "copied", Wants(local_only=True), ELSEWHERE),
        (LOCAL, "glm-4.6:cloud", Wants(local_only=True), ELSEWHERE),
        (LOCAL, "copied", Wants(), None),
        (STAYS, "copied", Wants(), ELSEWHERE),
        (STAYS, "small", Wants(), None),
        (HOSTED, "large", Wants(free_only=True), "the job is free only"),
        (HOSTED, "gratis", Wants(free_only=True), None),
        (FREE, "any", Wants(free_only=True), None),
        (LOCAL, "copied", Wants(free_only=True), "the job is free only"),
        (LOCAL, "glm-4.6:cloud", Wants(free_only=True), "the job is free only"),
        (LOCAL, "glm-4.6:cloud", Wants(cost=CENT), "its price is unknown, and the job may cost $0.01"),
        (LOCAL, "small", Wants(free_only=True), None),
        (ONLY_FREE, "small", Wants(), None),
        (ONLY_FREE, "copied", Wants(), "the provider is asked for nothing that costs money"),
        (LOCAL, "small", Wants(needs=frozenset({"vision", "json_mode"})), "lacks json_mode, vision"),
        (LOCAL, "seeing", Wants(needs=frozenset({"vision"})), None),
        (LOCAL, "seeing", Wants(needs=frozenset({"tools"})), "lacks tools"),
        (LOCAL, "small", Wants(tokens=8192), None),
        (LOCAL, "small", Wants(tokens=8193), "about 8193 tokens do not fit its context of 8192"),
        (LOCAL, "seeing", Wants(tokens=10**9), None),
    ],
    ids=[
        "unknown provider",
        "disabled",
        "unusable for a reason",
        "not among those allowed",
        "excluded",
        "hosted for a local job",
        "a free tier is not local",
        "local for a local job",
        "a model that a local server passes on, for a local job",
        "a model whose name says that it is passed on",
        "a model that is passed on, for any other job",
        "a model that is passed on, where nothing may leave",
        "a model that is not, where nothing may leave",
        "paid for a free job",
        "a free model of a paid provider",
        "a free tier is free",
        "a model that is passed on is not free",
        "nor one whose name says so",
        "and what it costs is unknown",
        "local is free",
        "local where nothing may cost anything",
        "a model that is passed on, where nothing may cost anything",
        "every missing capability is named",
        "a model's own capabilities count",
        "and replace the provider's",
        "fits exactly",
        "too long",
        "unknown context",
    ],
)
def test_why_a_target_cannot_run_a_job(
    provider: ProviderFacts | None, model: str, wants: Wants, reason: str | None
) -> None:
    assert why_not(provider, model, wants) == reason


@pytest.mark.parametrize(
    ("provider", "model", "reason"),
    [
        (PRICED, "large", None),
        (PRICED, "dear", "a call may cost $0.09, the job $0.01"),
        (PRICED, "twice", "a call may cost $0.02, the job $0.01"),
        (PRICED, "not twice", None),
        (HOSTED, "large", "its price is unknown, and the job may cost $0.01"),
        (HOSTED, "gratis", None),
        (FREE, "any", None),
        (LOCAL, "small", None),
        (PRICED.model_copy(update={"enabled": False}), "large", "disabled"),
    ],
    ids=[
        "at its provider's prices",
        "at the model's own",
        "long prompts may cost more",
        "but not one that is just short enough",
        "a price that nobody knows",
        "a free model",
        "a free tier",
        "a server of our own",
        "another reason comes first",
    ],
)
def test_a_target_that_may_cost_more_than_the_job_may_cannot_run_it(
    provider: ProviderFacts, model: str, reason: str | None
) -> None:
    assert why_not(provider, model, Wants(cost=CENT)) == reason


def test_a_job_that_every_target_may_run_goes_to_its_lane_whatever_is_disabled() -> None:
    off = ChainLink(provider="off")
    assert placed(OLLAMA, GROQ, off) == Placement("general.simple", (), {"off": "disabled"})


def test_a_narrower_job_goes_to_its_first_admissible_target_with_the_rest_of_its_chain() -> None:
    free = ChainLink(provider="openrouter", priority=3)
    found = placed(free, GROQ, OLLAMA, wants=Wants(never=frozenset({"ollama"})))
    assert found == Placement("provider.groq", (GROQ, free), {"ollama/small": "the job excludes this provider"})


def test_a_pinned_job_never_goes_to_a_lane() -> None:
    assert placed(OLLAMA, GROQ, pinned=True) == Placement("provider.ollama", (OLLAMA, GROQ), {})


def test_a_job_that_no_target_can_run_has_no_queue_and_each_target_says_why() -> None:
    found = placed(OLLAMA, GROQ, ChainLink(provider="gone"), wants=Wants(needs=frozenset({"vision"})))
    assert found == Placement(
        None,
        (),
        {"ollama/small": "lacks vision", "groq/large": "lacks vision", "gone": "the provider is not configured"},
    )


def test_the_links_model_is_the_one_that_is_judged() -> None:
    seeing = ChainLink(provider="ollama", model="seeing")
    assert placed(seeing, GROQ, wants=Wants(needs=frozenset({"vision"}))).chain == (seeing,)


def test_without_a_route_the_lane_takes_the_job() -> None:
    assert place(Directory(), None, "general", Band.COMPLEX, Wants(), pinned=False) == Placement(
        "general.complex", (), {}
    )


@pytest.mark.parametrize(
    ("provider", "model", "wants", "whose"),
    [
        pytest.param(BUDGETED, "large", Wants(), "it", id="the provider's budget"),
        pytest.param(BUDGETED, "gratis", Wants(), None, id="nothing to pay"),
        pytest.param(PRICED.model_copy(update={"budgeted": True}), "large", Wants(), None, id="a known price"),
        pytest.param(OWN_BUDGET, "capped", Wants(), "it", id="the model's budget"),
        pytest.param(OWN_BUDGET, "large", Wants(), None, id="another model's"),
        pytest.param(HOSTED, "large", Wants(priced=True), "the job's agent", id="the agent's budget"),
        pytest.param(LOCAL, "small", Wants(priced=True), None, id="a server of our own"),
        pytest.param(EMBEDS, "vectors", Wants(priced=True), "the job's agent", id="half a price"),
        pytest.param(
            EMBEDS, "vectors", Wants(frozenset({"embedding"}), priced=True), None, id="enough for an embedding"
        ),
    ],
)
def test_what_a_budget_would_pay_must_have_a_price(
    provider: ProviderFacts, model: str, wants: Wants, whose: str | None
) -> None:
    say = f"its price is unknown, and {whose} has a budget; say `prices:` of the model or the provider"
    assert why_not(provider, model, wants) == (say if whose else None)
