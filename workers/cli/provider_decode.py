"""`fleet providers decode`: recorded exchanges with providers, as the fleet reads them."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...routing.failure import Failure
from ...tasks.answer import Usage
from ..providers.exchange import Exchange
from .console import out
from .exchange_file import exchanges_in
from .session import JsonOption

#: Characters of an answer that the table shows.
_SHOWN = 60


def decode(
    file: Annotated[Path, typer.Argument(help="Recorded exchanges, one JSON object a line; - is standard input.")],
    as_json: JsonOption = False,
) -> None:
    """Read recorded exchanges with providers as the fleet reads them. Nothing is sent.

    A line holds `name`, `provider`, `url`, `request`, `status`, `response_headers` and `response`. With --json, each
    gives a line with `name`, `text`, `tool_calls`, `embeddings`, `finish_reason`, `usage` and `failure`.

    Examples:

      fleet providers decode exchanges.jsonl

      fleet providers decode exchanges.jsonl --json | jq 'select(.failure != null)'
    """
    decoded = map(fields_of, exchanges_in(file))
    if as_json:
        for fields in decoded:
            sys.stdout.write(json.dumps(fields, ensure_ascii=False) + "\n")
        return
    table = Table("exchange", "answer", "calls", "vectors", "end", "in", "out", box=None, pad_edge=False)
    for fields in decoded:
        table.add_row(*_row(fields))
    out.print(table)


def fields_of(exchange: Exchange) -> dict[str, Any]:
    """What there is to say of one exchange. failure: its class, None if it did not fail."""
    fields: dict[str, Any] = {"name": exchange.name, "text": "", "tool_calls": [], "embeddings": []}
    fields |= {"finish_reason": None, "usage": None, "failure": None}
    outcome = exchange.outcome()
    if outcome is None:
        counted = exchange.tokens
        return fields | {"usage": Usage(input_tokens=counted).model_dump() if counted is not None else None}
    if isinstance(outcome, Failure):
        return fields | {"failure": str(outcome.fault)}
    return fields | {
        "text": outcome.text,
        "tool_calls": [{"id": call.id, **call.function.model_dump()} for call in outcome.tool_calls],
        "embeddings": outcome.embeddings,
        "finish_reason": None if exchange.kind == "embedding" else str(outcome.finish_reason),
        "usage": outcome.usage.model_dump(),
    }


def _row(fields: dict[str, Any]) -> list[str]:
    answer = " ".join(fields["text"].split())
    shown = answer if len(answer) <= _SHOWN else f"{answer[:_SHOWN]}…"
    end = f"[red]{fields['failure']}[/]" if fields["failure"] else fields["finish_reason"] or ""
    usage: dict[str, Any] = fields["usage"] or {}
    counts = [str(usage.get(name, "")) for name in ("input_tokens", "output_tokens")]
    many = [str(len(fields[name]) or "") for name in ("tool_calls", "embeddings")]
    return [escape(fields["name"]), escape(shown), *many, end, *counts]
