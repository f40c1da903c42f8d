"""What the engine asks of a dialect."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ..answer import Answer
from ..ask import Ask, Operation
from ..exchange import Exchange
from ..problem import Problem
from ..script import Frame, Script
from ..settings import Settings
from ..timing import Timing

#: JSON as servers write it: no spaces, UTF-8 as it is.
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Listing(StrEnum):
    """How models are listed."""

    PLAIN = "plain"
    HUGE = "huge"  #: a thousand models more
    PAGED = "paged"  #: two models a page
    BARE = "bare"  #: an array without an object around it, as Together has it
    MALFORMED = "malformed"  #: one entry is none
    WRONG_TYPE = "wrong_type"  #: announced as HTML


class Pull(StrEnum):
    """How fetching a model goes."""

    PLAIN = "plain"
    ERROR = "error"  #: an error line after some progress
    RESTART = "restart"  #: a layer begins anew
    PRESENT = "present"  #: every layer is there already


@dataclass(frozen=True, slots=True)
class House:
    """The state of the simulated server. loaded: model -> context tokens, and seconds until it is unloaded or None."""

    loaded: dict[str, tuple[int, float | None]]
    running: int = 0
    waiting: int = 0
    prompt_tokens: int = 0
    generation_tokens: int = 0
    answered: int = 0


class Dialect(Protocol):
    @property
    def name(self) -> str: ...

    def operation(self, method: str, path: str, *, named: bool) -> Operation | None:
        """What a request is for; None if it is not this dialect's. named: the request says that it is this dialect's;
        else only the paths are that no other dialect has. Raises Refused for a path with another method.
        """
        ...

    def read(self, operation: Operation, path: str, body: bytes, settings: Settings) -> Ask:
        """path: with its query. Raises Refused."""
        ...

    def reply(self, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script: ...

    def problem(self, problem: Problem, model: str, exchange: Exchange) -> Script: ...

    def broken_off(self, ask: Ask, answer: Answer, exchange: Exchange) -> tuple[Frame, ...]:
        """The error that ends a stream which has begun."""
        ...

    def inform(self, body: bytes, exchange: Exchange, house: House, form: Listing, pull: Pull) -> Script:
        """Listings, details, health and all else that uses no model. Raises Refused."""
        ...
