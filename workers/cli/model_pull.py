"""`fleet models pull`: a model fetched by a server of ours, or a GGUF file by its address."""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ...tasks.errors import ConfigurationError, UnknownName
from ..local.digests import note
from ..local.download import Source, download
from ..local.server import models_folder
from ..providers.detect import detect
from ..providers.endpoint import AttemptFailed, Endpoint
from ..providers.http_client import http_client, offline_transport
from ..providers.pull_progress import PullProgress
from ..providers.pulling import PULLS, persistently
from ..providers.sender import Sender
from ..providers.wire import Wire
from ..settings.load import load_settings
from ..settings.schema import Settings
from .console import err, error, out
from .session import ConfigOption, JsonOption, run_async

_LINE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """model: its name at the provider, or the file. where: the server's address, or the folder."""

    model: str
    where: str
    bytes: int


def pull(
    model: Annotated[str, typer.Argument(help="Its name, as its server knows it; or the address of a GGUF file.")],
    provider: Annotated[
        str | None,
        typer.Option("--provider", "-p", help="Whose server fetches it: Ollama, LM Studio or LocalAI."),
    ] = None,
    sha256: Annotated[
        str | None, typer.Option("--sha256", help="What a GGUF file's SHA-256 must be.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Fetch a model for local use. Interrupted, or stopped with Ctrl-C, the same command goes on where it was.

    A GGUF file, for a provider of type `local`, goes to FLEET_MODELS, else to ~/.cache/workfleet/models. Ends with code
    3 if the model cannot be had.

    Examples:

      fleet models pull qwen3-coder:30b

      fleet models pull ibm/granite-4-micro --provider lmstudio

      fleet models pull https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct-GGUF/resolve/main/qwen2.5-0.5b-instruct-q4_k_m.gguf
    """
    settings = load_settings(config, needed=() if provider is None else (provider,))
    is_file = "://" in model and provider is None
    if sha256 is not None and not (is_file and re.fullmatch(r"[0-9a-fA-F]{64}", sha256)):
        raise ConfigurationError("--sha256 is for the address of a GGUF file, and has 64 hexadecimal digits")
    try:
        fetched = run_async(_of_url(settings, model, sha256) if is_file else _of_servers(settings, model, provider))
    except AttemptFailed as failed:
        error(str(failed))
        raise typer.Exit(3) from None
    except typer.Exit:
        err.print("stopped; the same command goes on where it was")
        raise
    if as_json:
        out.print_json(data=[{"model": each.model, "where": each.where, "bytes": each.bytes} for each in fetched])
        return
    for each in fetched:
        size = f", {each.bytes / 1e6:,.1f} MB" if each.bytes else ""
        out.print(f"{escape(each.model)} is there ({escape(each.where)}{size})")


async def _of_url(settings: Settings, url: str, sha256: str | None) -> list[Fetched]:
    source, folder = Source(url, sha256), models_folder()
    transport = offline_transport(frozenset()) if settings.mode == "offline" else None
    async with http_client(transport) as client:
        wire = Wire(client, max_body_bytes=sys.maxsize)
        size = await _shown(source.name, persistently(partial(download, wire, source, folder)))
    return [Fetched(source.name, str(folder), size)]


async def _of_servers(settings: Settings, model: str, provider: str | None) -> list[Fetched]:
    """Every server of the provider fetches it."""
    if settings.mode == "offline":
        raise ConfigurationError("offline: a server would have to leave this network to fetch a model")
    return await fetched_by(await _servers(settings, provider), model)


async def fetched_by(endpoints: Sequence[Endpoint], model: str) -> list[Fetched]:
    """One server after the other fetches it. Raises AttemptFailed."""
    fetched: list[Fetched] = []
    async with Sender() as sender:
        for endpoint in endpoints:
            progress = persistently(partial(sender.pull, endpoint, model))
            fetched.append(Fetched(model, endpoint.base_url, await _shown(model, progress)))
            await _note(sender, endpoint, model)
    return fetched


async def _note(sender: Sender, endpoint: Endpoint, model: str) -> None:
    """Note what `fleet models verify` compares later, where the server tells it."""
    with suppress(AttemptFailed):
        for listed in await sender.models(endpoint):
            if listed.digest is not None and listed.is_called(model):
                note(models_folder(), endpoint.base_url, model, listed.digest)


async def _servers(settings: Settings, name: str | None) -> tuple[Endpoint, ...]:
    """The servers of the provider that is named, or of the only one that can fetch models."""
    if name is not None and name in settings.providers:
        chosen = settings.providers[name]
        if chosen.type not in PULLS:
            raise ConfigurationError(f"provider {name!r} is of type {chosen.type}; models are fetched by {_fetchers()}")
        return chosen.endpoints()
    if name is not None and settings.providers:
        raise UnknownName("provider", name, settings.providers)
    able = [each for each in settings.enabled() if each.type in PULLS]
    if len(able) > 1:
        raise ConfigurationError(f"say with --provider who fetches it: {', '.join(each.name for each in able)}")
    return able[0].endpoints() if able else await _detected(name)


async def _detected(name: str | None) -> tuple[Endpoint, ...]:
    """A server of this machine that no configuration names."""
    servers = [each for each in (await detect(os.environ)).servers if each.type in PULLS and name in (None, each.type)]
    if not servers:
        raise ConfigurationError(
            f"no server that fetches models is configured or answers on this machine ({_fetchers()}); start one, or "
            "give the address of a GGUF file"
        )
    return (Endpoint(servers[0].type, servers[0].type, servers[0].base_url),)


def _fetchers() -> str:
    return ", ".join(PULLS)


async def _shown(name: str, steps: AsyncGenerator[PullProgress]) -> int:
    """Bytes of the model. On a terminal a bar, elsewhere a line now and then; both to standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    size, next_line = 0, time.monotonic() + _LINE_EVERY_S
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        async for step in steps:
            size = step.total_bytes or size
            _update(bar, task, name, step)
            if not err.is_terminal and time.monotonic() >= next_line:
                next_line += _LINE_EVERY_S
                err.print(_in_one_line(name, step), markup=False)
            await asyncio.sleep(0)
    return size


def _update(bar: Progress, task: TaskID, name: str, step: PullProgress) -> None:
    words = f"{name}: {step.status}"
    if step.total_bytes or step.share is None:
        bar.update(task, description=escape(words), completed=step.completed_bytes, total=step.total_bytes or None)
    else:
        bar.update(task, description=escape(words), completed=step.share * 100, total=100)


def _in_one_line(name: str, step: PullProgress) -> str:
    share = "" if step.share is None else f", {step.share:.0%}"
    return f"{name}: {step.status}{share}"
