"""What the fleet knows of its providers and routes: the facts that routing decides on.

The pools publish it to Redis from their configuration; clients read it from there. No credential is ever part of it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .breaker import BreakerPolicy
from .lanes import DEFAULT_TASK_TYPE, TASK_TYPE_ALIASES, TASK_TYPES, Band, canonical

#: One of `STRATEGIES`, or one that an installed package brings along.
Strategy = str
STRATEGIES: tuple[Strategy, ...] = (
    "priority",
    "round_robin",
    "least_loaded",
    "cost_based",
    "latency_based",
    "quality",
    "balanced",
)
Mode = Literal["any", "local_first", "hosted", "free_only", "offline"]
Tier = Literal["local", "hosted", "free"]
#: The agent of jobs that name none; and who stands for every agent that has no route of its own.
NO_AGENT, ANY_AGENT = "default", "*"
#: Which other targets get a job that a provider's filter refused: none, one, all, or those that are our own servers.
Filtered = Literal["give_up", "one_more", "all", "local"]


def named_elsewhere(type_: str, model: str) -> bool:
    """Whether a model's name says that its server passes its calls on, as Ollama's names of cloud models do."""
    return type_ == "ollama" and model.endswith(("-cloud", ":cloud"))


def named_free(type_: str, model: str) -> bool:
    """Whether a model's own name says that it costs nothing."""
    return type_ == "openrouter" and model.endswith(":free")


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Target(_Facts):
    """provider + model (+ credential alias): what is limited, tripped and billed."""

    provider: str
    model: str
    credential: str = "default"

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


class ModelFacts(_Facts):
    """One model of a provider. context_tokens: input and output together; None is unknown.

    Prices are USD for a million tokens; None is unknown, never free. With a prompt of more than long_prompt_tokens a
    call costs up to long_prompt_times as much. quality: a score from 0 to 1, None is unknown. strengths: task types
    that it does well for its size. parameters_b: billions of them. tokens_per_s: of an answer, as published. retired:
    its provider has it no longer. budgeted: it has a budget of its own.
    """

    name: str
    context_tokens: int | None = None
    capabilities: frozenset[str] | None = None  #: None: as the provider's
    input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None
    long_prompt_tokens: int | None = None
    long_prompt_times: float = 1.0
    free: bool = False
    quality: float | None = None
    strengths: frozenset[str] = frozenset()
    parameters_b: float | None = None
    tokens_per_s: float | None = None
    retired: bool = False
    budgeted: bool = False


class ProviderFacts(_Facts):
    """One provider. priority: lower comes first. tier: `local` is our own machines, `free` a hosted one's free tier.

    elsewhere: models that a server of ours lists and that run on its maker's machines. stays: it may not be asked for
    those. only_free: it, or who it passes calls on to, charges for some of its models, and may not be asked for those.
    unusable: why a provider that is not `enabled` here gets no jobs, where the configuration did not simply disable it.
    Prices are those of models that state none. budgeted: it may not cost more than so much, so a model whose price
    nobody knows is never asked.
    """

    name: str
    type: str
    enabled: bool = True
    unusable: str | None = None
    priority: int = 100
    tier: Tier = "hosted"
    capabilities: frozenset[str] = frozenset()
    default_model: str | None = None
    model_overrides: dict[str, str] = Field(default_factory=dict)  #: task type -> model
    models: tuple[ModelFacts, ...] = ()  #: empty: whatever the server lists
    known: tuple[ModelFacts, ...] = ()  #: facts of models that are not listed, should a job ask for them
    any_model: bool = False  #: accepts model names that are not listed
    input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None
    self_hosted: bool = False
    elsewhere: frozenset[str] = frozenset()
    stays: bool = False
    only_free: bool = False
    budgeted: bool = False
    breaker: BreakerPolicy = BreakerPolicy()  #: when its breakers open and close, on all hosts

    def model_for(self, task_type: str) -> str | None:
        """The model this provider uses for a task type, None if it has none."""
        chosen = self.model_overrides.get(task_type) or self.default_model
        return chosen or (self.models[0].name if self.models else None)

    def serves(self, model: str) -> bool:
        """Whether the provider may have the model; one that lists none may have any."""
        if self.only_free and not self.costs_nothing(self.facts_of(model) or ModelFacts(name=model)):
            return False
        known = {facts.name for facts in self.models} | {self.default_model, *self.model_overrides.values()}
        return self.any_model or not self.models or model in known

    def runs_elsewhere(self, model: str) -> bool:
        """Whether a server of ours would pass the model's calls on."""
        return named_elsewhere(self.type, model) or model in self.elsewhere

    def facts_of(self, model: str) -> ModelFacts | None:
        return next((facts for facts in (*self.models, *self.known) if facts.name == model), None)

    def costs_nothing(self, model: ModelFacts | None) -> bool:
        """None is a model that our own server, or a free plan, has anyway."""
        if model is None:
            return self.tier != "hosted"
        plan = self.tier == "free" and not self.only_free
        ours = self.tier == "local" and not self.runs_elsewhere(model.name)
        return plan or ours or model.free or named_free(self.type, model.name)

    def prices_of(self, model: ModelFacts | None, *, prompt_tokens: int = 0) -> tuple[float | None, float | None]:
        """USD for a million tokens of input, and of output, of a call with such a prompt; None is unknown."""
        if self.costs_nothing(model):
            return 0.0, 0.0
        said = (model.input_usd_per_mtok, model.output_usd_per_mtok) if model else (None, None)
        # A server of ours is not priced by the token; those prices are none of the models that it passes on.
        own = (None, None) if self.tier == "local" else (self.input_usd_per_mtok, self.output_usd_per_mtok)
        long = model is not None and model.long_prompt_tokens is not None and prompt_tokens > model.long_prompt_tokens
        times = model.long_prompt_times if model is not None and long else 1.0
        to_read, to_write = (mine if mine is not None else other for mine, other in zip(said, own, strict=True))
        return None if to_read is None else to_read * times, None if to_write is None else to_write * times


class ChainLink(_Facts):
    """One target of a chain; model None is the provider's model for the task type. Equal priorities are peers."""

    provider: str
    model: str | None = None
    priority: int = 100
    role: str | None = None  #: the configuration's own word for the link, for people

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}" if self.model else self.provider


class Route(_Facts):
    """A chain and how a pool's turn in it is decided.

    spill_after_s: seconds an earlier target must have been full before a later one takes jobs; None is never. filtered:
    who else is asked when a provider's filter has refused a job.
    """

    name: str
    chain: tuple[ChainLink, ...]
    strategy: Strategy = "priority"
    mode: Mode = "any"
    spill_after_s: float | None = 5.0
    filtered: Filtered = "one_more"

    @property
    def spills_after_s(self) -> float | None:
        """As its strategy has it: where every pool pulls, nobody comes first."""
        return 0.0 if self.strategy in ("round_robin", "least_loaded") else self.spill_after_s


class RetryPolicy(_Facts):
    """max_attempts: over all targets. retries_per_target: for transient faults. delay_s: doubles up to max_delay_s."""

    max_attempts: int = Field(default=4, ge=1)
    retries_per_target: int = Field(default=1, ge=0)
    delay_s: float = Field(default=1.0, ge=0)
    max_delay_s: float = Field(default=30.0, ge=0)


class Budget(_Facts):
    """What an agent's calls may cost, over all providers; None is any amount.

    resets: the time zone in which a day or a month begins, or `rolling`.
    """

    usd_per_day: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    usd_per_month: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    resets: str = "UTC"

    @property
    def limits(self) -> bool:
        """Whether there is anything that it limits."""
        return self.usd_per_day is not None or self.usd_per_month is not None


class Directory(_Facts):
    """Everything that submission and the gates need to know.

    agents: agent -> route name; `*` is every other agent that a job names. users: user -> route name. budgets: by
    agent, `*` is of each other one. lanes: lane or task type -> route name; the route `default` serves the rest, and
    where there is none, every enabled provider does.
    """

    task_types: tuple[str, ...] = TASK_TYPES
    task_type_aliases: dict[str, str] = Field(default_factory=lambda: dict(TASK_TYPE_ALIASES))
    providers: dict[str, ProviderFacts] = Field(default_factory=dict)
    routes: dict[str, Route] = Field(default_factory=dict)
    lanes: dict[str, str] = Field(default_factory=dict)
    agents: dict[str, str] = Field(default_factory=dict)
    users: dict[str, str] = Field(default_factory=dict)
    budgets: dict[str, Budget] = Field(default_factory=dict)
    retry: RetryPolicy = RetryPolicy()

    def task_type(self, name: str) -> str | None:
        """The canonical name of a task type, None if unknown."""
        wanted = canonical(name)
        if wanted in self.task_types:
            return wanted
        return self.task_type_aliases.get(wanted)

    def route_for(self, task_type: str, band: Band) -> Route | None:
        """The most exact of: the lane's route, the task type's, `default`, all providers; None if there are none."""
        for key in (f"{task_type}.{band}", task_type):
            if key in self.lanes:
                return self.routes[self.lanes[key]]
        return self.routes.get("default") or self._everybody()

    def route_of_user(self, user: str | None, task_type: str, band: Band) -> Route | None:
        """What a user prefers, for work that has no route of its own; None if that is nothing."""
        own = user is not None and not {f"{task_type}.{band}", task_type} & self.lanes.keys()
        name = self.users.get(user) if own and user is not None else None
        return None if name is None else self.routes.get(name)

    def route_of_agent(self, agent: str) -> Route | None:
        """The agent's own route, else that of all agents without one; None if its jobs go by their lanes."""
        name = self.agents.get(agent)
        if name is None and agent not in ("", NO_AGENT):
            name = self.agents.get(ANY_AGENT)
        return None if name is None else self.routes.get(name)

    def budget_of(self, agent: str) -> Budget | None:
        """What an agent may spend, None if it is any amount."""
        return (self.budgets.get(agent) or self.budgets.get(ANY_AGENT)) if self.budgets else None

    def _everybody(self) -> Route | None:
        enabled = [provider for provider in self.providers.values() if provider.enabled]
        chain = tuple(ChainLink(provider=each.name, priority=each.priority) for each in enabled)
        return Route(name="every provider", chain=chain, strategy="round_robin") if chain else None

    def resolve(self, link: ChainLink, task_type: str = DEFAULT_TASK_TYPE) -> Target | None:
        """The target of a link; None if its provider is unknown or has no model for the task type."""
        provider = self.providers.get(link.provider)
        if provider is None:
            return None
        model = link.model or provider.model_for(task_type)
        return Target(provider=provider.name, model=model) if model else None
