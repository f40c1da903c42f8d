"""The command line of a llama.cpp server, and what must hold before it is run."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ...tasks.errors import ConfigurationError
from ..embedded.config import port_is_free
from ..settings.provider import ProviderSettings, RunnerSettings
from .gguf import GGUF, read_gguf

#: Beside weights and cache: the program itself and the buffers of a batch.
_OVERHEAD_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Runnable:
    """A server that can be started. need_bytes: memory that it will take, as far as the file tells."""

    model: str
    file: Path
    command: tuple[str, ...]
    base_url: str
    need_bytes: int


def runnable(provider: ProviderSettings, folders: tuple[Path, ...]) -> Runnable:
    """The server of a provider with a `runner`. folders: where a relative path may start. Raises ConfigurationError."""
    runner = provider.runner
    assert runner is not None
    program = shutil.which(runner.command[0])
    if program is None:
        raise ConfigurationError(
            f"provider {provider.name!r} needs the program {runner.command[0]!r}, which is not on the PATH: "
            "install llama.cpp, or name its server with `runner: {command: …}`"
        )
    file = _located(runner.model_file, folders)
    facts = read_gguf(file)
    (base_url,) = provider.base_urls
    port = urlsplit(base_url).port or 80
    if not port_is_free(port):
        raise ConfigurationError(
            f"port {port} of provider {provider.name!r} is taken by another program; choose another `base_url`, "
            "or leave `runner` out if that is its server"
        )
    model = provider.default_model or file.stem
    command = (program, *runner.command[1:], *arguments(runner, file, model, provider.slots, port))
    return Runnable(model, file, command, base_url, need_bytes(runner, facts, provider.slots))


def arguments(runner: RunnerSettings, file: Path, model: str, slots: int, port: int) -> tuple[str, ...]:
    """As llama-server takes them. Its context is shared by its slots."""
    layers = () if runner.gpu_layers is None else ("-ngl", str(runner.gpu_layers))
    return (
        *("-m", str(file)),
        *("--alias", model),
        *("--host", "127.0.0.1"),
        *("--port", str(port)),
        *("--ctx-size", str(runner.context_tokens * slots)),
        *("--parallel", str(slots)),
        *layers,
        *runner.arguments,
    )


def need_bytes(runner: RunnerSettings, facts: GGUF, slots: int) -> int:
    """Weights, the cache of all slots, and what the server needs itself."""
    cache = (facts.kv_bytes_per_token or 0) * runner.context_tokens * slots
    return facts.size_bytes + cache + _OVERHEAD_BYTES


def _located(said: str, folders: tuple[Path, ...]) -> Path:
    """The file; where there is none, the first place that it was looked for in."""
    places = [Path(said).expanduser()] if Path(said).expanduser().is_absolute() else [each / said for each in folders]
    return next((place for place in places if place.is_file()), places[0])
