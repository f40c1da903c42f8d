"""How a model server is started, and why it is not."""

import socket
import sys
from pathlib import Path

import pytest

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.embedded.config import free_port
from workfleet.workers.local.command import runnable
from workfleet.workers.settings.provider import ProviderSettings, RunnerSettings

from .gguf_files import write_gguf


def provider(port: int, **runner: object) -> ProviderSettings:
    fields = {"model_file": "small.gguf", "command": [sys.executable, "-u"], "context_tokens": 4096, **runner}
    return ProviderSettings(
        name="own",
        type="llamacpp",
        tier="local",
        base_urls=(f"http://127.0.0.1:{port}",),
        slots=3,
        runner=RunnerSettings.model_validate(fields),
    )


def test_the_command_line_is_llama_servers(tmp_path: Path) -> None:
    file, port = write_gguf(tmp_path / "small.gguf"), free_port()
    found = runnable(provider(port, gpu_layers=99, arguments=["--jinja"]), (tmp_path / "none", tmp_path))
    line = f"-m {file} --alias small --host 127.0.0.1 --port {port} --ctx-size 12288 --parallel 3 -ngl 99 --jinja"
    assert found.command == (sys.executable, "-u", *line.split())


def test_memory_is_for_the_weights_the_cache_of_all_slots_and_the_server(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "small.gguf")
    found = runnable(provider(free_port()), (tmp_path,))
    assert found.need_bytes == file.stat().st_size + 1024 * 4096 * 3 + 512 * 2**20


@pytest.mark.parametrize(
    ("runner", "said"),
    [
        (
            {"command": "no-such-llama"},
            "needs the program 'no-such-llama', which is not on the PATH: install llama.cpp",
        ),
        ({"model_file": "else.gguf"}, "there is no model file"),
        ({"model_file": "/nowhere/else.gguf"}, "there is no model file /nowhere/else.gguf"),
    ],
    ids=["no program", "no file", "no absolute file"],
)
def test_what_is_missing_is_told(runner: dict[str, object], said: str, tmp_path: Path) -> None:
    write_gguf(tmp_path / "small.gguf")
    with pytest.raises(ConfigurationError, match=said):
        runnable(provider(free_port(), **runner), (tmp_path,))


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    write_gguf(tmp_path / "small.gguf")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} of provider 'own' is taken by another program"):
            runnable(provider(port), (tmp_path,))
