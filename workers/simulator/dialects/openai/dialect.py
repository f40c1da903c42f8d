"""The OpenAI dialect. Paths count from their end, so any prefix of a provider's base URL will do."""

from ...answer import Answer
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...narrowing import Json
from ...problem import Kind, Problem, Refused
from ...script import Frame, Part, Script, whole
from ...settings import Settings
from ...timing import Timing
from ..dialect import House, Listing, Pull, encode
from . import fetching, listing, reading, streaming, writing
from .flavours.flavour import Flavour
from .flavours.known import FLAVOURS

_POSTED = {
    "/chat/completions": Operation.CHAT,
    "/completions": Operation.COMPLETION,
    "/embeddings": Operation.EMBEDDING,
    "/tokenize": Operation.COUNT,
}

_GOT = {
    "/models": Operation.LISTING,
    "/key": Operation.ACCOUNT,
    "/health": Operation.HEALTH,
    "/healthz": Operation.HEALTH,
    "/readyz": Operation.HEALTH,
    "/version": Operation.VERSION,
    "/props": Operation.SHOW,
    "/metrics": Operation.METRICS,
}


class OpenAI:
    name = "openai"

    def operation(self, method: str, path: str, *, named: bool) -> Operation | None:
        if (wanted := fetching.method_of(path)) is not None:
            return _only(method, wanted, path, Operation.PULL)
        for suffix, operation in _POSTED.items():
            if path.endswith(suffix):
                return _only(method, "POST", path, operation)
        for suffix, operation in _GOT.items():
            if path.endswith(suffix):
                return _only(method, "GET", path, operation)
        return Operation.SHOW if "/models/" in path and method == "GET" else None

    def read(self, operation: Operation, path: str, body: bytes, settings: Settings) -> Ask:
        return reading.read(operation, path, body, settings)

    def reply(self, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
        write = streaming.write if ask.stream and answer.choices else writing.write
        return write(ask, answer, timing, exchange, _flavour(exchange))

    def problem(self, problem: Problem, model: str, exchange: Exchange) -> Script:
        flavour = _flavour(exchange)
        if problem.kind in (Kind.CHOICES_NULL, Kind.CHOICES_EMPTY):
            body: Json = {"id": flavour.id(exchange), "object": "chat.completion", "created": int(exchange.at)}
            body |= {"model": model, "choices": None if problem.kind is Kind.CHOICES_NULL else []}
            return whole(200, encode(body).encode(), flavour.headers(exchange))
        reply = flavour.error(problem, model, exchange)
        return whole(reply.status, encode(reply.body).encode(), {**flavour.headers(exchange), **reply.headers})

    def broken_off(self, ask: Ask, answer: Answer, exchange: Exchange) -> tuple[Frame, ...]:
        return (Frame(_flavour(exchange).broken_off(answer, ask.model, exchange), 0.0, Part.ERROR),)

    def inform(self, body: bytes, exchange: Exchange, house: House, form: Listing, pull: Pull) -> Script:
        flavour = _flavour(exchange)
        match exchange.operation:
            case Operation.LISTING:
                return listing.models(exchange, flavour, form)
            case Operation.SHOW if exchange.path.partition("?")[0].endswith("/props"):
                return listing.properties(exchange)
            case Operation.SHOW:
                return listing.model(exchange.path.partition("?")[0].partition("/models/")[2], exchange, flavour)
            case Operation.PULL:
                return fetching.fetch(body, exchange, pull)
            case Operation.COUNT:
                return listing.tokenized(body, exchange)
            case Operation.ACCOUNT:
                return listing.account()
            case Operation.METRICS:
                return listing.metrics(exchange, house)
            case Operation.VERSION:
                return whole(200, b'{"version":"0.32.0"}')
            case _:
                return whole(200, flavour.health)


def _only(method: str, wanted: str, path: str, operation: Operation) -> Operation:
    if method != wanted:
        raise Refused(Problem(Kind.BAD_METHOD, detail=f"{method} {path}"))
    return operation


def _flavour(exchange: Exchange) -> Flavour:
    return FLAVOURS[exchange.flavour]
