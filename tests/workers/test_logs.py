"""What a process logs, and what it never logs."""

import io
import json
import logging
from typing import Any

import pytest
import structlog
from celery import Celery

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.logs import LogOptions, configure_logs, log_options

KEY = "gsk_Ab3dEfGh1jKlMn0pQrStUvWxYz"
PASSWORD = "tr0ub4dor-and-3"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def log() -> Any:
    return structlog.get_logger()


def written(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_fields_and_the_time_in_utc(log: Any) -> None:
    stream = io.StringIO()
    configure_logs(LogOptions(), stream=stream)
    log.warning("attempt.failed", job_id="j1", wait_s=0.8)
    (line,) = written(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "attempt.failed", "level": "warning", "job_id": "j1", "wait_s": 0.8}


def test_context_is_part_of_every_event(log: Any) -> None:
    stream = io.StringIO()
    configure_logs(LogOptions(), stream=stream)
    with structlog.contextvars.bound_contextvars(job_id="j1"):
        log.info("attempt.started")
    assert written(stream)[0]["job_id"] == "j1"


def test_people_on_a_terminal_get_text_and_machines_get_json(log: Any) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    configure_logs(LogOptions(colors=False), stream=terminal)
    log.info("pool.started", slots=8)
    configure_logs(LogOptions(), stream=pipe)
    log.info("pool.started", slots=8)
    assert "[info     ] pool.started             slots=8\n" in terminal.getvalue()
    assert written(pipe)[0]["slots"] == 8


@pytest.mark.parametrize(
    ("stream", "chosen"),
    [(Terminal(), "json"), (io.StringIO(), "console")],
    ids=["JSON on a terminal", "text in a pipe"],
)
def test_a_chosen_format_wins_over_the_stream(log: Any, stream: io.StringIO, chosen: Any) -> None:
    configure_logs(LogOptions(format=chosen), stream=stream)
    log.info("pool.started")
    assert stream.getvalue().startswith("{") == (chosen == "json")


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ("debug", ["ours.debug", "ours.info", "ours.error", "theirs info", "theirs warning", "theirs error"]),
        ("info", ["ours.info", "ours.error", "theirs warning", "theirs error"]),
        ("error", ["ours.error", "theirs error"]),
    ],
)
def test_the_level_holds_for_ours_and_others_talk_from_warnings_on(log: Any, level: str, shown: list[str]) -> None:
    stream = io.StringIO()
    configure_logs(LogOptions(level=level), stream=stream)
    for method in ("debug", "info", "error"):
        getattr(log, method)(f"ours.{method}")
    for number, name in ((logging.DEBUG, "debug"), (logging.INFO, "info"), (logging.WARNING, "warning"), (40, "error")):
        logging.getLogger("celery.worker").log(number, "theirs %s", name)
    assert [line["event"] for line in written(stream)] == shown


def test_a_debugged_provider_shows_its_own_debug_events_only(log: Any) -> None:
    stream = io.StringIO()
    configure_logs(LogOptions(debug_providers=frozenset({"groq"})), stream=stream)
    log.debug("call.sent", provider="groq", number=1)
    log.debug("call.sent", target="groq/llama-3.3-70b", number=2)
    log.debug("call.sent", provider="ollama", number=3)
    log.debug("call.sent", number=4)
    log.info("call.sent", provider="ollama", number=5)
    assert [line["number"] for line in written(stream)] == [1, 2, 5]


@pytest.mark.parametrize(("level", "logged"), [("info", ["info", "error"]), ("error", ["error"])])
def test_who_listens_hears_all_but_debugging_without_secrets_whatever_is_logged(
    log: Any, level: str, logged: list[str]
) -> None:
    stream, heard = io.StringIO(), list[dict[str, Any]]()
    configure_logs(
        LogOptions(level=level), secrets=[PASSWORD], stream=stream, on_event=lambda event: heard.append(dict(event))
    )
    for method in ("debug", "info", "error"):
        getattr(log, method)("pool.resized", slots=4, error=f"no {PASSWORD}")
    assert [line["level"] for line in written(stream)] == logged
    assert [(event["level"], event["slots"], event["error"]) for event in heard] == [
        ("info", 4, "no [redacted]"),
        ("error", 4, "no [redacted]"),
    ]


def test_records_of_other_libraries_go_the_same_way() -> None:
    stream = io.StringIO()
    configure_logs(LogOptions(), stream=stream)
    logging.getLogger("kombu.connection").warning("broker at %s is gone", f"redis://:{PASSWORD}@127.0.0.1:6379")
    (line,) = written(stream)
    assert (line["event"], line["level"], line["logger"]) == (
        "broker at redis://:[redacted]@127.0.0.1:6379 is gone",
        "warning",
        "kombu.connection",
    )


def fail() -> None:
    prompt = "a local variable"
    raise ValueError(f"refused {KEY} {PASSWORD} {len(prompt)}")


@pytest.mark.parametrize(
    "options", [LogOptions(format="json"), LogOptions(format="console", colors=True)], ids=["json", "console"]
)
def test_no_secret_is_ever_written(log: Any, options: LogOptions) -> None:
    stream = io.StringIO()
    configure_logs(options, secrets=[PASSWORD], stream=stream)
    log.info("call.sent", headers={"Authorization": f"Bearer {PASSWORD}"}, api_key="short", note=f"with {KEY}")
    event_with_key = f"call.{KEY}"
    log.info(event_with_key)
    logging.getLogger("aiohttp").error("failed: %r", {"x-api-key": KEY})
    for report in (log.error, logging.getLogger("celery").error):
        try:
            fail()
        except ValueError as error:
            report("attempt.failed", exc_info=error)
    assert stream.getvalue().count("ValueError: refused [redacted] [redacted]") == 2
    for secret in (KEY, PASSWORD, "short", "a local variable"):
        assert secret not in stream.getvalue().replace('prompt = "a local variable"', "")


def test_options_come_from_the_environment() -> None:
    env = {"FLEET_LOG_LEVEL": "WARNING", "FLEET_LOG_FORMAT": "json", "NO_COLOR": "1"}
    assert log_options(env, debug_providers=["groq"]) == LogOptions("warning", "json", False, frozenset({"groq"}))
    assert log_options({}) == LogOptions()
    assert log_options({"FORCE_COLOR": "1"}).colors is True


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"FLEET_LOG_LEVEL": "loud"}, "FLEET_LOG_LEVEL is 'loud'; known: debug, info, warning, error"),
        ({"FLEET_LOG_FORMAT": "xml"}, "FLEET_LOG_FORMAT is 'xml'; known: console, json"),
    ],
    ids=["level", "format"],
)
def test_an_unknown_option_names_the_known_ones(env: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        log_options(env)


def test_celery_adds_no_logging_of_its_own() -> None:
    stream = io.StringIO()
    configure_logs(LogOptions(), stream=stream)
    Celery("quiet").log.setup(loglevel=logging.INFO)
    logging.getLogger("celery.worker").warning("missed a heartbeat")
    assert [line["event"] for line in written(stream)] == ["missed a heartbeat"]
    assert len(logging.getLogger().handlers) == 1
