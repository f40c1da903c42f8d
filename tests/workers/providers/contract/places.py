"""Every provider that the fleet has a row for, where one simulator answers as that provider."""

from dataclasses import dataclass, field

import pytest

from workfleet.workers.providers.endpoint import Api, Endpoint
from workfleet.workers.providers.rows import ROWS


@dataclass(frozen=True)
class Place:
    """path: of the simulator's, after which the provider's own follow."""

    name: str
    row: str
    path: str
    api: Api = field(default_factory=Api)

    def at(self, base_url: str, provider: str = "p") -> Endpoint:
        """provider: a name for which no other test's refusals are remembered."""
        return Endpoint(provider, self.row, base_url + self.path, api=self.api)

    @property
    def dialect(self) -> str:
        """The simulator's, of which Azure is a flavour."""
        named = ROWS[self.row].dialect
        return "openai" if named == "azure" else named


#: What follows the provider's name where its base URL has a path of its own.
_PATHS = {
    "google": "/google/v1beta",
    "groq": "/groq/openai/v1",
    "openrouter": "/openrouter/api/v1",
    # These answer whoever asks, without a name.
    "simulated": "",
    "openai_compatible": "/v1",
}

_DEPLOYED = Api(version="2024-10-21", deployments={"sim-chat": "sim-chat", "sim-embed": "sim-embed"})

PLACES = (
    *(Place(row, row, _PATHS.get(row, f"/{row}"), Api(form="query") if row == "ruvllm" else Api()) for row in ROWS),
    Place("azure, by deployment", "azure", "/azure", _DEPLOYED),
)

#: Says by its listing which API it has, before it is asked.
FOUND_OUT = Place("ruvllm, found out", "ruvllm", "/ruvllm")


def everywhere(*but: str) -> pytest.MarkDecorator:
    """Once for each place; but: those whose API does not have what is tested."""
    places = [place for place in (*PLACES, FOUND_OUT) if place.row not in but]
    return pytest.mark.parametrize("place", places, ids=[place.name for place in places])
