"""Looking models up by the names that providers have for them. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .entry import ModelEntry, Offer

#: Types of server that run whatever weights they are given: a model is the same there under another type's name.
_ANY_WEIGHTS = frozenset(
    {"vllm", "lmstudio", "localai", "llamacpp", "local", "ollama", "ruvllm", "openai_compatible", "azure"}
)
#: What OpenRouter appends to a model's name to say how it is to be served.
_VARIANTS = (":free", ":nitro", ":floor", ":online", ":thinking", ":exacto")


@dataclass(frozen=True, slots=True)
class Known:
    """A model as a provider offers it. offer: None if the registry knows the model, but not from this type."""

    entry: ModelEntry
    offer: Offer | None = None

    @property
    def context_tokens(self) -> int | None:
        return (self.offer.context_tokens if self.offer else None) or self.entry.context_tokens

    @property
    def retired(self) -> bool:
        return self.offer is not None and self.offer.retired


@dataclass(frozen=True, slots=True)
class Registry:
    """entries: by their ids."""

    entries: Mapping[str, ModelEntry]
    _names: dict[tuple[str, str], Known] = field(init=False, repr=False, compare=False)
    _anywhere: dict[str, Known] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = dict(_names(self.entries))
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_anywhere", {name: Known(known.entry) for (_, name), known in names.items()})

    def find(self, type_: str, name: str) -> Known | None:
        """What is known of a model under the name that providers of a type have for it."""
        for spelling in _spellings(type_, name):
            found = self._names.get((type_, spelling))
            if found is None and type_ in _ANY_WEIGHTS:
                found = self._anywhere.get(spelling)
            if found is not None:
                return found
        return None


def _names(entries: Mapping[str, ModelEntry]) -> Iterator[tuple[tuple[str, str], Known]]:
    for entry in entries.values():
        for type_, offer in entry.offers.items():
            for name in (offer.name, *offer.also):
                yield (type_, name.lower()), Known(entry, offer)


def _spellings(type_: str, name: str) -> Iterator[str]:
    """The names to look for, the most exact first. Ollama's tags end with how a model is quantised."""
    name = name.lower()
    yield name
    if type_ == "openrouter":
        yield from (name.removesuffix(variant) for variant in _VARIANTS if name.endswith(variant))
        return
    yield name.removesuffix(":latest")
    model, colon, tag = name.partition(":")
    if colon and "-" in tag:
        yield f"{model}:{tag.partition('-')[0]}"
