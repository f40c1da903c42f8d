"""`health_check: {ping: true}`: for whom a look may ask a model for a token."""

from collections.abc import Callable

import pytest

from workfleet.workers.settings import Settings

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]


@pytest.mark.parametrize("type_", ["ollama", "vllm", "lmstudio", "localai", "llamacpp"])
def test_servers_of_our_own_may_be_pinged(type_: str, load: Load) -> None:
    settings = load(f"providers: {{mine: {{type: {type_}, default_model: m, health_check: {{ping: true}}}}}}")
    assert settings.providers["mine"].health_check.ping


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("groq: {default_model: m, %s}", "asks a model for a token at each look, which may cost money"),
        (
            "rented: {type: vllm, tier: hosted, default_model: m, %s}",
            "asks a model for a token at each look, which may",
        ),
        ("ruvllm: {default_model: auto, %s}", "ruvllm does not tell which models are loaded, and asking for another"),
    ],
    ids=["hosted", "rented by the token", "does not tell"],
)
def test_others_are_refused_where_it_is_said(said: str, why: str, refusals: Refusals) -> None:
    (refused,) = refusals(f"providers:\n  {said % 'health_check: {ping: true}'}")
    name = said.partition(":")[0]
    assert refused.startswith(f"2: providers.{name}.health_check.ping: {why}")
    assert refused.endswith(f"`fleet providers test {name} --ping` asks once")


def test_what_is_not_wanted_is_not_refused(load: Load) -> None:
    assert (
        not load("providers: {groq: {default_model: m, health_check: {ping: false}}}")
        .providers["groq"]
        .health_check.ping
    )
