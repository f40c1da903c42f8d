"""The dialect that packages begin with: what most APIs have in common is there, what is one's own is left to write."""

from abc import ABC, abstractmethod

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer, Usage
from .dialect import Ask, Call, Delta, Dialect, ListedModel, ListsAll, Reply, StreamDecoder
from .faults import failure_of
from .openai.listing import listed
from .rows import Row


class SimpleDialect(ListsAll, ABC):
    """An API without a call that counts tokens, with errors and listings in the shapes that most have."""

    @abstractmethod
    def encode(self, ask: Ask) -> Call | Failure: ...

    @abstractmethod
    def decode(self, ask: Ask, reply: Reply) -> Answer | Failure: ...

    def failure(self, reply: Reply) -> Failure:
        """By status and code, in every shape of an error that is known here."""
        return failure_of(reply)

    def used(self, ask: Ask, reply: Reply) -> Usage | None:  # noqa: ARG002 - as the protocol has it
        """Of an API whose refusals count nothing."""
        return None

    def decoder(self, ask: Ask, head: Reply) -> StreamDecoder:
        """Of an API that does not stream: the answer is read when it is whole."""
        return WholeReply(self, ask, head)

    def count(self, ask: Ask) -> Call | None:  # noqa: ARG002 - the same
        return None

    def counted(self, reply: Reply) -> int | None:  # noqa: ARG002 - the same
        return None

    def models(self, row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
        """`{"data": [{"id": …}]}`, or the bare list."""
        return listed(row, reply)


class WholeReply:
    """Reads a body in pieces as if it had come in one."""

    def __init__(self, dialect: Dialect, ask: Ask, head: Reply) -> None:
        self._dialect = dialect
        self._ask = ask
        self._head = head
        self._pieces: list[bytes] = []

    @property
    def ended(self) -> bool:
        return False

    def feed(self, data: bytes) -> list[Delta]:
        self._pieces.append(data)
        return []

    def finish(self) -> Answer | Failure:
        if not self._pieces:
            return Failure(Fault.TRANSPORT, "the answer is empty", status=self._head.status)
        body = b"".join(self._pieces)
        return self._dialect.decode(self._ask, Reply(self._head.status, self._head.headers, body, self._head.at))
