"""An exchange with a provider that somebody has recorded, read by the dialect that it was held in.

One is a JSON object of `name`, `provider`, `url`, `request`, `status`, `response_headers` and `response`; what was
asked is in the provider's own words, what came back is JSON, or text where it streamed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from ...routing.failure import Failure
from ...tasks.answer import Answer
from ...tasks.characters import whole
from .dialect import Ask, Reply
from .dialects import DIALECTS, dialect_of
from .halves import mended
from .json_fields import mapping, text
from .recorded_request import recorded_chat, recorded_embedding
from .registered import known_row, type_named
from .rows import ROWS, DialectName, Row

Kind = Literal["chat", "embedding", "count", "other"]

#: How a URL's path ends, which dialect it speaks then, and what it asks for. The first that fits is meant.
_CALLS: tuple[tuple[str, DialectName, Kind], ...] = (
    ("/v1/messages", "anthropic", "chat"),
    ("/v1/messages/count_tokens", "anthropic", "count"),
    ("enerateContent", "gemini", "chat"),
    ("mbedContent", "gemini", "embedding"),
    ("mbedContents", "gemini", "embedding"),
    (":countTokens", "gemini", "count"),
    ("/v2/chat", "cohere", "chat"),
    ("/v2/embed", "cohere", "embedding"),
    ("/v1/tokenize", "cohere", "count"),
    ("/api/chat", "ollama", "chat"),
    ("/api/generate", "ollama", "chat"),
    ("/api/embed", "ollama", "embedding"),
    ("/completions", "openai", "chat"),
    ("/embeddings", "openai", "embedding"),
    ("/tokenize", "openai", "count"),
)
#: The row that stands for a dialect where the provider has none, or none that speaks it.
_USUAL: Mapping[DialectName, str] = {"gemini": "google", "openai": "openai_compatible"}
_STREAMS = ("text/event-stream", "application/x-ndjson")


class NoExchange(ValueError):
    """What was read is no exchange; the message says why."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """kind: what was asked for. ask: as far as reading the answer needs it."""

    name: str
    kind: Kind
    ask: Ask
    reply: Reply

    @classmethod
    def of(cls, recorded: object) -> Self:
        """The exchange that a recording holds. Raises NoExchange."""
        fields = mapping(recorded)
        url, status = text(fields.get("url")), fields.get("status")
        if not url or not isinstance(status, int) or "response" not in fields:
            raise NoExchange("no exchange: it needs `url`, `status` and `response`")
        path = _path(url)
        provider = text(fields.get("provider"))
        dialect, kind = _call(path, known_row(type_named(provider) or ""))
        request = mapping(fields.get("request"))
        headers = {name.lower(): str(value) for name, value in mapping(fields.get("response_headers")).items()}
        row = _row(provider, dialect)
        model = text(request.get("model")) or path.rpartition("/")[2].partition(":")[0]
        asked = recorded_embedding(request) if kind == "embedding" else recorded_chat(request)
        ask = Ask(row, provider or row.name, model, asked, stream=_streams(headers, request))
        return cls(whole(text(fields.get("name"))), kind, ask, Reply(status, headers, _body(fields["response"])))

    def outcome(self) -> Answer | Failure | None:
        """What the dialect makes of it, None if it asked for no answer: ask `tokens` of a count."""
        read = self._read()
        return None if read is None else mended(read)

    def _read(self) -> Answer | Failure | None:
        dialect = dialect_of(self.ask.row.dialect)
        if self.reply.status != 200:
            return dialect.failure(self.reply)
        if self.kind in ("count", "other"):
            return None
        if not self.ask.stream:
            return dialect.decode(self.ask, self.reply)
        decoder = dialect.decoder(self.ask, self.reply)
        decoder.feed(self.reply.body)
        return decoder.finish()

    @property
    def tokens(self) -> int | None:
        """What a count told, None if it is none or failed."""
        counted = self.kind == "count" and self.reply.status == 200
        return dialect_of(self.ask.row.dialect).counted(self.reply) if counted else None


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError as wrong:
        raise NoExchange(f"no exchange: {url!r} is no address: {wrong}") from None


def _call(path: str, row: Row | None) -> tuple[DialectName, Kind]:
    """A package's dialect has paths of its own."""
    if row is not None and row.dialect not in DIALECTS:
        return row.dialect, "embedding" if "embed" in path else "chat"
    for ending, dialect, kind in _CALLS:
        if path.endswith(ending):
            return dialect, kind
    return (row.dialect if row is not None else "openai"), "other"


def _row(provider: str, dialect: DialectName) -> Row:
    """The provider's row, unless it was spoken to in another dialect."""
    row = known_row(type_named(provider) or "")
    return row if row is not None and row.dialect == dialect else ROWS[_USUAL.get(dialect, dialect)]


def _streams(headers: Mapping[str, str], request: dict[str, Any]) -> bool:
    kind = headers.get("content-type")
    return bool(request.get("stream")) if kind is None else kind.startswith(_STREAMS)


def _body(response: object) -> bytes:
    return (whole(response) if isinstance(response, str) else json.dumps(response)).encode()
