"""`fleet providers try` against a server that answers and one that is not there."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli import providers


class Model(BaseHTTPRequestHandler):
    """One model of OpenAI's API that always says the same."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer(b"{}")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/tokenize":
            self.answer(b'{"count": 23}')
        elif asked["stream"]:
            chunk = json.dumps({"choices": [{"delta": {"content": "2, 3, 5"}, "finish_reason": "stop"}]})
            self.answer(f"data: {chunk}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")
        else:
            choice = {"message": {"content": "2, 3, 5"}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 24, "completion_tokens": 7}
            self.answer(json.dumps({"choices": [choice], "usage": usage}).encode())

    def answer(self, body: bytes, kind: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Nothing: the tests say what happened."""


@pytest.fixture
def config(tmp_path: Path) -> Iterator[Path]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    thread = Thread(target=server.serve_forever)
    thread.start()
    file = tmp_path / "fleet.yaml"
    file.write_text(f"""
providers:
  gpu: {{type: vllm, base_url: "http://127.0.0.1:{server.server_port}", default_model: m}}
  gone: {{type: vllm, base_url: "http://127.0.0.1:9", default_model: m}}
""")
    yield file
    server.shutdown()
    thread.join()
    server.server_close()


def tried(config: Path, *options: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(providers.app, ["try", *options, "--config", str(config)])
    return result.exit_code, result.stdout, result.stderr


def test_a_provider_that_works_is_a_row_of_figures(config: Path) -> None:
    code, said, _ = tried(config, "gpu")
    _, row, says = said.splitlines()
    assert (code, row.split()[0], says) == (0, "gpu/m", "gpu says: 2, 3, 5")
    assert row.split()[-7:] == ["/", "23", "/", "24", "7", "0.000000", "100%"]


def test_one_that_does_not_says_why_and_ends_the_command_with_3(config: Path) -> None:
    code, said, why = tried(config)
    assert (code, [line.split()[0] for line in said.splitlines()]) == (3, ["target", "gpu/m", "gone/m", "gpu"])
    assert "gone: its health check fails: transport: " in why


def test_programs_get_all_of_it(config: Path) -> None:
    code, said, _ = tried(config, "gpu", "--json", "--prompt", "Primes?", "--max-tokens", "9")
    (found,) = json.loads(said)
    assert (code, found["works"], found["counted_tokens"], found["whole"]["text"]) == (0, True, 23, "2, 3, 5")
    assert found["streamed"]["first_token_s"] <= found["streamed"]["total_s"]
    assert found["whole"]["usage"]["cost_source"] == "local"
