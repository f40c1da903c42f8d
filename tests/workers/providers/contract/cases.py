"""Which faults are tried at which providers: what the tests of this folder are parametrized with."""

from collections.abc import Iterable

import pytest

from workfleet.workers.simulator.faults.catalogue import CATALOGUE

from .expected import EXPECTED
from .places import PLACES, Place

Case = tuple[str, Place]


def row_of(spec: str) -> str:
    return CATALOGUE[spec.partition(":")[0]].row


def concerned(*specs: str, but: Iterable[str] = ()) -> list[Case]:
    """Each fault with each place whose dialect it is of; but: names of places that are left out."""
    return [
        (spec, place)
        for spec in specs
        for place in PLACES
        if place.dialect in CATALOGUE[spec.partition(":")[0]].dialects and place.name not in but
    ]


def each(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("spec", "place"), cases, ids=[f"{spec}, {place.name}" for spec, place in cases])


#: What comes of one call.
CALLS = concerned(*EXPECTED)

#: How long a refusal asks to wait, where the form is the fault's.
TOLD_WAITS = concerned(
    "rate-limited-seconds", "rate-limited-date", "rate-limited-ms", "rate-limited-text", "rate-limited-silent"
)

#: What embeddings are refused with, where there are any.
EMBEDDINGS = concerned(
    "http-503", "rate-limited", "unauthorized", "model-not-found", "context-overflow", but=["anthropic", "ruvllm"]
)

JSON_ANSWERS = concerned("json-fenced", "json-in-prose", "json-truncated", "json-wrong-shape")

REFUSED_PARAMETERS = concerned("rejects-temperature", "rejects-max-tokens", "rejects-system")

#: Where deployments are named in the configuration, no listing is asked for. LM Studio's own has no pages.
_NAMING_THEIRS = ("ollama", "anthropic", "google", "cohere")
LISTINGS = [
    *concerned("listing-huge", "listing-malformed", "listing-wrong-type", but=["azure, by deployment"]),
    *concerned("listing-paged", but=["azure, by deployment", "lmstudio"]),
    *concerned("listing-bare", but=["azure, by deployment", *_NAMING_THEIRS]),
]
BARE_LISTINGS = [case for case in concerned("listing-bare") if case[1].name in _NAMING_THEIRS]

PULLS = [
    case
    for case in concerned("pull-error", "pull-restart", "pull-present")
    if case[1].row in ("ollama", "lmstudio", "localai")  # which fetch models
]

#: Limits that the simulator itself keeps are a setting, not a fault: row F17.
LIMITED = [("limits", place) for place in PLACES]
