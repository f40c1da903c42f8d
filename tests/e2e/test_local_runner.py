"""A pool that serves a model file itself: one command from the file to the answers, and nothing left running."""

import json
import re
import sys
from pathlib import Path

import psutil
import yaml

from workfleet.workers.embedded.config import free_port

from ..workers.local.gguf_files import write_gguf
from .fleet import run

FAKE = Path(__file__).parents[1] / "workers" / "local" / "llama_server.py"
LINE = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"messages": [{"role": "user", "content": "Say hello"}]},
}


def configure(folder: Path, **runner: object) -> None:
    write_gguf(folder / "tiny.gguf")
    (folder / "requests.jsonl").write_text(json.dumps(LINE) + "\n")
    provider = {
        "type": "local",
        "base_url": f"http://127.0.0.1:{free_port()}",
        "slots": 2,
        "runner": {"model_file": "tiny.gguf", "command": [sys.executable, str(FAKE)], "context_tokens": 4096, **runner},
    }
    (folder / "fleet.yaml").write_text(yaml.safe_dump({"providers": {"own": provider}}))


async def test_a_batch_runs_on_a_model_file(tmp_path: Path) -> None:
    configure(tmp_path)
    env = {"FLEET_STATE": str(tmp_path / ".fleet")}
    ran = await run("batch", "run", "-i", "requests.jsonl", "-o", "answers.jsonl", env=env, folder=tmp_path)
    assert ran.code == 0, ran.err
    answer = json.loads((tmp_path / "answers.jsonl").read_text())
    assert answer["response"]["body"]["model"] == "tiny"
    said = "".join(log.read_text() for log in (tmp_path / ".fleet").rglob("*.log"))
    (pid,) = re.findall(r"server is listening on .* pid (\d+)", said)
    assert not psutil.pid_exists(int(pid))


async def test_a_model_that_does_not_fit_is_told_at_once(tmp_path: Path) -> None:
    configure(tmp_path, memory_gb=0.1)
    env = {"FLEET_STATE": str(tmp_path / ".fleet")}
    ran = await run("batch", "run", "-i", "requests.jsonl", "-o", "answers.jsonl", env=env, folder=tmp_path)
    assert ran.code != 0
    assert "tiny needs about 0.5 GB of the 0.1 GB that `memory_gb` allows" in ran.err
    assert "Traceback" not in ran.err
