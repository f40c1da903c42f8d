"""The dialect of Cohere's API, version 2."""

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, Usage
from ..dialect import Ask, Call, ListedModel, ListsAll, Reply, StreamDecoder
from ..event_stream import EventStream
from ..json_fields import mapping, parse, sequence
from ..rows import Row
from ..whole import decoded
from .failure import failure_of
from .listing import listed
from .request import embedding, encoded
from .response import answer_in
from .stream import ChatReader
from .usage import usage_of

#: Texts that one call embeds at most.
_MOST_TEXTS = 96
#: Characters that one call takes apart into tokens at most.
_MOST_CHARACTERS = 65_536


class Cohere(ListsAll):
    def encode(self, ask: Ask) -> Call | Failure:
        if ask.request.kind != "embedding":
            return Call("POST", "/v2/chat", encoded(ask))
        if (given := len(ask.request.input)) > _MOST_TEXTS:
            return Failure(Fault.BAD_REQUEST, f"Cohere embeds {_MOST_TEXTS} texts at a time, not {given}; split them")
        return Call("POST", "/v2/embed", embedding(ask))

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        return decoded(ask, reply, answer_in)

    def failure(self, reply: Reply) -> Failure:
        return failure_of(reply)

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        body = mapping(parse(reply.body))
        counted = mapping(body.get("usage")) or mapping(body.get("meta"))
        return usage_of(counted) if counted else None

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        return EventStream(ChatReader(ask, head), head)

    def count(self, ask: Ask) -> Call | None:
        """The text's own tokens, without Cohere's template."""
        said = ask.request.text
        fits = 0 < len(said) <= _MOST_CHARACTERS
        return Call("POST", "/v1/tokenize", {"model": ask.model, "text": said}) if fits else None

    def counted(self, reply: Reply) -> int | None:
        return len(sequence(mapping(parse(reply.body)).get("tokens"))) or None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        return listed(row, reply)
