"""Keeping credentials out of what providers and libraries echo."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from ...routing.failure import Failure
from .endpoint import AttemptFailed, Endpoint

_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"})
#: A shorter one would be found in ordinary words.
_SHORTEST = 4


@contextmanager
def redacted(endpoint: Endpoint) -> Generator[None]:
    """Let AttemptFailed through without the endpoint's credentials in its message."""
    try:
        yield
    except AttemptFailed as failed:
        clean = without_secrets(failed.failure, endpoint)
        if clean == failed.failure:
            raise
        raise AttemptFailed(clean) from None


def without_secrets(failure: Failure, endpoint: Endpoint) -> Failure:
    message = failure.message
    for secret in _secrets(endpoint):
        message = message.replace(secret, "[secret]")
    return replace(failure, message=message)


def _secrets(endpoint: Endpoint) -> list[str]:
    key = endpoint.api_key.get_secret_value().strip() if endpoint.api_key else ""
    values = [
        value.split()[-1] for name, value in endpoint.headers.items() if name.lower() in _SECRET_HEADERS and value
    ]
    return [secret for secret in (key, *values) if len(secret) >= _SHORTEST]
