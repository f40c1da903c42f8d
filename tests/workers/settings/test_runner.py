"""A provider whose pool starts its own model server."""

from collections.abc import Callable

import pytest

from workfleet.workers.settings import Settings
from workfleet.workers.settings.provider import ModelSettings, RunnerSettings

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]


def test_its_model_is_the_files_with_the_context_that_it_is_started_with(load: Load) -> None:
    own = load("providers: {own: {type: local, runner: {gguf: models/tiny-q4.gguf, ctx_size: 2048}}}").providers["own"]
    assert own.runner == RunnerSettings(model_file="models/tiny-q4.gguf", context_tokens=2048)
    assert own.models == (ModelSettings(name="tiny-q4", context_tokens=2048),)
    assert (own.default_model, own.base_urls) == ("tiny-q4", ("http://localhost:8080",))


def test_its_model_may_have_another_name(load: Load) -> None:
    own = load("providers: {own: {type: local, default_model: mine, runner: {model: a.gguf}}}").providers["own"]
    assert own.named_models() == {"mine"}


@pytest.mark.parametrize(
    ("provider", "refused"),
    [
        ("{type: vllm, runner: {model: a}}", "a pool starts a server of type local only, not of type vllm"),
        ("{type: local, base_url: 'http://gpu-2:80', runner: {model: a}}", "a pool starts one server, on its own host"),
        ("{type: local, runner: {}}", "needs `model_file`"),
        ("{type: local, runner: {model: a, gpu: 3}}", "unknown field 'gpu'"),
        ("{type: local, runner: {model: a, context_tokens: 0}}", "must be at least 1"),
    ],
)
def test_a_mistake_is_told(provider: str, refused: str, refusals: Refusals) -> None:
    (found,) = refusals(f"providers:\n  own: {provider}")
    assert refused in found
