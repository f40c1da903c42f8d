"""What `fleet bench mix` refuses before anything is started."""

import pytest
from typer.testing import CliRunner

from workfleet.tasks.errors import FleetError, InvalidRequest, UnknownName
from workfleet.workers.cli.main import app


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        (("--strategies", "quickest"), UnknownName, "unknown strategy 'quickest'; known: balanced, cost_based"),
        (("--modes", "any,cheap"), UnknownName, "unknown mode 'cheap'; known: any, free_only"),
        (("--spill-after", "soon"), InvalidRequest, "neither a number of seconds from 0 up nor `never`"),
        (("--spill-after", "-1"), InvalidRequest, "neither a number of seconds from 0 up nor `never`"),
        (("--spill-after", "nan"), InvalidRequest, "neither a number of seconds from 0 up nor `never`"),
    ],
    ids=["a strategy that there is not", "a mode that there is not", "words", "negative seconds", "no number"],
)
def test_mistakes_are_told(options: tuple[str, ...], error: type[FleetError], words: str) -> None:
    result = CliRunner().invoke(app, ["bench", "mix", *options])
    assert isinstance(result.exception, error)
    assert words in str(result.exception)
