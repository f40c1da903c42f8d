"""The dialect of ruvLLM. Which of its two forms a server speaks, `forms.py` finds out before it is asked."""

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, Usage
from ..dialect import Ask, Call, ListedModel, ListsAll, Reply, StreamDecoder
from ..faults import failure_of
from ..json_fields import mapping, parse
from ..openai.dialect import OpenAICompatible
from ..rows import Row
from .request import encoded
from .response import WholeAnswer, decoded

_OPENAI = OpenAICompatible()

#: What `/query` can be asked for; it picks one of its own models for each query.
ANY_MODEL = "auto"


def query_call(ask: Ask) -> Call | Failure:
    if ask.request.kind == "embedding":
        return Failure(Fault.BAD_REQUEST, "ruvLLM's /query has no embeddings; name another provider for them")
    return Call("POST", "/query", encoded(ask))


class Ruvllm(ListsAll):
    def encode(self, ask: Ask) -> Call | Failure:
        return _OPENAI.encode(ask) if ask.api.form == "openai" else query_call(ask)

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        return _OPENAI.decode(ask, reply) if ask.api.form == "openai" else decoded(ask, reply)

    def failure(self, reply: Reply) -> Failure:
        return failure_of(reply)

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        """What `/query` answers has no counts."""
        return _OPENAI.used(ask, reply) if ask.api.form == "openai" else None

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        return _OPENAI.decoder(ask, head) if ask.api.form == "openai" else WholeAnswer(ask, head)

    def count(self, ask: Ask) -> Call | None:
        return None

    def counted(self, reply: Reply) -> int | None:
        return None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        """A server without a listing says only that it is well."""
        if mapping(parse(reply.body)).get("status") == "healthy":
            return (ListedModel(ANY_MODEL, capabilities=frozenset(), local=row.tier == "local"),)
        return _OPENAI.models(row, reply)
