"""Estimates of prompts as one process knows to make them, and what it has learned of them since it told the fleet."""

from collections import Counter
from dataclasses import dataclass, field

from ...routing.calibration import REMEMBERED, Calibration, Estimated, Kind, bucket_of, estimated, raised, ratio
from ...tasks.request import Request
from ...tasks.request_size import Size, sized

#: Where nothing else needs an estimate, so many calls of a target are measured at first, and then one in so many.
_AT_FIRST, _ONE_IN = 32, 16
#: Targets and kinds that are remembered; jobs may bring names of models without end.
_KEPT = 512


@dataclass(slots=True)
class News:
    """Of one kind. before, after: calls by the bucket of the error, of plain estimates and of those that were used."""

    ratios: list[int] = field(default_factory=list[int])
    before: Counter[int] = field(default_factory=Counter[int])
    after: Counter[int] = field(default_factory=Counter[int])


@dataclass(slots=True)
class Gauge:
    """known: by kind; one that was asked for and of which nothing is known is there, too. news: not told to the fleet.
    unheard: kinds of which the fleet has not been asked.
    """

    known: dict[Kind, Calibration] = field(default_factory=dict[Kind, Calibration])
    news: dict[Kind, News] = field(default_factory=dict[Kind, News])
    unheard: set[Kind] = field(default_factory=set[Kind])
    _calls: Counter[str] = field(default_factory=Counter[str])

    def due(self, target: str) -> bool:
        """Whether a call that nobody needs an estimate of is to be measured: estimating takes 10 µs a kilobyte."""
        if target not in self._calls and len(self._calls) >= _KEPT:
            self._calls.clear()
        self._calls[target] += 1
        return self._calls[target] <= _AT_FIRST or self._calls[target] % _ONE_IN == 0

    def estimate(self, target: str, request: Request, size: Size | None = None) -> Estimated:
        """size: of the request, if that is known. Nothing is learned of pictures: no text tells their tokens."""
        raw = (size or sized(request)).input_tokens
        if any(part.type == "image_url" for message in request.messages for part in message.parts):
            return Estimated(None, raw, raw)
        kind = Kind.of(target, raw, tools=bool(request.tools))
        if kind not in self.known:
            if len(self.known) >= _KEPT:
                del self.known[next(iter(self.known))]
            self.known[kind] = Calibration()
            self.unheard.add(kind)
        return estimated(kind, raw, self.known[kind])

    def raised(self, request: Request) -> dict[str, float]:
        """As `raised` of the routing has it."""
        return raised(self.known, sized(request).input_tokens, tools=bool(request.tools))

    def learn(self, was: Estimated, counted: int) -> None:
        """counted: by the provider, all input, cached included; 0 is no count."""
        if was.kind is None or not counted or not was.raw:
            return
        found = ratio(counted, was.raw)
        self.known[was.kind] = self.known.get(was.kind, Calibration()).with_calls([found])
        news = self.news.setdefault(was.kind, News())
        news.ratios = [*news.ratios, found][-REMEMBERED:]
        news.before[bucket_of(was.raw, counted)] += 1
        news.after[bucket_of(was.tokens, counted)] += 1
