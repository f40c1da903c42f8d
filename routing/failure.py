"""Every way an attempt can fail, by class. Status and code decide the class, never the prose of a message.

The classes and their consequences follow the error taxonomy of the providers' wire formats; `action.py` maps them to
what happens next, and `breaker.py` to what counts against a target.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    TRANSPORT = "transport"  #: no connection, or the connection broke before a complete answer
    TIMEOUT_CONNECT = "timeout_connect"  #: no connection within the connect limit
    TIMEOUT_FIRST_TOKEN = "timeout_first_token"  #: connected, but no first token in time
    TIMEOUT_IDLE = "timeout_idle"  #: the stream stalled
    TIMEOUT_TOTAL = "timeout_total"  #: the answer as a whole took too long
    OVERLOADED = "overloaded"  #: 503, 529, 498: the provider's capacity, not our quota
    SERVER = "server"  #: 500, 502, 504, 520-524, or an answer that is none
    RATE_LIMITED = "rate_limited"  #: a per-minute limit; passes by itself
    QUOTA_EXHAUSTED = "quota_exhausted"  #: a per-day, per-month or credit limit
    AUTH = "auth"  #: wrong or missing credentials; a person must act
    MODEL_NOT_FOUND = "model_not_found"  #: unknown, retired or not deployed
    CONTEXT_OVERFLOW = "context_overflow"  #: prompt and answer do not fit the model's context
    CONTENT_FILTERED = "content_filtered"  #: the provider's filter refused prompt or answer
    BAD_REQUEST = "bad_request"  #: the provider does not accept the request as it is
    BAD_OUTPUT = "bad_output"  #: answered, but the task type's judge rejects the answer


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt.

    fault: the class. message: the provider's words, shortened and free of secrets, for people.
    wait_s: seconds the provider asks to wait, None if it says nothing. status: the HTTP status, None without an answer.
    code: the provider's own code or type, as sent. parameter: the request parameter that the provider rejects, if
    named. refused: the provider said that it failed, in place of an answer; else what it did nobody knows.
    of_model: it is a refusal of whoever serves this one model, which the provider only passes on.
    """

    fault: Fault
    message: str
    wait_s: float | None = None
    status: int | None = None
    code: str | None = None
    parameter: str | None = None
    of_model: bool = field(default=False, compare=False)
    refused: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        status = f" (HTTP {self.status})" if self.status is not None else ""
        return f"{self.fault}{status}: {self.message}"
