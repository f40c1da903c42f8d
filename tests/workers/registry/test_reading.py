"""The shipped registry, and a user's own over it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workfleet.workers.registry.reading import overlay_file, read_registry
from workfleet.workers.settings.problems import SettingsError

Write = Callable[[str], Path]

#: Every model that the documents name, by the type of provider and the name that they use.
NAMED = {
    "anthropic": """claude-sonnet-4-20250514 claude-opus-4-20250514 claude-3-5-sonnet-20241022 claude-3-opus-20240229
        claude-3-sonnet-20240229 claude-3-haiku-20240307""",
    "openai": "gpt-4o gpt-4o-latest gpt-4o-mini gpt-4-turbo gpt-4 gpt-4.1 o1-preview o1-mini text-embedding-3-small",
    "google": "gemini-2.5-flash-lite gemini-2.5-flash gemini-2.0-flash gemini-1.5-pro gemini-1.5-flash",
    "cohere": "command-r-plus command-r command-light command-a-03-2025 embed-v4.0",
    "ollama": """llama3.2 mistral codellama phi-4 phi4 qwen2.5 qwen2.5:0.5b qwen2.5:1.5b smollm tinyllama codestral
        qwen3-coder qwen3-coder:30b deepseek-coder-v3 kimi-dev-72b rnj-1 devstral-small-2 gpt-oss:120b""",
    "ruvllm": "qwen2.5:0.5b smollm tinyllama ruvector-auto ruvector-fast ruvector-quality ruvector-balanced",
    "vllm": "codestral-22b moonshotai/Kimi-Dev-72B qwen2.5:0.5b",
    "groq": """llama-3.3-70b-versatile llama-3.1-8b-instant qwen-2.5-32b qwen/qwen3-32b deepseek-r1-distill-qwen-32b
        moonshotai/kimi-k2-instruct moonshotai/kimi-k2-instruct-0905 openai/gpt-oss-120b""",
    "openrouter": """anthropic/claude-sonnet-4 anthropic/claude-3-haiku openai/gpt-4o-mini openai/gpt-4.1
        cohere/command-r-plus command-r-plus mistralai/devstral-small:free mistralai/devstral-2 mistralai/devstral-2512
        mistralai/devstral-2512:free qwen/qwen3-coder eva-unit-01/eva-qwen-2.5-72b deepseek/deepseek-chat
        meta-llama/llama-3.3-70b-instruct moonshotai/kimi-k2""",
    "together": "meta-llama/Llama-3.3-70B-Instruct-Turbo",
}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str) -> Path:
        file = tmp_path / "model_registry.yaml"
        file.write_text(text)
        return file

    return written


@pytest.mark.parametrize("type_", NAMED)
def test_every_model_that_the_documents_name_is_known(type_: str) -> None:
    registry = read_registry()
    assert [name for name in NAMED[type_].split() if registry.find(type_, name) is None] == []


def test_what_takes_the_place_of_a_retired_model_is_offered_there_itself() -> None:
    registry = read_registry()
    offers = [(type_, offer) for entry in registry.entries.values() for type_, offer in entry.offers.items()]
    replaced = [(type_, offer.replaced_by) for type_, offer in offers if offer.replaced_by]
    found = {(type_, name): registry.find(type_, name) for type_, name in replaced}
    assert len(replaced) > 10
    assert [key for key, known in found.items() if known is None or known.retired] == []


def test_no_name_means_two_models() -> None:
    names = [
        (type_, name.lower())
        for entry in read_registry().entries.values()
        for type_, offer in entry.offers.items()
        for name in (offer.name, *offer.also)
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_fields_of_ones_own_go_over_the_shipped_ones(write: Write) -> None:
    gpt_4o, mine = "{quality: 0.1, offers: {groq: gpt-4o-at-groq}}", "{offers: {vllm: me/mine}, licence: MIT}"
    registry = read_registry(write(f"models: {{gpt-4o: {gpt_4o}, mine: {mine}}}"))
    gpt = registry.entries["gpt-4o"]
    assert (gpt.quality, gpt.context_tokens) == (0.1, 128_000)
    assert {"openai", "azure", "groq"} <= gpt.offers.keys()
    found = registry.find("vllm", "me/mine")
    assert found is not None
    assert found.entry.licence == "MIT"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model: {}", ":1: model: unknown field 'model'; known: models"),
        ("models:\n  mine: 3", ":2: models.mine: must be a mapping of fields"),
        ("models:\n  mine:\n    quality: 2", ":3: models.mine.quality: must be at most 1"),
        ("models:\n  mine:\n    size: 2", ":3: models.mine.size: "),
        (
            "models:\n  mine:\n    offers: {ollma: x}",
            ":3: models.mine.offers.ollma: 'ollma' is no type of provider; did",
        ),
        ("models:\n  mine:\n    capabilities: [codes]", ":3: models.mine.capabilities[0]: must be one of"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, said: str, write: Write) -> None:
    with pytest.raises(SettingsError) as refused:
        read_registry(write(text))
    assert said in str(refused.value)


def test_ones_own_file_is_named_or_lies_beside_the_configuration(write: Write, tmp_path: Path) -> None:
    configuration = tmp_path / "fleet.yaml"
    assert overlay_file(configuration, {}) is None
    beside = write("models: {}")
    assert overlay_file(configuration, {}) == beside
    assert overlay_file(configuration, {"FLEET_MODEL_REGISTRY": "/else/where.yaml"}) == Path("/else/where.yaml")
