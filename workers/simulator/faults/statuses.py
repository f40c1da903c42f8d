"""F7 to F13: an error in place of the answer."""

from collections.abc import Callable

from ....routing.limits import Period
from ..ask import ANSWERS, Ask
from ..problem import Kind, Problem, Told, overrun
from .fault import ALL, ANTHROPIC, COHERE, EVERYTHING, GEMINI, JSON, OPENAI, Amount, Fault, Respond

_WAIT = Amount("seconds the provider asks to wait", 7.66)

_DAY_WAIT = Amount("seconds until the day's limit is back", 7200.0)

_OVERLOADED = "The server is currently overloaded with other requests. Sorry about that!"

_STATUSES = {
    500: "The server had an error while processing your request. Sorry about that!",
    502: "Bad gateway.",
    503: _OVERLOADED,
    504: "The server did not answer in time.",
    529: _OVERLOADED,
    498: "Flex tier capacity exceeded. Please try again later.",
    524: "A timeout occurred.",
}


def _always(problem: Problem) -> Respond:
    return Respond(lambda _amount, _ask: problem)


def _rate(told: Told) -> Respond:
    return Respond(lambda wait_s, _ask: Problem(Kind.RATE, overrun=overrun(wait_s), told=told))


def _day(wait_s: float, _: Ask | None) -> Problem:
    return Problem(Kind.RATE, overrun=overrun(wait_s, Period.DAY))


def _model(kind: Kind) -> Respond:
    return Respond(lambda _amount, ask: Problem(kind, param="model", detail=ask.model if ask else "model"))


def _overflow(_: float, ask: Ask | None) -> Problem:
    asked, wanted = (ask.prompt_tokens, ask.max_tokens or 0) if ask else (0, 0)
    return Problem(Kind.OVERFLOW, param="messages", prompt_tokens=asked, max_tokens=wanted, limit=max(asked - 1, 1))


def _unsupported(param: str, words: str, applies: Callable[[Ask], bool], dialects: frozenset[str]) -> Fault:
    """The answer comes once the request is sent without the parameter."""
    sent_as = "messages[0].role" if param == "system" else param
    return Fault(
        f"rejects-{param.replace('_', '-')}",
        "F12",
        f"400 while the request has {words}",
        _always(Problem(Kind.UNSUPPORTED, param=sent_as, detail=f"'{sent_as}' is not supported")),
        hits=ANSWERS,
        dialects=dialects,
        applies=applies,
    )


FAULTS = (
    Fault("rate-limited", "F7", "429, the wait told as this provider does", _rate(Told.BY_PROVIDER), amount=_WAIT),
    Fault("rate-limited-seconds", "F7", "429, wait in retry-after as seconds", _rate(Told.SECONDS), amount=_WAIT),
    Fault("rate-limited-date", "F7", "429, wait in retry-after as a date", _rate(Told.DATE), amount=_WAIT),
    Fault("rate-limited-ms", "F7", "429, wait in retry-after-ms", _rate(Told.MILLISECONDS), amount=_WAIT),
    Fault("rate-limited-text", "F7", "429, wait only in the message", _rate(Told.TEXT), amount=_WAIT),
    Fault("rate-limited-silent", "F7", "429 that tells no wait", _rate(Told.NOTHING)),
    Fault(
        "daily-quota",
        "F8",
        "429 of a limit per day, Cohere: per month",
        Respond(_day),
        amount=_DAY_WAIT,
        dialects=ALL - ANTHROPIC,
    ),
    Fault(
        "no-credit",
        "F8",
        "429 insufficient_quota: passes only when somebody pays; Anthropic: 400",
        _always(Problem(Kind.NO_CREDIT)),
        dialects=JSON,
    ),
    Fault("unauthorized", "F9", "401: a wrong key", _always(Problem(Kind.UNAUTHORIZED)), hits=EVERYTHING),
    Fault("payment-required", "F9", "402: no credit", _always(Problem(Kind.PAYMENT))),
    Fault("forbidden", "F9", "403: not allowed", _always(Problem(Kind.FORBIDDEN))),
    Fault("model-not-found", "F9", "404: no such model", _model(Kind.NO_MODEL)),
    Fault("model-retired", "F9", "the model has been decommissioned", _model(Kind.RETIRED_MODEL)),
    Fault("context-overflow", "F10", "400: the prompt is too long", Respond(_overflow), dialects=JSON),
    Fault("too-large", "F10", "413: the body is too large", _always(Problem(Kind.TOO_LARGE))),
    Fault(
        "prompt-filtered",
        "F11",
        "the content filter refuses the prompt; Gemini: status 200, no candidates; Cohere: 498",
        _always(Problem(Kind.FILTERED)),
        dialects=OPENAI | GEMINI | COHERE,
    ),
    _unsupported("temperature", "a temperature", lambda ask: "temperature" in ask.sent, OPENAI | ANTHROPIC),
    _unsupported("max_tokens", "max_tokens", lambda ask: "max_tokens" in ask.sent, OPENAI),
    _unsupported("system", "a system message", lambda ask: "system" in ask.roles, OPENAI),
    *(
        Fault(
            f"http-{status}",
            "F13",
            f"{status} in the dialect's form",
            _always(Problem(Kind.STATUS, status, detail=detail)),
        )
        for status, detail in _STATUSES.items()
    ),
    Fault("html-520", "F13", "520 with a page of HTML", _always(Problem(Kind.HTML, 520))),
    Fault("empty-502", "F13", "502 without a body", _always(Problem(Kind.EMPTY, 502))),
    Fault(
        "brown-out",
        "F16",
        "500 to some of the requests, 30% unless rate= says otherwise",
        _always(Problem(Kind.STATUS, 500, detail=_STATUSES[500])),
        rate=0.3,
    ),
    Fault(
        "flapping",
        "F16",
        "503 in the first half of each period",
        _always(Problem(Kind.STATUS, 503, detail=_OVERLOADED)),
        amount=Amount("seconds of a period", 10.0),
        alternates=True,
    ),
    Fault(
        "outage", "F16", "503 from the proxy in front, to everything", _always(Problem(Kind.TEXT, 503)), hits=EVERYTHING
    ),
)
