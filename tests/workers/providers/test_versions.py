import pytest

from workfleet.workers.providers.rows import ROWS
from workfleet.workers.providers.versions import unknown_version


@pytest.mark.parametrize(
    ("type_", "version", "why"),
    [
        ("ollama", "0.5.0", None),
        ("ollama", "0.33.3", None),
        ("ollama", "v0.33.0-rc1", None),
        ("ollama", "0.4.7", "version 0.4.7 is older than 0.5, the oldest whose API is known here"),
        ("ollama", "0.34.0", "version 0.34.0 is newer than 0.33, the newest whose API is known here"),
        ("ollama", "1.0", "version 1.0 is newer than 0.33, the newest whose API is known here"),
        ("ollama", "nightly", None),
        ("ollama", None, None),
        ("vllm", "99.0", None),
    ],
)
def test_a_version_may_be_one_whose_api_nobody_knows(type_: str, version: str | None, why: str | None) -> None:
    assert unknown_version(ROWS[type_], version) == why
