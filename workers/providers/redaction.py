"""Keeping credentials out of what providers and libraries echo."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..redaction import Redactor, is_secret_name
from .endpoint import AttemptFailed, Endpoint


@contextmanager
def redacted(endpoint: Endpoint) -> Generator[None]:
    """Let AttemptFailed through without the endpoint's credentials in its message."""
    try:
        yield
    except AttemptFailed as failed:
        message = Redactor(_secrets(endpoint)).text(failed.failure.message)
        if message == failed.failure.message:
            raise
        raise AttemptFailed(replace(failed.failure, message=message)) from None


def _secrets(endpoint: Endpoint) -> Iterator[str]:
    if endpoint.api_key:
        yield endpoint.api_key.get_secret_value().strip()
    for name, value in endpoint.headers.items():
        if value and is_secret_name(name):
            # Without the scheme: `Bearer`, `Basic`.
            yield value.split()[-1]
