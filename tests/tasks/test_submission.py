"""From what a caller hands in to a record."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from workfleet.routing.lanes import Priority
from workfleet.tasks.errors import InvalidRequest, NoTarget, UnknownName
from workfleet.tasks.job import Constraints, JobSpec
from workfleet.tasks.prepared import Placed, Prepared
from workfleet.tasks.request import Message, Request
from workfleet.tasks.submission import Preparer, new_id, parse_spec


def facts(name: str, *models: ModelFacts, **fields: Any) -> ProviderFacts:
    return ProviderFacts.model_validate({"name": name, "type": "vllm", "models": models, **fields})


def route(name: str, *providers: str) -> Route:
    return Route(name=name, chain=tuple(ChainLink(provider=each, priority=at) for at, each in enumerate(providers)))


DIRECTORY = Directory(
    providers={
        "groq": facts("groq", ModelFacts(name="llama", context_tokens=8_000), default_model="llama", priority=2),
        "ollama": facts(
            "ollama",
            ModelFacts(name="qwen", context_tokens=100_000),
            ModelFacts(name="vendor/phi"),
            tier="local",
            default_model="qwen",
            priority=1,
            capabilities=frozenset({"tools"}),
        ),
        "router": facts("router", any_model=True, default_model="vendor/auto", priority=3),
        "off": facts("off", ModelFacts(name="rare"), enabled=False),
    },
    routes={"default": route("default", "groq", "ollama", "router"), "bulk": route("bulk", "ollama", "groq")},
    lanes={"code-review": "bulk"},
    agents={"reviewer": "bulk"},
)


def spec(prompt: str = "hi", **fields: Any) -> JobSpec:
    return JobSpec.from_prompt(prompt, **fields)


def placed(**fields: Any) -> Placed:
    return Preparer(DIRECTORY).prepare(spec(**fields)).placed


@pytest.mark.parametrize(
    ("fields", "first"),
    [
        ({"model": "groq/llama", "agent": "reviewer", "task_type": "code-review", "user": "maria"}, "groq"),
        ({"agent": "reviewer", "task_type": "code-review", "user": "maria"}, "ollama"),
        ({"task_type": "code-review", "user": "maria"}, None),
        ({"user": "maria"}, "router"),
        ({"user": "somebody"}, None),
        ({}, None),
    ],
    ids=[
        "the job's own word is first",
        "then its agent's route",
        "then its task type's",
        "then what its user prefers",
        "a user without a preference has the default",
        "and so has nobody",
    ],
)
def test_preferences_count_from_the_job_to_the_whole_fleet(fields: dict[str, Any], first: str | None) -> None:
    preferred = {"routes": {**DIRECTORY.routes, "mine": route("mine", "router", "groq")}, "users": {"maria": "mine"}}
    found = Preparer(DIRECTORY.model_copy(update=preferred)).prepare(spec(**fields)).placed
    lane = f"{fields.get('task_type', 'general')}.simple"
    assert found.queue == (f"provider.{first}" if first else lane)


def test_a_plain_job_waits_in_the_lane_of_its_task_type_and_band() -> None:
    asked = spec(agent="me", deadline_s=60, custom_id="line-1", idempotency_key="k")
    found = Preparer(DIRECTORY, make_id=lambda: "new").prepare(asked, canvas="{}")
    kind = Placed("general", "general.simple", Priority.INTERACTIVE, found.placed.complexity, "me")
    assert found == Prepared("new", kind, found.spec, 60.0, "line-1", "{}", "me\nk")
    assert JobSpec.model_validate_json(found.spec) == asked


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task_type": "poetry"}, "unknown task type 'poetry'; known: analytical, "),
        ({"route": "fast"}, "unknown route 'fast'; known: bulk, default"),
        ({"provider": "grok"}, "unknown provider 'grok'; known: groq, off, ollama, router"),
        ({"provider": "groq", "model": "gpt"}, "unknown model of groq 'gpt'; known: llama"),
        ({"chain": ("groq", "grok/x")}, "unknown provider 'grok'; known: groq, off, ollama, router"),
        ({"model": "groq/gpt"}, "unknown model of groq 'gpt'; known: llama"),
        (
            {"constraints": Constraints(providers=("grok",))},
            "unknown provider 'grok'; known: groq, off, ollama, router",
        ),
        ({"constraints": Constraints(exclude=("grok",))}, "unknown provider 'grok'; known: groq, off, ollama, router"),
    ],
    ids=["task type", "route", "provider", "its model", "in a chain", "provider/model", "allowed", "excluded"],
)
def test_an_unknown_name_is_answered_with_those_that_are_known(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownName) as refused:
        placed(**fields)
    assert str(refused.value).startswith(message)


def test_an_unknown_model_is_answered_with_those_that_are_known() -> None:
    providers = {name: each for name, each in DIRECTORY.providers.items() if name != "router"}
    with pytest.raises(UnknownName, match=r"^unknown model 'gpt'; known: llama, qwen, rare, vendor/phi$"):
        Preparer(Directory(providers=providers)).prepare(spec(model="gpt"))


@pytest.mark.parametrize(
    ("complexity", "queue", "score"),
    [
        (1, "general.simple", 1),
        (4, "general.moderate", 4),
        (7, "general.complex", 7),
        (10, "general.very-complex", 10),
        ("simple", "general.simple", 2),
        ("very_complex", "general.very-complex", 10),
        (" Very-Complex ", "general.very-complex", 10),
    ],
)
def test_a_complexity_that_is_given_decides_the_band(complexity: int | str, queue: str, score: int) -> None:
    found = placed(complexity=complexity)
    assert (found.queue, found.complexity) == (queue, score)


def test_without_one_the_prompt_decides() -> None:
    hard = "Prove that the lock-free queue is linearizable, then refactor it for NUMA machines.\n" * 40
    assert placed().complexity < placed(prompt=hard).complexity


@pytest.mark.parametrize(
    ("fields", "queue", "chain"),
    [
        ({"provider": "router"}, "provider.router", ("router",)),
        ({"provider": "ollama", "model": "qwen"}, "provider.ollama", ("ollama/qwen",)),
        ({"model": "ollama/qwen"}, "provider.ollama", ("ollama/qwen",)),
        ({"model": "vendor/phi"}, "provider.ollama", ("ollama/vendor/phi", "router/vendor/phi")),
        ({"model": "llama"}, "provider.groq", ("groq/llama", "router/llama")),
        ({"model": "gpt"}, "provider.router", ("router/gpt",)),
        ({"chain": ("router/gpt", "ollama")}, "provider.router", ("router/gpt", "ollama")),
        ({"route": "bulk"}, "provider.ollama", ("ollama", "groq")),
        ({"agent": "reviewer"}, "provider.ollama", ("ollama", "groq")),
        ({"agent": "reviewer", "route": "default"}, "provider.groq", ("groq", "ollama", "router")),
        ({"agent": "reviewer", "provider": "groq"}, "provider.groq", ("groq",)),
        ({"task_type": "code_review"}, "code-review.simple", ()),
    ],
    ids=[
        "pinned to a provider",
        "to a provider and a model",
        "to provider/model",
        "a vendor's name before a slash belongs to the model",
        "a model goes to all that have it, in the order of the lane's route",
        "and to those that take any",
        "its own chain",
        "its own route",
        "its agent's route",
        "its own route before its agent's",
        "a pin before its agent's route",
        "otherwise the lane's",
    ],
)
def test_where_a_job_goes(fields: dict[str, Any], queue: str, chain: tuple[str, ...]) -> None:
    found = placed(complexity=1, **fields)
    assert (found.queue, found.chain) == (queue, chain)


@pytest.mark.parametrize(
    ("constraints", "queue", "chain"),
    [
        (Constraints(), "general.simple", ()),
        (Constraints(local_only=True), "provider.ollama", ("ollama",)),
        (Constraints(exclude=("groq",)), "provider.ollama", ("ollama", "router")),
        (Constraints(providers=("router", "groq")), "provider.groq", ("groq", "router")),
        (Constraints(needs=("tools",)), "provider.ollama", ("ollama",)),
        (Constraints(min_context_tokens=50_000), "provider.ollama", ("ollama", "router")),
        (Constraints(exclude=("off",)), "general.simple", ()),
    ],
    ids=["none", "local only", "excluded", "allowed", "a capability", "a long context", "one that every target meets"],
)
def test_constraints_narrow_a_job_to_its_first_admissible_target_with_the_rest_of_the_chain(
    constraints: Constraints, queue: str, chain: tuple[str, ...]
) -> None:
    found = placed(complexity=1, constraints=constraints)
    assert (found.queue, found.chain) == (queue, chain)


def test_a_job_that_no_target_can_run_names_each_with_why() -> None:
    with pytest.raises(NoTarget) as refused:
        placed(constraints=Constraints(local_only=True, needs=("vision",)))
    assert refused.value.skipped == {
        "groq/llama": "the job is local only",
        "ollama/qwen": "lacks vision",
        "router/vendor/auto": "the job is local only",
    }


def test_a_pin_to_a_disabled_provider_says_so() -> None:
    with pytest.raises(NoTarget, match=r"^no target can take the job: off/rare: disabled$"):
        placed(provider="off", model="rare")


def test_a_prompt_that_fits_no_context_is_refused() -> None:
    with pytest.raises(NoTarget, match=r"groq/llama: about \d+ tokens do not fit its context of 8000"):
        placed(prompt="word " * 20_000, provider="groq")


def test_a_long_prompt_goes_where_it_fits_and_the_answers_limit_counts() -> None:
    assert placed(prompt="word " * 20_000).chain == ("ollama", "router")
    assert placed(max_tokens=90_000, complexity=1).chain == ("ollama", "router")


def test_a_fleet_without_a_directory_takes_plain_jobs_and_no_narrow_ones() -> None:
    preparer = Preparer(Directory())
    assert preparer.prepare(spec(complexity=1)).placed.queue == "general.simple"
    with pytest.raises(UnknownName, match="unknown provider 'groq'; known: none are configured"):
        preparer.prepare(spec(provider="groq"))
    with pytest.raises(NoTarget, match="no provider is configured and enabled"):
        preparer.prepare(spec(model="llama"))


def test_without_routes_constraints_hold_all_the_same() -> None:
    preparer = Preparer(Directory(providers=DIRECTORY.providers))
    local = spec(constraints=Constraints(local_only=True))
    assert preparer.prepare(local).placed.queue == "provider.ollama"


@pytest.mark.parametrize(
    ("text", "size"), [("x" * 3000, "3,0"), ("\u00fc" * 1500, "3,0")], ids=["ascii", "two bytes a letter"]
)
def test_too_large_a_request_is_refused_by_its_bytes(text: str, size: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"^the request has {size}\d\d bytes; at most 2,000 are taken$"):
        Preparer(DIRECTORY, max_request_bytes=2_000).prepare(spec(prompt=text))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "request: Field required"),
        ({"request": {"messages": []}}, "request: messages is empty; a chat request needs at least one message"),
        ({"request": {"kind": "completion"}}, "request: prompt is empty; a completion request needs one"),
        ({"request": {"kind": "embedding"}}, "request: input is empty; an embedding request needs at least one text"),
        (
            {"request": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": -1}},
            "request.max_tokens: Input should be greater than or equal to 1",
        ),
        (
            {"request": {"messages": [{"role": "user", "content": "hi"}]}, "priorty": "batch"},
            "priorty: Extra inputs are not permitted",
        ),
        (
            {"request": {"messages": [{"role": "user", "content": "hi"}]}, "deadline_s": 1e9, "agent": ""},
            (
                "agent: String should have at least 1 character; "
                "deadline_s: Input should be less than or equal to 31536000"
            ),
        ),
        (
            {"request": {"messages": [{"role": "user", "content": "hi"}]}, "deadline_s": float("inf")},
            "deadline_s: Input should be a finite number",
        ),
        ("text", "Input should be a valid dictionary or instance of JobSpec"),
    ],
    ids=[
        "nothing",
        "no messages",
        "no prompt",
        "no input",
        "negative max_tokens",
        "a field that is none",
        "several",
        "endless",
        "not an object",
    ],
)
def test_what_cannot_be_a_job_is_refused_field_by_field(raw: object, message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_spec(raw)
    assert str(refused.value) == message


def test_a_spec_survives_json() -> None:
    asked = spec(chain=("groq", "ollama/qwen"), constraints=Constraints(needs=("tools",)), metadata={"a": "b"})
    assert parse_spec(json.loads(asked.model_dump_json())) == asked


def test_in_python_a_wrong_request_is_pydantics_to_refuse() -> None:
    with pytest.raises(ValidationError):
        Request(messages=(Message(role="user", content="hi"),), max_tokens=0)


@pytest.mark.parametrize("job_id", ["", "a b", "50%", 'quo"te', "x" * 129, "line\n"])
def test_ids_of_others_must_be_plain(job_id: str) -> None:
    with pytest.raises(InvalidRequest, match="up to 128 letters"):
        Preparer(DIRECTORY).prepare(spec(), job_id=job_id)


@pytest.mark.parametrize("job_id", ["3f2b9c1e-7d7c-4f0e-9a51-0d3c3f4f9a10", "order_7:retry.2", "x" * 128])
def test_plain_ids_of_others_are_taken(job_id: str) -> None:
    assert Preparer(DIRECTORY).prepare(spec(), job_id=job_id).id == job_id


def test_our_own_ids_are_plain_and_differ() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {Preparer(DIRECTORY).prepare(spec(), job_id=each).id for each in ids} == set(ids)


def test_what_is_remembered_of_one_job_does_not_decide_for_another() -> None:
    preparer = Preparer(DIRECTORY)
    asked = [spec(), spec(agent="reviewer"), spec(constraints=Constraints(local_only=True)), spec(priority="batch")]
    first = [preparer.prepare(each).placed for each in asked]
    assert [preparer.prepare(each).placed for each in reversed(asked)] == list(reversed(first))
    assert len(set(first)) == len(asked)
