"""`fleet config`: what a configuration means, and what is wrong with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ...routing.directory import ANY_AGENT, Route
from ...tasks.errors import ConfigurationError, InvalidRequest
from ..registry.knowledge import known_without_asking
from ..registry.retired import retired_models
from ..settings.breaker import words
from ..settings.dump import as_yaml
from ..settings.load import FILES, load_settings
from ..settings.price_check import stale_prices
from ..settings.problems import SettingsError
from ..settings.provider import ProviderSettings
from ..settings.report import key_words, report_of, report_of_errors, targets_of, why_not
from ..settings.schema import Settings
from .console import err, out
from .session import ConfigOption, JsonOption

app = typer.Typer(name="config", help="Check the configuration, and show what it means.", no_args_is_help=True)

FileArgument = Annotated[Path | None, typer.Argument(help="The file, as with --config.", show_default=False)]


@app.command()
def validate(file: FileArgument = None, as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Check a configuration: providers, keys, models, limits and routes, and everything that is wrong with it at once.

    No provider is contacted. Ends with code 2 if the configuration cannot be used.

    Examples:

      fleet config validate

      fleet config validate other.yaml --json
    """
    try:
        settings = _with_models_checked(_load(file, config))
    except SettingsError as failed:
        if not as_json:
            raise
        out.print_json(json.dumps(report_of_errors(failed)))
        raise typer.Exit(failed.exit_code) from None
    if as_json:
        out.print_json(json.dumps(report_of(settings)))
    else:
        _show(settings)


@app.command()
def show(file: FileArgument = None, config: ConfigOption = None) -> None:
    """Print the configuration as a fleet.yaml, whatever form it has: every default in place, and no secret.

    Examples:

      fleet config show

      fleet config show llm_providers.yaml > fleet.yaml
    """
    typer.echo(as_yaml(_load(file, config)), nl=False)


def _load(file: Path | None, config: Path | None) -> Settings:
    if file is not None and config is not None:
        raise InvalidRequest(f"give one file: {file}, or --config {config}")
    settings = load_settings(file or config)
    if settings.source is None and not settings.providers:
        raise ConfigurationError(f"no configuration here: looked for {', '.join(FILES)}; `fleet init` writes one")
    return settings


def _with_models_checked(settings: Settings) -> Settings:
    """With a warning for each model that its provider has no longer, and for each price that differs from the list."""
    known = known_without_asking(settings)
    found = (*retired_models(settings, known.registry), *stale_prices(settings, known.prices, known.at))
    return settings.model_copy(update={"warnings": (*settings.warnings, *found)})


def _show(settings: Settings) -> None:
    redis = "the configured Redis" if settings.redis_url else "an embedded Redis"
    name = str(settings.source or "the environment")
    out.print(Text(f"{name}: mode {settings.mode}, strategy {settings.strategy}, {redis}\n"))
    for provider in settings.providers.values():
        _show_provider(provider)
    for route in settings.routes.values():
        _show_route(route, settings)
    for agent, budget in settings.budgets.items():
        out.print(Text.assemble("agent ", (_taker(agent), "bold")))
        said = budget.model_dump(exclude_none=True, exclude_defaults=True)
        _show_facts({"budget": ", ".join(_limit_words(*each) for each in said.items())})
    for warning in settings.warnings:
        err.print(Text.assemble(("warning: ", "yellow"), warning.located(settings.source)))
    out.print(Text(f"valid; {len(settings.enabled())} of {len(settings.providers)} providers get jobs"))


def _show_provider(provider: ProviderSettings) -> None:
    why = why_not(provider)
    name = provider.name if provider.name == provider.type else f"{provider.name} ({provider.type})"
    limits = provider.limits.model_dump(exclude_none=True, exclude_defaults=True)
    out.print(Text.assemble((name, "dim" if why else "bold")))
    _show_facts(
        {
            "state": why or f"{provider.tier}, {provider.slots} slots, priority {provider.priority}",
            "endpoints": ", ".join(provider.base_urls) or "none",
            "key": key_words(provider),
            "models": ", ".join(sorted(provider.named_models())) or "as the server lists",
            "limits": ", ".join(_limit_words(*each) for each in limits.items()) or "none known",
            "breaker": words(provider.breaker_policy),
        }
    )


def _limit_words(name: str, value: float | str) -> str:
    """As in `30 requests a minute`, `per model` and `resets America/Los_Angeles`."""
    return f"{name} {value}" if isinstance(value, str) else f"{value:,} {name.replace('_per_', ' a ')}"


def _show_route(route: Route, settings: Settings) -> None:
    takers = [_taker(key) for key, taken in {**settings.lanes, **settings.agents}.items() if taken == route.name]
    if route.name == "default":
        takers.append("everything else")
    out.print(Text.assemble("route ", (route.name, "bold")))
    _show_facts(
        {
            "targets": ", ".join(targets_of(route)) or "none",
            "strategy": route.strategy,
            "taken by": ", ".join(takers) or "jobs that name it",
        }
    )


def _taker(key: str) -> str:
    return "every other agent" if key == ANY_AGENT else key


def _show_facts(facts: Mapping[str, str]) -> None:
    for label, fact in facts.items():
        out.print(Text(f"    {label:<10} {fact}"))
    out.print()
