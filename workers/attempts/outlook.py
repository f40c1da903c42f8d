"""What is left of jobs' chains, found once for all jobs that are alike, until the pools say something new."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...routing.directory import Directory
from ...routing.gate import PoolState
from ...tasks.job import Attempt, Job, JobSpec
from .chain import Alternatives, alternatives

#: Kinds of jobs that are remembered; callers may make up any number of agents and chains.
_REMEMBERED = 1000
_UNLIMITED = JobSpec.model_fields["constraints"].default
_AS_ESTIMATED: Mapping[str, float] = {}


@dataclass(slots=True)
class Outlook:
    """As the pool of `provider` sees it. What is found holds for one directory and one mapping of pools: whoever hears
    news brings new ones, several times a second, and many jobs begin between.
    """

    provider: str
    _directory: Directory | None = None
    _pools: Mapping[str, PoolState] | None = None
    _found: dict[tuple[object, ...], Alternatives] = field(default_factory=dict[tuple[object, ...], Alternatives])

    def alternatives(
        self,
        job: Job,
        spec: JobSpec,
        directory: Directory,
        pools: Mapping[str, PoolState],
        *,
        paid: Iterable[Attempt] = (),
        raised: Mapping[str, float] = _AS_ESTIMATED,
    ) -> Alternatives:
        """As `chain.alternatives`. What a job may cost is its own matter: nothing of that is remembered."""
        if spec.capped:
            return alternatives(job, spec, directory, pools, provider=self.provider, paid=paid, raised=raised)
        if self._directory is not directory or self._pools is not pools or len(self._found) >= _REMEMBERED:
            self._directory, self._pools, self._found = directory, pools, {}
        kind = _kind(job, spec)
        found = self._found.get(kind)
        if found is None:
            found = self._found[kind] = alternatives(job, spec, directory, pools, provider=self.provider)
        return found


def _kind(job: Job, spec: JobSpec) -> tuple[object, ...]:
    """Everything of a job that its alternatives depend on."""
    limits = None if spec.constraints == _UNLIMITED else spec.constraints
    own = (job.task_type, job.lane, job.agent, job.chain, job.tried)
    return (*own, spec.model, spec.route, spec.user, spec.request.needs, limits)
