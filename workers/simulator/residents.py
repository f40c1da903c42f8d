"""Which models are in memory. Loading one takes time, and so does another context size for one, as in Ollama."""

from collections.abc import Callable

from .ask import Ask
from .spans import seconds

_KEEP_S = 300.0


class Residents:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._loaded: dict[str, tuple[int, float | None]] = {}  # model -> context tokens, when it goes

    def use(self, ask: Ask, context_tokens: int) -> bool:
        """Whether the model has to be loaded for this request; it is in memory afterwards, unless keep_alive is 0."""
        now, model = self._clock(), ask.model.removesuffix(":latest")
        num_ctx = ask.num_ctx or context_tokens
        resident = self._loaded.get(model)
        warm = resident is not None and resident[0] == num_ctx and (resident[1] is None or resident[1] > now)
        keep_s = _keep_s(ask.keep_alive)
        if keep_s == 0:
            self._loaded.pop(model, None)
        else:
            self._loaded[model] = (num_ctx, None if keep_s is None else now + keep_s)
        return not warm

    def present(self) -> dict[str, tuple[int, float | None]]:
        """model -> context tokens, and seconds until it is unloaded, None if never."""
        now = self._clock()
        return {
            model: (num_ctx, None if until is None else until - now)
            for model, (num_ctx, until) in self._loaded.items()
            if until is None or until > now
        }


def _keep_s(keep_alive: str | int | float | None) -> float | None:
    """Seconds; None is for ever. Anything that cannot be read is the default of five minutes."""
    if isinstance(keep_alive, str):
        try:
            keep_alive = -1.0 if keep_alive.startswith("-") else seconds(keep_alive)
        except ValueError:
            keep_alive = None
    if keep_alive is None:
        return _KEEP_S
    return None if keep_alive < 0 else float(keep_alive)
