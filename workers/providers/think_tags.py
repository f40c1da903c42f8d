"""Reasoning that a model writes into its answer, as `<think>…</think>` before everything else, taken apart from it.

Old servers and models without a reasoning parser do this. A tag further on is left alone: it may be part of the answer.
"""

from dataclasses import dataclass

_OPEN, _CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Split:
    text: str = ""
    reasoning: str = ""


class ThinkSplitter:
    """Takes the answer in pieces of any size; the pieces' sum is `split_think` of the whole."""

    def __init__(self) -> None:
        self._state = self._before
        self._held = ""

    def feed(self, piece: str) -> Split:
        """What of the answer so far is known to be text or reasoning."""
        self._held += piece
        return self._state()

    def close(self) -> Split:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return Split(reasoning=held) if self._state in (self._opened, self._inside) else Split(text=held)

    def _before(self) -> Split:
        start = self._held.lstrip()
        if start.startswith(_OPEN):
            self._held = start[len(_OPEN) :]
            self._state = self._opened
            return self._opened()
        if _OPEN.startswith(start):
            return Split()
        self._state = self._after
        return self._after()

    def _opened(self) -> Split:
        self._held = self._held.lstrip()
        if self._held:
            self._state = self._inside
            return self._inside()
        return Split()

    def _inside(self) -> Split:
        reasoning, closed, rest = self._held.partition(_CLOSE)
        if not closed:
            keep = _overlap(reasoning)
            self._held = reasoning[len(reasoning) - keep :]
            return Split(reasoning=reasoning[: len(reasoning) - keep])
        self._held = rest
        self._state = self._between
        return Split(text=self._between().text, reasoning=reasoning)

    def _between(self) -> Split:
        self._held = self._held.lstrip()
        if self._held:
            self._state = self._after
        return self._after()

    def _after(self) -> Split:
        text, self._held = self._held, ""
        return Split(text=text)


def split_think(text: str) -> Split:
    """The whole answer, taken apart."""
    splitter = ThinkSplitter()
    first = splitter.feed(text)
    last = splitter.close()
    return Split(first.text + last.text, first.reasoning + last.reasoning)


def _overlap(text: str) -> int:
    """How many of the last characters may be the start of the closing tag."""
    return next((size for size in range(len(_CLOSE) - 1, 0, -1) if text.endswith(_CLOSE[:size])), 0)
