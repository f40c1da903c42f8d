"""`fleet models pull`, with simulated servers and a file server."""

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli.main import app
from workfleet.workers.local.digests import noted
from workfleet.workers.simulator.server import Simulator
from workfleet.workers.simulator.settings import Settings

#: The shortest model file there is: no tensors, no facts.
GGUF = b"GGUF" + (3).to_bytes(4, "little") + bytes(16)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Nothing."""


@pytest.fixture
def simulated() -> Iterator[str]:
    """The base URL of a simulator on a thread of its own, for commands have their own event loops."""
    over, began = asyncio.Event(), threading.Event()
    found: list[tuple[str, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        async with Simulator(Settings(load_s=0.01)) as simulator:
            found.append((simulator.base_url, asyncio.get_running_loop()))
            began.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    began.wait(10)
    url, loop = found[0]
    yield url
    loop.call_soon_threadsafe(over.set)
    thread.join()


@pytest.fixture
def files(tmp_path: Path) -> Iterator[str]:
    """The address of a server of one model file."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "tiny.gguf").write_bytes(GGUF)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "served"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def config(tmp_path: Path, simulated: str) -> str:
    file = tmp_path / "fleet.yaml"
    urls = {name: f"{simulated}/{name}" for name in ("ollama", "localai", "vllm")}
    file.write_text(json.dumps({"providers": {name: {"base_url": url} for name, url in urls.items()}}))
    return str(file)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLEET_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("FLEET_MODE", "any")
    return tmp_path / "models"


def pull(*options: str) -> tuple[int, str]:
    """Exit code and what was printed, errors included."""
    shown = CliRunner().invoke(app, ["models", "pull", *options])
    return shown.exit_code, str(shown.exception) if shown.exit_code == 1 else shown.output


def test_a_server_fetches_a_model(config: str, simulated: str) -> None:
    assert pull("new:1b", "--provider", "ollama", "--config", config) == (
        0,
        f"new:1b is there ({simulated}/ollama, 397.8 MB)\n",
    )


def test_what_a_server_has_fetched_is_noted_for_later(config: str, simulated: str, models: Path) -> None:
    assert pull("new:1b", "--provider", "ollama", "--config", config)[0] == 0
    found = noted(models, f"{simulated}/ollama", "new:1b")
    assert found is not None
    assert found.sha256 == hashlib.sha256(b"new:1b").hexdigest()


def test_a_model_file_is_fetched_by_its_address(files: str, config: str, models: Path) -> None:
    code, said = pull(f"{files}/tiny.gguf", "--json", "--config", config)
    assert (code, json.loads(said)) == (0, [{"model": "tiny.gguf", "where": str(models), "bytes": 24}])
    assert (models / "tiny.gguf").read_bytes() == GGUF


def test_a_file_that_is_not_there_ends_with_code_3(files: str, config: str) -> None:
    code, said = pull(f"{files}/other.gguf", "--config", config)
    assert (code, "was answered with status 404" in said) == (3, True)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["m"], "say with --provider who fetches it: ollama, localai"),
        (["m", "-p", "vllm"], "provider 'vllm' is of type vllm; models are fetched by ollama, lmstudio, localai"),
        (["m", "--sha256", "0" * 64], "--sha256 is for the address of a GGUF file, and has 64 hexadecimal digits"),
    ],
    ids=["several could", "one that cannot", "a checksum of no file"],
)
def test_what_cannot_be_meant_is_refused_with_what_can(options: list[str], complaint: str, config: str) -> None:
    assert pull(*options, "--config", config) == (1, complaint)


def test_offline_nothing_is_fetched(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEET_MODE", "offline")
    code, said = pull("m", "--provider", "ollama", "--config", config)
    assert (code, said) == (1, "offline: a server would have to leave this network to fetch a model")
    code, said = pull("https://files.example/m.gguf", "--config", config)
    assert (code, "offline: no connection to files.example is made" in said) == (3, True)
