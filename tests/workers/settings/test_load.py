from pathlib import Path

import pytest

from workfleet.workers.settings import Settings, SettingsError, load_settings
from workfleet.workers.settings.load import FILES, find

MINIMAL = "providers:\n  ollama:\n"


def put(directory: Path, name: str, text: str = MINIMAL) -> Path:
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_no_configuration_is_a_fleet_without_providers(tmp_path: Path) -> None:
    assert load_settings(env={}, directory=tmp_path) == Settings()


@pytest.mark.parametrize("place", range(len(FILES)))
def test_the_first_of_the_known_files_is_taken(place: int, tmp_path: Path) -> None:
    for name in FILES[place:]:
        put(tmp_path, name)
    assert load_settings(env={}, directory=tmp_path).source == tmp_path / FILES[place]
    assert find(tmp_path) == tmp_path / FILES[place]


def test_a_named_file_wins_over_the_variable_and_the_variable_over_the_folder(tmp_path: Path) -> None:
    put(tmp_path, "fleet.yaml")
    named, variable = put(tmp_path, "named.yaml"), put(tmp_path, "variable.yaml")
    env = {"FLEET_CONFIG": "variable.yaml"}
    assert load_settings(named, env=env, directory=tmp_path).source == named
    assert load_settings(env=env, directory=tmp_path).source == variable


def test_a_variable_that_names_no_file_is_an_error_and_not_the_next_best_file(tmp_path: Path) -> None:
    put(tmp_path, "fleet.yaml")
    with pytest.raises(SettingsError, match=r"gone\.yaml: there is no such file"):
        load_settings(env={"FLEET_CONFIG": "gone.yaml"}, directory=tmp_path)


def test_the_process_environment_and_folder_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "fleet.yaml", "redis_url: redis://${SOME_HOST}:1/0\n" + MINIMAL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOME_HOST", "there")
    monkeypatch.delenv("FLEET_REDIS_URL", raising=False)
    settings = load_settings()
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://there:1/0"


def test_settings_do_not_change(tmp_path: Path) -> None:
    settings = load_settings(put(tmp_path, "fleet.yaml"), env={}, directory=tmp_path)
    with pytest.raises(ValueError, match="frozen"):
        settings.__setattr__("mode", "hosted")
