"""What the public list has wrong. Each row says what shows it, and goes when the list has it right."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from .price import Price, Rate


@dataclass(frozen=True, slots=True)
class Correction:
    """price: of a model at a provider, before `until`; from then on the list is right."""

    until: datetime
    price: Price


#: Type of provider and model -> what the list does not know.
CORRECTIONS: Mapping[tuple[str, str], Correction] = {
    # The list has the introductory price as if it had held from the beginning (#564 of pydantic/genai-prices).
    # OpenRouter listed 1.50 and 7.50 from 2026-07-22 on and 0.75 and 3.75 from 2026-08-14 (daily copies of its listing
    # in jvrck/openrouterlist; cache reads: #3593 of theopenco/llmgateway), and charged so: 240 µUSD for 30 and 26
    # tokens on 2026-08-12.
    ("openrouter", "google/gemini-3.6-flash"): Correction(
        datetime(2026, 8, 14, tzinfo=UTC),
        Price("", input=Rate(1.5), output=Rate(7.5), cache_read=Rate(0.15)),
    ),
}


def corrected(type_: str, model: str, at: datetime, *, version: str) -> Price | None:
    """What a model cost where the list has it wrong; None where the list counts. version: of the list."""
    known = CORRECTIONS.get((type_, model))
    if known is None or at >= known.until:
        return None
    return replace(known.price, version=f"{version}, corrected")
