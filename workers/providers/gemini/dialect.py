"""The dialect of Google's Gemini API."""

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, Usage
from ..dialect import Ask, Call, ListedModel, ListsAll, Reply, StreamDecoder
from ..event_stream import EventStream
from ..json_fields import count, mapping, parse
from ..rows import Row
from .failure import failure_of
from .listing import listed
from .paths import path
from .request import embedding, encoded, to_count
from .response import decoded
from .stream import CandidateReader
from .usage import usage_of

#: Texts that one call embeds at most.
_MOST_TEXTS = 100


class Gemini(ListsAll):
    def encode(self, ask: Ask) -> Call | Failure:
        if ask.request.kind == "embedding":
            return self._embed(ask)
        method = "streamGenerateContent?alt=sse" if ask.stream else "generateContent"
        return Call("POST", path(ask.model, method), encoded(ask))

    def _embed(self, ask: Ask) -> Call | Failure:
        if (given := len(ask.request.input)) > _MOST_TEXTS:
            return Failure(Fault.BAD_REQUEST, f"Gemini embeds {_MOST_TEXTS} texts at a time, not {given}; split them")
        return Call("POST", path(ask.model, "batchEmbedContents"), embedding(ask))

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        return decoded(ask, reply)

    def failure(self, reply: Reply) -> Failure:
        return failure_of(reply)

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        counted = mapping(mapping(parse(reply.body)).get("usageMetadata"))
        return usage_of(counted) if counted else None

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        return EventStream(CandidateReader(ask, head), head)

    def count(self, ask: Ask) -> Call | None:
        return Call("POST", path(ask.model, "countTokens"), to_count(ask)) if ask.request.kind != "embedding" else None

    def counted(self, reply: Reply) -> int | None:
        return count(mapping(parse(reply.body)).get("totalTokens")) or None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        return listed(row, reply)
