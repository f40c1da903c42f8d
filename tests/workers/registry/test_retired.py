"""A configuration that names what a provider has no longer."""

from pathlib import Path

import pytest

from workfleet.workers.registry.reading import read_registry
from workfleet.workers.registry.retired import retired_models
from workfleet.workers.settings.load import load_settings


@pytest.mark.parametrize(
    ("text", "warnings"),
    [
        pytest.param(
            "providers: {groq: {default_model: qwen-2.5-32b}}",
            ["providers.groq: groq has no qwen-2.5-32b any more; use qwen/qwen3-32b"],
            id="the default model",
        ),
        pytest.param(
            "providers: {groq: {}}\nroutes: {r: [groq/deepseek-r1-distill-qwen-32b]}",
            ["providers.groq: groq has no deepseek-r1-distill-qwen-32b any more; use qwen/qwen3-32b"],
            id="a route's",
        ),
        pytest.param(
            "providers: {openrouter: {models: [eva-unit-01/eva-qwen-2.5-72b]}}",
            ["providers.openrouter: openrouter has no eva-unit-01/eva-qwen-2.5-72b any more; nothing takes its place"],
            id="without a successor",
        ),
        pytest.param("providers: {groq: {default_model: llama-3.3-70b-versatile}}", [], id="one that is there"),
        pytest.param("providers: {vllm: {default_model: qwen-2.5-32b}}", [], id="on a server of one's own"),
        pytest.param("providers: {groq: {enabled: false, default_model: qwen-2.5-32b}}", [], id="disabled"),
    ],
)
def test_the_warning_names_what_takes_its_place(text: str, warnings: list[str], tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(text)
    settings = load_settings(file, env={"GROQ_API_KEY": "a", "OPENROUTER_API_KEY": "b"})
    assert [str(problem) for problem in retired_models(settings, read_registry())] == warnings
