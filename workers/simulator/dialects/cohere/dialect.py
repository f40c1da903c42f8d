"""The Cohere dialect."""

from ... import tokens
from ...answer import Answer
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...problem import Kind, Problem, Refused
from ...script import Frame, Part, Script, whole
from ...settings import Settings
from ...timing import Timing
from ..dialect import House, Listing, Pull, encode
from ..fields import Fields, invalid
from . import listing, reading, streaming, wording, writing

_OWN = {
    "/v2/chat": Operation.CHAT,
    "/v2/embed": Operation.EMBEDDING,
    "/v1/tokenize": Operation.COUNT,
    "/v1/check-api-key": Operation.ACCOUNT,
}


class Cohere:
    name = "cohere"

    def operation(self, method: str, path: str, *, named: bool) -> Operation | None:
        for suffix, operation in _OWN.items():
            if path.endswith(suffix):
                return operation if method == "POST" else _not_allowed()
        if not named or "/models" not in path:
            return None
        if method != "GET":
            return _not_allowed()
        return Operation.LISTING if path.endswith("/models") else Operation.SHOW

    def read(self, operation: Operation, path: str, body: bytes, settings: Settings) -> Ask:
        return reading.read(operation, body, settings)

    def reply(self, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
        if ask.operation is Operation.EMBEDDING:
            body, due_s = writing.embeddings(ask, answer, exchange), timing.total_s(0)
        elif ask.stream:
            return streaming.write(answer, timing, exchange)
        else:
            body, due_s = writing.response(answer, exchange), timing.total_s(answer.completion_tokens)
        return whole(200, encode(body).encode(), wording.headers(ask.prompt, answer.prompt_tokens), due_s)

    def problem(self, problem: Problem, model: str, exchange: Exchange) -> Script:
        return wording.problem(problem, exchange)

    def broken_off(self, ask: Ask, answer: Answer, exchange: Exchange) -> tuple[Frame, ...]:
        return (Frame(streaming.broken_off(), 0.0, Part.ERROR),)

    def inform(self, body: bytes, exchange: Exchange, house: House, form: Listing, pull: Pull) -> Script:
        match exchange.operation:
            case Operation.COUNT:
                return _tokenized(body, exchange)
            case Operation.ACCOUNT:
                return whole(200, encode({"valid": True, "organization_id": "sim", "owner_id": "sim"}).encode())
            case Operation.LISTING:
                return listing.models(exchange, form)
            case _:
                return listing.model(exchange)


def _tokenized(body: bytes, exchange: Exchange) -> Script:
    fields = Fields.parse(body)
    reading.named(fields, exchange.settings)
    text = fields.text("text") or invalid("text", "invalid request: text must be at least 1 token long.")
    pieces = tokens.pieces(text)
    counted = {"tokens": list(range(1, len(pieces) + 1)), "token_strings": pieces}
    return whole(200, encode({**counted, "meta": {"api_version": {"version": "1"}}}).encode())


def _not_allowed() -> Operation:
    raise Refused(Problem(Kind.BAD_METHOD))
