"""The providers we speak to, as data. A provider that speaks a dialect we have is one more row.

Quirks are fields here, read by the dialect; no other file asks for a provider by name. Sources: C.0 to C.15 of the wire
formats, and the vendors' API references they cite.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Literal

#: One of `DIALECTS`, or one that an installed package brings along.
DialectName = str

_CHAT = frozenset({"tools", "json_mode"})
_CHAT_VISION = _CHAT | {"vision"}
_SERVER = _CHAT_VISION | {"embedding"}


@dataclass(frozen=True, slots=True)
class Row:
    """One provider type.

    base_url: the default; None must be configured. A base URL without a path gets the dialect's own (`/v1`).
    key_variables: environment variables that may hold the API key, the first that is set wins. key_required: it refuses
    every call without one. tier: `local` runs on our machines and costs nothing. self_hosted: its capacity is ours to
    manage, slots count per endpoint. capabilities: what its models can do unless a model's own facts say otherwise.

    key_header: the header that the key is sent in; `Authorization` has it as a bearer's token. takes_tokens: a JSON web
    token may stand in the key's place, and is sent as a bearer's. headers: sent with every call, unless the
    configuration says others. api_fields: what a configuration may say of its API (`endpoint.Api`). version_header,
    betas_header: the headers of two of them.

    health_path, version_path, listing_paths, details_path, count_path, loaded_path, feedback_path: `/x` is taken from
    the server's root, `x` from the API's base. Without a health path there is no check, without a listing path no
    listing. A listing path serves where the one before is not found; details are of one model; what is loaded is in
    its memory. health_method: of the health check's call. versions: of the server, the oldest and the newest whose API
    is known here (major, minor); None is all. page_field: what of a listing holds the next page's token, empty if the
    last entry's id is the token. page_parameter: what that token is sent as.
    stream_above_tokens: a longer answer is streamed, because the API refuses it in one piece.
    max_tokens_field, seed_field: how it calls the limit of the answer, and the seed. top_k: takes that parameter
    (others answer 400 to it). developer_role: knows the role; the others are sent `system`. reasoning_in: takes
    earlier reasoning in messages. job_header: the header in which the provider takes the caller's id of a call.
    receipts: `usage.cost` is what was charged, in USD. always: parameters sent with every chat request, unless the
    request sets them.
    """

    name: str
    dialect: DialectName = "openai"
    base_url: str | None = None
    key_variables: tuple[str, ...] = ()
    key_required: bool = False
    tier: Literal["local", "hosted"] = "hosted"
    self_hosted: bool = False
    capabilities: frozenset[str] = _CHAT
    key_header: str = "Authorization"
    takes_tokens: bool = False
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    api_fields: frozenset[str] = frozenset()
    version_header: str | None = None
    betas_header: str | None = None
    health_path: str = "models"
    health_method: Literal["GET", "POST"] = "GET"
    version_path: str | None = None
    versions: tuple[tuple[int, int], tuple[int, int]] | None = None
    listing_paths: tuple[str, ...] = ("models",)
    details_path: str | None = None
    count_path: str | None = None
    loaded_path: str | None = None
    feedback_path: str | None = None
    page_field: str = ""
    page_parameter: str = "after"
    stream_above_tokens: int | None = None
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    top_k: bool = False
    developer_role: bool = False
    reasoning_in: bool = False
    seed_field: str = "seed"
    job_header: str = "X-Request-Id"
    receipts: bool = False
    always: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class OwnRow:
    """What a configuration says of a server with OpenAI's API, as a row would; None is as its type's row says.

    listing_path: the only one.
    """

    key_header: str | None = None
    health_path: str | None = None
    listing_path: str | None = None
    count_path: str | None = None
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    seed_field: str | None = None
    job_header: str | None = None
    top_k: bool | None = None
    developer_role: bool | None = None
    reasoning_in: bool | None = None
    receipts: bool | None = None
    always: Mapping[str, Any] | None = None

    def over(self, row: Row) -> Row:
        said: dict[str, Any] = {
            each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None
        }
        if not said:
            return row
        if (path := said.pop("listing_path", None)) is not None:
            said["listing_paths"] = (path,)
        return replace(row, **said)


def _local(name: str, base_url: str, **facts: Any) -> Row:
    settings: dict[str, Any] = {"capabilities": _SERVER, "top_k": True, **facts}
    return Row(name=name, base_url=base_url, tier="local", self_hosted=True, **settings)


def _hosted(name: str, base_url: str, key_variable: str, **facts: Any) -> Row:
    return Row(name=name, base_url=base_url, key_variables=(key_variable,), key_required=True, **facts)


_ROWS = (
    _local(
        "ollama",
        "http://localhost:11434",
        dialect="ollama",
        health_path="/api/version",
        version_path="/api/version",
        # From the first that holds answers to a JSON schema to the newest that was looked at.
        versions=((0, 5), (0, 33)),
        listing_paths=("/api/tags",),
        details_path="/api/show",
        loaded_path="/api/ps",
        key_variables=("OLLAMA_API_KEY",),
    ),
    _local(
        "vllm",
        "http://localhost:8000",
        capabilities=_SERVER | {"several_choices"},
        health_path="/health",
        version_path="/version",
        count_path="/tokenize",
        loaded_path="/v1/models",
        key_variables=("VLLM_API_KEY",),
        reasoning_in=True,
    ),
    _local(
        "lmstudio",
        "http://localhost:1234",
        # Its own listing tells types and context lengths; servers before 0.3.6 have OpenAI's only.
        listing_paths=("/api/v0/models", "models"),
        loaded_path="/api/v0/models",
    ),
    _local(
        "localai",
        "http://localhost:8080",
        health_path="/readyz",
        loaded_path="/system",
        key_variables=("LOCALAI_API_KEY",),
    ),
    _local(
        "llamacpp",
        "http://localhost:8080",
        health_path="/health",
        details_path="/props",
        loaded_path="/v1/models",
        key_variables=("LLAMA_API_KEY",),
    ),
    _local("simulated", "http://localhost:8999", health_path="/health", loaded_path="/v1/models"),
    _hosted(
        "openai",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        capabilities=_SERVER | {"several_choices"},
        max_tokens_field="max_completion_tokens",
        developer_role=True,
        job_header="X-Client-Request-Id",
    ),
    _hosted(
        "groq",
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        capabilities=_CHAT_VISION,
        max_tokens_field="max_completion_tokens",
    ),
    _hosted(
        "together",
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        capabilities=_SERVER | {"several_choices"},
        top_k=True,
        # Without it a prompt that is too long is cut, silently.
        always={"context_length_exceeded_behavior": "error"},
    ),
    _hosted(
        "openrouter",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        capabilities=_SERVER,
        health_path="key",
        api_fields=frozenset({"sort", "max_price", "fallback_models"}),
        top_k=True,
        reasoning_in=True,
        receipts=True,
    ),
    _hosted(
        "mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        capabilities=_SERVER,
        seed_field="random_seed",
    ),
    _hosted("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY"),
    _hosted(
        "cerebras",
        "https://api.cerebras.ai/v1",
        "CEREBRAS_API_KEY",
        max_tokens_field="max_completion_tokens",
    ),
    _hosted(
        "github",
        "https://models.github.ai/inference",
        "GITHUB_TOKEN",
        capabilities=_SERVER,
        # Its catalogue is beside the API, a bare array.
        health_path="/catalog/models",
        listing_paths=("/catalog/models",),
        headers={"x-github-api-version": "2026-03-10"},
    ),
    _hosted(
        "anthropic",
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        dialect="anthropic",
        capabilities=_CHAT_VISION,
        key_header="x-api-key",
        headers={"anthropic-version": "2023-06-01"},
        api_fields=frozenset({"version", "betas", "prompt_cache"}),
        version_header="anthropic-version",
        betas_header="anthropic-beta",
        health_path="/v1/models?limit=1",
        listing_paths=("/v1/models?limit=1000",),
        page_parameter="after_id",
        # Answers that may take more than ten minutes are refused; the vendor reckons with 128,000 tokens an hour.
        stream_above_tokens=21_333,
    ),
    Row(
        "google",
        dialect="gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta",
        # The first is what the plans of this fleet's users say, the others are the vendor's.
        key_variables=("GOOGLE_AI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
        key_required=True,
        capabilities=_SERVER | {"several_choices"},
        key_header="x-goog-api-key",
        health_path="models?pageSize=1",
        listing_paths=("models?pageSize=1000",),
        page_field="nextPageToken",
        page_parameter="pageToken",
    ),
    Row(
        "cohere",
        dialect="cohere",
        base_url="https://api.cohere.com",
        key_variables=("COHERE_API_KEY", "CO_API_KEY"),
        key_required=True,
        capabilities=_SERVER,
        health_path="/v1/check-api-key",
        health_method="POST",
        listing_paths=("/v1/models?page_size=1000",),
        page_field="next_page_token",
        page_parameter="page_token",
    ),
    Row(
        "azure",
        dialect="azure",
        key_variables=("AZURE_OPENAI_API_KEY",),
        key_required=True,
        capabilities=_SERVER | {"several_choices"},
        key_header="api-key",
        takes_tokens=True,
        api_fields=frozenset({"version", "deployments"}),
        health_path="/openai/v1/models",
        listing_paths=("/openai/v1/models",),
        max_tokens_field="max_completion_tokens",
        developer_role=True,
        job_header="X-Client-Request-Id",
    ),
    _local(
        "ruvllm",
        "http://localhost:3000",
        dialect="ruvllm",
        capabilities=frozenset[str](),
        api_fields=frozenset({"form"}),
        health_path="/health",
        version_path="/health",
        listing_paths=("/v1/models", "/health"),
        feedback_path="/feedback",
    ),
    Row(
        "openai_compatible",
        key_variables=("OPENAI_COMPATIBLE_API_KEY",),
        capabilities=_SERVER | {"several_choices"},
        top_k=True,
    ),
)

#: Row by provider type.
ROWS: Mapping[str, Row] = MappingProxyType({row.name: row for row in _ROWS})
