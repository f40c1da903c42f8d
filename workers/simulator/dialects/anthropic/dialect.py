"""The Anthropic dialect."""

from ...answer import Answer
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...problem import Kind, Problem, Refused
from ...script import Frame, Part, Script, whole
from ...settings import Settings
from ...timing import Timing
from .. import sse
from ..dialect import House, Listing, Pull, encode
from . import listing, reading, streaming, wording, writing

_OWN = {"/messages": Operation.CHAT, "/messages/count_tokens": Operation.COUNT}


class Anthropic:
    name = "anthropic"

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
        return reading.read(body, settings)

    def reply(self, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
        if ask.stream:
            return streaming.write(ask, answer, timing, exchange)
        body = writing.message(ask, answer, exchange)
        due_s = timing.total_s(answer.completion_tokens)
        return whole(200, encode(body).encode(), wording.headers(exchange), due_s)

    def problem(self, problem: Problem, model: str, exchange: Exchange) -> Script:
        return wording.problem(problem, exchange)

    def broken_off(self, ask: Ask, answer: Answer, exchange: Exchange) -> tuple[Frame, ...]:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        return (Frame(sse.event(error, name="error"), 0.0, Part.ERROR),)

    def inform(self, body: bytes, exchange: Exchange, house: House, form: Listing, pull: Pull) -> Script:
        match exchange.operation:
            case Operation.COUNT:
                counted = {"input_tokens": reading.counted(body, exchange.settings)}
                return whole(200, encode(counted).encode(), wording.headers(exchange))
            case Operation.LISTING:
                return listing.models(exchange, form)
            case _:
                return listing.model(exchange)


def _not_allowed() -> Operation:
    raise Refused(Problem(Kind.BAD_METHOD))
