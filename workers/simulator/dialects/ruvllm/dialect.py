"""The dialect of ruvLLM's server: a question, an answer, no tokens, no streams, and errors in plain text."""

from ... import tokens
from ...answer import Answer
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...problem import Kind, Problem, Refused
from ...script import Frame, Part, Script, whole
from ...settings import Settings
from ...timing import Timing
from .. import waits
from ..dialect import House, Listing, Pull, encode
from ..fields import Fields, invalid

_PATHS = {
    "/query": ("POST", Operation.CHAT),
    "/feedback": ("POST", Operation.FEEDBACK),
    "/session": ("POST", Operation.SESSION),
    "/stats": ("GET", Operation.METRICS),
}

#: The model that all questions go to; the server chooses, callers do not.
_MODEL = "M700"

_STATUSES = {
    Kind.BAD_JSON: (400, "Failed to parse the request body as JSON"),
    Kind.INVALID: (422, "Failed to deserialize the JSON body into the target type: {detail}"),
    Kind.NO_ROUTE: (404, ""),
    Kind.BAD_METHOD: (405, ""),
    Kind.TOO_LARGE: (413, "length limit exceeded"),
    Kind.UNAUTHORIZED: (401, "unauthorized"),
    Kind.PAYMENT: (402, "payment required"),
    Kind.FORBIDDEN: (403, "forbidden"),
    Kind.NO_MODEL: (404, "model not found"),
    Kind.RETIRED_MODEL: (404, "model not found"),
    Kind.RATE: (429, "too many requests."),
    Kind.NO_CREDIT: (429, "monthly quota exceeded"),
    Kind.OVERLOADED: (503, "too many queries are waiting"),
    Kind.STATUS: (500, "{detail}"),
}


class RuvLLM:
    name = "ruvllm"

    def operation(self, method: str, path: str, *, named: bool) -> Operation | None:
        wanted, operation = _PATHS.get(path, ("", None))
        if named and path == "/health":
            wanted, operation = "GET", Operation.HEALTH
        if operation and method != wanted:
            raise Refused(Problem(Kind.BAD_METHOD))
        return operation

    def read(self, operation: Operation, path: str, body: bytes, settings: Settings) -> Ask:
        """The model is told in the answer only."""
        fields = Fields.parse(body)
        query = fields.text("query") or invalid("query", "missing field `query`")
        fields.text("session_id")
        return Ask(
            operation=Operation.CHAT,
            model=_MODEL,
            prompt=query,
            prompt_tokens=tokens.count(query),
            last=query,
            think=False,
            sent=fields.names,
        )

    def reply(self, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
        due_s = timing.total_s(answer.completion_tokens)
        body = {
            "text": answer.choices[0].text,
            "model_used": ask.model,
            "context_size": answer.prompt_tokens,
            "confidence": 0.85,
            "latency_ms": round((exchange.queue_s + due_s) * 1000, 3),
        }
        return whole(200, encode(body).encode(), due_s=due_s)

    def problem(self, problem: Problem, model: str, exchange: Exchange) -> Script:
        status, message = _STATUSES.get(problem.kind, (500, "{detail}"))
        text = message.replace("{detail}", problem.detail).encode()
        headers: dict[str, str] = {}
        if problem.overrun:
            headers = waits.retry_after(problem.overrun, problem.told, exchange.at)
            text += waits.in_words(problem.overrun, problem.told).encode()
        content_type = "text/plain; charset=utf-8"
        return Script(problem.status or status, (Frame(text),), headers, content_type)

    def broken_off(self, ask: Ask, answer: Answer, exchange: Exchange) -> tuple[Frame, ...]:
        return (Frame(b"", 0.0, Part.ERROR),)

    def inform(self, body: bytes, exchange: Exchange, house: House, form: Listing, pull: Pull) -> Script:
        match exchange.operation:
            case Operation.HEALTH:
                return whole(200, b'{"status":"healthy","version":"0.1.0"}')
            case Operation.SESSION:
                return whole(200, encode({"session_id": exchange.id}).encode())
            case Operation.FEEDBACK:
                return _rated(body)
            case _:
                counts = {"total_queries": house.answered, "cache_hits": 0, "avg_latency_ms": 0.0}
                return whole(200, encode({**counts, "memory_nodes": 0, "router_updates": 0}).encode())


def _rated(body: bytes) -> Script:
    fields = Fields.parse(body)
    for name in ("query", "response"):
        if not fields.text(name):
            invalid(name, f"missing field `{name}`")
    if fields.number("quality", 0, 1) is None:
        invalid("quality", "missing field `quality`")
    return Script(200, (Frame(b""),))
