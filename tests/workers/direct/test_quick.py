"""The quick test of those that people ask for by name: health, an answer and a stream of each, and of them together.

The simulator plays them; `fleet providers try` is the same with the real ones.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from workfleet.tasks.request import Request
from workfleet.workers.direct import Providers
from workfleet.workers.direct.trial import try_all
from workfleet.workers.settings import load_settings
from workfleet.workers.simulator import Settings, Simulator

ASKED = Request.from_prompt("Say it.", max_tokens=16)
MODELS = {
    "anthropic": "claude-3-haiku-20240307",
    "google": "gemini-2.0-flash",
    "openrouter": "openai/gpt-4o-mini",
    "ollama": "qwen2.5:0.5b",
    "ruvllm": "qwen2.5:0.5b",
}
PATHS = {"google": "/v1beta", "openrouter": "/api/v1"}


def providers(base_url: str, **other: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "base_url": f"{base_url}/{name}{PATHS.get(name, '')}",
            "api_key": "k",
            "default_model": model,
            **other.get(name, {}),
        }
        for name, model in MODELS.items()
    }


def configured(folder: Path, **said: Any) -> Path:
    file = folder / "fleet.yaml"
    file.write_text(yaml.safe_dump(said))
    return file


async def test_each_of_them_is_well_answers_and_streams(tmp_path: Path) -> None:
    async with Simulator(Settings(answer_tokens=12, models=tuple(MODELS.values()))) as simulator:
        file = configured(tmp_path, providers=providers(simulator.base_url))
        async with Providers.of(load_settings(file, env={})) as found:
            trials = await try_all([found[name] for name in MODELS], ASKED)
    assert {trial.provider: trial.failed for trial in trials} == dict.fromkeys(MODELS)
    assert {trial.provider: trial.model for trial in trials} == MODELS
    assert all(trial.whole and trial.whole.text and trial.streamed and trial.streamed.text for trial in trials)


@pytest.mark.parametrize("gone", ["ruvllm", "anthropic"])
async def test_together_they_answer_though_the_first_is_gone(gone: str, tmp_path: Path) -> None:
    """ruvLLM's jobs fall back to Ollama; each other one's to who comes after it."""
    chain = [gone, "ollama"]
    async with Simulator(Settings(answer_tokens=12)) as simulator:
        all_of_them = providers(simulator.base_url, **{gone: {"base_url": "http://127.0.0.1:1"}})
        file = configured(tmp_path, providers=all_of_them, routes={"default": chain})
        async with Providers.of(load_settings(file, env={})) as found:
            answer = await found.complete(ASKED)
    assert (answer.provider, bool(answer.text)) == ("ollama", True)
