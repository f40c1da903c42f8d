"""What is looked up in the directory."""

import pytest

from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route, Target
from workfleet.routing.lanes import Band

GROQ = ProviderFacts(
    name="groq",
    type="groq",
    priority=50,
    default_model="small",
    model_overrides={"code-review": "large"},
    models=(ModelFacts(name="tiny", context_tokens=4096),),
)
ROUTES = {name: Route(name=name, chain=(ChainLink(provider="groq"),)) for name in ("default", "fast", "exact")}
DIRECTORY = Directory(
    providers={"groq": GROQ}, routes=ROUTES, lanes={"code-review": "fast", "code-review.complex": "exact"}
)


@pytest.mark.parametrize(
    ("name", "found"),
    [("code_review", "code-review"), ("Security-Scanning", "bug-detection"), ("poetry", None)],
    ids=["spelled otherwise", "an alias", "unknown"],
)
def test_task_types_are_found_by_any_spelling(name: str, found: str | None) -> None:
    assert DIRECTORY.task_type(name) == found


@pytest.mark.parametrize(
    ("task_type", "band", "route"),
    [
        ("code-review", Band.COMPLEX, "exact"),
        ("code-review", Band.SIMPLE, "fast"),
        ("general", Band.COMPLEX, "default"),
    ],
    ids=["its lane's", "its task type's", "the default"],
)
def test_the_most_exact_route_serves_a_lane(task_type: str, band: Band, route: str) -> None:
    assert DIRECTORY.route_for(task_type, band) == ROUTES[route]


def test_without_a_default_route_every_enabled_provider_serves_the_lanes() -> None:
    off = ProviderFacts(name="off", type="vllm", enabled=False)
    directory = Directory(providers={"groq": GROQ, "off": off})
    assert directory.route_for("general", Band.SIMPLE) == Route(
        name="every provider", chain=(ChainLink(provider="groq", priority=50),), strategy="round_robin"
    )


def test_a_fleet_without_providers_has_no_route() -> None:
    assert Directory().route_for("general", Band.SIMPLE) is None


@pytest.mark.parametrize(
    ("link", "task_type", "target"),
    [
        (ChainLink(provider="groq", model="tiny"), "general", Target(provider="groq", model="tiny")),
        (ChainLink(provider="groq"), "general", Target(provider="groq", model="small")),
        (ChainLink(provider="groq"), "code-review", Target(provider="groq", model="large")),
        (ChainLink(provider="gone"), "general", None),
    ],
    ids=["the link's model", "the provider's default", "the provider's for the task type", "unknown provider"],
)
def test_links_resolve_to_targets(link: ChainLink, task_type: str, target: Target | None) -> None:
    assert DIRECTORY.resolve(link, task_type) == target


def test_a_provider_without_a_default_uses_the_first_model_of_its_list_and_one_without_a_list_has_none() -> None:
    listed = ProviderFacts(name="p", type="vllm", models=(ModelFacts(name="first"), ModelFacts(name="second")))
    assert listed.model_for("general") == "first"
    assert ProviderFacts(name="p", type="vllm").model_for("general") is None


@pytest.mark.parametrize(
    ("provider", "model", "serves"),
    [
        (GROQ, "tiny", True),
        (GROQ, "small", True),
        (GROQ, "large", True),
        (GROQ, "huge", False),
        (GROQ.model_copy(update={"any_model": True}), "huge", True),
        (ProviderFacts(name="p", type="vllm"), "huge", True),
    ],
    ids=["listed", "the default", "an override", "unknown", "takes any", "lists none"],
)
def test_which_models_a_provider_serves(provider: ProviderFacts, model: str, serves: bool) -> None:
    assert provider.serves(model) is serves


def test_a_target_reads_as_provider_and_model() -> None:
    assert str(Target(provider="groq", model="small", credential="second")) == "groq/small"


def test_a_directory_survives_its_way_through_redis() -> None:
    assert Directory.model_validate_json(DIRECTORY.model_dump_json(exclude_defaults=True)) == DIRECTORY


@pytest.mark.parametrize(
    ("agent", "route"),
    [("reviewer", "own"), ("writer", "rest"), ("default", None), ("", None)],
    ids=["its own", "that of all others", "a job that names none", "no agent at all"],
)
def test_an_agent_takes_its_own_route_or_that_of_all_without_one(agent: str, route: str | None) -> None:
    routes = {name: Route(name=name, chain=()) for name in ("own", "rest")}
    directory = Directory(routes=routes, agents={"reviewer": "own", "*": "rest"})
    assert directory.route_of_agent(agent) == (routes[route] if route else None)
    assert Directory(routes=routes).route_of_agent(agent) is None
