"""One provider of a configuration, validated and complete."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from ...routing.breaker import BreakerPolicy
from ...routing.control import BUDGETS, ProviderControl
from ...routing.directory import ModelFacts, ProviderFacts, Tier, named_elsewhere, named_free
from ...routing.quota_calendar import is_zone
from ...tasks.job import CallLimits
from ..providers.endpoint import Api, Endpoint, Timeouts
from ..providers.registered import known_row
from .breaker import BreakerSettings
from .part import Part

LOCAL_SLOTS = 8
HOSTED_SLOTS = 16


class Limits(Part):
    """What a provider permits. None: no limit is known. Tokens are input and output together.

    concurrency: calls at the same time, of the whole fleet. per: whom each of the limits is for: all calls of the
    provider together, each of its models, or all calls with the same API key, of whichever provider. resets: the time
    zone in which a day or a month begins, or `rolling`; None is as the provider does it. usd_per_day, usd_per_month:
    what its calls may cost, by our own will; those are days and months in UTC unless `resets` is said.
    """

    requests_per_minute: int | None = Field(default=None, ge=1)
    requests_per_day: int | None = Field(default=None, ge=1)
    tokens_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_day: int | None = Field(default=None, ge=1)
    requests_per_month: int | None = Field(default=None, ge=1)
    tokens_per_month: int | None = Field(default=None, ge=1)
    usd_per_day: float | None = Field(default=None, gt=0)
    usd_per_month: float | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, ge=1)
    per: Literal["provider", "model", "key"] = "provider"
    resets: str | None = None

    @field_validator("resets")
    @classmethod
    def _zone(cls, name: str | None) -> str | None:
        if name is not None and not is_zone(name):
            raise ValueError("must be a time zone such as America/Los_Angeles or UTC, or `rolling`")
        return name

    @property
    def budgeted(self) -> bool:
        """Whether its calls may not cost more than so much."""
        return self.usd_per_day is not None or self.usd_per_month is not None


class Prices(Part):
    """USD for a million tokens. None is unknown, never free: the public list's price counts then.

    cache_read, cache_write: of tokens of the prompt that the provider's cache has, or takes. cache_write_1h: of those
    that it takes for an hour.
    """

    input_usd_per_mtok: float | None = Field(default=None, ge=0)
    output_usd_per_mtok: float | None = Field(default=None, ge=0)
    cache_read_usd_per_mtok: float | None = Field(default=None, ge=0)
    cache_write_usd_per_mtok: float | None = Field(default=None, ge=0)
    cache_write_1h_usd_per_mtok: float | None = Field(default=None, ge=0)


class HealthCheck(Part):
    """interval_s: between two looks at an endpoint. timeout_s: of one look. ping: a look also asks the model for a
    token, if it is loaded and nothing else is asked of the server.
    """

    enabled: bool = True
    ping: bool = False
    interval_s: float = Field(default=30.0, gt=0)
    timeout_s: float = Field(default=5.0, gt=0)


class ModelSettings(Part):
    """One model of a provider. context_tokens: input and output together.

    capabilities, limits, prices: None is as the provider's. free: its use costs nothing. quality: how good its
    answers are, from 0 to 1, for the strategies that weigh it. strengths: task types that it does well for its size;
    none is as the registry says.
    """

    name: str = Field(min_length=1)
    context_tokens: int | None = Field(default=None, ge=1)
    capabilities: frozenset[str] | None = None
    limits: Limits | None = None
    prices: Prices | None = None
    free: bool = False
    quality: float | None = Field(default=None, ge=0, le=1)
    strengths: frozenset[str] = frozenset()
    timeouts: CallLimits = CallLimits()

    def facts(self) -> ModelFacts:
        prices = self.prices or Prices()
        return ModelFacts(
            name=self.name,
            context_tokens=self.context_tokens,
            capabilities=self.capabilities,
            input_usd_per_mtok=prices.input_usd_per_mtok,
            output_usd_per_mtok=prices.output_usd_per_mtok,
            free=self.free,
            quality=self.quality,
            strengths=self.strengths,
            budgeted=self.limits is not None and self.limits.budgeted,
        )


class RunnerSettings(Part):
    """A llama.cpp server that the pool starts itself, and ends with itself.

    model_file: a GGUF file, from the configuration's folder or that of fetched models. command: the program and what
    comes first. context_tokens: of each slot. gpu_layers: None leaves it to the server. memory_gb: for the models of
    all pools of the host together; None is what is free. arguments: added as they are. load_within_s: until another
    may load its model.
    """

    model_file: str = Field(min_length=1)
    command: tuple[str, ...] = Field(default=("llama-server",), min_length=1)
    context_tokens: int = Field(default=8192, ge=1)
    gpu_layers: int | None = Field(default=None, ge=0)
    memory_gb: float | None = Field(default=None, gt=0)
    arguments: tuple[str, ...] = ()
    load_within_s: float = Field(default=600.0, gt=0)

    @field_validator("command", mode="before")
    @classmethod
    def _one_word(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class KeySource(Part):
    """Where an API key comes from. name: the variable or the file; None if it stands in the configuration itself."""

    kind: Literal["variable", "file", "literal"]
    name: str | None = None


class ProviderSettings(Part):
    """One provider.

    type: a row of `providers/rows.py`, or of a package. priority: lower comes first. key_file: what the key was read
    from, if a file.
    slots: calls at the same time, of each endpoint for self-hosted servers and of the whole fleet for hosted ones.
    prices: for models that have none of their own. models: empty is whatever the server lists.
    fallback_provider: takes over where a chain names only this one. runner: a server that its pool starts.
    api: what of its API is a matter of the account. capabilities: what its models can do, unless a model's own facts
    say otherwise; None is what its type's usually can.
    memory_gb: for the models that each Ollama server has in memory together; None leaves that to the server.
    measure_first_token: answers are streamed to the pool though nobody reads them meanwhile, so that it is timed.
    said_timeouts: those among the timeouts that somebody has set; they hold however long the answer may be.
    stays: nothing is asked of models that run elsewhere, though a server of ours lists them. only_free: nothing is
    asked of models that cost something. unusable: why an enabled provider gets no jobs, None if it does.
    """

    name: str
    type: str
    enabled: bool = True
    priority: int = 100
    tier: Tier = "hosted"
    base_urls: tuple[str, ...] = ()
    api_key: SecretStr | None = None
    key_source: KeySource | None = None
    key_file: Path | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    default_model: str | None = None
    model_overrides: dict[str, str] = Field(default_factory=dict)
    models: tuple[ModelSettings, ...] = ()
    slots: int = Field(default=HOSTED_SLOTS, ge=1)
    limits: Limits = Limits()
    prices: Prices = Prices()
    health_check: HealthCheck = HealthCheck()
    breaker: BreakerSettings = BreakerSettings()
    fallback_provider: str | None = None
    timeouts: Timeouts = Timeouts()
    said_timeouts: frozenset[str] = frozenset()
    api: Api = Api()
    capabilities: frozenset[str] | None = None
    runner: RunnerSettings | None = None
    memory_gb: float | None = Field(default=None, gt=0)
    measure_first_token: bool = False
    stays: bool = False
    only_free: bool = False
    unusable: str | None = None

    @property
    def usable(self) -> bool:
        return self.enabled and self.unusable is None

    @property
    def self_hosted(self) -> bool:
        """Its capacity is ours to manage: slots and breakers are for each endpoint."""
        return self.tier == "local"

    @property
    def breaker_policy(self) -> BreakerPolicy:
        return self.breaker.policy(self_hosted=self.self_hosted)

    @property
    def hosts(self) -> frozenset[str]:
        """Where its endpoints are."""
        return frozenset(host for url in self.base_urls if (host := urlsplit(url).hostname))

    def endpoints(self) -> tuple[Endpoint, ...]:
        """One endpoint a base URL."""
        own = {name: value.get_secret_value() for name, value in self.headers.items()}
        headers = {**_api_headers(self.type, self.api), **own}
        return tuple(Endpoint(self.name, self.type, url, self.api_key, headers, self.api) for url in self.base_urls)

    def model(self, name: str) -> ModelSettings | None:
        return next((model for model in self.models if model.name == name), None)

    def named_models(self) -> frozenset[str]:
        """Every model that the configuration names for it."""
        named = (self.default_model, *self.model_overrides.values(), *(model.name for model in self.models))
        return frozenset(name for name in named if name)

    def default_choice(self) -> str | None:
        """The model it uses unless a job or its task type names another, None if it is for the server to say."""
        return self.default_model or (self.models[0].name if self.models else None)

    def keeps(self, model: str) -> bool:
        """Whether calls of the model stay with a server of ours, as far as its name tells."""
        return self.tier == "local" and not named_elsewhere(self.type, model)

    def prices_of(self, model: str, *, passed_on: bool = False) -> Prices:
        """The model's own if it has any, else the provider's, which are not those of models that it passes on."""
        own = self.model(model)
        if own is not None and own.prices is not None:
            return own.prices
        return Prices() if self.tier == "local" and (passed_on or not self.keeps(model)) else self.prices

    def limits_of(self, model: str) -> Limits:
        """The model's own limits if it has any, else the provider's."""
        own = self.model(model)
        return own.limits if own is not None and own.limits is not None else self.limits

    def as_changed(self, by_hand: ProviderControl) -> "ProviderSettings":
        """With the limits and slots that were changed while the fleet runs."""
        slots = {} if by_hand.slots is None else {"slots": by_hand.slots}
        return self._with_limits(by_hand.limits()).model_copy(update=slots)

    def _with_limits(self, changed: Mapping[str, float]) -> "ProviderSettings":
        """With other limits, by their names, of the provider and of the models that have limits of their own.

        A budget is the provider's, and includes what all its models cost.
        """
        if not changed:
            return self
        rates = {name: amount for name, amount in changed.items() if name not in BUDGETS}
        models = tuple(
            model.model_copy(update={"limits": model.limits.model_copy(update=rates)}) if model.limits else model
            for model in self.models
        )
        return self.model_copy(update={"limits": self.limits.model_copy(update=changed), "models": models})

    def facts(self) -> ProviderFacts:
        """What routing knows of it: no credential, no address."""
        row = known_row(self.type)
        return ProviderFacts(
            name=self.name,
            type=self.type,
            enabled=self.usable,
            unusable=self.unusable,
            stays=self.stays,
            only_free=self.only_free,
            priority=self.priority,
            tier=self.tier,
            capabilities=self.capabilities
            if self.capabilities is not None
            else row.capabilities
            if row
            else frozenset(),
            default_model=self.default_model,
            model_overrides=dict(self.model_overrides),
            models=(*(model.facts() for model in self.models), *self._free_default()),
            any_model=not self.models,
            input_usd_per_mtok=self.prices.input_usd_per_mtok,
            output_usd_per_mtok=self.prices.output_usd_per_mtok,
            self_hosted=self.self_hosted,
            budgeted=self.limits.budgeted,
            breaker=self.breaker_policy,
        )

    def _free_default(self) -> tuple[ModelFacts, ...]:
        """The default model, if its name says that it is free and no list says so: jobs may ask for free ones."""
        name = self.default_model
        if name is None or self.model(name) is not None or not named_free(self.type, name):
            return ()
        return (ModelFacts(name=name, free=True),)


def _api_headers(type_: str, api: Api) -> dict[str, str]:
    """The version and the betas of an API that takes them in headers."""
    row = known_row(type_)
    if row is None:
        return {}
    said = ((row.version_header, api.version or ""), (row.betas_header, ",".join(api.betas)))
    return {name: value for name, value in said if name and value}
