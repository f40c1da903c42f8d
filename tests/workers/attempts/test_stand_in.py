"""A server that answers with another model than it was asked for, as LocalAI and LM Studio do without a word."""

import httpx2
import pytest
from structlog.testing import capture_logs

from workfleet.tasks.answer import Answer
from workfleet.workers.attempts.stand_in import StandIns, is_another
from workfleet.workers.settings.provider import ProviderSettings

from ..pools import fleet, hosted, provider, says


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
        ("anthropic/claude-sonnet-4.5", "anthropic/claude-4.5-sonnet-20250929"),
        ("llama3.3-70b", "llama-3.3-70b"),
        ("gemini-2.5-pro-preview-03-25", "models/gemini-2.5-pro"),
        ("qwen3", "qwen3:latest"),
        ("Qwen/Qwen2.5-0.5B-Instruct", "/models/qwen2.5-0.5b-instruct-q4_k_m.gguf"),
        ("gemma-3-1b-it-qat", "gemma-3-1b-it-qat:2"),
        ("phi-4-2025-01-01", "phi-4-2025-06-01"),
        ("модель", "модель"),
    ],
)
def test_another_spelling_is_no_other_model(asked: str, answered: str) -> None:
    assert not is_another(asked, answered)
    assert not is_another(answered, asked)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("qwen3", "tinyllama"),
        ("qwen3:32b", "qwen3:4b"),
        ("any-model-name", "gemma-3-1b-it-qat:2"),
        ("gpt-4o", "gpt-4o-mini"),
        ("llama3.2-vision", "llama3.2"),
        ("llama-3.1-8b-instruct", "llama-3.2-8b-instruct"),
    ],
)
def test_another_family_size_or_version_is_another_model(asked: str, answered: str) -> None:
    assert is_another(asked, answered)
    assert is_another(answered, asked)


LOCAL = provider("localai", type="localai")


@pytest.mark.parametrize(
    ("asked", "model", "by"),
    [
        (LOCAL, "tinyllama", "localai/tinyllama"),
        (LOCAL, "qwen3", ""),
        (LOCAL, "", ""),
        (hosted("azure", type="azure"), "gpt-4o", ""),
        (provider("ruvllm", type="ruvllm"), "ruvllm-large", ""),
    ],
    ids=["another", "the one asked", "one that tells nothing", "a hosted one has its own aliases", "one that chooses"],
)
def test_who_stood_in(asked: ProviderSettings, model: str, by: str) -> None:
    assert StandIns().seen(asked, f"{asked.name}/qwen3", Answer(model=model)) == by
    assert StandIns().seen(asked, f"{asked.name}/qwen3", None) == ""


async def test_a_stand_in_is_in_the_ledger_and_told_once(redis_url: str) -> None:
    async with fleet(redis_url, provider("localai", type="localai", default_model="qwen3")) as one:
        one.servers["localai"].will(*(stands_in("tinyllama") for _ in range(2)))
        with capture_logs() as said:
            jobs = [await one.submit() for _ in range(2)]
            for job_id in jobs:
                await one.follow(job_id, first="localai")
        entries = [entry for job_id in jobs for entry in await one.client.attempts(job_id)]
    assert [(each.target, each.answered_by, each.outcome) for each in entries] == [
        ("localai/qwen3", "localai/tinyllama", "succeeded")
    ] * 2
    assert [each for each in said if each["event"] == "model.replaced"] == [
        {
            "event": "model.replaced",
            "log_level": "warning",
            "target": "localai/qwen3",
            "answered_by": "localai/tinyllama",
        }
    ]


def stands_in(model: str) -> httpx2.Response:
    return httpx2.Response(200, json={**says("ok").json(), "model": model})
