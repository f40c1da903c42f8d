"""How far the fetching of a model is, whoever fetches it."""

from dataclasses import dataclass

#: The last status of every model that was fetched.
SUCCESS = "success"


@dataclass(frozen=True, slots=True)
class PullProgress:
    """status: the server's own words. completed_bytes, total_bytes: over all parts that are known so far, 0 before.

    said_share: from 0 to 1, of a server that counts no bytes.
    """

    status: str
    completed_bytes: int = 0
    total_bytes: int = 0
    said_share: float | None = None

    @property
    def done(self) -> bool:
        return self.status == SUCCESS

    @property
    def share(self) -> float | None:
        """From 0 to 1, None if it cannot be told."""
        if self.done:
            return 1.0
        return self.completed_bytes / self.total_bytes if self.total_bytes else self.said_share
