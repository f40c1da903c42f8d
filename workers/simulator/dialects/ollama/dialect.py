"""The Ollama dialect."""

from collections.abc import Mapping

from ...answer import Answer
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...problem import Kind, Problem, Refused
from ...script import Frame, Part, Script, whole
from ...settings import Settings
from ...timing import Timing
from .. import waits
from ..dialect import House, Listing, Pull, encode
from ..fields import Fields
from . import models, reading, writing
from .pull import pull as pull_model

_PATHS = {
    ("POST", "/api/chat"): Operation.CHAT,
    ("POST", "/api/generate"): Operation.COMPLETION,
    ("POST", "/api/embed"): Operation.EMBEDDING,
    ("POST", "/api/embeddings"): Operation.EMBEDDING,
    ("POST", "/api/show"): Operation.SHOW,
    ("POST", "/api/pull"): Operation.PULL,
    ("DELETE", "/api/delete"): Operation.DELETE,
    ("GET", "/api/tags"): Operation.LISTING,
    ("GET", "/api/ps"): Operation.LOADED,
    ("GET", "/api/version"): Operation.VERSION,
    ("GET", "/"): Operation.HEALTH,
    ("HEAD", "/"): Operation.HEALTH,
}

_KNOWN = frozenset(path for _, path in _PATHS)

#: Kind -> status and message; `{detail}` is the problem's.
_ERRORS: Mapping[Kind, tuple[int, str]] = {
    Kind.BAD_JSON: (400, "invalid character in the request body: it is not a JSON object"),
    Kind.INVALID: (400, "{detail}"),
    Kind.UNSUPPORTED: (400, "{detail}"),
    Kind.UNAUTHORIZED: (401, "unauthorized"),
    Kind.PAYMENT: (402, "payment required"),
    Kind.FORBIDDEN: (403, "forbidden"),
    Kind.NO_MODEL: (404, "model '{detail}' not found"),
    Kind.RETIRED_MODEL: (404, 'model "{detail}" not found, try pulling it first'),
    Kind.TOO_LARGE: (413, "http: request body too large"),
    Kind.OVERLOADED: (503, "server busy, please try again.  maximum pending requests exceeded"),
    Kind.NO_CREDIT: (429, "you have reached your monthly usage limit, please upgrade to continue"),
    Kind.STATUS: (500, "{detail}"),
    Kind.ERROR_IN_200: (200, "an error was encountered while running the model"),
}

_PAGES = {Kind.NO_ROUTE: (404, b"404 page not found"), Kind.BAD_METHOD: (405, b"405 method not allowed")}


class Ollama:
    name = "ollama"

    def operation(self, method: str, path: str, *, named: bool) -> Operation | None:
        if path not in _KNOWN:
            return None
        found = _PATHS.get((method, path))
        if found is None:
            raise Refused(Problem(Kind.BAD_METHOD))
        return found

    def read(self, operation: Operation, path: str, body: bytes, settings: Settings) -> Ask:
        return reading.read(operation, body, settings)

    def reply(self, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
        return writing.write(ask, answer, timing, exchange)

    def problem(self, problem: Problem, model: str, exchange: Exchange) -> Script:
        if problem.kind in _PAGES:
            status, page = _PAGES[problem.kind]
            return Script(status, (Frame(page),), content_type="text/plain")
        status, message = _message(problem)
        overrun, told = problem.overrun, problem.told
        headers = waits.retry_after(overrun, told, exchange.at, by_provider=()) if overrun else {}
        return whole(status, encode({"error": message}).encode(), headers)

    def broken_off(self, ask: Ask, answer: Answer, exchange: Exchange) -> tuple[Frame, ...]:
        line = b'{"error":"an error was encountered while running the model"}\n'
        return (Frame(line, 0.0, Part.ERROR),)

    def inform(self, body: bytes, exchange: Exchange, house: House, form: Listing, pull: Pull) -> Script:
        match exchange.operation:
            case Operation.LISTING:
                return models.tags(exchange, form)
            case Operation.LOADED:
                return models.loaded(exchange, house)
            case Operation.VERSION:
                return whole(200, b'{"version":"0.33.3"}')
            case Operation.HEALTH:
                return Script(200, (Frame(b"Ollama is running"),), content_type="text/plain; charset=utf-8")
            case _:
                return _of_one_model(body, exchange, pull)


def _of_one_model(body: bytes, exchange: Exchange, form: Pull) -> Script:
    fields = Fields.parse(body)
    name = reading.named(fields)
    match exchange.operation:
        case Operation.SHOW:
            return models.show(name, exchange)
        case Operation.PULL:
            return pull_model(name, fields.boolean("stream", True), exchange, form)
        case _:
            return models.delete(name, exchange)


def _message(problem: Problem) -> tuple[int, str]:
    if problem.kind is Kind.OVERFLOW:
        return 400, _overflow(problem)
    if problem.overrun:
        message = f"you have reached your {problem.overrun.limit.period} usage limit."
        return 429, message + waits.in_words(problem.overrun, problem.told)
    status, message = _ERRORS[problem.kind]
    return problem.status or status, message.replace("{detail}", problem.detail)


def _overflow(problem: Problem) -> str:
    """The words of 0.33: for text the runner's own error, as JSON inside the message."""
    if problem.param == "input":
        return "the input length exceeds the context length"
    error = {
        "code": 400,
        "message": f"request ({problem.prompt_tokens} tokens) exceeds the available context size "
        f"({problem.limit} tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": problem.prompt_tokens,
        "n_ctx": problem.limit,
    }
    return encode({"error": error})
