"""From what a caller hands in to a record: names checked, complexity scored, the queue chosen."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf

from pydantic import ValidationError

from ..routing.complexity import level
from ..routing.cost_cap import ANSWER_TOKENS, CostCap
from ..routing.directory import ChainLink, Directory, RetryPolicy, Route
from ..routing.gate import PoolState
from ..routing.lanes import Band, band_of
from ..routing.placement import Wants, place
from ..routing.selection import selected
from ..routing.suitability import Work
from ..routing.tokens import estimate_tokens, most_tokens
from .errors import InvalidRequest, NoTarget, UnknownName
from .job import Constraints, Job, JobSpec
from .prepared import Placed, Prepared
from .request_size import sized
from .spec_json import written
from .store import check_size
from .strategies import installed_ordering

#: The largest request taken, in bytes of JSON.
MAX_REQUEST_BYTES = 16 * 1024 * 1024

#: The score that stands for a band when the caller names the band.
_SCORE_OF: dict[Band, int] = {Band.SIMPLE: 2, Band.MODERATE: 5, Band.COMPLEX: 8, Band.VERY_COMPLEX: 10}


#: What a spec says that leaves the choice to its lane.
_UNNARROWED = (None, None, (), None, JobSpec.model_fields["constraints"].default)


_NOBODY: Mapping[str, PoolState] = {}
_AS_ESTIMATED: Mapping[str, float] = {}

#: Kinds of jobs whose place is remembered; callers may make up any number of agents and chains.
_REMEMBERED = 1000


#: What a second try is told of the first, at most.
_OBJECTION_TOKENS = 200


#: Ids of others' making become parts of keys and of JSON.
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


#: Of an id, which is written in twice as many characters: it stands in ten places of Redis.
ID_BYTES = 13


def new_id() -> str:
    return secrets.token_hex(ID_BYTES)


@dataclass(slots=True)
class Preparer:
    """Turns specs into records, against one state of the directory. Where jobs go that are alike is remembered."""

    directory: Directory
    max_request_bytes: int = MAX_REQUEST_BYTES
    make_id: Callable[[], str] = new_id
    _placed: dict[tuple[object, ...], Placed] = field(default_factory=dict[tuple[object, ...], Placed])
    _least_context: float = field(init=False)

    def __post_init__(self) -> None:
        models = [model for each in self.directory.providers.values() for model in (*each.models, *each.known)]
        self._least_context = min((m.context_tokens for m in models if m.context_tokens), default=inf)

    def prepare(
        self,
        spec: JobSpec,
        *,
        job_id: str | None = None,
        canvas: str = "",
        raised: Mapping[str, float] = _AS_ESTIMATED,
    ) -> Prepared:
        """The record of a job. raised: as in `wants_of`, of one that may cost only so much.

        Raises UnknownName, InvalidRequest or NoTarget; nothing is stored then.
        """
        if spec.capped:
            spec = _with_an_answers_limit(spec)
        raw = written(spec)
        check_size(raw, self.max_request_bytes)
        if job_id is not None and not _ID.fullmatch(job_id):
            raise InvalidRequest(f"id {job_id!r} is none: up to 128 letters, digits, and any of . _ : -")
        return Prepared(
            job_id or self.make_id(),
            self._place(spec, raised),
            raw,
            spec.deadline_s,
            spec.custom_id or "",
            canvas,
            f"{spec.agent}\n{spec.idempotency_key}" if spec.idempotency_key else "",
        )

    def _place(self, spec: JobSpec, raised: Mapping[str, float]) -> Placed:
        text = spec.request.text
        task_type = self._task_type(spec.task_type)
        complexity = self._complexity(spec, task_type, text)
        tokens = self._tokens_that_matter(text, spec.request.max_tokens or 0)
        narrowing = (spec.provider, spec.model, spec.chain, spec.route, spec.constraints)
        asked = (
            task_type,
            complexity,
            spec.agent,
            spec.user,
            spec.priority,
            spec.stream,
            spec.request.needs,
            None if narrowing == _UNNARROWED else narrowing,
        )
        alike = not (tokens or spec.capped)
        found = self._placed.get(asked) if alike else None
        if found is None:
            found = self._placed_anew(spec, task_type, complexity, tokens, raised)
            if len(self._placed) >= _REMEMBERED:
                self._placed.clear()
            if alike:
                self._placed[asked] = found
        return found

    def _placed_anew(
        self, spec: JobSpec, task_type: str, complexity: int, tokens: int, raised: Mapping[str, float]
    ) -> Placed:
        band = band_of(complexity)
        self._check_constraints(spec.constraints)
        route, pinned = self._route(spec, task_type, band)
        priced = self.directory.budget_of(spec.agent) is not None
        wants = wants_of(spec, tokens, priced=priced, raised=raised)
        placement = place(self.directory, route, task_type, band, wants, pinned=pinned)
        if placement.queue is None:
            raise NoTarget(placement.skipped)
        chain = tuple(str(link) for link in placement.chain)
        return Placed(task_type, placement.queue, spec.priority, complexity, spec.agent, chain, spec.stream)

    def _check_constraints(self, limits: Constraints) -> None:
        for name in (*limits.providers, *limits.exclude):
            if self.directory.providers and name not in self.directory.providers:
                raise UnknownName("provider", name, self.directory.providers)

    def _task_type(self, name: str) -> str:
        found = self.directory.task_type(name)
        if found is None:
            raise UnknownName("task type", name, self.directory.task_types)
        return found

    def _complexity(self, spec: JobSpec, task_type: str, text: str) -> int:
        if isinstance(spec.complexity, int):
            return spec.complexity
        if isinstance(spec.complexity, Band):
            return _SCORE_OF[spec.complexity]
        return level(text, task_type=task_type)

    def _tokens_that_matter(self, text: str, answer: int) -> int:
        """The estimate of a request's tokens, its answer's limit included; 0 if it fits every known context anyway."""
        if most_tokens(text) + answer <= self._least_context:
            return 0
        tokens = estimate_tokens(text) + answer
        return tokens if tokens > self._least_context else 0

    def _route(self, spec: JobSpec, task_type: str, band: Band) -> tuple[Route | None, bool]:
        """The job's own route before its agent's, that before its lane's own, and that before its user's; the default
        last. And whether it is no lane's.
        """
        if spec.chain:
            return Route(
                name="its own chain", chain=tuple(self._link(text, at) for at, text in enumerate(spec.chain))
            ), True
        if spec.provider or spec.model:
            return self._pinned(spec, self._lane_route(task_type, band)), True
        if spec.route:
            if spec.route not in self.directory.routes:
                raise UnknownName("route", spec.route, self.directory.routes)
            return self._chosen(self.directory.routes[spec.route], task_type, band), True
        of_agent = self.directory.route_of_agent(spec.agent)
        if of_agent is not None:
            return self._chosen(of_agent, task_type, band), True
        of_user = self.directory.route_of_user(spec.user, task_type, band)
        if of_user is not None:
            return self._chosen(of_user, task_type, band), True
        return self._lane_route(task_type, band), False

    def _lane_route(self, task_type: str, band: Band) -> Route | None:
        route = self.directory.route_for(task_type, band)
        return self._chosen(route, task_type, band) if route else None

    def _chosen(self, route: Route, task_type: str, band: Band) -> Route:
        """With the models that its strategy chooses for such jobs, in its order."""
        return selected(
            route,
            self.directory.providers,
            Work(task_type, band),
            ordering=installed_ordering(route.strategy),
        )

    def _pinned(self, spec: JobSpec, route: Route | None) -> Route:
        """Pinned to a provider, to a model, or to both. A model alone goes to the providers that have it."""
        if spec.provider:
            link = self._link(f"{spec.provider}/{spec.model}" if spec.model else spec.provider, 0)
            return Route(name="pinned", chain=(link,))
        assert spec.model is not None
        named = self._link_of_reference(spec.model)
        if named is not None:
            return Route(name="pinned", chain=(named,))
        order = {link.provider: link.priority for link in route.chain} if route else {}
        havers = [p for p in self.directory.providers.values() if p.enabled and p.serves(spec.model)]
        if not havers and self.directory.providers:
            known = {m.name for p in self.directory.providers.values() for m in p.models} | {
                p.default_model for p in self.directory.providers.values() if p.default_model
            }
            raise UnknownName("model", spec.model, known)
        links = tuple(
            ChainLink(provider=p.name, model=spec.model, priority=order.get(p.name, p.priority)) for p in havers
        )
        return Route(name="pinned", chain=links)

    def _link_of_reference(self, model: str) -> ChainLink | None:
        """`provider/model`, if the first part names a provider; a vendor's name before a slash belongs to the model."""
        provider, slash, rest = model.partition("/")
        if slash and provider in self.directory.providers:
            return self._link(f"{provider}/{rest}", 0)
        return None

    def _link(self, text: str, at: int) -> ChainLink:
        name, _, model = text.partition("/")
        provider = self.directory.providers.get(name)
        if provider is None:
            raise UnknownName("provider", name, self.directory.providers)
        if model and not provider.serves(model):
            raise UnknownName(f"model of {name}", model, [m.name for m in provider.models])
        return ChainLink(provider=name, model=model or None, priority=at)


def _with_an_answers_limit(spec: JobSpec) -> JobSpec:
    """What an answer costs at most is known only if it has an end."""
    if spec.request.max_tokens is not None or spec.request.kind == "embedding":
        return spec
    return spec.model_copy(update={"request": spec.request.model_copy(update={"max_tokens": ANSWER_TOKENS})})


def wants_of(
    spec: JobSpec,
    tokens: int,
    *,
    spent_usd: float = 0.0,
    priced: bool = False,
    raised: Mapping[str, float] = _AS_ESTIMATED,
) -> Wants:
    """What a job asks of every target, at submission and at every fallback.

    spent_usd: by its calls so far. priced: its agent has a budget. raised: targets that count more than we estimate.
    """
    limits = spec.constraints
    return Wants(
        needs=spec.request.needs | frozenset(limits.needs),
        tokens=max(tokens, limits.min_context_tokens or 0),
        local_only=limits.local_only,
        free_only=limits.free_only,
        only=frozenset(limits.providers),
        never=frozenset(limits.exclude),
        cost=None if limits.max_cost_usd is None else _cost_cap(spec, limits.max_cost_usd, spent_usd, raised),
        priced=priced,
    )


def _cost_cap(spec: JobSpec, max_usd: float, spent_usd: float, raised: Mapping[str, float]) -> CostCap:
    size = sized(spec.request)
    told = _OBJECTION_TOKENS if spent_usd else 0
    return CostCap(max_usd, size.input_tokens + told, size.answer_cap, spent_usd, raised)


def read_link(text: str, at: int) -> ChainLink:
    """A link of a record's chain, from its text."""
    provider, _, model = text.partition("/")
    return ChainLink(provider=provider, model=model or None, priority=at)


def chain_of(
    job: Job | Placed, directory: Directory, pools: Mapping[str, PoolState] = _NOBODY
) -> tuple[ChainLink, ...]:
    """The job's own chain, or its lane's as its strategy has it now; empty if the fleet has no routes."""
    if job.chain:
        return tuple(read_link(text, at) for at, text in enumerate(job.chain))
    task_type, _, name = job.lane.rpartition(".")
    band = Band(name)
    route: Route | None = directory.route_for(task_type, band)
    if route is None:
        return ()
    ordering = installed_ordering(route.strategy)
    return selected(route, directory.providers, Work(task_type, band), pools, ordering).chain


def route_of(job: Job, spec: JobSpec, directory: Directory) -> Route | None:
    """The job's own route, else its agent's, its user's or its lane's; None if the fleet has none."""
    task_type, _, name = job.lane.rpartition(".")
    kind = (task_type, Band(name))
    own = directory.routes.get(spec.route or "") or directory.route_of_agent(job.agent)
    return own or directory.route_of_user(spec.user, *kind) or directory.route_for(*kind)


def retries_of(spec: JobSpec, directory: Directory) -> RetryPolicy:
    """The fleet's policy, with the job's own limit of attempts."""
    wanted = spec.max_attempts
    return directory.retry if wanted is None else directory.retry.model_copy(update={"max_attempts": wanted})


def parse_spec(raw: object) -> JobSpec:
    """A JobSpec as it is, or from JSON-like data; InvalidRequest names each field that is wrong."""
    if isinstance(raw, JobSpec):
        return raw
    try:
        return JobSpec.model_validate(raw)
    except ValidationError as wrong:
        raise InvalidRequest(explain(wrong)) from None


def explain(wrong: ValidationError) -> str:
    """A validation error as one line: `request.max_tokens: Input should be greater than or equal to 1; …`."""
    parts: list[str] = []
    for error in wrong.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(str(part) for part in error["loc"])
        message = error["msg"].removeprefix("Value error, ")
        parts.append(f"{where}: {message}" if where else message)
    return "; ".join(parts)
