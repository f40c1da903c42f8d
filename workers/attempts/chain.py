"""The targets that a running job may still go to. Pure: facts in, a value out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...routing.action import RULES, Again
from ...routing.directory import ChainLink, Directory, Filtered, ModelFacts
from ...routing.failure import Failure, Fault
from ...routing.gate import PoolState
from ...routing.placement import admissible
from ...tasks.job import Attempt, Job, JobSpec
from ...tasks.submission import chain_of, route_of, wants_of
from .spending import spent_usd

#: After these, the same target may answer the same request another time.
_PASSING = frozenset(
    fault for fault, rule in RULES.items() if rule.again in (Again.AT_ONCE, Again.IF_ALONE, Again.WHEN_ADMITTED)
)
_AS_ESTIMATED: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Links of a chain, in order, as the pool of `provider` sees them.

    own: its own one, None if it may not run the job. open: their pools take jobs now. waiting: their pools may later;
    resting: those among them that will by themselves. larger: those with a larger context than ours, or one unknown.
    stronger: those whose quality is known to be better than ours. local: those on our own servers.
    filtered: what the job's route says of filters. spill_after_s: seconds after which it lets a later target take jobs
    though an earlier one is available; None is never.
    again: their pools take jobs now, but they have failed this job before. skipped: target -> why it is out.
    alone: no other provider may ever run it.
    """

    provider: str
    own: ChainLink | None
    open: tuple[ChainLink, ...]
    waiting: tuple[ChainLink, ...]
    resting: tuple[ChainLink, ...]
    larger: tuple[ChainLink, ...]
    again: tuple[ChainLink, ...]
    skipped: Mapping[str, str]
    stronger: tuple[ChainLink, ...] = ()
    local: tuple[ChainLink, ...] = ()
    filtered: Filtered = "one_more"
    spill_after_s: float | None = 0.0
    alone: bool = False

    @property
    def next(self) -> ChainLink | None:
        """Where the job goes if this provider takes no jobs."""
        return next((link for link in self.open if link.provider != self.provider), None)

    @property
    def hopeless(self) -> bool:
        """No target can ever run the job."""
        return self.own is None and not self.open and not self.waiting and not self.again

    @property
    def nobody(self) -> str:
        """In words, that no other target takes the job now, and why."""
        if self.alone:
            return "no other target may run it"
        out = "; ".join(f"{link}: {self.skipped[str(link)]}" for link in self.waiting)
        return f"no other target takes jobs now: {out}" if out else "no other target takes jobs now"

    def next_for(self, failure: Failure) -> ChainLink | None:
        """Where the job goes after this failure. If asking here again is pointless, it may also wait for a breaker."""
        fitting = self.open if failure.fault in _PASSING else (*self.open, *self.resting)
        if failure.fault is Fault.CONTEXT_OVERFLOW:
            fitting = tuple(link for link in fitting if link in self.larger)
        if failure.fault is Fault.CONTENT_FILTERED and self.filtered == "local":
            fitting = tuple(link for link in fitting if link in self.local)
        if failure.fault is Fault.BAD_OUTPUT:
            # False before True: those whose answers are better than ours, in their order, then the others.
            fitting = tuple(sorted(fitting, key=lambda link: link not in self.stronger))
        return fitting[0] if fitting else None


def alternatives(
    job: Job,
    spec: JobSpec,
    directory: Directory,
    pools: Mapping[str, PoolState],
    *,
    provider: str,
    paid: Iterable[Attempt] = (),
    raised: Mapping[str, float] = _AS_ESTIMATED,
) -> Alternatives:
    """What is left of the job's chain for the pool of `provider` and after it.

    paid: the calls so far of a job that may not cost more than so much. raised: as in `wants_of`.
    """
    links, route = chain_of(job, directory, pools), route_of(job, spec, directory)
    priced = directory.budget_of(job.agent) is not None
    wants = wants_of(spec, 0, spent_usd=spent_usd(paid), priced=priced, raised=raised)
    good, skipped = admissible(directory, links, job.task_type, wants)
    tried = [link for link in good if any(_names(target, link, directory, job.task_type) for target in job.tried)]
    left = [link for link in good if link not in tried]
    ours = [link for link in (*left, *tried) if link.provider == provider]
    own = _best(ours, pools, directory, job.task_type) if links else ChainLink(provider=provider, model=spec.model)
    others = [link for link in left if link != own]
    out = {link: _why_out(link, pools, directory, job.task_type) for link in (*others, *tried)}
    waiting = tuple(link for link in others if out[link] is not None)
    skipped |= {str(link): out[link] or "unavailable" for link in waiting}
    return Alternatives(
        provider,
        own,
        open=tuple(link for link in others if link not in waiting),
        waiting=waiting,
        resting=tuple(link for link in waiting if _rests(pools.get(link.provider))),
        larger=tuple(link for link in others if _is_larger(link, own, directory, job.task_type)),
        again=tuple(link for link in tried if link.provider != provider and out[link] is None),
        skipped=skipped,
        stronger=tuple(link for link in others if _is_stronger(link, own, directory, job.task_type)),
        local=tuple(link for link in others if _is_local(link, directory)),
        filtered=route.filtered if route else "one_more",
        spill_after_s=route.spills_after_s if route else 0.0,
        alone=own is not None and all(link.provider == provider for link in good),
    )


def second_chance(
    others: Alternatives, job: Job, directory: Directory, attempts: Iterable[Attempt]
) -> ChainLink | None:
    """A target that failed the job before, and may answer it now. attempts: all so far."""
    refused = [entry.target for entry in attempts if entry.failed and entry.outcome not in _PASSING]
    willing = (
        link for link in others.again if not any(_names(target, link, directory, job.task_type) for target in refused)
    )
    return next(willing, None)


def model_of(link: ChainLink, directory: Directory, task_type: str, listed: Sequence[str]) -> str | None:
    """The model that a link means: its own, the provider's for the task type, or the first that the server lists."""
    provider = directory.providers.get(link.provider)
    configured = link.model or (provider.model_for(task_type) if provider else None)
    return configured or (listed[0] if listed else None)


def costless(link: ChainLink, directory: Directory, task_type: str) -> bool:
    """Whether a call of a link's target costs nothing."""
    provider, model = directory.providers.get(link.provider), model_of(link, directory, task_type, ())
    if provider is None:
        return False
    return provider.costs_nothing((provider.facts_of(model) or ModelFacts(name=model)) if model else None)


def _names(target: str, link: ChainLink, directory: Directory, task_type: str) -> bool:
    """Whether `provider/model` is what the link means; any model is, if only the server knows which it has."""
    model = model_of(link, directory, task_type, ())
    return target == f"{link.provider}/{model}" or (model is None and target.startswith(f"{link.provider}/"))


def why_out(pool: PoolState | None, model: str | None = None) -> str | None:
    """Why a provider takes no jobs now, None if it does. None as its pool means that none lives."""
    return "no worker runs" if pool is None else pool.why_out(model)


def _why_out(link: ChainLink, pools: Mapping[str, PoolState], directory: Directory, task_type: str) -> str | None:
    return why_out(pools.get(link.provider), model_of(link, directory, task_type, ()))


def _rests(pool: PoolState | None) -> bool:
    """Whether a pool that takes no jobs, at least for a model, will again by itself."""
    return pool is not None and (pool.resting or pool.unavailable is None)


def _best(
    links: Sequence[ChainLink], pools: Mapping[str, PoolState], directory: Directory, task_type: str
) -> ChainLink | None:
    """The first one whose model takes jobs; the first one if none does."""
    willing = (link for link in links if _why_out(link, pools, directory, task_type) is None)
    return next(willing, links[0] if links else None)


def _is_larger(link: ChainLink, own: ChainLink | None, directory: Directory, task_type: str) -> bool:
    theirs, ours = _context(link, directory, task_type), _context(own, directory, task_type) if own else None
    return theirs is None or ours is None or theirs > ours


def _is_local(link: ChainLink, directory: Directory) -> bool:
    provider = directory.providers.get(link.provider)
    return provider is not None and provider.tier == "local"


def _is_stronger(link: ChainLink, own: ChainLink | None, directory: Directory, task_type: str) -> bool:
    """Whether its answers are known to be better."""
    theirs = _facts(link, directory, task_type)
    ours = _facts(own, directory, task_type) if own is not None else None
    if theirs is None or ours is None or theirs.quality is None or ours.quality is None:
        return False
    return theirs.quality > ours.quality


def _facts(link: ChainLink, directory: Directory, task_type: str) -> ModelFacts | None:
    provider = directory.providers.get(link.provider)
    model = model_of(link, directory, task_type, ())
    return provider.facts_of(model) if provider and model else None


def _context(link: ChainLink, directory: Directory, task_type: str) -> int | None:
    facts = _facts(link, directory, task_type)
    return facts.context_tokens if facts else None
