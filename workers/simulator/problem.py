"""Everything a provider can answer instead of an answer. Each dialect has its own words for each."""

from dataclasses import dataclass
from enum import StrEnum

from ...routing.limits import Period, Unit
from .limits import Limit, Overrun
from .script import Frame, Script


class Kind(StrEnum):
    BAD_JSON = "bad_json"
    INVALID = "invalid"  #: a parameter has a value it cannot have; `detail` says what
    UNSUPPORTED = "unsupported"  #: a parameter that this model does not take
    UNAUTHORIZED = "unauthorized"
    PAYMENT = "payment"
    FORBIDDEN = "forbidden"
    NO_MODEL = "no_model"
    RETIRED_MODEL = "retired_model"
    NO_ROUTE = "no_route"
    BAD_METHOD = "bad_method"
    OVERFLOW = "overflow"  #: prompt and answer do not fit the context
    TOO_LARGE = "too_large"  #: 413
    FILTERED = "filtered"  #: the prompt, by a content filter
    OVERLOADED = "overloaded"  #: the queue is full
    RATE = "rate"  #: a limit of the provider's, see `overrun` and `told`
    NO_CREDIT = "no_credit"  #: OpenAI's insufficient_quota, which looks like a rate limit
    STATUS = "status"  #: `status` with the body the dialect gives it
    HTML = "html"  #: `status` with the page of a proxy in front
    EMPTY = "empty"  #: `status` without a body
    TEXT = "text"  #: `status` with a line of text
    ERROR_IN_200 = "error_in_200"
    CHOICES_NULL = "choices_null"
    CHOICES_EMPTY = "choices_empty"


class Told(StrEnum):
    """How a 429 tells how long to wait."""

    BY_PROVIDER = "by_provider"  #: as this provider does
    SECONDS = "seconds"  #: retry-after: 8
    DATE = "date"  #: retry-after: an HTTP date
    MILLISECONDS = "milliseconds"  #: retry-after-ms: 7660
    TEXT = "text"  #: only in the message
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Problem:
    """For OVERFLOW, in tokens: prompt_tokens and max_tokens as asked for, limit the context's size."""

    kind: Kind
    status: int = 0
    param: str | None = None
    detail: str = ""
    overrun: Overrun | None = None
    told: Told = Told.BY_PROVIDER
    prompt_tokens: int = 0
    max_tokens: int = 0
    limit: int = 0


class Refused(Exception):
    """Raised where a request is read; the dialect words the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.kind)
        self.problem = problem


def overrun(wait_s: float, period: Period = Period.MINUTE) -> Overrun:
    """A used-up limit of 30 requests, for faults that only say so."""
    window_s = 60.0 if period is Period.MINUTE else 86_400.0
    return Overrun(Limit(Unit.REQUESTS, period, 30, window_s), used=30, requested=1, wait_s=wait_s)


_HTML = (
    "<html>\r\n<head><title>{status} Web server is returning an unknown error</title></head>\r\n"
    "<body><center><h1>{status}</h1></center><hr><center>gateway</center></body>\r\n</html>\r\n"
)

_BODIES = {
    Kind.HTML: ("text/html; charset=UTF-8", _HTML),
    Kind.EMPTY: ("application/octet-stream", ""),
    Kind.TEXT: (
        "text/plain",
        "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
    ),
}


def foreign(problem: Problem) -> Script | None:
    """The reply of something in front of the provider, the same in every dialect; None if the provider answers."""
    if problem.kind not in _BODIES:
        return None
    content_type, body = _BODIES[problem.kind]
    text = body.replace("{status}", str(problem.status))
    return Script(problem.status, (Frame(text.encode()),), content_type=content_type)
