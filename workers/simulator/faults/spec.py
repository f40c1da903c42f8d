"""How a fault is switched on: `http-503:provider=groq,rate=0.3,after=10,for=5s,model=big,amount=2`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, Self

from ....tasks.errors import InvalidRequest
from ..dialects.voices import provider_named
from ..spans import seconds
from .catalogue import fault_named
from .fault import Fault, Sever, Severance

_KEYS = ("provider", "rate", "after", "for", "model", "amount")

#: These strike the listener, not single requests.
LISTENER = frozenset({Severance.REFUSE, Severance.JAM})


@dataclass(frozen=True, slots=True)
class Span:
    """So many requests that the fault could strike, or so many seconds."""

    requests: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(requests=int(text)) if text.isdecimal() else cls(seconds=seconds(text))

    def __str__(self) -> str:
        return str(self.requests) if self.seconds is None else f"{self.seconds:g}s"


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """rate: share of requests that are struck. after: what passes first. lasting: how long it strikes then; None is
    until it is switched off. model: only requests for that model. amount: see the catalogue. provider: only requests to
    that one; None is to all.
    """

    fault: Fault
    rate: float
    after: Span
    lasting: Span | None
    model: str | None
    amount: float
    provider: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidRequest, which says what is wrong and how it is written."""
        name, _, rest = text.partition(":")
        pairs = [part.partition("=") for part in rest.split(",") if part]
        return cls.of({"name": name, **{key.strip(): value.strip() for key, _, value in pairs}})

    @classmethod
    def of(cls, given: Mapping[str, object]) -> Self:
        """From an object with the name and the keys of the text form. Raises InvalidRequest."""
        name = given.get("name")
        fault = fault_named(name) if isinstance(name, str) and name else _wrong("fault", "needs a name")
        unknown = given.keys() - {"name", *_KEYS}
        if unknown:
            _wrong(fault.name, f"has no {min(unknown)!r}; known: {', '.join(_KEYS)}")
        texts = {key: str(given[key]) for key in _KEYS if given.get(key) is not None}
        spec = cls(
            fault=fault,
            rate=_number(fault, texts, "rate", fault.rate),
            after=_span(fault, texts, "after") or Span(requests=0),
            lasting=_span(fault, texts, "for"),
            model=texts.get("model"),
            amount=_number(fault, texts, "amount", fault.amount.default if fault.amount else 0.0),
            provider=provider_named(texts["provider"]) if "provider" in texts else None,
        )
        spec._check(texts)
        return spec

    @property
    def key(self) -> str:
        """What it is switched off by; it takes the place of another with the same."""
        return self.fault.name if self.provider is None else f"{self.fault.name}:provider={self.provider}"

    @property
    def strikes_listener(self) -> bool:
        return isinstance(self.fault.effect, Sever) and self.fault.effect.how in LISTENER

    def _check(self, texts: Mapping[str, str]) -> None:
        name = self.fault.name
        if not 0 < self.rate <= 1:
            _wrong(name, f"has rate={self.rate:g}; a rate is a share above 0 and up to 1")
        if "amount" in texts and self.fault.amount is None:
            _wrong(name, "takes no amount")
        if self.fault.amount and self.amount <= 0:
            _wrong(name, f"has amount={self.amount:g}; {self.fault.amount.meaning} is above 0")
        whole = self.after.seconds is not None or not self.after.requests
        timed = self.lasting is None or self.lasting.seconds is not None
        if self.strikes_listener and (self.rate < 1 or self.model or self.provider or not whole or not timed):
            _wrong(name, "strikes the listener, not requests: it takes only after= and for=, as times such as 5s")

    def __str__(self) -> str:
        given = {
            "provider": self.provider,
            "rate": f"{self.rate:g}" if self.rate != self.fault.rate else None,
            "after": str(self.after) if self.after != Span(requests=0) else None,
            "for": str(self.lasting) if self.lasting else None,
            "model": self.model,
            "amount": f"{self.amount:g}" if self.fault.amount and self.amount != self.fault.amount.default else None,
        }
        told = ",".join(f"{key}={value}" for key, value in given.items() if value is not None)
        return f"{self.fault.name}:{told}" if told else self.fault.name


def _number(fault: Fault, texts: Mapping[str, str], key: str, default: float) -> float:
    try:
        return float(texts.get(key, default))
    except ValueError:
        return _wrong(fault.name, f"has {key}={texts[key]}, which is not a number")


def _span(fault: Fault, texts: Mapping[str, str], key: str) -> Span | None:
    try:
        return Span.parse(texts[key]) if key in texts else None
    except ValueError:
        return _wrong(fault.name, f"has {key}={texts[key]}; write a number of requests (10) or a time (5s)")


def _wrong(name: str, what: str) -> NoReturn:
    raise InvalidRequest(f"fault {name!r} {what}" if name != "fault" else f"a fault {what}")
