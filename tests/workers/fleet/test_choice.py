"""Configured providers, else the model servers of this machine, else the simulator; and the user is told which."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from workfleet.tasks.errors import NoTarget
from workfleet.workers.fleet.choice import ensure_providers
from workfleet.workers.providers.detect import Detected, Detection
from workfleet.workers.settings.load import load_settings
from workfleet.workers.settings.provider import ProviderSettings
from workfleet.workers.settings.schema import Settings


class Machine:
    """A machine on which these servers run. asked: whether it was looked at."""

    def __init__(self, *servers: Detected) -> None:
        self.servers = servers
        self.asked = False

    async def __call__(self, env: Mapping[str, str]) -> Detection:
        self.asked = True
        return Detection(self.servers, 0.01)


OLLAMA = Detected("ollama", "http://localhost:11434", ("nomic-embed-text:latest", "qwen3:8b", "llama3.2:3b"))
VLLM = Detected("vllm", "http://localhost:8000", ("Qwen/Qwen3-8B",))


async def test_configured_providers_win_and_the_machine_is_not_searched() -> None:
    machine = Machine(OLLAMA)
    settings = Settings(source=Path("fleet.yaml"), providers={"groq": ProviderSettings(name="groq", type="groq")})
    chosen, notice = await ensure_providers(settings, env={}, state=Path("unused"), detect=machine)
    assert chosen is settings
    assert notice == "using the configured providers of fleet.yaml: groq"
    assert not machine.asked


async def test_a_simulator_never_takes_the_place_of_configured_providers_that_cannot_run() -> None:
    off = ProviderSettings(name="groq", type="groq", enabled=False)
    odd = ProviderSettings(name="claude", type="anthropic", unusable="its API is not supported yet")
    settings = Settings(providers={"groq": off, "claude": odd})
    with pytest.raises(NoTarget, match="groq: it is disabled; claude: its API is not supported yet"):
        await ensure_providers(settings, env={}, state=Path("unused"), detect=Machine())


async def test_servers_of_this_machine_are_used_with_their_first_model_that_answers_prompts(tmp_path: Path) -> None:
    chosen, notice = await ensure_providers(Settings(), env={}, state=tmp_path, detect=Machine(OLLAMA, VLLM))
    assert {name: (p.type, p.base_urls, p.default_model) for name, p in chosen.providers.items()} == {
        "ollama": ("ollama", ("http://localhost:11434",), "qwen3:8b"),
        "vllm": ("vllm", ("http://localhost:8000",), "Qwen/Qwen3-8B"),
    }
    assert notice == (
        "no provider is configured; found ollama at http://localhost:11434 with qwen3:8b, "
        "vllm at http://localhost:8000 with Qwen/Qwen3-8B"
    )


@pytest.mark.parametrize(
    "servers",
    [(), (Detected("ollama", "http://localhost:11434"),), (Detected("vllm", "http://localhost:8000", ("bge-m3",)),)],
    ids=["nothing runs", "no model", "embeddings only"],
)
async def test_without_a_server_that_answers_prompts_the_simulator_is_used_and_the_user_is_told(
    tmp_path: Path, servers: tuple[Detected, ...]
) -> None:
    chosen, notice = await ensure_providers(Settings(), env={}, state=tmp_path, detect=Machine(*servers))
    assert [(p.name, p.type, p.default_model) for p in chosen.enabled()] == [("simulated", "simulated", "sim-chat")]
    assert chosen.providers["simulated"].base_urls[0].startswith("http://127.0.0.1:")
    assert notice.endswith("using the simulator, whose answers are made up")


async def test_every_process_of_the_fleet_reads_the_same_choice(tmp_path: Path) -> None:
    chosen, _ = await ensure_providers(Settings(), env={}, state=tmp_path, detect=Machine(VLLM))
    assert chosen.source == tmp_path / "chosen.yaml"
    assert load_settings(chosen.source, env={}) == chosen


async def test_what_the_configuration_says_besides_providers_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("redis_url: redis://elsewhere:6379/3\nretry:\n  max_attempts: 7\n")
    settings = load_settings(file, env={})
    chosen, _ = await ensure_providers(settings, env={}, state=tmp_path, detect=Machine(VLLM))
    assert chosen.redis_url == settings.redis_url
    assert chosen.retry.max_attempts == 7
    assert list(chosen.providers) == ["vllm"]
