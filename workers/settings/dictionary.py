"""Every field of a configuration in our words, and the words of the other forms for it."""

from collections.abc import Mapping
from dataclasses import fields as fields_of

from ..providers.rows import OwnRow
from .problems import Findings
from .spelling import Spelling, Table, each, folded, inside, respell, table
from .tree import Node

_LIMITS = table(
    (
        "requests_per_minute",
        "requests_per_day",
        "requests_per_month",
        "tokens_per_minute",
        "tokens_per_day",
        "tokens_per_month",
        "usd_per_day",
        "usd_per_month",
        "concurrency",
        "per",
        "resets",
    ),
    rpm="requests_per_minute",
    rpd="requests_per_day",
    tpm="tokens_per_minute",
    tpd="tokens_per_day",
    concurrent_requests="concurrency",
    time_zone="resets",
    daily_budget="usd_per_day",
    monthly_budget="usd_per_month",
)
_BUDGET = table(
    ("usd_per_day", "usd_per_month", "resets"),
    time_zone="resets",
    daily_budget="usd_per_day",
    monthly_budget="usd_per_month",
)
_PRICES = table(
    (
        "input_usd_per_mtok",
        "output_usd_per_mtok",
        "cache_read_usd_per_mtok",
        "cache_write_usd_per_mtok",
        "cache_write_1h_usd_per_mtok",
    ),
    input="input_usd_per_mtok",
    output="output_usd_per_mtok",
    cache_read="cache_read_usd_per_mtok",
    cache_write="cache_write_usd_per_mtok",
    cache_write_1h="cache_write_1h_usd_per_mtok",
)
_PER_1K = {
    "cost_per_1k_input": Spelling(("prices", "input_usd_per_mtok"), 1000.0),
    "cost_per_1k_output": Spelling(("prices", "output_usd_per_mtok"), 1000.0),
}


def _in_seconds(stem: str, field: str) -> dict[str, Spelling]:
    """Another word for a field that holds seconds."""
    return {
        **dict.fromkeys((f"{stem}_s", f"{stem}_seconds"), Spelling((field,))),
        f"{stem}_ms": Spelling((field,), 0.001),
    }


_BREAKER = table(
    ("failures", "window_s", "least_calls", "share", "cool_off_s", "max_cool_off_s", "successes"),
    calls="least_calls",
    threshold="failures",
    failure_threshold="failures",
    success_threshold="successes",
    reset="cool_off_s",
    reset_timeout=Spelling(("cool_off_s",), 0.001),
    **_in_seconds("open", "cool_off_s"),
    **_in_seconds("reset", "cool_off_s"),
    **_in_seconds("reset_timeout", "cool_off_s"),
    **_in_seconds("max_open", "max_cool_off_s"),
)
_MODEL = table(
    ("name", "context_tokens", "capabilities", "limits", "prices", "free", "quality", "strengths", "timeouts"),
    id="name",
    context_length="context_tokens",
    context_window="context_tokens",
    cost_per_1m_tokens="prices",
    **_PER_1K,
)
_PROVIDER = table(
    (
        "type",
        "enabled",
        "priority",
        "tier",
        "base_url",
        "base_urls",
        "api_key",
        "api_key_env",
        "api_key_file",
        "headers",
        "default_model",
        "model_overrides",
        "models",
        "slots",
        "limits",
        "prices",
        "health_check",
        "breaker",
        "fallback_provider",
        "timeouts",
        "api",
        "capabilities",
        "runner",
        "memory_gb",
        "measure_first_token",
    ),
    provider="type",
    api_url="base_url",
    url="base_url",
    model="default_model",
    concurrency="slots",
    max_concurrency="slots",
    circuit_breaker="breaker",
    circuit_breaker_options="breaker",
    rate_limits="limits",
    cost_per_1m_tokens="prices",
    deployment="default_model",
    api_version=Spelling(("api", "version")),
    anthropic_version=Spelling(("api", "version")),
    anthropic_beta=Spelling(("api", "betas")),
    betas=Spelling(("api", "betas")),
    deployments=Spelling(("api", "deployments")),
    prompt_cache=Spelling(("api", "prompt_cache")),
    timeout_seconds=Spelling(("timeouts", "total_s")),
    timeout_ms=Spelling(("timeouts", "total_s"), 0.001),
    **_PER_1K,
)
_RUNNER = table(
    ("model_file", "command", "context_tokens", "gpu_layers", "memory_gb", "arguments", "load_within_s"),
    model="model_file",
    gguf="model_file",
    context_length="context_tokens",
    ctx_size="context_tokens",
    n_gpu_layers="gpu_layers",
)
_TIMEOUTS = table(("connect_s", "first_token_s", "idle_s", "total_s"))
_API = table(
    ("version", "betas", "deployments", "prompt_cache", "form", "sort", "max_price", "fallback_models", "options"),
    **{each.name: Spelling(("own", each.name)) for each in fields_of(OwnRow)},
)
_MAX_PRICE = table(("prompt", "completion", "request", "image"), input="prompt", output="completion")
_HEALTH_CHECK = table(("enabled", "ping", "interval_s", "timeout_s"))
_RETRY = table(("max_attempts", "retries_per_target", "delay_s", "max_delay_s"))
_ROUTE = table(
    (
        "chain",
        "template",
        "primary",
        "secondary",
        "tertiary",
        "final",
        "strategy",
        "mode",
        "spill_after_s",
        "filtered",
    ),
    targets="chain",
)
_AGENT = {**_ROUTE, **table(("route", "budget"))}
_LINK = table(("target", "priority", "role"))
_TASK_TYPE = table(
    ("aliases", "judge", "timeout_s", "measure_first_token", "connect_s", "first_token_s", "idle_s", "cache_s")
)
_TOP = table(
    (
        "redis_url",
        "mode",
        "strategy",
        "spill_after_s",
        "sync_models_s",
        "retry",
        "timeouts",
        "breaker",
        "providers",
        "routes",
        "lanes",
        "agents",
        "users",
        "task_types",
        "debug",
    ),
    fallback_chains="agents",
    agent_models="agents",
    circuit_breaker="breaker",
    circuit_breaker_options="breaker",
)


def _own(fields: Table) -> frozenset[str]:
    """The fields under our own names."""
    return frozenset(spelling.path[-1] for spelling in fields.values() if len(spelling.path) == 1)


#: The fields of each block, under the titles that docs/configuration.md has for them.
BLOCKS: Mapping[str, frozenset[str]] = {
    "The whole file": _own(_TOP),
    "A provider": _own(_PROVIDER),
    "A model": _own(_MODEL),
    "Limits": _own(_LIMITS),
    "Prices": _own(_PRICES),
    "Health check": _own(_HEALTH_CHECK),
    "Breaker": _own(_BREAKER),
    "Timeouts": _own(_TIMEOUTS),
    "Api": _own(_API) | {field.name for field in fields_of(OwnRow)},
    "Runner": _own(_RUNNER),
    "Retry": _own(_RETRY),
    "A route": _own(_ROUTE),
    "An agent": _own(_AGENT) - _own(_ROUTE),
    "A task type": _own(_TASK_TYPE),
}

_A_JOB_SAYS_IT = "each job says it for itself"
_NOT_READ = "this version does not read it"
#: Fields of a provider that other systems have, and why they have no effect here.
_WITHOUT_EFFECT = {
    **dict.fromkeys(("temperature", "maxtokens", "topp", "topk", "frequencypenalty"), _A_JOB_SAYS_IT),
    **dict.fromkeys(("presencepenalty", "stopsequences", "enablestreaming"), _A_JOB_SAYS_IT),
    **dict.fromkeys(("retryattempts", "retrydelay"), "`retry` says it for the whole fleet"),
    **dict.fromkeys(("fallbackmodels",), "name them in the chain of a route"),
    **dict.fromkeys(("provideroptions", "enablecaching", "cachetimeout"), _NOT_READ),
    **dict.fromkeys(("enablecostoptimization", "maxcostperrequest"), _NOT_READ),
}


def is_top_field(name: str) -> bool:
    """Whether a name is a field of a whole configuration."""
    return folded(name) in _TOP


def is_provider_field(name: str) -> bool:
    """Whether a name is a field of a provider."""
    return folded(name) in _PROVIDER


def respell_top(node: Node, findings: Findings) -> Node:
    """A whole configuration in our words, its providers aside: they are respelled one by one."""
    node = respell(node, _TOP, findings)
    node = inside(node, "retry", lambda child: respell(child, _RETRY, findings))
    node = inside(node, "timeouts", lambda child: respell(child, _TIMEOUTS, findings))
    node = inside(node, "breaker", lambda child: respell(child, _BREAKER, findings))
    node = inside(node, "task_types", lambda child: each(child, lambda one: respell(one, _TASK_TYPE, findings)))
    for name in ("routes", "lanes", "users"):
        node = inside(node, name, lambda child: each(child, lambda one: _route(one, _ROUTE, findings)))
    return inside(node, "agents", lambda child: each(child, lambda one: _agent(one, findings)))


def respell_provider(node: Node, findings: Findings) -> Node:
    """One provider in our words; what has no effect here is dropped with a warning."""
    useless = {name: _WITHOUT_EFFECT[folded(name)] for name in node.fields if folded(name) in _WITHOUT_EFFECT}
    for name, why in useless.items():
        findings.warnings.append(node.fields[name].problem(f"has no effect: {why}"))
    node = respell(node.without(useless), _PROVIDER, findings)
    node = _limits_and_prices(node, findings)
    node = inside(node, "timeouts", lambda child: respell(child, _TIMEOUTS, findings))
    node = inside(node, "runner", lambda child: respell(child, _RUNNER, findings))
    node = inside(node, "health_check", lambda child: respell(child, _HEALTH_CHECK, findings))
    node = inside(node, "breaker", lambda child: respell(child, _BREAKER, findings))
    node = inside(node, "api", lambda child: _api(child, findings))
    return inside(node, "models", lambda child: each(child, lambda one: _model(one, findings)))


def _api(node: Node, findings: Findings) -> Node:
    node = respell(node, _API, findings)
    return inside(node, "max_price", lambda child: respell(child, _MAX_PRICE, findings))


def _model(node: Node, findings: Findings) -> Node:
    node = _limits_and_prices(respell(node, _MODEL, findings), findings)
    return inside(node, "timeouts", lambda child: respell(child, _TIMEOUTS, findings))


def _limits_and_prices(node: Node, findings: Findings) -> Node:
    node = inside(node, "limits", lambda child: respell(child, _LIMITS, findings))
    return inside(node, "prices", lambda child: respell(child, _PRICES, findings))


def _agent(node: Node, findings: Findings) -> Node:
    node = _route(node, _AGENT, findings)
    return inside(node, "budget", lambda child: respell(child, _BUDGET, findings))


def _route(node: Node, fields: Table, findings: Findings) -> Node:
    node = respell(node, fields, findings)
    return inside(node, "chain", lambda child: each(child, lambda link: respell(link, _LINK, findings)))
