"""How good the fleet's estimates are, as people ask for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...routing.calibration import Calibration, Kind
from .books import Accuracy


@dataclass(frozen=True, slots=True)
class Shape:
    """name: of the prompts. factor: what estimates of them are multiplied by now."""

    name: str
    factor: float
    accuracy: Accuracy


@dataclass(frozen=True, slots=True)
class TargetLine:
    """target: `provider/model`. accuracy: over all of its shapes."""

    target: str
    accuracy: Accuracy
    shapes: tuple[Shape, ...]


def report(accuracy: Mapping[Kind, Accuracy], calibrations: Mapping[Kind, Calibration]) -> list[TargetLine]:
    """In the order of the targets' names."""
    shapes: dict[str, list[Shape]] = {}
    for kind, found in sorted(accuracy.items()):
        factor = calibrations.get(kind, Calibration()).factor
        shapes.setdefault(kind.target, []).append(Shape(kind.shape, factor, found))
    return [TargetLine(target, together(*(each.accuracy for each in of)), tuple(of)) for target, of in shapes.items()]


def together(*accuracies: Accuracy) -> Accuracy:
    total = Accuracy()
    for each in accuracies:
        total = Accuracy(total.before + each.before, total.after + each.after)
    return total
