"""`fleet providers decode`: recorded exchanges with providers, as the fleet reads them."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ...routing.failure import Failure
from ...tasks.answer import Usage
from ...tasks.errors import InvalidRequest
from ..providers.exchange import Exchange, NoExchange
from .console import out
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
    decoded = map(fields_of, _exchanges(file))
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


def _exchanges(file: Path) -> Iterator[Exchange]:
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            yield Exchange.of(json.loads(line))
        except json.JSONDecodeError as wrong:
            raise InvalidRequest(f"{file}:{number}: is no JSON: {wrong}") from None
        except NoExchange as wrong:
            raise InvalidRequest(f"{file}:{number}: {wrong}") from None


def _lines(file: Path) -> Iterable[str]:
    if str(file) == "-":
        return sys.stdin
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError as refused:
        raise InvalidRequest(f"can't read {file}: {refused.strerror or refused}") from None
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is not in UTF-8") from None


def _row(fields: dict[str, Any]) -> list[str]:
    answer = " ".join(fields["text"].split())
    shown = answer if len(answer) <= _SHOWN else f"{answer[:_SHOWN]}…"
    end = f"[red]{fields['failure']}[/]" if fields["failure"] else fields["finish_reason"] or ""
    usage: dict[str, Any] = fields["usage"] or {}
    counts = [str(usage.get(name, "")) for name in ("input_tokens", "output_tokens")]
    many = [str(len(fields[name]) or "") for name in ("tool_calls", "embeddings")]
    return [escape(fields["name"]), escape(shown), *many, end, *counts]
