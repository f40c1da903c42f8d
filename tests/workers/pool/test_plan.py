"""What a worker process is to be."""

from typing import Any

import pytest
from pydantic import SecretStr

from workfleet.routing.directory import Directory, ProviderFacts
from workfleet.tasks.errors import ConfigurationError, UnknownName
from workfleet.workers.pool.plan import plan_pool
from workfleet.workers.pool.runtime import PoolPlan
from workfleet.workers.settings.provider import ProviderSettings
from workfleet.workers.settings.schema import Settings, TaskTypeSettings

URL = SecretStr("redis://localhost/0")
GPU = ProviderSettings(name="gpu", type="vllm", tier="local", base_urls=("http://a:8000", "http://b:8000"), slots=4)
GROQ = ProviderSettings(name="groq", type="groq", base_urls=("https://api.example/v1",), slots=16)
SETTINGS = Settings(
    providers={"gpu": GPU, "groq": GROQ},
    task_types={"code-review": TaskTypeSettings(timeout_s=90.0), "general": TaskTypeSettings()},
)


def plan(settings: Settings = SETTINGS, known: Directory | None = None, **options: Any) -> PoolPlan:
    return plan_pool(settings, known or Directory(), URL, host="here", **options)


def test_a_configured_provider_is_taken_as_it_is() -> None:
    assert plan(provider="groq") == PoolPlan(
        node="groq@here",
        provider=GROQ,
        endpoints=GROQ.endpoints(),
        slots=16,
        directory=SETTINGS.directory(),
        redis_url=URL,
        task_types=SETTINGS.task_types,
    )


def test_a_provider_of_the_fleet_whose_package_is_not_here_says_what_to_install() -> None:
    known = Directory(providers={"acme": ProviderFacts(name="acme", type="acme-cloud")})
    with pytest.raises(ConfigurationError) as refused:
        plan(Settings(), known, provider="acme")
    assert str(refused.value) == (
        "provider 'acme' is of type 'acme-cloud', which is not known here; install the package that brings it"
    )


@pytest.mark.usefixtures("acme_installed")
def test_a_package_brings_a_provider_to_a_host_without_a_configuration() -> None:
    known = Directory(providers={"acme": ProviderFacts(name="acme", type="acme", default_model="anvil-2")})
    planned = plan(Settings(), known, provider="acme").provider
    assert (planned.type, planned.tier, planned.base_urls) == ("acme", "hosted", ("https://api.acme.example",))


def test_servers_of_our_own_have_their_slots_each() -> None:
    assert plan(provider="gpu").slots == 8


def test_who_joins_brings_its_own_provider_and_leaves_the_fleets_routes() -> None:
    fleet = Directory(providers={"openai": ProviderFacts(name="openai", type="openai")})
    joined = plan(known=fleet, provider="groq", joins=True)
    assert (joined.provider, joined.configured) == (GROQ, False)
    assert joined.directory == Directory(providers={**fleet.providers, "groq": GROQ.facts()})


@pytest.mark.parametrize(
    ("options", "slots", "urls", "node"),
    [
        ({"slots": 3}, 3, ["http://a:8000", "http://b:8000"], "gpu@here"),
        ({"endpoints": ["http://c:8000/"]}, 4, ["http://c:8000"], "gpu@here"),
        (
            {"node": "gpu.2@here", "endpoints": ["http://c:1", "http://d:1"]},
            8,
            ["http://c:1", "http://d:1"],
            "gpu.2@here",
        ),
    ],
    ids=["slots", "another endpoint", "a node name and two endpoints"],
)
def test_the_command_line_wins(options: dict[str, Any], slots: int, urls: list[str], node: str) -> None:
    found = plan(provider="gpu", **options)
    assert (found.slots, [each.base_url for each in found.endpoints], found.node) == (slots, urls, node)


def test_a_host_without_a_configuration_knows_a_provider_from_the_fleet() -> None:
    facts = ProviderFacts(
        name="gpu", type="vllm", tier="local", default_model="large", model_overrides={"general": "m"}
    )
    known = Directory(providers={"gpu": facts, "other": ProviderFacts(name="other", type="groq")})
    found = plan(Settings(), known, provider="gpu", endpoints=["http://gpu2:8000"])
    assert (found.provider.type, found.provider.tier) == ("vllm", "local")
    assert (found.provider.default_model, found.provider.model_overrides) == ("large", {"general": "m"})
    assert found.directory == known


def test_a_host_without_a_configuration_or_a_fleet_knows_the_types() -> None:
    found = plan(Settings(), provider="ollama")
    assert [each.base_url for each in found.endpoints] == ["http://localhost:11434"]
    assert found.directory.providers["ollama"] == found.provider.facts()


@pytest.mark.parametrize(
    ("settings", "provider", "message"),
    [
        (SETTINGS, "grok", "unknown provider 'grok'; known: gpu, groq"),
        (Settings(), "grok", "unknown provider 'grok'; known: .*groq.*ollama"),
    ],
    ids=["of the configuration", "of the types"],
)
def test_an_unknown_provider_is_answered_with_those_that_are_known(
    settings: Settings, provider: str, message: str
) -> None:
    with pytest.raises(UnknownName, match=message):
        plan(settings, provider=provider)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"enabled": False}, "provider 'gpu' cannot run: it is disabled in the configuration"),
        ({"unusable": "outside the mode hosted"}, "provider 'gpu' cannot run: outside the mode hosted"),
        ({"base_urls": ()}, "provider 'gpu' has no address; give one with --endpoint or base_url"),
    ],
    ids=["disabled", "unusable", "without an address"],
)
def test_a_provider_that_cannot_run_says_why(fields: dict[str, object], message: str) -> None:
    settings = Settings(providers={"gpu": GPU.model_copy(update=fields)})
    with pytest.raises(ConfigurationError, match=message):
        plan(settings, provider="gpu")
