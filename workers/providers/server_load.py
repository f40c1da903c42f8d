"""How busy a server of our own says that it is: vLLM's metrics in Prometheus' text format."""

import re
from dataclasses import dataclass

_SERIES = re.compile(
    rb"^vllm:(num_requests_running|num_requests_waiting)(?:\{[^}\n]*\})?\s+([0-9.eE+-]+)\s*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """Requests that run and that wait in the server, whoever sent them."""

    running: int
    waiting: int


def server_load(body: bytes) -> ServerLoad | None:
    """The load of all models together, None if the metrics do not tell."""
    sums = dict[bytes, float]()
    for name, value in _SERIES.findall(body):
        try:
            sums[name] = sums.get(name, 0.0) + float(value)
        except ValueError:
            return None
    if len(sums) < 2:
        return None
    return ServerLoad(int(sums[b"num_requests_running"]), int(sums[b"num_requests_waiting"]))
