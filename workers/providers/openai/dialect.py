"""The dialect of OpenAI's API, which most servers and providers speak. What differs between them is in their rows."""

from urllib.parse import quote

from ....routing.failure import Failure
from ....tasks.answer import Answer, Usage
from ..dialect import Ask, Call, ListedModel, Reply, StreamDecoder
from ..faults import failure_of
from ..json_fields import count, mapping, parse
from ..rows import Row
from ..whole import decoded
from .listing import listed, with_props
from .request import PATHS, encoded, to_count
from .response import answer_in
from .stream import OpenAIStream
from .usage import usage_in


class OpenAICompatible:
    def encode(self, ask: Ask) -> Call | Failure:
        return Call("POST", PATHS[ask.request.kind], encoded(ask))

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        return decoded(ask, reply, answer_in)

    def failure(self, reply: Reply) -> Failure:
        return failure_of(reply)

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        return usage_in(ask.row, mapping(parse(reply.body)))

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        return OpenAIStream(ask, head)

    def count(self, ask: Ask) -> Call | None:
        return Call("POST", ask.row.count_path, to_count(ask)) if ask.row.count_path else None

    def counted(self, reply: Reply) -> int | None:
        return count(mapping(parse(reply.body)).get("count")) or None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        return listed(row, reply)

    def details(self, row: Row, model: ListedModel) -> Call | None:
        return Call("GET", f"{row.details_path}?model={quote(model.name, safe='')}") if row.details_path else None

    def with_details(self, model: ListedModel, reply: Reply) -> ListedModel:
        return with_props(model, reply)
