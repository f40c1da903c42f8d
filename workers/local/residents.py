"""The models that an Ollama server has in memory, as one pool knows them, kept within a budget.

What is loaded, and how large it is, the server says (/api/ps), whoever had it loaded; what is in use is what this pool
asks for. A model that another pool uses is not cut off either: Ollama unloads it when its calls have ended.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..providers.ollama.models import InMemory
from .eviction import Go, Resident, Wait, room

#: What a model takes beside its files, until it has been seen in memory: a cache, and the buffers of a batch.
_BESIDE_FILES = 1.2
#: Seconds for which room is kept for a model that was waited for, and that nobody asks for any more.
_KEPT_S = 5.0


@dataclass(slots=True)
class Residents:
    """budget_bytes: for all of them. loaded: model -> bytes, as the server said last. files: model -> bytes on disk.

    Times are of any steady clock, in seconds. A model without a tag means its `:latest`.
    """

    budget_bytes: int
    loaded: dict[str, int] = field(default_factory=dict[str, int])
    files: Mapping[str, int] = field(default_factory=dict[str, int])
    busy: Counter[str] = field(default_factory=Counter[str])
    _seen: dict[str, int] = field(default_factory=dict[str, int])
    _used_at: dict[str, float] = field(default_factory=dict[str, float])
    _waiting: dict[str, float] = field(default_factory=dict[str, float])
    _free_since: dict[str, float] = field(default_factory=dict[str, float])
    _goes_at: dict[str, str] = field(default_factory=dict[str, str])
    _spelt: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    _loading: str | None = None

    def heard(self, found: Iterable[InMemory], files: Mapping[str, int], *, now: float) -> None:
        """What the server says of itself. When a model will go moves with each call of it, whoever makes that."""
        present = {each.model: each for each in found}
        for name, each in present.items():
            if self._goes_at.get(name) != each.goes_at:
                self._used_at[name] = now
        self._goes_at = {name: each.goes_at for name, each in present.items()}
        self.loaded, self.files = {name: each.size_bytes for name, each in present.items()}, files
        self._seen |= self.loaded
        if self._loading in self.loaded:
            self._loading = None

    def ask(self, model: str, *, now: float) -> Go | Wait:
        """Whether a call may begin; if so it has, and what is to be unloaded for it counts as gone."""
        name, model = model, tagged(model)
        self._spelt[model].add(name)
        found = self._room(model, now)
        if isinstance(found, Wait):
            self._waiting.setdefault(model, now)
            return found
        for each in found.unload:
            self.loaded.pop(each, None)
        if model not in self.loaded and not self.busy[model]:
            self._loading = model
        self._waiting.pop(model, None)
        self._free_since.pop(model, None)
        self.busy[model] += 1
        self._used_at[model] = now
        return found

    def ended(self, model: str, *, now: float) -> None:
        """A call has, however it did."""
        model = tagged(model)
        self.busy[model] -= 1
        self._used_at[model] = now
        if self._loading == model:
            self._loading = None

    def why_not(self, model: str, *, now: float) -> str | None:
        """Why a model would have to wait, None if it would not."""
        found = self._room(tagged(model), now)
        return found.why if isinstance(found, Wait) else None

    def out(self, *, now: float) -> dict[str, str]:
        """The models that were asked for and have to wait, or that make room for one that did; and why.

        By the names by which they were asked for.
        """
        for model in [*self._waiting]:
            if self.why_not(model, now=now) is not None:
                self._free_since.pop(model, None)
            elif now - self._free_since.setdefault(model, now) > _KEPT_S:
                del self._waiting[model], self._free_since[model]
        why = {model: self.why_not(model, now=now) for model in (*self._waiting, *self._present())}
        return {name: words for model, words in why.items() if words for name in self._spelt.get(model, {model})}

    def burden(self, model: str, *, now: float) -> float:
        """What asking for it here costs, to compare servers: nothing if it is in memory, 1 if it would have to wait."""
        if self.why_not(model, now=now) is not None:
            return 1.0
        return 0.0 if tagged(model) in self._present() else 0.5

    def _present(self) -> dict[str, int]:
        """With those that are on their way into memory."""
        return {**{model: self._need(model) for model, calls in self.busy.items() if calls}, **self.loaded}

    def _need(self, model: str) -> int:
        return self._seen.get(model) or int(self.files.get(model, 0) * _BESIDE_FILES)

    def _room(self, model: str, now: float) -> Go | Wait:
        present = self._present()
        if model not in present and self._loading is not None:
            return Wait(f"{self._loading} is being loaded")
        residents = [
            Resident(name, size, self._used_at.get(name, 0.0), self.busy[name]) for name, size in present.items()
        ]
        waited_s = {name: now - since for name, since in self._waiting.items() if name != model}
        return room(model, self._need(model), residents, self.budget_bytes, waited_s=waited_s)


def tagged(model: str) -> str:
    return model if ":" in model else f"{model}:latest"
