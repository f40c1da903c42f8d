"""A provider that a package brings, with an API of its own: everything works with it as with any other.

The package is the one that docs/providers.md shows.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from workfleet.tasks.status import read_status
from workfleet.tasks.stream import PieceKind

from ..acme import KEY, Acme, acme, install_acme
from .fleet import Fleet, fleet_of

LINE = {"method": "POST", "url": "/v1/chat/completions"}
#: Of every answer: 1,000 tokens of the prompt, 2,000 of the answer.
COST_USD = 1000 * 0.5e-6 + 2000 * 1.5e-6


def says(text: str) -> dict[str, Any]:
    return {"request": {"messages": [{"role": "user", "content": text}]}}


@pytest.fixture
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the package is."""
    folder = tmp_path_factory.mktemp("site-packages")
    install_acme(folder)
    return folder


@asynccontextmanager
async def acme_fleet(
    folder: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[Fleet, Acme]]:
    """A fleet of Acme, as its page configures it, and of a simulated provider that comes after it."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("ACME_API_KEY", KEY)
    async with acme() as company, fleet_of(folder, {"other": {}}) as fleet:
        config: dict[str, Any] = json.loads((folder / "fleet.yaml").read_text())
        mine: dict[str, Any] = {
            "default_model": "anvil-2",
            "base_url": company.url,
            "prices": {"input_usd_per_mtok": 0.5, "output_usd_per_mtok": 1.5},
            "api": {"options": {"tone": "plain"}},
        }
        config["providers"] = {"acme": mine, **config["providers"]}
        config["routes"] = {"default": ["acme", "other"]}
        (folder / "fleet.yaml").write_text(json.dumps(config))
        yield fleet, company


async def test_jobs_batches_streams_and_costs_are_as_with_any_other(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with acme_fleet(tmp_path, installed, monkeypatch) as (fleet, company):
        await asyncio.gather(fleet.worker("acme"), fleet.worker("other"))
        asked = await fleet.client.submit(says("Hi"))
        embedding = {"kind": "embedding", "input": ["a", "bcd"]}
        embedded = await fleet.client.submit({"request": embedding, "provider": "acme"})
        (answer, vectors) = [await fleet.client.result(job_id, timeout_s=30) for job_id in (asked, embedded)]
        assert (answer.provider, answer.text, answer.model) == ("acme", "Hi, plain", "anvil-2")
        assert answer.usage.cost_usd == pytest.approx(COST_USD)
        assert vectors.embeddings == ((1.0, 0.5), (3.0, 0.5))

        streamed = await fleet.client.submit({**says("one two"), "stream": True})
        pieces = [piece async for piece in fleet.client.stream(streamed)]
        assert "".join(piece.text for piece in pieces if piece.kind is PieceKind.TEXT) == "one two, plain"

        batch = [{**LINE, "custom_id": str(n), "body": says(f"n{n}")["request"]} for n in range(20)]
        (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in batch))
        ran = await fleet.run("batch", "run", "-i", "in.jsonl", "-o", "out.jsonl")
        assert ran.code == 0, ran
        lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        said = {line["custom_id"]: line["response"]["body"]["choices"][0]["message"]["content"] for line in lines}
        assert said == {str(n): f"n{n}, plain" for n in range(20)}

        status = await read_status(fleet.client.redis, namespace=fleet.client.store.namespace)
        assert {each.provider: each.state for each in status.health}["acme"] == "takes jobs"
        company.problem = (500, "spent")
        (moved,) = await fleet.outcomes(await fleet.submit(1))
        first, second = await fleet.client.attempts(moved.job_id)
        assert (first.target, first.outcome, second.target) == ("acme/anvil-2", "quota_exhausted", "other/sim-chat")
    assert company.refused == 0
