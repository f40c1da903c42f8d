"""`fleet init`: a first configuration."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ...tasks.errors import ConfigurationError
from ..providers.detect import Detected, detect
from ..registry.knowledge import known_without_asking
from ..settings.kinds import KINDS
from ..settings.schema import Settings
from ..settings.starter import Entry, Starter, numbered
from .console import out
from .init_models import Lack, fetch, lacks_of, with_first_models


def init(
    provider: Annotated[str | None, typer.Option("--provider", "-p", help="One provider.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Its model.", show_default=False)] = None,
    base_url: Annotated[str | None, typer.Option(help="Where its server is.", show_default=False)] = None,
    providers: Annotated[
        str | None, typer.Option(help="Several, with commas, in the order to try them.", show_default=False)
    ] = None,
    free_tier: Annotated[bool, typer.Option("--free-tier", help="Only what costs nothing.")] = False,
    auto_fallback: Annotated[
        bool, typer.Option("--auto-fallback", help="Where one provider fails, the next takes over.")
    ] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("fleet.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it is there.")] = False,
    pull: Annotated[
        bool | None,
        typer.Option(
            "--pull/--no-pull",
            help="Have a local server fetch the model that it lacks; without either, who sits at a terminal is asked.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a first fleet.yaml, and say what to do next.

    Without a provider: the model servers that answer on this machine, else the simulator, which costs nothing. Where
    Ollama, LM Studio or LocalAI lacks the model, it is offered to have it fetched; an Ollama without any model gets one
    that this machine's memory holds. Ends with code 3 if --pull was given and a model is not there in the end.

    Examples:

      fleet init --provider ollama --model qwen3-coder:30b

      fleet init --provider ollama --model qwen2.5:0.5b --pull

      fleet init --provider groq --free-tier

      fleet init --providers groq,openrouter,ollama --auto-fallback
    """
    if provider is not None and providers is not None:
        raise ConfigurationError("give --provider or --providers, not both")
    names = [name.strip() for name in (providers or provider or "").split(",") if name.strip()]
    if len(names) != 1 and (model or base_url):
        raise ConfigurationError("--model and --base-url go with one --provider; for several, set them in the file")
    entries = tuple(Entry.of(name, model, base_url) for name in names) if names else _found()
    registry = known_without_asking(Settings()).registry
    entries = entries if names else tuple(with_first_models(entries, registry))
    starter = Starter(entries, free_tier, auto_fallback or not names)
    _write(output, starter.text(), force=force)
    out.print(Text(f"wrote {output}: {', '.join(entry.name for entry in entries)}"))
    lacks = fetch(lacks_of(entries), registry, pull=pull)
    _tell(output, starter, lacks)
    if pull and lacks:
        raise typer.Exit(3)


def _found() -> tuple[Entry, ...]:
    """The servers of this machine; the simulator where there is none."""
    servers = asyncio.run(detect(os.environ)).servers
    for server in servers:
        out.print(Text(f"found {server.type} at {server.base_url}: {', '.join(server.models) or 'no model listed'}"))
    if not servers:
        out.print(Text("no model server answers on this machine; the simulator will stand in for one"))
        return (Entry.of("simulated"),)
    return numbered(map(_entry, servers))


def _entry(server: Detected) -> Entry:
    chat = [model for model in server.models if "embed" not in model.lower()]
    return Entry(server.type, KINDS[server.type], chat[0] if chat else None, server.base_url)


def _write(file: Path, text: str, *, force: bool) -> None:
    """The whole file or none of it."""
    if file.exists() and not force:
        raise ConfigurationError(f"{file} is there already; --force overwrites it, --output writes another")
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(file)
    except OSError as refused:
        raise ConfigurationError(f"can't write {file}: {refused.strerror or refused}") from None
    finally:
        draft.unlink(missing_ok=True)


def _tell(file: Path, starter: Starter, lacks: list[Lack]) -> None:
    missing = [name for name in starter.variables() if not (os.environ.get(name) or os.environ.get(f"{name}_FILE"))]
    usual = file == Path("fleet.yaml")
    steps = [
        *(f"export {name}=…" for name in missing),
        *(lack.command if usual else f"{lack.command} --config {file}" for lack in lacks),
        "fleet config validate" if usual else f"fleet config validate {file}",
        "fleet up" if usual else f"fleet up --config {file}",
    ]
    out.print(Text("\n".join(["next:", *(f"  {step}" for step in steps)])))
