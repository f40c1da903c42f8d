"""`fleet models sync` and what `fleet models` shows after it, with a server whose models come and go."""

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from workfleet.routing.directory import ChainLink, Directory, ProviderFacts, Route
from workfleet.tasks.client import AsyncClient
from workfleet.workers.cli.main import app


@dataclass
class Listed:
    """A server that lists `names`, and a configuration that has it; down: it does not answer."""

    url: str
    config: Path
    names: list[str]
    down: bool = False


@pytest.fixture
def listed(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listed]:
    class Models(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if found.down else 200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": [{"id": name} for name in found.names]}).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Nothing."""

    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    with ThreadingHTTPServer(("127.0.0.1", 0), Models) as server:
        found = Listed(f"http://127.0.0.1:{server.server_port}", tmp_path / "fleet.yaml", ["one", "two"])
        found.config.write_text(
            f"providers: {{fast: {{type: groq, base_url: '{found.url}', api_key: k, default_model: qwen-2.5-32b}}}}"
        )
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def run(listed: Listed, *arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["models", *arguments, "--config", str(listed.config), "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def states(listed: Listed, *arguments: str, code: int = 0) -> dict[str, tuple[bool, bool]]:
    """Model -> whether it is listed, and whether it is known to have been."""
    shown = run(listed, *arguments, code=code)
    return {each["model"]: (each["listed"], each["gone_at"] is not None) for each in shown}


def test_a_configured_model_that_is_not_listed_is_told_with_what_takes_its_place(listed: Listed) -> None:
    (synced,) = run(listed, "sync")
    assert (synced["models"], synced["missing"]) == (["one", "two"], {"qwen-2.5-32b": "qwen/qwen3-32b"})
    shown = {each["model"]: (each["listed"], each["retired"], each["replaced_by"]) for each in run(listed)}
    assert shown["qwen-2.5-32b"] == (False, True, "qwen/qwen3-32b")


def test_a_model_that_is_listed_no_more_is_shown_as_gone_also_where_nobody_can_ask(listed: Listed) -> None:
    run(listed, "sync")
    listed.names.remove("two")
    run(listed, "sync")
    expected = {"one": (True, False), "qwen-2.5-32b": (False, False), "two": (False, True)}
    assert states(listed) == expected
    listed.down = True
    assert states(listed, code=3) == expected
    listed.config.write_text("providers: {}")
    assert states(listed, "--noted") == expected


def test_a_provider_that_does_not_answer_is_told_and_its_listing_stays(listed: Listed) -> None:
    run(listed, "sync")
    listed.down = True
    (synced,) = run(listed, "sync", code=3)
    assert synced["error"] is not None
    assert "two" in states(listed, "--noted")


async def test_what_pools_have_told_of_others_and_of_routes_stays(listed: Listed, redis_url: str) -> None:
    routes = {"default": Route(name="default", chain=(ChainLink(provider="other"),))}
    facts = {name: ProviderFacts(name=name, type="groq") for name in ("fast", "other")}
    async with AsyncClient(redis_url) as client:
        await client.fleet.publish_directory(Directory(providers=facts, routes=routes))
        await asyncio.to_thread(run, listed, "sync")
        told = await client.fleet.directory()
    assert told is not None
    assert (told.routes, told.providers["other"]) == (routes, facts["other"])
    assert [model.name for model in told.providers["fast"].known] == ["qwen-2.5-32b"]


async def test_a_provider_that_the_running_fleet_does_not_have_is_not_brought_in(
    listed: Listed, redis_url: str
) -> None:
    theirs = Directory(providers={"other": ProviderFacts(name="other", type="groq")})
    async with AsyncClient(redis_url) as client:
        await client.fleet.publish_directory(theirs)
        await asyncio.to_thread(run, listed, "sync")
        assert await client.fleet.directory() == theirs


def test_before_anybody_has_asked_nothing_is_noted(listed: Listed) -> None:
    said = CliRunner().invoke(app, ["models", "--noted", "--config", str(listed.config)]).output
    assert "nothing is noted yet; `fleet models sync` asks the providers" in " ".join(said.split())
