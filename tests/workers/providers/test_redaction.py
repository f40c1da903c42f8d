import pytest
from pydantic import SecretStr

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint
from workfleet.workers.providers.redaction import redacted

KEY = "gsk_0123456789"
ENDPOINT = Endpoint(
    "groq",
    "groq",
    "https://x",
    SecretStr(KEY),
    {"X-Api-Key": "second-secret", "Authorization": "Bearer third-one", "X-Team": "qe"},
)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (f"Incorrect API key provided: {KEY}.", "Incorrect API key provided: [redacted]."),
        ("second-secret or third-one of team qe", "[redacted] or [redacted] of team qe"),
        ("Incorrect API key provided: sk-0123456789abcdef.", "Incorrect API key provided: [redacted]."),
        ("no secret here", "no secret here"),
    ],
    ids=["the key", "headers that hold credentials", "what looks like a key of somebody else", "nothing"],
)
def test_credentials_do_not_leave_in_a_message(message: str, shown: str) -> None:
    with pytest.raises(AttemptFailed) as failed, redacted(ENDPOINT):
        raise AttemptFailed(Failure(Fault.AUTH, message, status=401))
    assert failed.value.failure == Failure(Fault.AUTH, shown, status=401)
    assert str(failed.value) == f"auth (HTTP 401): {shown}"


def test_a_key_too_short_to_be_one_hides_no_words() -> None:
    endpoint = Endpoint("x", "vllm", "http://x", SecretStr("a"))
    with pytest.raises(AttemptFailed) as failed, redacted(endpoint):
        raise AttemptFailed(Failure(Fault.AUTH, "bad"))
    assert failed.value.failure.message == "bad"
