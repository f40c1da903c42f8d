"""What an attempt is sent to, and how it fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import SecretStr

from ...routing.failure import Failure
from .registered import row_of
from .rows import OwnRow, Row


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Four limits, in seconds. connect: until the TCP (and TLS) connection stands. first_token: from the request to the
    first token (or to the whole answer's first byte where nothing streams; keep-alive comments do not count).
    idle: between two pieces of a stream. total: of the whole call.
    """

    connect_s: float = 2.0
    first_token_s: float = 10.0
    idle_s: float = 15.0
    total_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Api:
    """What of a provider's API is a matter of the account or the server; which types take which, their rows say.

    version: Azure's `api-version`, where None, `v1` and `preview` mean the path without deployments; Anthropic's
    `anthropic-version`. betas: features of Anthropic's that are switched on. deployments: model -> what it is called on
    Azure. prompt_cache: have Anthropic keep system prompt and tools for the calls that follow. form: which of its two
    APIs a ruvLLM server is spoken to in; `auto` finds out. sort, max_price, fallback_models: by what OpenRouter chooses
    among the servers of a model, what they may cost at most (USD for a million tokens of `prompt` and `completion`, USD
    for a `request` or an `image`), and which models it may take in place of one that does not answer. options: what a
    package's dialect wants to know. own: where a server with OpenAI's API differs from its row.
    """

    version: str | None = None
    betas: tuple[str, ...] = ()
    deployments: Mapping[str, str] = field(default_factory=dict[str, str])
    prompt_cache: bool = False
    form: Literal["auto", "query", "openai"] = "auto"
    sort: Literal["price", "throughput", "latency"] | None = None
    max_price: Mapping[str, float] = field(default_factory=dict[str, float])
    fallback_models: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    own: OwnRow = field(default_factory=OwnRow)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One base URL of a provider.

    provider: its name in the configuration. type: the row of `rows.py` (`vllm`, `groq`, `ollama` …) or of a package.
    base_url: without a trailing slash, as configured. headers: sent with every call besides the dialect's own.
    """

    provider: str
    type: str
    base_url: str
    api_key: SecretStr | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    api: Api = field(default_factory=Api)

    @property
    def row(self) -> Row:
        """What its type is known for, and what the configuration says otherwise."""
        return self.api.own.over(row_of(self.type))


class AttemptFailed(Exception):
    """One call of one target failed; `failure` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(str(failure))
        self.failure = failure
