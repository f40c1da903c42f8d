"""How far estimates of tokens are from what providers counted in recorded exchanges."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...routing.calibration import Calibration, Errors, Estimated, Kind, bucket_of, estimated, ratio
from ...tasks.answer import Answer
from ..calibration.books import Accuracy
from ..calibration.gauge import Gauge
from ..calibration.report import TargetLine, report, together
from ..providers.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Measured:
    """lines: of all calls. known: of those alone of which enough others are like them. left_out: calls without a
    count, and those with pictures or files.
    """

    lines: list[TargetLine]
    known: Accuracy
    left_out: int


def measure_estimates(exchanges: Iterable[Exchange]) -> Measured:
    """Each call is estimated as if the fleet had seen all the others before, and not that one."""
    calls, left_out = _counted(exchanges)
    accuracy: dict[Kind, Accuracy] = {}
    known = Accuracy()
    for kind, found in calls.items():
        for at, (raw, counted) in enumerate(found):
            others = Calibration().with_calls(ratio(each, guess) for guess, each in (*found[:at], *found[at + 1 :]))
            one = _error(estimated(kind, raw, others), counted)
            accuracy[kind] = together(accuracy.get(kind, Accuracy()), one)
            known = together(known, one) if others.known else known
    every = {
        kind: Calibration().with_calls(ratio(each, guess) for guess, each in found) for kind, found in calls.items()
    }
    return Measured(report(accuracy, every), known, left_out)


def _counted(exchanges: Iterable[Exchange]) -> tuple[dict[Kind, list[tuple[int, int]]], int]:
    """By kind, (estimate, count) of each call; and how many have none."""
    calls: dict[Kind, list[tuple[int, int]]] = defaultdict(list)
    left_out = 0
    for was, counted in _answered(exchanges):
        if was.kind is None or not counted:
            left_out += 1
        else:
            calls[was.kind].append((was.raw, counted))
    return dict(calls), left_out


def _answered(exchanges: Iterable[Exchange]) -> Iterator[tuple[Estimated, int]]:
    for exchange in exchanges:
        outcome = exchange.outcome()
        if isinstance(outcome, Answer):
            told = outcome.usage.input_tokens if outcome.usage.source == "provider" else 0
            yield Gauge().estimate(f"{exchange.ask.provider}/{exchange.ask.model}", exchange.ask.request), told


def _error(was: Estimated, counted: int) -> Accuracy:
    return Accuracy(Errors({bucket_of(was.raw, counted): 1}), Errors({bucket_of(was.tokens, counted): 1}))
