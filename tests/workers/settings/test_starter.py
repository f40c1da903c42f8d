from pathlib import Path

import pytest

from workfleet.tasks.errors import FleetError
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.settings import Settings, load_settings
from workfleet.workers.settings.kinds import KINDS
from workfleet.workers.settings.provider import Limits
from workfleet.workers.settings.starter import FREE_TIERS, Entry, Starter, numbered


def loaded(starter: Starter, directory: Path) -> Settings:
    """What a first configuration means on a machine that has the keys."""
    file = directory / "fleet.yaml"
    file.write_text(starter.text())
    return load_settings(file, env=dict.fromkeys(starter.variables(), "k"), directory=directory)


def test_one_local_provider_and_its_model(tmp_path: Path) -> None:
    settings = loaded(Starter([Entry.of("ollama", "qwen3-coder:30b")]), tmp_path)
    assert [(each.name, each.default_model, each.base_urls) for each in settings.enabled()] == [
        ("ollama", "qwen3-coder:30b", ("http://localhost:11434",))
    ]
    assert settings.warnings == ()


@pytest.mark.parametrize("name", FREE_TIERS)
def test_a_free_tier_is_in_free_only_mode_under_the_published_limits(name: str, tmp_path: Path) -> None:
    settings = loaded(Starter([Entry.of(name)], free_tier=True), tmp_path)
    (provider,) = settings.enabled()
    assert settings.mode == "free_only"
    assert provider.limits == Limits.model_validate(FREE_TIERS[name].limits())
    assert provider.default_model == FREE_TIERS[name].model
    assert settings.warnings == ()


def test_several_providers_take_over_from_each_other_in_the_order_given(tmp_path: Path) -> None:
    starter = Starter([Entry.of(name) for name in ("groq", "openrouter", "ollama")], auto_fallback=True)
    settings = loaded(starter, tmp_path)
    assert [link.provider for link in settings.routes["default"].chain] == ["groq", "openrouter", "ollama"]
    assert [each.fallback_provider for each in settings.enabled()] == ["openrouter", "ollama", None]
    assert starter.variables() == ["GROQ_API_KEY", "OPENROUTER_API_KEY"]


def test_without_auto_fallback_only_the_first_gets_jobs_that_name_none(tmp_path: Path) -> None:
    settings = loaded(Starter([Entry.of("vllm"), Entry.of("ollama")], auto_fallback=False), tmp_path)
    assert [link.provider for link in settings.routes["default"].chain] == ["vllm"]
    assert [each.name for each in settings.enabled()] == ["vllm", "ollama"]


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name].base_url])
def test_every_provider_that_has_an_address_makes_a_configuration_that_loads(name: str, tmp_path: Path) -> None:
    settings = loaded(Starter([Entry.of(name)]), tmp_path)
    assert [each.name for each in settings.enabled()] == [name]
    assert [link.provider for link in settings.routes["default"].chain] == [name]


@pytest.mark.parametrize("model", ["4", "yes", "a: b", "it's", "#1", "org/m:free", "-x", "null:"])
def test_any_model_name_stays_text(model: str, tmp_path: Path) -> None:
    settings = loaded(Starter([Entry.of("ollama", model)]), tmp_path)
    assert settings.providers["ollama"].default_model == model


def test_two_servers_of_a_type_get_names_of_their_own(tmp_path: Path) -> None:
    entries = numbered(Entry("x", KINDS["vllm"], base_url=f"http://gpu-{place}:8000") for place in (1, 2))
    settings = loaded(Starter(entries), tmp_path)
    assert [(each.name, each.type, each.base_urls) for each in settings.enabled()] == [
        ("vllm", "vllm", ("http://gpu-1:8000",)),
        ("vllm-2", "vllm", ("http://gpu-2:8000",)),
    ]


@pytest.mark.parametrize(
    ("names", "options", "why"),
    [
        pytest.param(["grok"], {}, "unknown provider 'grok'; known: ", id="unknown"),
        pytest.param(["custom"], {}, "openai_compatible needs --base-url, such as ", id="no address"),
        pytest.param(
            ["openai"],
            {"free_tier": True},
            "openai has no free tier that we know; groq, google, openrouter, github have",
            id="no free tier",
        ),
        pytest.param(["groq", "groq"], {}, "groq stands twice among the providers", id="twice"),
    ],
)
def test_what_makes_no_configuration_says_what_would(names: list[str], options: dict[str, bool], why: str) -> None:
    with pytest.raises(FleetError) as caught:
        Starter([Entry.of(name) for name in names], **options).text()
    assert str(caught.value).startswith(why)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(FleetError, match=r"--base-url ftp://x: must begin with http:// or https://"):
        Entry.of("custom", base_url="ftp://x")
