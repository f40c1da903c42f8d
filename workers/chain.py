"""The targets that a running job may still go to. Pure: facts in, a value out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..routing.directory import ChainLink, Directory
from ..routing.failure import Failure, Fault
from ..routing.gate import PoolState
from ..routing.placement import admissible
from ..tasks.job import Job, JobSpec
from ..tasks.submission import chain_of, wants_of


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Links of a chain, in order.

    own: of this pool's provider, None if it may not run the job. open: their pools take jobs now. waiting: their
    pools may later. larger: those of `open` with a larger context, or one unknown. skipped: target -> why it is out.
    """

    own: ChainLink | None
    open: tuple[ChainLink, ...]
    waiting: tuple[ChainLink, ...]
    larger: tuple[ChainLink, ...]
    skipped: dict[str, str]

    @property
    def next(self) -> ChainLink | None:
        return self.open[0] if self.open else None

    @property
    def hopeless(self) -> bool:
        """No target can ever run the job."""
        return self.own is None and not self.open and not self.waiting

    def next_for(self, failure: Failure) -> ChainLink | None:
        """Where a job goes after this failure."""
        fitting = self.larger if failure.fault is Fault.CONTEXT_OVERFLOW else self.open
        return fitting[0] if fitting else None


def alternatives(
    job: Job, spec: JobSpec, directory: Directory, pools: Mapping[str, PoolState], *, provider: str
) -> Alternatives:
    """What is left of the job's chain for the pool of `provider` and after it."""
    links = chain_of(job, directory)
    good, skipped = admissible(directory, links, job.task_type, wants_of(spec, 0))
    own = (
        next((link for link in good if link.provider == provider), None)
        if links
        else ChainLink(provider=provider, model=spec.model)
    )
    left = [link for link in good if link != own and not _tried(link, job.tried, directory, job.task_type)]
    open_now: list[ChainLink] = []
    waiting: list[ChainLink] = []
    for link in left:
        pool = pools.get(link.provider)
        if pool is not None and pool.unavailable is None:
            open_now.append(link)
            continue
        waiting.append(link)
        skipped[_name(link)] = "no worker runs" if pool is None else (pool.unavailable or "unavailable")
    larger = tuple(link for link in open_now if _is_larger(link, own, directory, job.task_type))
    return Alternatives(own, tuple(open_now), tuple(waiting), larger, skipped)


def model_of(link: ChainLink, directory: Directory, task_type: str, listed: Sequence[str]) -> str | None:
    """The model that a link means: its own, the provider's for the task type, or the first that the server lists."""
    provider = directory.providers.get(link.provider)
    configured = link.model or (provider.model_for(task_type) if provider else None)
    return configured or (listed[0] if listed else None)


def _tried(link: ChainLink, tried: Sequence[str], directory: Directory, task_type: str) -> bool:
    model = model_of(link, directory, task_type, ())
    return any(
        each == f"{link.provider}/{model}" or (model is None and each.startswith(f"{link.provider}/")) for each in tried
    )


def _is_larger(link: ChainLink, own: ChainLink | None, directory: Directory, task_type: str) -> bool:
    theirs, ours = _context(link, directory, task_type), _context(own, directory, task_type) if own else None
    return theirs is None or ours is None or theirs > ours


def _context(link: ChainLink, directory: Directory, task_type: str) -> int | None:
    provider = directory.providers.get(link.provider)
    model = model_of(link, directory, task_type, ())
    facts = provider.facts_of(model) if provider and model else None
    return facts.context_tokens if facts else None


def _name(link: ChainLink) -> str:
    return f"{link.provider}/{link.model}" if link.model else link.provider
