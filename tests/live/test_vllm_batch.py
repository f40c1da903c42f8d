"""`fleet batch run` against a real vLLM: FLEET_LIVE_VLLM_URL is its address."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

URL = os.environ.get("FLEET_LIVE_VLLM_URL", "")
pytestmark = [
    pytest.mark.skipif(not URL, reason="FLEET_LIVE_VLLM_URL is not set: no real vLLM to try"),
    pytest.mark.timeout(600),
]

LINES = 200


@pytest.fixture
def model() -> str:
    listed = httpx2.get(f"{URL.removesuffix('/v1')}/v1/models", timeout=10).json()
    return str(listed["data"][0]["id"])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    provider = {"type": "vllm", "base_url": URL, "slots": 32}
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"providers": {"gpu": provider}}))
    return tmp_path


def line(custom_id: str, url: str, body: dict[str, Any]) -> str:
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body}) + "\n"


def chat(custom_id: str, model: str, **more: Any) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": f"say {custom_id}"}], "max_tokens": 16, **more}
    return line(custom_id, "/v1/chat/completions", body)


def run(project: Path, *options: str) -> dict[str, dict[str, Any]]:
    """The output lines by custom_id."""
    command = (sys.executable, "-P", "-m", "workfleet.workers.cli", "batch", "run", "-i", "in.jsonl", "-o", "out.jsonl")
    env = {**os.environ, "FLEET_STATE": str(project / ".fleet")}
    said = subprocess.run(
        [*command, *options], check=False, cwd=project, env=env, capture_output=True, text=True, timeout=500
    )
    lines = [json.loads(text) for text in (project / "out.jsonl").read_text().splitlines()]
    by_id = {each["custom_id"]: each for each in lines}
    assert len(by_id) == len(lines), said.stderr
    return by_id


@pytest.mark.parametrize("options", [(), ("--stream",)], ids=["in one piece", "streaming"])
def test_every_line_is_answered_once_as_openai_has_it(project: Path, model: str, options: tuple[str, ...]) -> None:
    (project / "in.jsonl").write_text("".join(chat(f"r{n}", model, logprobs=not options) for n in range(LINES)))
    answers = run(project, *options)
    assert sorted(answers) == sorted(f"r{n}" for n in range(LINES))
    for each in answers.values():
        body = each["response"]["body"]
        assert (each["error"], each["response"]["status_code"], body["object"]) == (None, 200, "chat.completion")
        assert body["usage"]["completion_tokens"] <= 16
        assert body["choices"][0]["finish_reason"] in ("stop", "length")


def test_what_the_server_refuses_gets_an_error_line_and_the_rest_its_answer(project: Path, model: str) -> None:
    lines = [
        chat("good", model),
        chat("too long", model, max_tokens=1_000_000),
        chat("bad parameter", model, temperature=0.5, top_k=-7),
        line("completion", "/v1/completions", {"model": model, "prompt": "once", "max_tokens": 4}),
        line("no embeddings here", "/v1/embeddings", {"model": model, "input": "x"}),
        chat("unknown model", "nobody/has-this"),
    ]
    (project / "in.jsonl").write_text("".join(lines))
    answers = run(project)
    statuses = {name: each["response"]["status_code"] for name, each in answers.items()}
    assert (statuses["good"], statuses["completion"]) == (200, 200)
    assert answers["completion"]["response"]["body"]["object"] == "text_completion"
    refused = ("too long", "bad parameter", "no embeddings here", "unknown model")
    assert all(400 <= statuses[name] < 500 for name in refused), statuses
    assert all(answers[name]["error"] for name in refused)
