"""The commands know a provider that a package brings, as docs/providers.md shows it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli.main import app

from ...acme import KEY, Acme, acme

#: Of 1,000 tokens of the prompt and 2,000 of the answer.
COST_USD = 1000 * 0.5e-6 + 2000 * 1.5e-6


@pytest.fixture
async def company(
    acme_installed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> AsyncIterator[Acme]:
    """Acme, and a folder that is configured for it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    monkeypatch.setenv("COLUMNS", "200")
    async with acme() as found:
        mine: dict[str, Any] = {
            "default_model": "anvil-2",
            "base_url": found.url,
            "prices": {"input_usd_per_mtok": 0.5, "output_usd_per_mtok": 1.5},
            "api": {"options": {"tone": "plain"}},
        }
        (tmp_path / "fleet.yaml").write_text(json.dumps({"providers": {"acme": mine}}))
        yield found


async def fleet(*words: str) -> Any:
    """What a command prints as JSON, while Acme answers it."""
    ran = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--json"])
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


async def test_every_command_knows_it(company: Acme) -> None:
    (valid,) = (await fleet("config", "validate"))["providers"]
    (listed,) = await fleet("providers", "list")
    (tested,) = await fleet("providers", "test")
    (tried,) = await fleet("providers", "try", "-p", "Hi")
    (model,) = await fleet("models", "--provider", "acme")
    assert (valid["name"], valid["key_from"], valid["usable"]) == ("acme", "ACME_API_KEY", True)
    assert (listed["type"], listed["tier"], listed["why_not"]) == ("acme", "hosted", None)
    assert (tested["healthy"], tested["models"], tested["version"]) == (True, ["anvil-2"], "4")
    assert (tried["works"], tried["whole"]["text"], tried["streamed"]["text"]) == (True, "Hi, plain", "Hi, plain")
    assert (tried["whole"]["usage"]["cost_usd"], tried["whole"]["usage"]["cost_source"]) == (
        pytest.approx(COST_USD),
        "table",
    )
    assert model["context_tokens"] == 32_000
    assert company.refused == 0


@pytest.mark.usefixtures("acme_installed")
async def test_its_type_is_listed_with_the_package_that_brings_it() -> None:
    found = {each["type"]: each for each in await fleet("providers", "list", "--types")}
    assert (found["acme"]["brought_by"], found["acme"]["broken"], found["groq"]["brought_by"]) == (
        "acme-workfleet 1.0",
        None,
        "workfleet",
    )


def test_a_broken_package_is_listed_with_what_is_wrong(install_package: Callable[..., None]) -> None:
    install_package("raise RuntimeError('out of order')", {"workfleet.providers": {"x": "out_of_order:ROW"}})
    ran = CliRunner().invoke(app, ["providers", "list", "--types"])
    assert (ran.exit_code, "groq" in ran.stdout) == (0, True)
    why = "the provider 'x' of out_of_order 1.0 (out_of_order:ROW) can't be loaded: RuntimeError: out of order"
    assert ran.stderr == f"x: {why}\n"


async def test_a_first_configuration_may_name_it(company: Acme, tmp_path: Path) -> None:
    ran = await asyncio.to_thread(
        CliRunner().invoke, app, ["init", "--provider", "acme", "--base-url", company.url, "--force"]
    )
    assert ran.exit_code == 0, ran.output
    written = (tmp_path / "fleet.yaml").read_text()
    assert ("api_key: ${ACME_API_KEY}" in written, f"base_url: {company.url}" in written) == (True, True)
    (valid,) = (await fleet("config", "validate"))["providers"]
    assert valid["usable"]


async def test_a_recorded_exchange_is_read_by_its_dialect(company: Acme, tmp_path: Path) -> None:
    exchange = {
        "name": "one",
        "provider": "acme",
        "url": f"{company.url}/generate",
        "request": {"engine": "anvil-2"},
        "status": 200,
        "response": {"said": "Hi", "why": "limit", "tokens": {"in": 3, "out": 4}},
    }
    (tmp_path / "recorded.jsonl").write_text(json.dumps(exchange) + "\n")
    found = await fleet("providers", "decode", "recorded.jsonl")
    assert (found["text"], found["finish_reason"], found["usage"]["output_tokens"]) == ("Hi", "length", 4)
