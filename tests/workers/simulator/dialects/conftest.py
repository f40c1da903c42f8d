"""Requests and replies of a dialect, without a server."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from workfleet.workers.simulator import incoming
from workfleet.workers.simulator.ask import Operation
from workfleet.workers.simulator.content.compose import compose
from workfleet.workers.simulator.dialects.dialect import House
from workfleet.workers.simulator.exchange import Exchange
from workfleet.workers.simulator.rendering import informed
from workfleet.workers.simulator.script import Script
from workfleet.workers.simulator.settings import Settings
from workfleet.workers.simulator.timing import Timing


@dataclass(frozen=True)
class Written:
    """A script, and its bytes read as what they are."""

    script: Script

    @property
    def status(self) -> int:
        return self.script.status

    @property
    def data(self) -> bytes:
        return b"".join(frame.data for frame in self.script.frames)

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.data.splitlines()]

    @property
    def events(self) -> list[Any]:
        return [json.loads(line[6:]) for line in self.data.splitlines() if line.startswith(b"data: {")]


def _written(
    path: str,
    body: object = None,
    *,
    method: str = "POST",
    timing: Timing | None = None,
    headers: Mapping[str, str] | None = None,
    **settings: object,
) -> Written:
    chosen = Settings().changed({"answer_tokens": 20, **settings})
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    got = incoming.read(method, path, data, chosen, headers or {})
    operation = got.operation or Operation.HEALTH
    exchange = Exchange(7, 1_750_000_000.25, chosen, operation, got.path, asked_flavour=got.flavour)
    if got.ask:
        return Written(got.dialect.reply(got.ask, compose(got.ask, chosen), timing or Timing(), exchange))
    house = House(loaded={"m": (4096, 60.0)}, running=3, waiting=2, prompt_tokens=10, generation_tokens=20, answered=4)
    return Written(informed(got, exchange, house))


@pytest.fixture
def written() -> Callable[..., Written]:
    """`written(path, body, method=…, timing=…, headers=…, **settings)`: what the simulator writes in reply."""
    return _written
