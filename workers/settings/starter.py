"""The text of a first `fleet.yaml`: short, with a comment at everything that one may want to change."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import yaml

from ...tasks.errors import ConfigurationError, UnknownName
from .addresses import fault_of, is_ours, normalised
from .kinds import Kind, kind_of, known_kinds
from .provider import HOSTED_SLOTS, LOCAL_SLOTS

#: What a provider is asked for unless somebody chooses; other local servers use what they have loaded.
_MODELS = MappingProxyType(
    {
        "ollama": "qwen3-coder:30b",
        "groq": "llama-3.3-70b-versatile",
        "openrouter": "mistralai/devstral-2512",
        "openai": "gpt-4.1",
        "together": "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "mistral": "devstral-medium-latest",
        "deepseek": "deepseek-chat",
        "cerebras": "gpt-oss-120b",
        "github": "openai/gpt-4.1",
        "anthropic": "claude-sonnet-4-5",
        "google": "gemini-2.5-flash",
        "cohere": "command-a-03-2025",
        "azure": "gpt-4.1",
        "ruvllm": "auto",
        "simulated": "sim-chat",
    }
)


#: What an address looks like, where there is no usual one.
_ADDRESS = "http://localhost:8000/v1"
_ADDRESSES = MappingProxyType({"azure": "https://your-resource.openai.azure.com"})


@dataclass(frozen=True, slots=True)
class FreeTier:
    """What a provider gives away: a model, and the limits that the vendor publishes for it.

    The limits are those of early 2026 (C.11 and C.12 of the wire formats), and change often.
    """

    model: str
    requests_per_minute: int
    requests_per_day: int
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None

    def limits(self) -> dict[str, int | None]:
        return {
            "requests_per_minute": self.requests_per_minute,
            "requests_per_day": self.requests_per_day,
            "tokens_per_minute": self.tokens_per_minute,
            "tokens_per_day": self.tokens_per_day,
        }


FREE_TIERS: Mapping[str, FreeTier] = MappingProxyType(
    {
        "groq": FreeTier("llama-3.3-70b-versatile", 30, 1_000, 12_000, 100_000),
        "google": FreeTier("gemini-2.5-flash-lite", 15, 1_000, 250_000),
        "openrouter": FreeTier("mistralai/devstral-2512:free", 20, 50),
        "github": FreeTier("openai/gpt-4.1-mini", 15, 150),
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One provider of a first configuration. model, base_url: None is what its type usually has."""

    name: str
    kind: Kind
    model: str | None = None
    base_url: str | None = None

    @classmethod
    def of(cls, type_name: str, model: str | None = None, base_url: str | None = None) -> "Entry":
        """An entry that a user asked for. Raises what the user has to correct."""
        kind = kind_of(type_name)
        if kind is None:
            raise UnknownName("provider", type_name, known_kinds())
        if base_url is None and kind.base_url is None:
            raise ConfigurationError(
                f"{kind.name} needs --base-url, such as --base-url {_ADDRESSES.get(kind.name, _ADDRESS)}"
            )
        fault = fault_of(normalised(base_url)) if base_url is not None else None
        if fault is not None:
            raise ConfigurationError(f"--base-url {base_url}: {fault}")
        return cls(kind.name, kind, model, normalised(base_url) if base_url else None)

    @property
    def variable(self) -> str | None:
        """The variable that its key is read from, None if it needs no key."""
        return self.kind.key_variables[0] if self.kind.key_required else None


def chosen_model(entry: Entry) -> str | None:
    """What it is asked for: as somebody chose, else what its type usually is."""
    return entry.model or _MODELS.get(entry.kind.name)


@dataclass(frozen=True, slots=True)
class Starter:
    """What a first configuration is to hold.

    entries: in the order in which they are tried. auto_fallback: where one fails, the next takes over; without it, only
    the first gets the jobs that name none.
    """

    entries: Sequence[Entry]
    free_tier: bool = False
    auto_fallback: bool = True

    def text(self) -> str:
        """The file. Raises what the user has to correct."""
        self._check()
        return "\n".join(self._lines()) + "\n"

    def variables(self) -> list[str]:
        """The variables that the file reads keys from."""
        return [entry.variable for entry in self.entries if entry.variable]

    def _check(self) -> None:
        names = [entry.name for entry in self.entries]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigurationError(f"{', '.join(twice)} stands twice among the providers")
        costly = [each.name for each in self.entries if not each.kind.local and each.kind.name not in FREE_TIERS]
        if self.free_tier and costly:
            known = ", ".join(FREE_TIERS)
            raise ConfigurationError(
                f"{', '.join(costly)} has no free tier that we know; {known} have one, and local servers cost nothing"
            )

    def _lines(self) -> Iterator[str]:
        yield "# The configuration of this fleet: `fleet config validate` checks it, `fleet up` runs it."
        yield ""
        yield "# any, local_first, hosted, free_only (nothing that could cost money, whatever fails), offline"
        yield f"mode: {'free_only' if self.free_tier else 'any'}"
        yield ""
        yield "# Without it the fleet runs a private Redis of its own; several hosts need one that all of them reach."
        yield "# redis_url: redis://localhost:6379/0"
        yield ""
        if len(self.entries) > 1 and self.auto_fallback:
            yield "# The first in the order of their priorities that is available gets a job; the next takes over."
        yield "providers:"
        for place, entry in enumerate(self.entries, 1):
            follower = self.entries[place].name if self.auto_fallback and place < len(self.entries) else None
            yield from self._provider(entry, place, follower)
        if len(self.entries) > 1 and not self.auto_fallback:
            yield ""
            yield "# Only the first gets jobs that name no provider; `fleet init … --auto-fallback` adds the others."
            yield "routes:"
            yield f"  default: [{self.entries[0].name}]"

    def _provider(self, entry: Entry, place: int, follower: str | None) -> Iterator[str]:
        free = FREE_TIERS.get(entry.kind.name) if self.free_tier else None
        model = entry.model or (free.model if free else chosen_model(entry))
        yield f"  {entry.name}:"
        if entry.name != entry.kind.name:
            yield f"    type: {entry.kind.name}"
        yield f"    priority: {place}"
        if entry.kind.local or entry.base_url:
            yield f"    base_url: {entry.base_url or entry.kind.base_url}"
        if entry.variable:
            yield f"    api_key: ${{{entry.variable}}}"
        yield f"    default_model: {_quoted(model)}" if model else "    # default_model: the first that is listed"
        ours = entry.kind.local or (entry.base_url is not None and is_ours(entry.base_url))
        yield f"    slots: {LOCAL_SLOTS if ours else HOSTED_SLOTS}  # calls at the same time"
        if free is not None:
            yield "    limits:  # of the free plan; lower ones that the provider states at run time win"
            yield from (f"      {name}: {value}" for name, value in free.limits().items() if value is not None)
        if follower is not None:
            yield f"    fallback_provider: {follower}"


def _quoted(model: str) -> str:
    """A model's name as YAML, in quotes if it would not stay text without."""
    try:
        if yaml.safe_load(model) == model:
            return model
    except yaml.YAMLError:
        pass
    return "'" + model.replace("'", "''") + "'"


def numbered(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The same entries under names of their own: a second server of a type is `vllm-2`."""
    named: list[Entry] = []
    for entry in entries:
        same = sum(other.kind.name == entry.kind.name for other in named)
        name = f"{entry.kind.name}-{same + 1}" if same else entry.kind.name
        named.append(Entry(name, entry.kind, entry.model, entry.base_url))
    return tuple(named)
