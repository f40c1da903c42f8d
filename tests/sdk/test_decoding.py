"""Exchanges are read as the providers' own SDKs read them: what they read is kept, and read anew where they are."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from workfleet.workers.cli.provider_decode import fields_of
from workfleet.workers.providers.exchange import Exchange

from .differences import differences
from .expected import stored

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "workers" / "providers" / "recordings" / "exchanges.jsonl"
ALL = ROOT.parent / "shared" / "recordings" / "exchanges.jsonl"
SDKS = ("anthropic", "cohere", "google", "groq", "openai")


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("recorded", read(SAMPLE), ids=lambda recorded: recorded["name"])
def test_an_exchange_is_read_as_the_providers_own_sdk_reads_it(recorded: dict[str, Any]) -> None:
    assert differences(fields_of(Exchange.of(recorded)), stored()[recorded["name"]]) == []


@pytest.mark.skipif(not ALL.exists(), reason=f"the whole recording is not beside the clone ({ALL.parent})")
def test_all_exchanges_are_read_as_the_providers_own_sdks_read_them() -> None:
    recorded = {exchange["name"]: fields_of(Exchange.of(exchange)) for exchange in read(ALL)}
    expected = stored()
    assert recorded.keys() == expected.keys()
    found = {name: differences(decoded, expected[name]) for name, decoded in recorded.items()}
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("text", "another text"),
        ("tool_calls", []),
        ("embeddings", [[0.5]]),
        ("finish_reason", "length"),
        ("usage", None),
        ("failure", "server"),
    ],
)
def test_a_field_that_is_read_otherwise_is_a_difference(field: str, other: Any) -> None:
    recorded = next(each for each in read(SAMPLE) if each["name"].endswith("test_multiple_parallel_tool_calls#0"))
    decoded, expected = fields_of(Exchange.of(recorded)), stored()[recorded["name"]]
    (difference,) = differences({**decoded, field: other}, expected)
    assert difference.startswith(f"{field}: SDK ")


@pytest.mark.skipif(
    not (ALL.exists() and all(map(find_spec, SDKS))), reason="`make sdks` installs the SDKs, or the recordings lack"
)
def test_the_sdks_read_what_is_kept_of_them() -> None:
    command = [sys.executable, "-m", "tests.sdk", str(ALL)]
    compared = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (compared.returncode, compared.stdout) == (
        0,
        f"{len(read(ALL))} exchanges read by the providers' own SDKs, 0 differences\n",
    )
