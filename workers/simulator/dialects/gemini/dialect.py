"""The Gemini dialect. The model and what is done with it are the last segment of the path."""

from urllib.parse import unquote

from ...answer import Answer
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...problem import Kind, Problem, Refused
from ...script import Frame, Part, Script, whole
from ...settings import Settings
from ...timing import Timing
from ..dialect import House, Listing, Pull, encode
from . import listing, reading, streaming, wording, writing

_METHODS = {
    "generateContent": Operation.CHAT,
    "streamGenerateContent": Operation.CHAT,
    "embedContent": Operation.EMBEDDING,
    "batchEmbedContents": Operation.EMBEDDING,
    "countTokens": Operation.COUNT,
}


class Gemini:
    name = "gemini"

    def operation(self, method: str, path: str, *, named: bool) -> Operation | None:
        target = path.rpartition("/")[2]
        model, colon, what = unquote(target).partition(":")
        if "/models/" in path and colon and what in _METHODS:
            return _METHODS[what] if method == "POST" else _not_allowed()
        if not named and not path.startswith(("/v1beta/models", "/v1alpha/models")):
            return None
        if path.endswith("/models"):
            return Operation.LISTING if method == "GET" else _not_allowed()
        return Operation.SHOW if "/models/" in path and model and method == "GET" else None

    def read(self, operation: Operation, path: str, body: bytes, settings: Settings) -> Ask:
        return reading.read(path, body, settings)

    def reply(self, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
        if ask.operation is Operation.EMBEDDING:
            body, due_s = writing.embeddings(answer, exchange), timing.total_s(0)
        elif ask.stream:
            return streaming.write(ask, answer, timing, exchange)
        else:
            body, due_s = writing.response(ask, answer, exchange), timing.total_s(answer.completion_tokens)
        return whole(200, encode(body).encode(), due_s=due_s)

    def problem(self, problem: Problem, model: str, exchange: Exchange) -> Script:
        return wording.problem(problem, model, exchange)

    def broken_off(self, ask: Ask, answer: Answer, exchange: Exchange) -> tuple[Frame, ...]:
        error = wording.error(500, "An internal error has occurred. Please retry or report.", "INTERNAL")
        return (Frame(streaming.broken_off(error, exchange), 0.0, Part.ERROR),)

    def inform(self, body: bytes, exchange: Exchange, house: House, form: Listing, pull: Pull) -> Script:
        match exchange.operation:
            case Operation.COUNT:
                tokens = reading.counted(exchange.path, body, exchange.settings)
                details = [{"modality": "TEXT", "tokenCount": tokens}]
                return whole(200, encode({"totalTokens": tokens, "promptTokensDetails": details}).encode())
            case Operation.LISTING:
                return listing.models(exchange, form)
            case _:
                return listing.model(exchange)


def _not_allowed() -> Operation:
    raise Refused(Problem(Kind.BAD_METHOD))
