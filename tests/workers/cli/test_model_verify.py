"""`fleet models verify`: files, and its exit codes."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli.main import app
from workfleet.workers.local.digests import note

#: The shortest model file there is: no tensors, no facts.
GGUF = b"GGUF" + (3).to_bytes(4, "little") + bytes(16)
DIGEST = hashlib.sha256(GGUF).hexdigest()


def verify(*options: str) -> tuple[int, str]:
    """Exit code and what was printed, errors included."""
    shown = CliRunner().invoke(app, ["models", "verify", *options])
    return shown.exit_code, str(shown.exception) if shown.exit_code == 1 and shown.exception else shown.output


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In the folder of fetched models."""
    monkeypatch.setenv("FLEET_MODELS", str(tmp_path))
    (tmp_path / "tiny.gguf").write_bytes(GGUF)
    return tmp_path / "tiny.gguf"


def test_a_fetched_file_is_found_by_its_name(file: Path) -> None:
    code, said = verify("tiny.gguf", "--sha256", DIGEST.upper(), "--json")
    shown = json.loads(said)
    assert (code, shown["file"], shown["sha256"], shown["size_bytes"]) == (0, str(file), DIGEST, 24)


def test_a_file_with_another_checksum_is_told(file: Path) -> None:
    wrong = "0" * 64
    assert verify(str(file), "--sha256", wrong) == (
        1,
        f"{file} has the SHA-256 {DIGEST}, and {wrong} was expected (--sha256): fetch it again",
    )


def test_a_file_that_is_no_longer_what_was_fetched_is_told(file: Path) -> None:
    note(file.parent, str(file.parent), file.name, "0" * 64, now=datetime(2026, 11, 21, tzinfo=UTC))
    wanted = f"{'0' * 64} was expected (noted when it was fetched, on 2026-11-21)"
    assert verify("tiny.gguf") == (1, f"{file} has the SHA-256 {DIGEST}, and {wanted}: fetch it again")
    assert verify("tiny.gguf", "--sha256", DIGEST)[0] == 0


def test_a_digest_is_of_one_model() -> None:
    complaint = "--sha256 is for one model that is named, and has 12 to 64 hexadecimal digits"
    assert verify("--sha256", DIGEST) == verify("m", "--sha256", "nonsense") == (1, complaint)


def test_a_server_that_does_not_answer_ends_with_code_3(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text("providers: {vllm: {base_url: 'http://127.0.0.1:1', default_model: m}}")
    code, said = verify("--json", "--config", str(config))
    (shown,) = json.loads(said)
    assert (code, shown["provider"], shown["error"].startswith("transport")) == (3, "vllm", True)


def test_hosted_models_are_asked_only_if_their_provider_is_named(tmp_path: Path) -> None:
    config = tmp_path / "fleet.yaml"
    config.write_text("providers: {groq: {api_key: k, default_model: m}}")
    assert verify("--config", str(config)) == (
        1,
        "no server of our own is configured; name a hosted provider with --provider",
    )
