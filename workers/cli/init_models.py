"""Models that the servers of a first configuration lack: `fleet init` tells of them, and has them fetched."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psutil
import typer
from rich.markup import escape

from ..providers.endpoint import AttemptFailed, Endpoint
from ..providers.pulling import PULLS
from ..providers.sender import Sender
from ..registry.first_model import first_model, size_gb
from ..registry.registry import Registry
from ..settings.starter import Entry, chosen_model
from .console import error, out
from .model_pull import fetched_by
from .session import run_async

_ANSWER_S = 2.0


@dataclass(frozen=True, slots=True)
class Lack:
    """A server without the model that its entry asks for. silent: it does not answer; None if it does."""

    entry: Entry
    model: str
    silent: str | None = None

    @property
    def endpoint(self) -> Endpoint:
        kind = self.entry.kind
        return Endpoint(self.entry.name, kind.name, self.entry.base_url or kind.base_url or "")

    @property
    def command(self) -> str:
        """What fetches it later."""
        return f"fleet models pull {self.model} --provider {self.entry.name}"


def with_first_models(entries: Sequence[Entry], registry: Registry) -> list[Entry]:
    """A server that has no model yet gets one that this machine's memory holds."""
    memory_gb = psutil.virtual_memory().total / 1e9
    return [
        replace(each, model=first_model(registry, each.kind.name, memory_gb=memory_gb))
        if each.model is None and each.kind.name in PULLS
        else each
        for each in entries
    ]


def lacks_of(entries: Sequence[Entry]) -> list[Lack]:
    """Of those whose servers can fetch models."""
    named = [(each, model) for each in entries if each.kind.name in PULLS and (model := chosen_model(each))]
    return run_async(_lacks(named)) if named else []


async def _lacks(named: Sequence[tuple[Entry, str]]) -> list[Lack]:
    async with Sender(near=frozenset() if os.environ.get("FLEET_MODE") == "offline" else None) as sender:
        return [lack for entry, model in named if (lack := await _lack(sender, entry, model)) is not None]


async def _lack(sender: Sender, entry: Entry, model: str) -> Lack | None:
    lack = Lack(entry, model)
    try:
        listed = await sender.models(lack.endpoint, timeout_s=_ANSWER_S)
    except AttemptFailed as failed:
        return replace(lack, silent=str(failed))
    return None if any(each.is_called(model) for each in listed) else lack


def fetch(lacks: Sequence[Lack], registry: Registry, *, pull: bool | None) -> list[Lack]:
    """Tell of what is lacking, and fetch it if that is wanted; what lacks still. pull: None asks who sits there."""
    left: list[Lack] = []
    for lack in lacks:
        if lack.silent is not None:
            name, where = escape(lack.entry.name), escape(lack.endpoint.base_url)
            out.print(f"[yellow]{name} does not answer at {where}[/]: start it first")
            left.append(lack)
            continue
        out.print(f"{escape(lack.entry.name)} has no {escape(lack.model)} yet{_size(lack, registry)}")
        if not (_asked() if pull is None else pull) or not _fetched(lack):
            left.append(lack)
    return left


def _size(lack: Lack, registry: Registry) -> str:
    known = registry.find(lack.entry.kind.name, lack.model)
    size = size_gb(known.entry) if known is not None else None
    return "" if size is None else f" (about {size:.0f} GB)" if size >= 2 else " (less than 2 GB)"


def _asked() -> bool:
    """No program is kept waiting for an answer that nobody gives."""
    return sys.stdin.isatty() and out.is_terminal and typer.confirm("fetch it now?", default=True)


def _fetched(lack: Lack) -> bool:
    if os.environ.get("FLEET_MODE") == "offline":
        error("offline: a server would have to leave this network to fetch a model")
        return False
    try:
        run_async(fetched_by([lack.endpoint], lack.model))
    except AttemptFailed as failed:
        error(str(failed))
        return False
    out.print(f"{escape(lack.model)} is there")
    return True
