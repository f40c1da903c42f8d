"""Which providers a fleet uses: the configured ones, else the model servers of this machine, else the simulator.

What is chosen is written as a configuration file, so that every process of the fleet reads the same.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from ...tasks.errors import NoTarget
from ..embedded.config import HOST, free_port, port_is_free
from ..embedded.state import prepare, writable
from ..providers.detect import Detected, Detection, detect
from ..settings.load import load_settings
from ..settings.schema import Settings

#: Where the simulator listens if that port is free.
SIMULATOR_PORT = 8999

_EMBEDS = ("embed", "bge-", "minilm", "gte-", "e5-")

Detect = Callable[[Mapping[str, str]], Awaitable[Detection]]


async def ensure_providers(
    settings: Settings, *, env: Mapping[str, str], state: Path, detect: Detect = detect
) -> tuple[Settings, str]:
    """Settings with at least one usable provider, and a notice for people that says which and why.

    Raises NoTarget if providers are configured, but none of them can be used: a simulator must not take their place.
    """
    if settings.providers:
        return settings, _configured(settings)
    found = usable((await detect(env)).servers)
    if found:
        providers, notice = {server.type: _detected(server) for server in found}, _found(found)
    else:
        port = SIMULATOR_PORT if port_is_free(SIMULATOR_PORT) else free_port()
        providers, notice = {"simulated": _simulated(port)}, _NOTHING_FOUND
    file = write_choice(settings.source, providers, state)
    return load_settings(file, env=env), notice


def _configured(settings: Settings) -> str:
    enabled = settings.enabled()
    if not enabled:
        raise NoTarget({name: each.unusable or "it is disabled" for name, each in settings.providers.items()})
    source = f" of {settings.source}" if settings.source else ""
    return f"using the configured providers{source}: {', '.join(each.name for each in enabled)}"


def usable(servers: Sequence[Detected]) -> list[Detected]:
    """One server of each type, with the models that answer prompts. A server without any has nothing to offer."""
    found: dict[str, Detected] = {}
    for server in servers:
        models = tuple(model for model in server.models if not any(word in model.lower() for word in _EMBEDS))
        if models:
            found.setdefault(server.type, Detected(server.type, server.base_url, models))
    return list(found.values())


def _detected(server: Detected) -> dict[str, Any]:
    return {"type": server.type, "base_url": server.base_url, "default_model": server.models[0]}


def _found(servers: Sequence[Detected]) -> str:
    listed = ", ".join(f"{server.type} at {server.base_url} with {server.models[0]}" for server in servers)
    return f"no provider is configured; found {listed}"


def _simulated(port: int) -> dict[str, Any]:
    return {"type": "simulated", "base_url": f"http://{HOST}:{port}", "default_model": "sim-chat", "slots": 32}


_NOTHING_FOUND = (
    "no provider is configured, and no model server answers on this machine "
    "(Ollama, vLLM, LM Studio, LocalAI, llama.cpp, ruvLLM): using the simulator, whose answers are made up"
)


def write_choice(source: Path | None, providers: Mapping[str, Any], state: Path) -> Path:
    """The configuration with these providers, in the state folder. source: the file that has all else, if any."""
    said = _said(source) if source else {}
    file = state.absolute() / "chosen.yaml"
    with writable(state.absolute()):
        prepare(file.parent)
        file.write_text(_HEADER + yaml.safe_dump({**said, "providers": dict(providers)}, sort_keys=False))
    return file


_HEADER = "# Written by fleet, because no provider is configured. Do not edit: `fleet init` makes a file of your own.\n"


def _said(source: Path) -> dict[str, Any]:
    """What the file says besides providers. It has been read before, so it is known to be well-formed."""
    said = yaml.safe_load(source.read_text())
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}
