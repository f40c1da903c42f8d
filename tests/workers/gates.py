"""Gates of two pools, whose turns and times a test decides."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from workfleet.routing.directory import Directory, Strategy
from workfleet.routing.lanes import Priority
from workfleet.tasks.job import Job, JobSpec, JobState
from workfleet.workers.attempts.leases import Running
from workfleet.workers.pool.gatekeeper import Gatekeeper

from .pools import LANE, Fleet, directory_of, provider

ONE, TWO = provider("one"), provider("two")
JOB = Job("id", JobState.RUNNING, "general", LANE, Priority.BATCH, 2, "default", 0.0, 1.0, LANE)


def routed(strategy: Strategy = "priority", *, spill_after_s: float | None = 5.0) -> Directory:
    """One before two."""
    directory = directory_of(ONE, TWO)
    update = {"strategy": strategy, "spill_after_s": spill_after_s}
    return directory.model_copy(update={"routes": {"default": directory.routes["default"].model_copy(update=update)}})


@dataclass
class Gate:
    """The gate of one pool, and what it told Celery's side last."""

    fleet: Fleet
    name: str
    directory: Directory
    now: float = 100.0
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    turns: int = 0
    keeper: Gatekeeper = field(init=False)

    def __post_init__(self) -> None:
        pool = self.fleet.pools[self.name]
        pool.leases.occupancy = type(pool.leases.occupancy)(clock=lambda: self.now)
        self.keeper = Gatekeeper(
            pool.node, 2, self.fleet.client.fleet, self.directory, pool.upstream, pool, pool.leases, self._told, 0.0
        )

    def _told(self, opened: frozenset[str], closed: frozenset[str]) -> None:
        self.opened, self.closed, self.turns = opened, closed, self.turns + 1

    @property
    def open(self) -> bool:
        return LANE in self.opened

    async def turn(self, *, after_s: float = 0.0) -> bool:
        """Whether the lane is open after a turn."""
        self.now += after_s
        await self.keeper.turn()
        return self.open

    @contextmanager
    def running(self, jobs: int) -> Generator[None]:
        with ExitStack() as held:
            for at in range(jobs):
                job = replace(JOB, id=f"job-{at}")
                held.enter_context(self.keeper.leases.hold(Running(job, JobSpec.from_prompt("hi"), ends_at=0.0)))
            self.keeper.leases.occupancy.change(jobs)
            yield
        self.keeper.leases.occupancy.change(-jobs)


def gates(fleet: Fleet, directory: Directory | None = None) -> tuple[Gate, Gate]:
    chosen = directory or routed()
    return Gate(fleet, "one", chosen), Gate(fleet, "two", chosen)
