"""What routing is told of models, beyond what the configuration says."""

from datetime import UTC, datetime

from workfleet.routing.directory import ChainLink, Directory, ModelFacts, ProviderFacts, Route
from workfleet.routing.lanes import Band
from workfleet.routing.strategy import ordered
from workfleet.routing.suitability import Work
from workfleet.workers.prices.price_list import PriceList
from workfleet.workers.providers.dialect import ListedModel
from workfleet.workers.registry.informed import Knowledge
from workfleet.workers.registry.reading import read_registry

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KNOWLEDGE = Knowledge(read_registry(), PriceList(), NOW)
OFFERS = frozenset({"tools", "json_mode", "vision", "several_choices"})


def provider(type_: str, **fields: object) -> ProviderFacts:
    tier = "local" if type_ in ("ollama", "vllm") else "hosted"
    return ProviderFacts.model_validate(
        {"name": type_, "type": type_, "tier": tier, "capabilities": OFFERS, "any_model": True, **fields}
    )


def informed(facts: ProviderFacts, *links: ChainLink, listed: tuple[ListedModel, ...] = ()) -> ProviderFacts:
    routes = {"default": Route(name="default", chain=links)} if links else {}
    knowledge = Knowledge(KNOWLEDGE.registry, KNOWLEDGE.prices, NOW, {facts.name: listed})
    return knowledge.informed(Directory(providers={facts.name: facts}, routes=routes)).providers[facts.name]


def test_a_named_model_has_the_facts_of_the_registry_and_the_price_of_the_list() -> None:
    found = informed(provider("openai", default_model="gpt-4"))
    assert found.models == ()
    assert found.facts_of("gpt-4") == ModelFacts(
        name="gpt-4",
        context_tokens=8192,
        capabilities=frozenset({"chat", "code", "tools", "json_mode", "several_choices"}),
        input_usd_per_mtok=30,
        output_usd_per_mtok=60,
        quality=0.6,
    )


def test_a_model_that_only_a_route_names_is_known_too() -> None:
    found = informed(provider("groq"), ChainLink(provider="groq", model="llama-3.1-8b-instant"))
    facts = found.facts_of("llama-3.1-8b-instant")
    assert facts is not None
    assert (facts.context_tokens, found.model_for("general")) == (131_072, None)


def test_where_a_price_rises_with_the_prompt_the_steepest_rise_is_told() -> None:
    found = informed(provider("google", default_model="gemini-2.5-pro")).facts_of("gemini-2.5-pro")
    assert found is not None
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok) == (1.25, 10.0)
    assert (found.long_prompt_tokens, found.long_prompt_times) == (200_000, 2.0)


def test_the_prices_of_its_provider_are_those_of_a_model_that_states_none() -> None:
    priced = provider("openai", default_model="gpt-4", input_usd_per_mtok=1.0, output_usd_per_mtok=2.0)
    found = informed(priced).facts_of("gpt-4")
    assert found is not None
    assert (found.input_usd_per_mtok, found.output_usd_per_mtok) == (1.0, 2.0)


def test_what_the_configuration_says_stands() -> None:
    said = ModelFacts(
        name="gpt-4o",
        context_tokens=7,
        capabilities=frozenset({"tools"}),
        input_usd_per_mtok=1,
        output_usd_per_mtok=2,
        quality=0,
    )
    assert informed(provider("openai", models=(said,))).models == (said,)


def test_what_the_provider_lists_comes_before_the_registry() -> None:
    served = ListedModel(
        "Qwen/Qwen2.5-0.5B-Instruct", context_tokens=4096, capabilities=frozenset({"tools"}), local=True
    )
    found = informed(provider("vllm", default_model=served.name), listed=(served,)).facts_of(served.name)
    assert found is not None
    assert (found.context_tokens, found.capabilities, found.quality) == (
        4096,
        frozenset({"tools", "several_choices"}),
        0.1,
    )


def test_a_model_that_nobody_knows_stays_unknown() -> None:
    facts = provider("vllm", default_model="of-my-own")
    assert informed(facts) == facts


def test_the_scores_order_a_chain_by_quality() -> None:
    names = {"groq": "llama-3.1-8b-instant", "openai": "gpt-4.1", "ollama": "llama3.2"}
    links = tuple(ChainLink(provider=name, model=model) for name, model in names.items())
    route = Route(name="default", chain=links, strategy="quality")
    providers = {name: provider(name) for name in names}
    found = KNOWLEDGE.informed(Directory(providers=providers, routes={"default": route}))
    chain = ordered(route, found.providers, Work("general", Band.SIMPLE), {}).chain
    assert [link.provider for link in sorted(chain, key=lambda link: link.priority)] == ["openai", "groq", "ollama"]


def test_models_that_a_server_of_ours_passes_on_are_elsewhere() -> None:
    listed = (ListedModel("qwen3:4b", local=True), ListedModel("mine:latest"), ListedModel("gpt-oss:120b-cloud"))
    assert informed(provider("ollama"), listed=listed).elsewhere == {"mine", "mine:latest", "gpt-oss:120b-cloud"}


def test_of_a_server_that_cannot_tell_no_model_is_elsewhere() -> None:
    own = provider("openai_compatible", tier="local")
    assert informed(own, listed=(ListedModel("m"),)).elsewhere == frozenset()
