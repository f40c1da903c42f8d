"""A dialect of a package, of which nothing is taken for granted: its mistakes are failures of its provider, in words
that name the package, and whoever else can do the work does it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar, cast

import structlog

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer, Usage
from .dialect import Ask, Call, Delta, Dialect, ListedModel, Reply, StreamDecoder
from .estimates import estimated_usage
from .faults import failure_of
from .rows import Row

log = structlog.get_logger()

_T = TypeVar("_T")


class Mistake(Exception):
    """A method raised, or gave what it must not; the message says which."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """origin: which dialect of which package it is, for people. told: mistakes that were logged once."""

    dialect: Dialect
    origin: str
    told: set[str] = field(default_factory=set[str])

    def encode(self, ask: Ask) -> Call | Failure:
        try:
            return self.checked("encode", (Call, Failure), lambda: self.dialect.encode(ask))
        except Mistake as mistake:
            return Failure(Fault.BAD_REQUEST, str(mistake))

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        return self.outcome("decode", ask, reply, lambda: self.dialect.decode(ask, reply))

    def failure(self, reply: Reply) -> Failure:
        """As most APIs mean it, if the package makes nothing of it."""
        try:
            return self.checked("failure", Failure, lambda: self.dialect.failure(reply))
        except Mistake as mistake:
            usual = failure_of(reply)
            return replace(usual, message=f"{usual.message} ({mistake})")

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        try:
            return self.checked("used", (Usage, type(None)), lambda: self.dialect.used(ask, reply))
        except Mistake:
            return None

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        return _GuardedDecoder(self, ask, head)

    def count(self, ask: Ask) -> Call | None:
        try:
            return self.checked("count", (Call, type(None)), lambda: self.dialect.count(ask))
        except Mistake:
            return None

    def counted(self, reply: Reply) -> int | None:
        try:
            return self.checked("counted", (int, type(None)), lambda: self.dialect.counted(reply))
        except Mistake:
            return None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        try:
            found = self.checked("models", (tuple, list, Failure), lambda: self.dialect.models(row, reply))
            return found if isinstance(found, Failure) else tuple(self._listed(each) for each in found)
        except Mistake as mistake:
            return Failure(Fault.SERVER, str(mistake), status=reply.status)

    def details(self, row: Row, model: ListedModel) -> Call | None:
        try:
            return self.checked("details", (Call, type(None)), lambda: self.dialect.details(row, model))
        except Mistake:
            return None

    def with_details(self, model: ListedModel, reply: Reply) -> ListedModel:
        try:
            return self.checked("with_details", ListedModel, lambda: self.dialect.with_details(model, reply))
        except Mistake:
            return model

    def outcome(self, what: str, ask: Ask, head: Reply, method: Callable[[], Answer | Failure]) -> Answer | Failure:
        """What a method makes of a whole answer."""
        try:
            found = self.checked(what, (Answer, Failure), method)
        except Mistake as mistake:
            return Failure(Fault.SERVER, str(mistake), status=head.status)
        return found if isinstance(found, Failure) else completed(ask, found)

    def checked(self, what: str, kinds: type | tuple[type, ...], method: Callable[[], _T]) -> _T:
        """What a method gives. Raises Mistake, also if it gives something of no such kind."""
        try:
            found = method()
        except Exception as defect:
            # The boundary to code of others, of which anything may be raised.
            raise self._mistake(f"{what} raised {type(defect).__name__}: {defect}") from defect
        if not isinstance(found, kinds):
            raise self._mistake(f"{what} gave {type(found).__name__}")
        return found

    def _listed(self, model: object) -> ListedModel:
        return self.checked("models", ListedModel, lambda: cast("ListedModel", model))

    def _mistake(self, why: str) -> Mistake:
        if why not in self.told:
            self.told.add(why)
            log.error("dialect.failed", dialect=self.origin, error=why)
        return Mistake(f"{self.origin} has a defect: {why}")


class _GuardedDecoder:
    def __init__(self, guard: Guarded, ask: Ask, head: Reply) -> None:
        self._guard = guard
        self._ask = ask
        self._head = head
        self._failure: Failure | None = None
        self._decoder = self._try("decoder", object, lambda: guard.dialect.decoder(ask, head))

    @property
    def ended(self) -> bool:
        decoder: Any = self._decoder
        return self._failure is not None or bool(self._try("decoder.ended", bool, lambda: decoder.ended))

    def feed(self, data: bytes) -> list[Delta]:
        decoder: Any = self._decoder
        if self._failure is not None:
            return []
        deltas = self._try("decoder.feed", (list, tuple), lambda: decoder.feed(data)) or ()
        good = (self._try("decoder.feed", Delta, partial(_itself, each)) for each in deltas)
        return [each for each in good if each is not None]

    def finish(self) -> Answer | Failure:
        decoder: Any = self._decoder
        if self._failure is not None:
            return self._failure
        return self._guard.outcome("decoder.finish", self._ask, self._head, lambda: decoder.finish())  # noqa: PLW0108 - it may have none

    def _try(self, what: str, kinds: type | tuple[type, ...], method: Callable[[], Any]) -> Any:
        """What a method gives; None after a mistake, with which the answer is over."""
        try:
            return self._guard.checked(what, kinds, method)
        except Mistake as mistake:
            self._failure = Failure(Fault.SERVER, str(mistake), status=self._head.status)
            return None


def _itself(given: object) -> object:
    return given


def completed(ask: Ask, answer: Answer) -> Answer:
    """The answer with what a dialect need not say: who gave it, an estimate where nothing was counted, and that what
    runs on our own machines costs nothing."""
    usage = answer.usage
    if usage == Usage():
        usage = estimated_usage(ask.row, ask.request, answer.reasoning + answer.text)
    elif ask.row.tier == "local" and usage.cost_source is None:
        usage = usage.model_copy(update={"cost_usd": 0.0, "cost_source": "local"})
    return answer.model_copy(update={"usage": usage, "provider": ask.provider, "model": answer.model or ask.model})
