"""`fleet providers try`: one prompt to every provider, in one piece and streamed, and what came of it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...tasks.answer import Answer
from ...tasks.request import Request
from ..direct.providers import Providers
from ..direct.trial import Trial, try_all
from ..settings.load import load_settings
from .console import err, out
from .providers_asked import chosen
from .session import ConfigOption, JsonOption, run_async

_PROMPT = "Name the first three prime numbers, with commas between them and nothing else."
#: Characters of an answer that are shown.
_SHOWN = 60


def attempt(
    name: Annotated[
        str | None, typer.Argument(help="A provider; all enabled ones if not given.", show_default=False)
    ] = None,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What they are asked.")] = _PROMPT,
    model: Annotated[str | None, typer.Option("--model", "-m", help="Instead of the configured one.")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="The longest answer.")] = 256,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ask each provider one prompt, in one piece and streamed: whether it works, how fast it is, what it costs, and how
    alike the answers are. It costs what two short answers cost.

    "prompt tokens" are as we estimate them, as the provider counts them beforehand if it does, and as it bills them.
    Needs no fleet. Ends with code 3 if something of a provider does not work.

    Examples:

      fleet providers try

      fleet providers try groq -p "Say hello" --json
    """
    names = [each.name for each in chosen(config, name)]
    request = Request.from_prompt(prompt, max_tokens=max_tokens, temperature=0)
    with err.status(f"asking {', '.join(names)}"):
        trials = run_async(_try(config, names, model, request))
    if as_json:
        out.print_json(data=[_fields(trial) for trial in trials])
    else:
        out.print(_table(trials))
        for trial in trials:
            if trial.whole is not None:
                out.print(f"[dim]{trial.provider} says:[/] {escape(_short(trial.whole))}")
            if trial.failed is not None:
                err.print(f"[red]{trial.provider}:[/] {escape(trial.failed)}")
    if any(trial.failed for trial in trials):
        raise typer.Exit(3)


async def _try(config: Path | None, names: list[str], model: str | None, request: Request) -> list[Trial]:
    settings = load_settings(config, needed=names)
    async with Providers.of(settings) as providers:
        wanted = [providers[name] for name in names]
        for provider in wanted:
            provider.model = model or provider.model
        return await try_all(wanted, request)


def _table(trials: list[Trial]) -> Table:
    table = Table("target", "whole", "first token", "prompt tokens", "answer", "USD", "alike", box=None, pad_edge=False)
    for trial in trials:
        table.add_row(f"{trial.provider}/{trial.model}" if trial.model else trial.provider, *_figures(trial))
    return table


def _figures(trial: Trial) -> tuple[str, ...]:
    whole, streamed = trial.whole, trial.streamed
    if whole is None:
        return ("[red]no answer[/]",)
    usage = whole.usage
    billed = f"{usage.input_tokens:,}" if usage.source == "provider" else "-"
    counted = f"{trial.counted_tokens:,}" if trial.counted_tokens is not None else "-"
    return (
        _ms(whole.total_s),
        _ms(streamed.first_token_s) if streamed else "[red]no stream[/]",
        f"{trial.estimated_tokens:,} / {counted} / {billed}",
        f"{usage.output_tokens:,}",
        "unknown" if usage.cost_usd is None else f"{usage.cost_usd:.6f}",
        "" if trial.alike is None else f"{trial.alike:.0%}",
    )


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:,.0f} ms"


def _short(answer: Answer) -> str:
    line = " ".join(answer.text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def _fields(trial: Trial) -> dict[str, Any]:
    return {
        "provider": trial.provider,
        "model": trial.model,
        "works": trial.failed is None,
        "failed": trial.failed,
        "estimated_tokens": trial.estimated_tokens,
        "counted_tokens": trial.counted_tokens,
        "alike": None if trial.alike is None else round(trial.alike, 3),
        "whole": _answer(trial.whole),
        "streamed": _answer(trial.streamed),
    }


def _answer(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {
        "text": answer.text,
        "finish_reason": answer.finish_reason,
        "first_token_s": answer.first_token_s,
        "total_s": answer.total_s,
        "usage": answer.usage.model_dump(mode="json"),
    }
