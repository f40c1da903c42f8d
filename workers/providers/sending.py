"""How far the request of one call got: nobody has worked on what was never sent, and nobody bills it."""

from dataclasses import dataclass
from typing import Protocol


class Connection(Protocol):
    @property
    def writing_paused(self) -> bool:
        """Whether much of what was written to it has not left: aiohttp holds back what is beyond 64 KiB."""
        ...


@dataclass(slots=True)
class Sending:
    """Of one call. status: of the reply, once its head has come."""

    status: int | None = None
    _over: Connection | None = None

    def connected(self, over: Connection) -> None:
        self._over = over

    @property
    def arrived(self) -> bool:
        """Whether the provider may have the whole request."""
        return self.status is not None or (self._over is not None and not self._over.writing_paused)
