"""The dialect of Ollama's native API. Its OpenAI-compatible one cannot set the context window, so it is not used."""

from ....routing.failure import Failure
from ....tasks.answer import Answer, Usage
from ..dialect import Ask, Call, ListedModel, Reply, StreamDecoder
from ..json_fields import mapping, parse
from ..rows import Row
from ..whole import decoded
from .models import listed, with_details
from .request import encoded
from .response import answer_in, ollama_failure, usage_in
from .stream import OllamaStream


class Ollama:
    def encode(self, ask: Ask) -> Call | Failure:
        return encoded(ask)

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        return decoded(ask, reply, answer_in)

    def failure(self, reply: Reply) -> Failure:
        return ollama_failure(reply)

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        body = mapping(parse(reply.body))
        return usage_in(ask, body, "") if "prompt_eval_count" in body else None

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        return OllamaStream(ask, head)

    def count(self, ask: Ask) -> Call | None:
        return None

    def counted(self, reply: Reply) -> int | None:
        return None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        return listed(row, reply)

    def details(self, row: Row, model: ListedModel) -> Call | None:
        return Call("POST", row.details_path, {"model": model.name}) if row.details_path else None

    def with_details(self, model: ListedModel, reply: Reply) -> ListedModel:
        return with_details(model, reply)
