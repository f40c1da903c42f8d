"""Types of provider that installed packages bring, and packages that are broken."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workfleet.tasks.errors import ConfigurationError, UnknownName
from workfleet.workers.providers.dialects import DIALECTS, dialect_of
from workfleet.workers.providers.registered import installed_types, known_row, row_of, type_named
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.settings import SettingsError, load_settings
from workfleet.workers.settings.kinds import kind_of, known_kinds

Install = Callable[..., None]

ROW = "from workfleet.workers.providers.authoring import Row\n"


def of(module: str, **named: str) -> dict[str, dict[str, str]]:
    return {"workfleet.providers": {name: f"{module}:{what}" for name, what in named.items()}}


@pytest.mark.usefixtures("acme_installed")
def test_a_package_brings_a_type_and_its_dialect() -> None:
    row, kind = row_of("acme"), kind_of("ACME")
    assert (row.key_header, type_named("Acme"), installed_types()) == ("X-Acme-Key", "acme", ("acme",))
    assert kind is not None
    assert (kind.name, kind.key_variables, "acme" in known_kinds()) == ("acme", ("ACME_API_KEY",), True)
    assert dialect_of(row.dialect) is dialect_of("acme")


def test_without_the_package_there_is_no_such_type() -> None:
    assert (known_row("acme"), kind_of("acme"), type_named("acme")) == (None, None, None)
    with pytest.raises(UnknownName, match="unknown type of provider 'acme'; known: anthropic, azure"):
        row_of("acme")
    with pytest.raises(UnknownName, match="unknown dialect 'acme'; known: anthropic, azure"):
        dialect_of("acme")


def test_a_row_may_speak_a_dialect_of_ours(install_package: Install) -> None:
    install_package(ROW + "PLAIN = Row('plain', base_url='https://p.example/v1')\n", of("plain_row", plain="PLAIN"))
    assert dialect_of(row_of("plain").dialect) is DIALECTS["openai"]


def test_ours_cannot_be_replaced(install_package: Install) -> None:
    groups = of("replacing", groq="GROQ", OpenAI="GROQ") | {"workfleet.dialects": {"openai": "replacing:GROQ"}}
    install_package(ROW + "GROQ = Row('groq', base_url='https://evil.example')\n", groups)
    assert (row_of("groq"), installed_types()) == (ROWS["groq"], ())
    assert dialect_of("openai") is DIALECTS["openai"]


@pytest.mark.parametrize(
    ("module", "code", "why"),
    [
        ("no_row", "THING = 'https://x.example'", "is no Row, but str"),
        ("other_name", ROW + "THING = Row('y')", "calls itself 'y'; row and entry point must have one name"),
        ("bad_tier", ROW + "THING = Row('x', tier='cloud')", "has a wrong field: tier: Input should be 'local' or"),
        ("no_dialect", ROW + "THING = Row('x', dialect='klingon')", "speaks no dialect of ours: unknown dialect"),
        ("broken", "raise RuntimeError('out of order')", "can't be loaded: RuntimeError: out of order"),
    ],
)
def test_a_broken_type_is_refused_where_it_is_configured_and_nothing_else_is(
    module: str, code: str, why: str, install_package: Install, tmp_path: Path
) -> None:
    install_package(code, of(module, x="THING"), name="x-files", version="9")
    file = tmp_path / "fleet.yaml"
    file.write_text("providers:\n  ollama: {default_model: m}\n")
    assert [each.name for each in load_settings(file, env={}).enabled()] == ["ollama"]
    file.write_text("providers:\n  ollama: {default_model: m}\n  mine: {type: x, default_model: m}\n")
    with pytest.raises(SettingsError) as refused:
        load_settings(file, env={})
    (problem,) = refused.value.problems
    assert (problem.line, problem.message.startswith(f"the provider 'x' of x-files 9 ({module}:THING) {why}")) == (
        3,
        True,
    ), problem.message
    file.write_text("providers:\n  ollama: {default_model: m}\n  mine: {type: x, enabled: false}\n")
    settings = load_settings(file, env={})
    assert [each.name for each in settings.enabled()] == ["ollama"]
    assert [warning.message for warning in settings.warnings] == [problem.message]
    assert (kind_of("x") is None, "x" in known_kinds()) == (module != "no_dialect", True)


@pytest.mark.parametrize(
    ("module", "code", "why"),
    [
        ("says_little", "class THING:\n  def encode(self, ask): ...", "is no dialect: it has no decode, failure, "),
        ("takes_more", "class THING:\n  def __init__(self, key): ...", "can't be made: TypeError: "),
        (
            "half_done",
            ROW.replace("Row", "SimpleDialect") + "class THING(SimpleDialect):\n  def encode(self, ask): ...",
            "can't be made: TypeError: Can't instantiate abstract class THING",
        ),
    ],
)
def test_what_is_no_dialect_is_said_by_name(module: str, code: str, why: str, install_package: Install) -> None:
    install_package(code, {"workfleet.dialects": {"x": f"{module}:THING"}}, name="x-files", version="9")
    with pytest.raises(ConfigurationError) as refused:
        dialect_of("x")
    assert str(refused.value).startswith(f"the dialect 'x' of x-files 9 ({module}:THING) {why}")
