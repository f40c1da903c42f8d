"""How wide what is printed may be."""

import io

import pytest

from workfleet.workers.cli.console import error, width_of


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "columns", "width"),
    [
        pytest.param(Screen(), "", None, id="a screen says itself how wide it is"),
        pytest.param(io.StringIO(), "", 1000, id="nothing is cut in a file"),
        pytest.param(io.StringIO(), "120", None, id="unless the user says how wide it is"),
        pytest.param(io.StringIO(), "0", 1000, id="a width of 0 in a file is none"),
        pytest.param(io.StringIO(), "wide", 1000, id="what is no number is none"),
    ],
)
def test_how_wide_a_line_is(stream: io.StringIO, columns: str, width: int | None) -> None:
    assert width_of(stream, columns) == width


def test_a_screen_that_is_said_to_have_no_width_still_shows_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    assert (width_of(Screen(), "0") or 0) >= 80


def test_a_models_name_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    error("ollama/glm-4.6:cloud: it is not there")
    assert capsys.readouterr().err == "error: ollama/glm-4.6:cloud: it is not there\n"
