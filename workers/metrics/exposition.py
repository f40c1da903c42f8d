"""Metrics as text, in the format that whoever asks understands."""

from collections.abc import Iterable, Sequence

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric


class _Families:
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def exposed(families: Sequence[Metric], *, accept: str = "") -> tuple[bytes, str]:
    """The text and its content type. accept: the request's header; Prometheus' own format if it says nothing."""
    encode, content_type = choose_encoder(accept)
    return encode(_Families(families)), content_type
