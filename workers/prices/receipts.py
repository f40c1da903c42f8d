"""How well the price list tells what providers charge: answers that say their own cost, priced as if they did not, by
the prices of their day.

An exchange is one JSON object: `name`, `provider`, `request`, `status`, `response_headers` and `response`, the body as
JSON or, of a stream, as text.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...routing.failure import Failure
from ...tasks.answer import Answer, Usage
from ...tasks.request import Request
from ..endpoints.pricing import priced
from ..providers.dialect import Ask, Reply
from ..providers.dialects import dialect_of
from ..providers.json_fields import mapping, number, text
from ..providers.registered import known_row
from ..providers.rows import Row
from ..settings.provider import ProviderSettings
from .price_list import PriceList

#: What a computed cost may be off.
TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Compared:
    """One receipt. model: as the answer names it. served_by: whose computers answered, "" if it does not say. at: when,
    None if it does not say. charged_usd: all of the receipt. tokens_usd: its part for tokens.

    ledger_usd: what the fleet notes. listed_usd: what the list's price of that time makes of the tokens, None if it has
    none. version: of that price.
    """

    name: str
    model: str
    served_by: str
    at: datetime | None
    usage: Usage
    charged_usd: float
    tokens_usd: float
    ledger_usd: float | None
    listed_usd: float | None
    version: str | None

    @property
    def extra_usd(self) -> float:
        """For what is not tokens: searches, files."""
        return self.charged_usd - self.tokens_usd

    @property
    def off(self) -> float | None:
        """How far the list is from the receipt for the tokens, as a share of it."""
        return None if self.listed_usd is None or not self.tokens_usd else self.listed_usd / self.tokens_usd - 1

    @property
    def within(self) -> bool:
        """Whether the list alone tells the cost."""
        return _is_near(self.listed_usd, self.tokens_usd)

    @property
    def noted(self) -> bool:
        """Whether the ledger tells the cost."""
        return _is_near(self.ledger_usd, self.charged_usd)


def _is_near(cost_usd: float | None, receipt_usd: float) -> bool:
    return cost_usd is not None and abs(cost_usd - receipt_usd) <= TOLERANCE * receipt_usd


def compared(exchanges: Iterable[Mapping[str, Any]], listed: PriceList, now: datetime) -> Iterator[Compared]:
    """The answers with a receipt. now: as of when the list is read for those that do not say when they were made."""
    for exchange in exchanges:
        row = known_row(text(exchange.get("provider")))
        answer = _answer(row, exchange) if row is not None and row.receipts else None
        if row is not None and answer is not None and answer.usage.cost_source == "receipt":
            yield _compared(row, exchange, answer, listed, now)


def _compared(row: Row, exchange: Mapping[str, Any], answer: Answer, listed: PriceList, now: datetime) -> Compared:
    provider = ProviderSettings(name=row.name, type=row.name)
    asked = text(mapping(exchange.get("request")).get("model"))
    told = _answered_at(exchange.get("response"))
    at = told or now
    bare = answer.usage.model_copy(update={"cost_usd": None, "cost_source": None})
    table = priced(bare, provider, asked, listed=listed, at=at, answered_by=answer.model, kept=False)
    ledger = priced(answer.usage, provider, asked, listed=listed, at=at, answered_by=answer.model, kept=False)
    charged = answer.usage.cost_usd or 0.0
    return Compared(
        name=text(exchange.get("name")),
        model=answer.model,
        served_by=_first_text("provider", exchange.get("response")),
        at=told,
        usage=bare,
        charged_usd=charged,
        tokens_usd=_for_tokens(exchange.get("response"), charged),
        ledger_usd=ledger.cost_usd,
        listed_usd=table.cost_usd,
        version=table.price_version,
    )


def _answer(row: Row, exchange: Mapping[str, Any]) -> Answer | None:
    sent, body = mapping(exchange.get("request")), exchange.get("response")
    dialect = dialect_of(row.dialect)
    streamed = isinstance(body, str)
    ask = Ask(row, row.name, text(sent.get("model")), Request.from_prompt("…"), stream=streamed)
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    reply = Reply(200, mapping(exchange.get("response_headers")), content)
    if exchange.get("status") != 200:
        return None
    if not streamed:
        outcome = dialect.decode(ask, reply)
    else:
        decoder = dialect.decoder(ask, reply)
        decoder.feed(content)
        outcome = decoder.finish()
    return None if isinstance(outcome, Failure) else outcome


def _for_tokens(body: object, charged_usd: float) -> float:
    """The part of a charge that is for tokens, as OpenRouter's `cost_details` has it; else all of it (C.11)."""
    details = mapping(_usage_in(body).get("cost_details"))
    parts = [number(details.get(f"upstream_inference_{part}_cost")) for part in ("prompt", "completions")]
    known = [part for part in parts if part is not None]
    return min(sum(known), charged_usd) if len(known) == len(parts) else charged_usd


def _usage_in(body: object) -> dict[str, Any]:
    """The last count of a body."""
    counts = [mapping(part.get("usage")) for part in _parts(body)]
    known = [usage for usage in counts if usage]
    return known[-1] if known else {}


def _answered_at(body: object) -> datetime | None:
    """When the provider made the answer, as OpenAI's `created` has it."""
    told = (number(part.get("created")) for part in _parts(body))
    seconds = next((each for each in told if each), None)
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _first_text(name: str, body: object) -> str:
    return next((said for part in _parts(body) if (said := text(part.get(name)))), "")


def _parts(body: object) -> list[dict[str, Any]]:
    """A whole body, or the events of a stream."""
    if not isinstance(body, str):
        return [mapping(body)]
    events = (line.removeprefix("data:").strip() for line in body.splitlines() if line.startswith("data:"))
    return [mapping(json.loads(event)) for event in events if event.startswith("{")]
