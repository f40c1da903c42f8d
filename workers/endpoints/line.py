"""One endpoint of a provider as a pool uses it: what its calls do to its breaker, and to that of the model asked."""

import hashlib
import math
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import structlog
from pydantic import SecretStr

from ...routing.action import RULES
from ...routing.concurrency import Concurrency
from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer
from ...tasks.breakers import BreakerName
from ...tasks.fleet_state import EndpointReport
from ..local.residents import Residents
from ..providers.endpoint import Endpoint
from ..providers.inspection import Health
from ..providers.server_load import ServerLoad
from ..providers.versions import unknown_version
from ..settings.addresses import whereabouts
from ..settings.provider import ProviderSettings
from .availability import UNREACHABLE, Availability
from .circuit import Circuit

log = structlog.get_logger()

#: What a server does with calls that it has no room for.
_NO_ROOM = frozenset({Fault.OVERLOADED, Fault.RATE_LIMITED, Fault.TIMEOUT_FIRST_TOKEN})
#: Tokens whose time the rest of a call takes, about; short answers would look slow without it.
_TOKENS_BESIDE = 50
#: Seconds for which an endpoint that has just failed is asked only if all others are full.
_DOUBTED_S = 1.0


@dataclass(slots=True)
class Line:
    """busy: calls under way. credentials: what stands for its address and credentials; nobody can read them from it.

    concurrency: what it is found to bear; None is for the provider to say. load: what it said last, if it `tells_load`.
    checked_s: how long the last health check took, at `checked_at`. ailing: it showed a problem. failed_at: when a call
    failed as its breaker counts them, if none has gone well since.
    version: what the server said that it is. residents: the models in its memory, if they are kept within a budget.
    """

    endpoint: Endpoint
    availability: Availability
    busy: int = 0
    concurrency: Concurrency | None = None
    load: ServerLoad | None = None
    tells_load: bool = False
    checked_s: float | None = None
    checked_at: float = -math.inf
    ailing: bool = False
    failed_at: float = -math.inf
    version: str | None = None
    residents: Residents | None = None
    credentials: str = field(init=False)

    @classmethod
    def of(cls, provider: ProviderSettings, endpoint: Endpoint) -> "Line":
        """What a server of our own bears is found out; a hosted one says so itself."""
        name = BreakerName("endpoint", provider.name, whereabouts(endpoint.base_url, socket.gethostname()))
        line = cls(endpoint, Availability(Circuit(name, provider.breaker_policy), provider.self_hosted))
        if provider.self_hosted:
            line.concurrency = Concurrency.of(provider.slots)
            line.tells_load = provider.type == "vllm" and provider.health_check.enabled
        if provider.memory_gb is not None:
            line.residents = Residents(int(provider.memory_gb * 1e9))
        return line

    def __post_init__(self) -> None:
        self.credentials = self._credentials()

    def _credentials(self) -> str:
        key = self.endpoint.api_key.get_secret_value() if self.endpoint.api_key else ""
        said = repr((self.endpoint.base_url, key, sorted(self.endpoint.headers.items())))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def use_key(self, key: SecretStr) -> None:
        """Calls from now on have this key; that another one was refused is no matter any more."""
        self.endpoint = replace(self.endpoint, api_key=key)
        self.credentials = self._credentials()
        self.availability.renewed()

    def report(self, *, now: float) -> EndpointReport:
        return EndpointReport(
            url=self.endpoint.base_url,
            breaker=str(self.availability.circuit.name),
            unavailable=self.availability.why_not(now=now),
            busy=self.busy,
            limit=self.concurrency.calls if self.concurrency else None,
            waiting=self.load.waiting if self.load else None,
            checked_s=None if self.checked_s is None else round(self.checked_s, 4),
            memory_gb=self.residents.budget_bytes / 1e9 if self.residents else None,
            in_memory={name: round(size / 1e9, 2) for name, size in self.residents.loaded.items()}
            if self.residents
            else {},
        )

    @property
    def fullness(self) -> float:
        """By which the least busy endpoint is found."""
        waiting = self.load.waiting if self.load else 0
        return (self.busy + waiting) / (self.concurrency.calls if self.concurrency else 1)

    def doubted(self, *, now: float) -> bool:
        """Whether a call would probably fail, as the last one did. A server that refuses calls looks idle."""
        return now - self.failed_at < _DOUBTED_S or self.availability.why_not(now=now) is not None

    @property
    def token_s(self) -> float:
        """Seconds that a token of an answer takes, by what a server of our own lately did; 0 if that is not known."""
        return self.concurrency.pace if self.concurrency else 0.0

    def bears(self, most: int) -> int:
        """Calls at the same time, of at most so many."""
        if self.concurrency is None:
            return most
        self.concurrency = self.concurrency.resized(most)
        return self.concurrency.calls

    def checked(self, health: Health, *, now: float) -> str | None:
        """A health check has ended; what it found wrong, None if nothing."""
        self.checked_s, self.checked_at = health.latency_s, now
        self.ailing = not health.healthy and health.refused is None
        if health.version is not None and health.version != self.version:
            self.version = health.version
            if (why := unknown_version(self.endpoint.row, health.version)) is not None:
                log.warning(
                    "endpoint.unknown", provider=self.endpoint.provider, endpoint=self.endpoint.base_url, why=why
                )
        return None if health.healthy else health.detail

    def hear_load(self, load: ServerLoad | None, *, now: float) -> None:
        """Requests that wait in the server at two looks in a row wait for something."""
        if load is not None and load.waiting and self.load is not None and self.load.waiting and self.concurrency:
            self.concurrency = self.concurrency.queued(now=now)
        self.load = load

    def call(self, target: Circuit | None, *, now: float) -> "Call":
        """A call begins. target: the circuit of the model asked, if it has one of its own."""
        self.availability.asked(now=now)
        if target is not None:
            target.asked(now=now)
        return Call(self, target, now)


@dataclass(frozen=True, slots=True)
class Call:
    """One call under way; exactly one of the methods tells how it ended. Times are steady seconds."""

    line: Line
    target: Circuit | None
    began: float

    def succeeded(self, answer: Answer, *, now: float) -> None:
        line = self.line
        if line.concurrency is not None:
            pace = _pace(answer, now - self.began)
            line.concurrency = line.concurrency.answered(pace=pace, busy=line.busy + 1, began=self.began, now=now)
        line.failed_at = -math.inf
        line.availability.succeeded(began=self.began, now=now)
        if self.target is not None:
            self.target.succeeded(began=self.began, now=now)

    def failed(self, failure: Failure, *, now: float) -> None:
        self.line.availability.failed(failure, began=self.began, now=now)
        if RULES[failure.fault].breaks:
            self.line.failed_at = now
        if self.line.concurrency is not None and failure.fault in _NO_ROOM:
            self.line.concurrency = self.line.concurrency.refused(began=self.began, now=now)
        if self.target is None:
            return
        if failure.fault in UNREACHABLE:
            self.target.stopped(began=self.began)
        elif RULES[failure.fault].breaks:
            self.target.failed(began=self.began, now=now)
        else:
            self.target.answered(began=self.began, now=now)

    def stopped(self) -> None:
        """It was cancelled, and says nothing."""
        self.line.availability.stopped(began=self.began)
        if self.target is not None:
            self.target.stopped(began=self.began)


def least_busy(lines: Iterable[Line], model: str | None, *, now: float) -> Line | None:
    """Who takes the next call, None if nobody takes any. One that has just failed counts as full, as does one that has
    no room for the model.
    """
    taking = (line for line in lines if line.availability.why_not(now=now) is None)
    return min(taking, key=lambda line: line.fullness + line.doubted(now=now) + _burden(line, model, now), default=None)


def crowded_out(lines: Sequence[Line], *, now: float) -> dict[str, str]:
    """Models for which no server has room in its memory, and why."""
    out = [line.residents.out(now=now) if line.residents is not None else {} for line in lines]
    return {model: why for model, why in out[0].items() if all(model in each for each in out)} if out else {}


def _burden(line: Line, model: str | None, now: float) -> float:
    return line.residents.burden(model, now=now) if line.residents is not None and model is not None else 0.0


def _pace(answer: Answer, total_s: float) -> float:
    """What shows load: seconds of an answer for each of its tokens. The time to a first token depends on the prompt."""
    return total_s / (answer.usage.output_tokens + _TOKENS_BESIDE)
