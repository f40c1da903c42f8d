"""`fleet models prices`: what the configured models cost, whose price that is, and how well receipts confirm it."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from ...tasks.errors import ConfigurationError
from ..endpoints.pricing import price_of
from ..prices.price import Price
from ..prices.price_list import PriceList
from ..prices.receipts import TOLERANCE, Compared, compared
from ..settings.load import load_settings
from ..settings.schema import Settings
from .console import out
from .session import ConfigOption, JsonOption

_RATES = tuple(f"{of}_usd_per_mtok" for of in ("input", "output", "cache_read", "cache_write", "cache_write_1h"))


@dataclass(frozen=True, slots=True)
class _Line:
    """price: None is unknown, unless the model is local."""

    provider: str
    model: str
    local: bool
    price: Price | None


def prices(
    receipts: Annotated[
        Path | None,
        typer.Option(
            help="Instead, price the recorded exchanges of this file that carry a receipt, and compare.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what the configured models cost: by the configuration, else by the public list; 0 if they are local.

    What a provider says that a call has cost wins over both, where it says so. With --receipts: how far the
    list's prices of their day are from such receipts; JSON lines with `name`, `provider`, `request`, `status`,
    `response_headers`, `response`.

    Examples:

      fleet models prices

      fleet models prices --receipts exchanges.jsonl --json
    """
    now = datetime.now(UTC)
    if receipts is not None:
        _show_compared(list(compared(_exchanges(receipts), PriceList(), now)), as_json=as_json)
        return
    lines = list(_lines(load_settings(config, needed=()), now))
    if as_json:
        out.print_json(data=[_fields(line) for line in lines])
        return
    rates = ("in", "out", "cache read", "cache write", "for 1 h")
    table = Table("provider", "model", *rates, "price of", box=None, pad_edge=False)
    for line in lines:
        whose = "local" if line.local else line.price.version if line.price else "[yellow]unknown[/]"
        table.add_row(line.provider, escape(line.model), *map(_rate, _rates(line)), whose)
    out.print(table)
    out.print("[dim]USD a million tokens[/]")


def _lines(settings: Settings, now: datetime) -> Iterator[_Line]:
    listed = PriceList()
    for provider in settings.enabled():
        for model in sorted(provider.named_models()):
            local = provider.keeps(model)
            price = None if local else price_of(provider, model, listed=listed, at=now)
            yield _Line(provider.name, model, local, price)


def _rates(line: _Line) -> tuple[float | None, ...]:
    if line.local:
        return (0.0,) * len(_RATES)
    price = line.price or Price("")
    rates = (price.input, price.output, price.cache_read, price.cache_write, price.cache_write_1h)
    return tuple(rate.usd_per_mtok if rate else None for rate in rates)


def _rate(usd: float | None) -> str:
    return "" if usd is None else f"{usd:g}"


def _fields(line: _Line) -> dict[str, Any]:
    source = "local" if line.local else line.price.version if line.price else None
    return {
        "provider": line.provider,
        "model": line.model,
        **dict(zip(_RATES, _rates(line), strict=True)),
        "price_version": source,
    }


def _exchanges(file: Path) -> list[dict[str, Any]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as failed:
        raise ConfigurationError(f"can't read {file}: {failed.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"can't read {file}: it is no text") from None
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line or "{}")
        except ValueError as wrong:
            raise ConfigurationError(f"{file}:{number}: not JSON: {wrong}") from None
        if not isinstance(value, dict):
            raise ConfigurationError(f'{file}:{number}: must be an object, such as {{"provider": "openrouter", …}}')
        found.append(cast("dict[str, Any]", value))
    return found


def _show_compared(found: list[Compared], *, as_json: bool) -> None:
    if as_json:
        out.print_json(data=[_compared_fields(each) for each in found])
        return
    table = Table("model", "of", "receipt", "ledger", "for tokens", "by the list", "off", "", box=None, pad_edge=False)
    for each in found:
        off = "unknown" if each.off is None else f"{each.off:+.1%}"
        usd = (each.charged_usd, each.ledger_usd, each.tokens_usd, each.listed_usd)
        amounts = ("" if amount is None else f"{amount:.8f}" for amount in usd)
        of = f"{each.at:%Y-%m-%d}" if each.at else ""
        table.add_row(escape(each.model), of, *amounts, off if each.within else f"[yellow]{off}[/]", _remark(each))
    out.print(table)
    noted, listed = sum(each.noted for each in found), sum(each.within for each in found)
    out.print(
        f"{len(found)} receipts (USD). Within {TOLERANCE:.0%} of them: {noted} by the ledger, which notes the receipt; "
        f"{listed} by the list's price of their day, which counts where a provider gives none"
    )


def _remark(each: Compared) -> str:
    words: list[str] = []
    if each.extra_usd > 1e-12:
        words.append(f"{each.extra_usd:g} of the receipt is for what is not tokens")
    if not each.within and each.served_by and (each.off or 0.0) > 0:
        words.append(f"{each.served_by} served it for less than the list says")
    elif not each.within and each.served_by:
        words.append(f"{each.served_by} served it at its own price; the list has the cheapest of those who offer it")
    elif not each.within:
        words.append("the list has no such price")
    return "; ".join(words)


def _compared_fields(each: Compared) -> dict[str, Any]:
    return {
        **dataclasses.asdict(each),
        "at": each.at.isoformat() if each.at else None,
        "usage": {"input_tokens": each.usage.input_tokens, "output_tokens": each.usage.output_tokens},
        "off": each.off,
        "within": each.within,
        "noted": each.noted,
    }
