"""A model server that lives as long as its pool."""

import fcntl
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.embedded.config import free_port
from workfleet.workers.local.guard import Guard, TooLarge
from workfleet.workers.local.server import local_server
from workfleet.workers.settings.provider import ProviderSettings, RunnerSettings

from .gguf_files import write_gguf

FAKE = Path(__file__).with_name("llama_server.py")
WITHIN_S = 30.0


@dataclass
class Host:
    """A folder with a model, and what its servers say."""

    folder: Path
    lines: list[str] = field(default_factory=list[str])

    @property
    def guard(self) -> Guard:
        return Guard(self.folder)

    def provider(self, **runner: object) -> ProviderSettings:
        fields = {"model_file": "small.gguf", "command": [sys.executable, str(FAKE)], "context_tokens": 512, **runner}
        return ProviderSettings(
            name="own",
            type="llamacpp",
            tier="local",
            base_urls=(f"http://127.0.0.1:{free_port()}",),
            slots=2,
            runner=RunnerSettings.model_validate(fields),
        )

    def pids(self) -> list[int]:
        return [int(found.group(1)) for line in self.lines if (found := re.search(r"listening.*pid (\d+)", line))]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    write_gguf(tmp_path / "small.gguf")
    return Host(tmp_path)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.02)


def answers(provider: ProviderSettings) -> bool:
    try:
        with urlopen(f"{provider.base_urls[0]}/v1/models", timeout=5) as reply:
            return b'"small"' in reply.read()
    except (URLError, ConnectionError):
        return False


def test_it_serves_the_file_while_the_pool_lives_and_ends_with_it(host: Host) -> None:
    provider = host.provider(memory_gb=2, gpu_layers=0)
    with local_server(provider, (host.folder,), host.lines.append, guard=host.guard):
        until(lambda: answers(provider))
        assert [taken.model for taken in host.guard.taken()] == ["small"]
    assert not psutil.pid_exists(host.pids()[0])
    assert list(host.guard.taken()) == []


def test_it_is_started_again_when_it_dies(host: Host) -> None:
    provider = host.provider()
    with local_server(provider, (host.folder,), host.lines.append, guard=host.guard):
        until(lambda: answers(provider))
        os.kill(host.pids()[0], signal.SIGKILL)
        until(lambda: len(host.pids()) == 2 and answers(provider))
    assert [psutil.pid_exists(pid) for pid in host.pids()] == [False, False]


def test_an_option_that_it_does_not_know_is_not_tried_for_ever(host: Host) -> None:
    provider = host.provider(arguments=["--no-such-option"])
    with local_server(provider, (host.folder,), host.lines.append, guard=host.guard):
        until(lambda: any("unrecognized arguments: --no-such-option" in line for line in host.lines))
    assert host.pids() == []


def test_a_model_that_does_not_fit_is_not_started(host: Host) -> None:
    with (
        pytest.raises(TooLarge, match=r"small needs about 0.5 GB of the 0.1 GB that `memory_gb` allows"),
        local_server(host.provider(memory_gb=0.1), (host.folder,), host.lines.append, guard=host.guard),
    ):
        pass
    assert host.lines == []


def test_a_second_server_waits_until_the_first_has_loaded(host: Host) -> None:
    provider = host.provider()
    guard = host.guard
    descriptor = os.open(host.folder / "loading.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with local_server(provider, (host.folder,), host.lines.append, guard=guard):
        assert not answers(provider)
        os.close(descriptor)
        until(lambda: answers(provider))


def test_it_can_end_while_it_waits_for_another_to_load(host: Host) -> None:
    descriptor = os.open(host.folder / "loading.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with local_server(host.provider(), (host.folder,), host.lines.append, guard=host.guard):
        pass
    os.close(descriptor)
    assert host.lines == []


def test_a_provider_without_a_runner_starts_nothing(host: Host) -> None:
    attached = host.provider().model_copy(update={"runner": None})
    with local_server(attached, (host.folder,), host.lines.append, guard=host.guard):
        assert list(host.guard.taken()) == []


def test_a_file_that_is_none_is_refused_before_anything_starts(host: Host) -> None:
    (host.folder / "page.gguf").write_text("<html>")
    with (
        pytest.raises(ConfigurationError, match="is no GGUF file"),
        local_server(host.provider(model_file="page.gguf"), (host.folder,), host.lines.append, guard=host.guard),
    ):
        pass
