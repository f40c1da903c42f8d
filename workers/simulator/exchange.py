"""One request to the simulator, as its dialect sees it while it writes the reply."""

from dataclasses import dataclass

from .ask import Operation
from .limits import Reading
from .settings import FlavourName, Settings


@dataclass(frozen=True, slots=True)
class Exchange:
    """number: of the request since the start. at: epoch seconds. operation: None for a path that is none's. path: as
    requested, with its query. readings: the limits that apply, after this request. queue_s: seconds it waited for its
    slot. asked_flavour: the one that the path names, None if the settings decide.
    """

    number: int
    at: float
    settings: Settings
    operation: Operation | None
    path: str
    readings: tuple[Reading, ...] = ()
    queue_s: float = 0.0
    asked_flavour: FlavourName | None = None

    @property
    def flavour(self) -> FlavourName:
        return self.asked_flavour or self.settings.flavour

    @property
    def id(self) -> str:
        return f"sim{self.settings.seed}-{self.number:08x}"
