"""`fleet models verify`: whether models do what is said of them, and whether files of models are whole."""

import hashlib
import re
from collections.abc import AsyncGenerator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...tasks.errors import ConfigurationError
from ..local.digests import Digest, noted, same
from ..local.gguf import GGUF, read_gguf
from ..local.server import models_folder
from ..providers.endpoint import AttemptFailed
from ..providers.sender import Sender
from ..registry.knowledge import known_without_asking
from ..registry.registry import Registry
from ..registry.verification import Check, Verified, Verifier
from ..settings.load import load_settings
from ..settings.modes import near
from ..settings.provider import ProviderSettings
from .console import err, out
from .providers_asked import chosen
from .session import ConfigOption, JsonOption, run_async

_CHECKS = ("listed", "digest", "answers", "tools", "json_mode", "embedding")


def verify(
    model: Annotated[
        str | None,
        typer.Argument(help="A model, or a GGUF file; those that are configured if not given.", show_default=False),
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option("--provider", "-p", help="Whose; all servers of our own if not given.", show_default=False),
    ] = None,
    sha256: Annotated[
        str | None,
        typer.Option(
            "--sha256", help="What the SHA-256 of a GGUF file, or of an Ollama model, must be.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask models for an answer, a tool call, JSON and embeddings, and measure them; a few tokens each.

    Hosted providers, where that costs something, only if --provider names them. Of a GGUF file the head is read.
    Digests are compared with --sha256, else with what was noted when `fleet models pull` fetched the model, else with
    the registry's; Ollama's are those that `ollama list` shows. Ends with code 1 if a model is not what it should be,
    or does not do what its server, the registry or the configuration says, with 3 if a server does not answer.

    Examples:

      fleet models verify

      fleet models verify qwen3-coder:30b --provider ollama --json

      fleet models verify qwen2.5-0.5b-instruct-q4_k_m.gguf --sha256 6a1a…
    """
    if model is not None and model.lower().endswith(".gguf"):
        _verify_file(model, sha256, as_json=as_json)
        return
    if sha256 is not None and (model is None or not re.fullmatch(r"(sha256:)?[0-9a-fA-F]{12,64}", sha256)):
        raise ConfigurationError("--sha256 is for one model that is named, and has 12 to 64 hexadecimal digits")
    expected = None if sha256 is None else Digest(sha256, "--sha256")
    registry = known_without_asking(load_settings(config, needed=())).registry
    providers = [each for each in chosen(config, provider) if provider is not None or each.tier == "local"]
    if not providers:
        raise ConfigurationError("no server of our own is configured; name a hosted provider with --provider")
    found, silent = run_async(_verified(providers, model, registry, expected))
    if as_json:
        out.print_json(
            data=[_fields(each) for each in found] + [{"provider": n, "error": e} for n, e in silent.items()]
        )
    else:
        _show(found, silent)
    if silent:
        raise typer.Exit(3)
    if not all(each.good for each in found):
        raise typer.Exit(1)


async def _verified(
    providers: list[ProviderSettings], model: str | None, registry: Registry, expected: Digest | None
) -> tuple[list[Verified], dict[str, str]]:
    """One model after the other: two at a time would measure each other. And who did not answer, with the reason."""
    found: list[Verified] = []
    silent: dict[str, str] = {}
    async with Sender(near=near(providers)) as sender:
        verifier = Verifier(sender, registry)
        for provider in providers:
            try:
                found.extend([each async for each in _of_provider(verifier, provider, model, expected)])
            except AttemptFailed as failed:
                silent[provider.name] = str(failed.failure)
    return found, silent


async def _of_provider(
    verifier: Verifier, provider: ProviderSettings, model: str | None, expected: Digest | None
) -> AsyncGenerator[Verified]:
    """The models that are named for it; all that it lists, if it runs them itself, where none is."""
    for endpoint in provider.endpoints():
        names = [model] if model else sorted(provider.named_models())
        if not names:
            listed = await verifier.sender.models(endpoint, timeout_s=provider.health_check.timeout_s)
            names = [each.name for each in listed if each.local]
        for name in names:
            with err.status(f"{provider.name}: {escape(name)}"):
                known = expected or noted(models_folder(), endpoint.base_url, name)
                verified = await verifier.verify(provider, endpoint, name, known)
            yield verified


def _show(found: list[Verified], silent: dict[str, str]) -> None:
    columns = ("provider", "model", *_CHECKS, "context", "load", "first token", "tokens/s", "on GPU")
    table = Table(*columns, box=None, pad_edge=False)
    for each in found:
        by_name = {check.name: check for check in each.checks}
        table.add_row(
            escape(each.provider),
            escape(each.model),
            *(_verdict(by_name.get(name)) for name in _CHECKS),
            f"{each.context_tokens:,}" if each.context_tokens else "unknown",
            "" if each.load_s is None else f"{each.load_s:.1f} s",
            "" if each.first_token_s is None else f"{each.first_token_s * 1000:.0f} ms",
            "" if each.tokens_per_s is None else f"{each.tokens_per_s:.0f}",
            "" if each.gpu_share is None else f"{each.gpu_share:.0%}",
        )
    if found:
        out.print(table)
    for each in found:
        for check in each.checks:
            if check.failed:
                out.print(f"[red]{escape(each.model)}[/]: {check.name}: {escape(check.detail or 'no')}")
    for name, error in silent.items():
        out.print(f"[red]{escape(name)}[/]: {escape(error)}")


def _verdict(check: Check | None) -> str:
    if check is None:
        return ""
    if check.passed:
        return "[green]yes[/]"
    return "[red]no[/]" if check.claimed else "[dim]no[/]"


def _fields(verified: Verified) -> dict[str, Any]:
    return {**asdict(verified), "good": verified.good}


def _verify_file(said: str, sha256: str | None, *, as_json: bool) -> None:
    """A path, or a file of the folder of fetched models."""
    file = Path(said).expanduser()
    file = file if file.is_file() else models_folder() / said
    facts = read_gguf(file)
    with err.status(f"reading {escape(file.name)}"), file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    before = noted(file.parent, str(file.parent), file.name)
    expected = before if sha256 is None else Digest(sha256, "--sha256")
    if expected is not None and not same(digest, expected.sha256):
        wanted = f"{expected.sha256} was expected ({expected.source})"
        raise ConfigurationError(f"{file} has the SHA-256 {digest}, and {wanted}: fetch it again")
    if as_json:
        out.print_json(data={"file": str(file), "sha256": digest, **asdict(facts)})
    else:
        out.print(escape(_of_file(file, facts, digest)))


def _of_file(file: Path, facts: GGUF, digest: str) -> str:
    window = f"{facts.context_tokens:,} tokens of context" if facts.context_tokens else "context unknown"
    size = f"{facts.size_bytes / 1e9:.2f} GB"
    return f"{file}: {facts.name} ({facts.architecture or 'unknown architecture'}), {size}, {window}\nSHA-256 {digest}"
