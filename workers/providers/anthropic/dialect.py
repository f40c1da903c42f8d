"""The dialect of Anthropic's Messages API."""

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, Usage
from ..dialect import Ask, Call, ListedModel, ListsAll, Reply, StreamDecoder
from ..event_stream import EventStream
from ..json_fields import count, mapping, parse
from ..rows import Row
from ..whole import decoded
from .failure import failure_of
from .listing import listed
from .request import encoded, has_prompt, to_count
from .response import answer_in
from .stream import MessageReader
from .usage import usage_of


class Anthropic(ListsAll):
    def encode(self, ask: Ask) -> Call | Failure:
        if ask.request.kind == "embedding":
            return Failure(Fault.BAD_REQUEST, "Anthropic has no embeddings; name another provider for them")
        if not has_prompt(ask.request):
            return Failure(Fault.BAD_REQUEST, "Anthropic takes no empty prompt")
        return Call("POST", "/v1/messages", encoded(ask))

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        return decoded(ask, reply, answer_in)

    def failure(self, reply: Reply) -> Failure:
        return failure_of(reply)

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        counted = mapping(mapping(parse(reply.body)).get("usage"))
        return usage_of(counted) if counted else None

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        return EventStream(MessageReader(ask, head), head)

    def count(self, ask: Ask) -> Call | None:
        return Call("POST", "/v1/messages/count_tokens", to_count(ask)) if ask.request.kind != "embedding" else None

    def counted(self, reply: Reply) -> int | None:
        return count(mapping(parse(reply.body)).get("input_tokens")) or None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        return listed(row, reply)
