"""How good estimates of tokens are, for people and for programs."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from ...routing.calibration import Errors
from ..calibration.books import Accuracy
from ..calibration.report import TargetLine, together


def estimate_table(lines: list[TargetLine], *, shapes: bool = False) -> Table:
    """shapes: with a row for each shape of prompts."""
    columns = ("mean", "p50", "p95", "bias", "mean", "p50", "p95", "bias")
    table = Table("target", *(["prompts", "factor"] if shapes else []), box=None, pad_edge=False)
    table.add_column("calls", justify="right")
    for at, name in enumerate(columns):
        table.add_column(f"{name}\nbefore" if at < 4 else f"{name}\nafter", justify="right")
    for line in lines:
        if shapes:
            for shape in line.shapes:
                table.add_row(escape(line.target), shape.name, f"{shape.factor:.2f}", *_cells(shape.accuracy))
        else:
            table.add_row(escape(line.target), *_cells(line.accuracy))
    if len(lines) > 1:
        table.add_section()
        total = together(*(line.accuracy for line in lines))
        table.add_row("total", *(["", ""] if shapes else []), *_cells(total), style="bold")
    return table


def _cells(accuracy: Accuracy) -> list[str]:
    return [f"{accuracy.before.calls:,}", *_shares(accuracy.before), *_shares(accuracy.after)]


def _shares(errors: Errors) -> list[str]:
    sizes = [_percent(size) for size in (errors.mean, errors.quantile(0.5), errors.quantile(0.95))]
    return [*sizes, "" if errors.bias is None else f"{errors.bias:+.0%}"]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def estimate_fields(lines: list[TargetLine]) -> dict[str, Any]:
    """Errors are shares of what the provider counted; those of the bias are below 0 where estimates are too low."""
    total = together(*(line.accuracy for line in lines))
    return {
        "targets": [
            {"target": line.target}
            | accuracy_fields(line.accuracy)
            | {
                "prompts": [
                    {"shape": each.name, "factor": each.factor} | accuracy_fields(each.accuracy) for each in line.shapes
                ]
            }
            for line in lines
        ],
        "total": accuracy_fields(total),
    }


def accuracy_fields(accuracy: Accuracy) -> dict[str, Any]:
    return {"calls": accuracy.before.calls, "before": _errors(accuracy.before), "after": _errors(accuracy.after)}


def _errors(errors: Errors) -> dict[str, float | None]:
    found = {"mean": errors.mean, "p50": errors.quantile(0.5), "p95": errors.quantile(0.95), "bias": errors.bias}
    return {name: None if size is None else round(size, 4) for name, size in found.items()}
