"""The whole configuration, validated and complete. Nothing here reads files, the environment or the clock."""

from pathlib import Path

from pydantic import Field, SecretStr

from ...routing.directory import Budget, Directory, Mode, RetryPolicy, Route, Strategy
from ...routing.lanes import TASK_TYPE_ALIASES, TASK_TYPES
from ...tasks.job import CallLimits
from .part import Part
from .problems import Problem
from .provider import ProviderSettings

#: A listing changes a few times a week at a hosted provider, and whenever somebody fetches a model at a server of ours.
SYNC_MODELS_S = 900.0


class TaskTypeSettings(Part):
    """aliases: other names. judge: what must hold of an answer, `none` is nothing; None is for the submission to say.

    timeout_s: of one attempt; None is the provider's, as for the other three limits of a call. measure_first_token:
    answers are streamed to the pool though nobody reads them meanwhile, so that their first token is timed; None is for
    the provider to say. cache_s: seconds that the answer to a request is given again to whoever asks the same, at a
    temperature up to 0.3 or if the job says so; None is for the job to say.
    """

    aliases: tuple[str, ...] = ()
    judge: str | None = None
    timeout_s: float | None = Field(default=None, gt=0)
    connect_s: float | None = Field(default=None, gt=0)
    first_token_s: float | None = Field(default=None, gt=0)
    idle_s: float | None = Field(default=None, gt=0)
    measure_first_token: bool | None = None
    cache_s: float | None = Field(default=None, gt=0)

    def limits(self) -> CallLimits:
        """Those that are set."""
        return CallLimits(
            connect_s=self.connect_s, first_token_s=self.first_token_s, idle_s=self.idle_s, total_s=self.timeout_s
        )


class Settings(Part):
    """The whole configuration of a fleet.

    source: the file it comes from, None if there is none. redis_url: None is an embedded Redis. spill_after_s: seconds
    an earlier target must have been full before a later one takes jobs, None is never. sync_models_s: seconds after
    which a provider is asked anew for its models, None is never. lanes: lane or task type -> route. agents: agent ->
    route. users: user -> route. budgets: by agent. debug: providers whose calls are logged in detail. warnings: what is
    odd, but no error.
    """

    source: Path | None = None
    redis_url: SecretStr | None = None
    mode: Mode = "any"
    strategy: Strategy = "priority"
    spill_after_s: float | None = Field(default=5.0, ge=0)
    sync_models_s: float | None = Field(default=SYNC_MODELS_S, ge=1)
    retry: RetryPolicy = RetryPolicy()
    providers: dict[str, ProviderSettings] = Field(default_factory=dict)
    routes: dict[str, Route] = Field(default_factory=dict)
    lanes: dict[str, str] = Field(default_factory=dict)
    agents: dict[str, str] = Field(default_factory=dict)
    users: dict[str, str] = Field(default_factory=dict)
    budgets: dict[str, Budget] = Field(default_factory=dict)
    task_types: dict[str, TaskTypeSettings] = Field(default_factory=dict)
    debug: frozenset[str] = frozenset()
    warnings: tuple[Problem, ...] = ()

    def enabled(self) -> list[ProviderSettings]:
        """The providers that get jobs, in order of priority."""
        return sorted(filter(lambda each: each.usable, self.providers.values()), key=lambda each: each.priority)

    def directory(self) -> Directory:
        """The facts that routing decides on, disabled and unusable providers among them; no credential."""
        aliases = {alias: name for name, extra in self.task_types.items() for alias in extra.aliases}
        return Directory(
            task_types=(*TASK_TYPES, *(name for name in self.task_types if name not in TASK_TYPES)),
            task_type_aliases={**TASK_TYPE_ALIASES, **aliases},
            providers={name: provider.facts() for name, provider in self.providers.items()},
            routes=dict(self.routes),
            lanes=dict(self.lanes),
            agents=dict(self.agents),
            users=dict(self.users),
            budgets=dict(self.budgets),
            retry=self.retry,
        )
