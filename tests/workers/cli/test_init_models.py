"""`fleet init` and the models that simulated servers lack."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workfleet.workers.cli import main as cli

from .simulating import running


@pytest.fixture(autouse=True)
def own_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fetched is noted in the test's folder, not in the user's."""
    monkeypatch.setenv("FLEET_MODELS", str(tmp_path / "models"))


Init = Callable[..., tuple[int, str, str]]


@pytest.fixture
def init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Init:
    monkeypatch.chdir(tmp_path)

    def fleet_init(provider: str, url: str, *arguments: str) -> tuple[int, str, str]:
        said = ["--provider", provider, "--base-url", f"{url}/{provider}", "--model", "m:1b", "--force", *arguments]
        monkeypatch.setattr("sys.argv", ["fleet", "init", *said])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return fleet_init


@pytest.mark.parametrize("provider", ["ollama", "lmstudio", "localai"])
def test_a_server_fetches_what_it_lacks_and_lacks_it_no_more(provider: str, init: Init) -> None:
    with running("--load", "0.01") as (url, _):
        code, out, _ = init(provider, url, "--pull")
        assert (code, f"{provider} has no m:1b yet\nm:1b is there\n" in out) == (0, True)
        assert init(provider, url)[1].splitlines()[1:] == ["next:", "  fleet config validate", "  fleet up"]


def test_what_cannot_be_fetched_leaves_a_configuration(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    with running("--fault", "pull-error") as (url, _):
        code, out, err = init("ollama", url, "--pull")
        assert (code, "  fleet models pull m:1b --provider ollama\n" in out) == (3, True)
        assert err.startswith("error: model_not_found (HTTP 200): pull model manifest: ")
        monkeypatch.setenv("FLEET_MODE", "offline")
        code, _, err = init("ollama", url, "--pull")
        assert (code, err.startswith("error: offline: ")) == (3, True)
    assert Path("fleet.yaml").is_file()


def test_a_server_that_does_not_answer_is_told(init: Init) -> None:
    code, out, _ = init("ollama", "http://127.0.0.1:1")
    assert (code, "ollama does not answer at http://127.0.0.1:1/ollama: start it first\n" in out) == (0, True)
