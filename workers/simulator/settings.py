"""What a simulated provider is like. Every setting is an option of `fleet simulate`, and can change while it runs."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_serializer

from ...routing.limits import Period, Unit
from .distribution import distribution
from .limits import Limit
from .windows import WindowType

DialectName = Literal["all", "openai", "ollama", "anthropic", "gemini", "cohere", "ruvllm"]
FlavourName = Literal[
    "none",
    "openai",
    "azure",
    "groq",
    "openrouter",
    "together",
    "mistral",
    "deepseek",
    "cerebras",
    "vllm",
    "lmstudio",
    "localai",
    "llamacpp",
]


def _spread(value: float | str) -> float | str:
    spread = distribution(value)
    return spread.arguments[0] if spread.form == "fixed" else value


#: A number, or a distribution such as `lognormal:120,0.5`; see `distribution.py`.
Spread = Annotated[float | str, AfterValidator(_spread)]


class Settings(BaseModel):
    """A simulated provider. The defaults answer at once, refuse nothing and accept any model."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    dialect: DialectName = Field(default="all", description="Which API to speak.")
    flavour: FlavourName = Field(
        default="openai",
        description="Whose headers, error bodies and extras the OpenAI dialect shows if the path names nobody.",
    )
    models: tuple[str, ...] = Field(default=("sim-chat", "sim-embed"), description="A model that is listed.")
    strict_models: bool = Field(default=False, description="Answer 404 to models that are not listed.")
    api_key: SecretStr | None = Field(default=None, description="Answer 401 to requests without this key.")

    latency_s: Spread = Field(default=0.0, description="Seconds every answer takes, besides its tokens.")
    first_token_s: Spread = Field(default=0.0, description="Seconds to the first token, on top of the latency.")
    token_rate: float = Field(default=0.0, ge=0, description="Tokens a second of one answer; 0 is all at once.")
    load_s: float = Field(
        default=0.0, ge=0, description="Seconds to load a model, and to reload it for another num_ctx."
    )
    slots: int = Field(default=0, ge=0, description="Requests answered at the same time; others queue. 0 is no limit.")
    queue_limit: int | None = Field(
        default=None,
        ge=0,
        description="Requests that may queue for a slot before the next gets 503, as in Ollama; none is no limit.",
    )

    answer_tokens: Spread = Field(default="lognormal:120,0.5", description="Length of an answer in tokens.")
    reasoning_tokens: Spread = Field(default=0.0, description="Tokens of reasoning before the answer.")
    bad_output: float = Field(
        default=0.0, ge=0, le=1, description="Share of answers that are prose where code or JSON was asked."
    )
    embedding_dimensions: int = Field(default=256, ge=1, le=8192, description="Numbers in an embedding.")
    context_tokens: int = Field(default=32_768, ge=16, description="Context of a model: prompt and answer together.")
    num_ctx: int = Field(
        default=4096, ge=16, description="Ollama's context where a request sets none; longer prompts are truncated."
    )
    seed: int = Field(default=0, ge=0, description="Another seed gives other answers, lengths and latencies.")

    rpm: int | None = Field(default=None, ge=1, description="Requests a minute.")
    tpm: int | None = Field(default=None, ge=1, description="Tokens a minute.")
    rpd: int | None = Field(default=None, ge=1, description="Requests a day.")
    tpd: int | None = Field(default=None, ge=1, description="Tokens a day.")
    window: WindowType = Field(default="bucket", description="How limits are counted.")
    charge: Literal["actual", "requested"] = Field(
        default="actual",
        description="Tokens a request counts: its prompt and answer, or its prompt and max_tokens as Azure does.",
    )
    limit_per: Literal["model", "account"] = Field(
        default="model", description="What has limits of its own at each provider."
    )
    minute_s: float = Field(
        default=60.0, gt=0, description="Length of a limit's minute in seconds; shorter for quick trials."
    )
    day_s: float = Field(default=86_400.0, gt=0, description="Length of a limit's day in seconds.")

    @field_serializer("api_key")
    def _hidden(self, key: SecretStr | None) -> str | None:
        return "**********" if key else None

    @property
    def limits(self) -> tuple[Limit, ...]:
        wanted = (
            (Unit.REQUESTS, Period.MINUTE, self.rpm, self.minute_s),
            (Unit.TOKENS, Period.MINUTE, self.tpm, self.minute_s),
            (Unit.REQUESTS, Period.DAY, self.rpd, self.day_s),
            (Unit.TOKENS, Period.DAY, self.tpd, self.day_s),
        )
        return tuple(Limit(unit, period, amount, window_s) for unit, period, amount, window_s in wanted if amount)

    def lists(self, model: str) -> bool:
        """Whether the model is listed. As in Ollama, a name without a tag means `:latest`."""
        return model in self.models or model.removesuffix(":latest") in self.models or f"{model}:latest" in self.models

    def changed(self, changes: dict[str, object]) -> Self:
        """These settings with some of them changed; raises pydantic's ValidationError."""
        return self.model_validate({**dict(self), **changes})
