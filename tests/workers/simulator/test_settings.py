import pytest
from pydantic import ValidationError

from workfleet.routing.limits import Period, Unit
from workfleet.workers.simulator.limits import Limit
from workfleet.workers.simulator.settings import Settings


def test_the_limits_that_are_set_are_enforced() -> None:
    settings = Settings(rpm=30, tpd=5_000, minute_s=10, day_s=100)
    assert settings.limits == (
        Limit(Unit.REQUESTS, Period.MINUTE, 30, 10),
        Limit(Unit.TOKENS, Period.DAY, 5_000, 100),
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"latency_s": "fast"}, "latency_s"),
        ({"rpm": 0}, "rpm"),
        ({"bad_output": 1.5}, "bad_output"),
        ({"dialect": "gopher"}, "dialect"),
        ({"slot": 3}, "slot"),
    ],
)
def test_a_setting_that_cannot_be_is_named(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        Settings().changed(changes)


def test_changed_settings_keep_the_rest_and_the_key() -> None:
    before = Settings.model_validate({"api_key": "secret", "rpm": 5})
    after = before.changed({"slots": 2})
    assert after == Settings.model_validate({"api_key": "secret", "rpm": 5, "slots": 2})
    assert after.api_key is not None
    assert after.api_key.get_secret_value() == "secret"


def test_the_key_is_never_shown() -> None:
    settings = Settings.model_validate({"api_key": "secret"})
    assert "secret" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize(
    ("listed", "asked", "known"),
    [("qwen", "qwen", True), ("qwen", "qwen:latest", True), ("qwen:latest", "qwen", True), ("qwen", "qwen:7b", False)],
)
def test_a_name_without_a_tag_means_latest(listed: str, asked: str, known: bool) -> None:
    assert Settings(models=(listed,)).lists(asked) is known


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
