"""What a dialect is: how a request is written for one family of APIs, and how what comes back is read.

Everything here is pure: no I/O, no clock. `sender.py` does HTTP for all dialects alike. A failure is a value; nothing
raises for what a server sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...routing.failure import Failure
from ...tasks.answer import Answer, ToolFragment, Usage
from ...tasks.request import Request
from .endpoint import Api
from .rows import Row


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of whom.

    model: as the provider names it. context_tokens: of the model, None is unknown. window: the context window that the
    last call asked for; a smaller one would make a server that loads models by window load it anew.
    """

    row: Row
    provider: str
    model: str
    request: Request
    stream: bool = False
    context_tokens: int | None = None
    window: int = 0
    api: Api = field(default_factory=Api)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call.

    path: `/x` is taken from the server's root, `x` from the API's base. body: sent as JSON. window: the context window
    that it asks for, 0 if the dialect does not ask for one.
    """

    method: str
    path: str
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    window: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. headers: names in lower case. at: when, in seconds since the epoch."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Delta:
    """What one event of a stream adds. An event may add nothing; then it says only that the provider is alive."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolFragment, ...] = ()
    usage: Usage | None = None

    @property
    def is_token(self) -> bool:
        """Whether the model has said something."""
        return bool(self.text or self.reasoning or self.tool_calls)


@dataclass(frozen=True, slots=True)
class Prices:
    """USD for a million tokens."""

    input_usd_per_mtok: float
    output_usd_per_mtok: float


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One model that a server lists. context_tokens: input and output together.

    capabilities: as `Request.needs` calls them; None is unknown. local: it runs on the server that lists it.
    size_bytes: of its files. digest: SHA-256 in hexadecimal, of what stands for all of them.
    """

    name: str
    context_tokens: int | None = None
    capabilities: frozenset[str] | None = None
    prices: Prices | None = None
    owned_by: str | None = None
    local: bool = False
    size_bytes: int | None = None
    digest: str | None = None

    def is_called(self, name: str) -> bool:
        """Whether the name means this model: a name without a tag means `:latest`."""
        return name == self.name or self.name in (f"{name}:latest", name.removesuffix(":latest"))


class StreamDecoder(Protocol):
    """Reads one streamed answer. Feed it the bytes until it has ended or they have; then `finish`."""

    @property
    def ended(self) -> bool:
        """The terminal marker was seen, or an error: what follows is not part of the answer."""
        ...

    def feed(self, data: bytes) -> list[Delta]:
        """One delta for each event that `data` completes. Comments that keep the connection alive give none."""
        ...

    def finish(self) -> Answer | Failure:
        """The whole answer; a failure if the terminal marker never came or an error did."""
        ...


class Dialect(Protocol):
    def encode(self, ask: Ask) -> Call | Failure:
        """The call that asks it; a failure if the dialect cannot say it."""
        ...

    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure:
        """The answer of a reply with status 200, which may turn out to be none."""
        ...

    def failure(self, reply: Reply) -> Failure:
        """Why a reply with another status failed."""
        ...

    def used(self, ask: Ask, reply: Reply) -> Usage | None:
        """What a reply that holds no answer says that it has used all the same; None if it counts nothing."""
        ...

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        """A decoder for the body of a streamed reply with status 200."""
        ...

    def count(self, ask: Ask) -> Call | None:
        """The call that asks how many tokens the request is, None if there is no such call."""
        ...

    def counted(self, reply: Reply) -> int | None:
        """The tokens that that call told; None if it told none."""
        ...

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        """The models of a listing. Entries that name no model are left out."""
        ...

    def details(self, row: Row, model: ListedModel) -> Call | None:
        """The call that tells more of a listed model, None if the listing tells all there is."""
        ...

    def with_details(self, model: ListedModel, reply: Reply) -> ListedModel:
        """The model with what that call told; as it was if that is nothing."""
        ...


class ListsAll:
    """Of a dialect whose listing tells all that there is of a model."""

    def details(self, row: Row, model: ListedModel) -> Call | None:  # noqa: ARG002 - as the protocol has it
        return None

    def with_details(self, model: ListedModel, reply: Reply) -> ListedModel:  # noqa: ARG002 - the same
        return model
