"""What every step of loading needs besides the values themselves."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ..prices.price_list import PriceList
from .environment import Environment
from .problems import Findings


@dataclass(frozen=True, slots=True)
class Context:
    """environment: where variables come from. folder: where relative paths in the file start. findings: collected.

    needed: the providers that must be complete, None for all that are enabled. prices, at: the list of prices, which
    costs nothing until it is looked into, and when.
    """

    environment: Environment
    folder: Path
    findings: Findings = field(default_factory=Findings)
    needed: Collection[str] | None = None
    prices: PriceList = field(default_factory=PriceList)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
