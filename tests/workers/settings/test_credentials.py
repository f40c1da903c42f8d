from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from workfleet.workers.settings import KeySource, Settings, load_settings

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]


def groq(fields: str = "") -> str:
    return f"providers:\n  groq:\n    default_model: m\n    {fields}\n"


@pytest.mark.parametrize(
    ("fields", "variables", "key", "source"),
    [
        pytest.param(
            "api_key: ${MY_KEY}", {"MY_KEY": "k"}, "k", KeySource(kind="variable", name="MY_KEY"), id="a reference"
        ),
        pytest.param(
            "api_key_env: MY_KEY",
            {"MY_KEY": "k"},
            "k",
            KeySource(kind="variable", name="MY_KEY"),
            id="a variable's name",
        ),
        pytest.param(
            "api_key_file: key.txt",
            {},
            "from-file",
            KeySource(kind="file", name="key.txt"),
            id="a file beside the configuration",
        ),
        pytest.param(
            "",
            {"GROQ_API_KEY": "k"},
            "k",
            KeySource(kind="variable", name="GROQ_API_KEY"),
            id="the type's own variable",
        ),
        pytest.param(
            "",
            {"GROQ_API_KEY": None, "GROQ_API_KEY_FILE": "key.txt"},
            "from-file",
            KeySource(kind="variable", name="GROQ_API_KEY"),
            id="the file that the variable's twin names",
        ),
        pytest.param(
            "api_key: ${MY_KEY:-spare}", {}, "spare", KeySource(kind="variable", name="MY_KEY"), id="a default"
        ),
        pytest.param("api_key: literal", {}, "literal", KeySource(kind="literal"), id="the key itself"),
    ],
)
def test_a_key_is_found_where_the_configuration_says(
    fields: str, variables: dict[str, str | None], key: str, source: KeySource, load: Load, tmp_path: Path
) -> None:
    (tmp_path / "key.txt").write_text("from-file\n")
    provider = load(groq(fields), **variables).providers["groq"]
    assert (provider.api_key, provider.key_source) == (SecretStr(key), source)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        pytest.param("", "set GROQ_API_KEY", id="nothing is said"),
        pytest.param("api_key: ${MY_KEY}", "set MY_KEY", id="a reference to nothing"),
        pytest.param("api_key_env: MY_KEY", "set MY_KEY", id="the name of nothing"),
        pytest.param("api_key: ''", "say api_key: ${A_VARIABLE}", id="empty"),
        pytest.param("api_key_file: gone.txt", "gone.txt can't be read, or is empty", id="no such file"),
    ],
)
def test_a_missing_key_of_an_enabled_provider_is_an_error_that_names_it(
    fields: str, why: str, refusals: Refusals
) -> None:
    (refusal,) = refusals(groq(fields), GROQ_API_KEY=None)
    assert refusal.partition("has no API key: ")[2] == f"{why}, or say enabled: false"


@pytest.mark.parametrize(
    "fields", ["api_key: ${NOPE}", "api_key_env: NOPE", "base_url: 'http://${NOPE}'", "slots: ${NOPE}"]
)
def test_what_a_disabled_provider_lacks_is_no_error(fields: str, load: Load) -> None:
    settings = load(f"providers:\n  groq:\n    enabled: false\n    {fields}\n", GROQ_API_KEY=None)
    assert settings.providers["groq"].usable is False
    assert settings.enabled() == []


def test_another_missing_variable_of_an_enabled_provider_is_an_error(refusals: Refusals) -> None:
    assert refusals(groq("base_url: http://${HOST}:${PORT}/v1")) == [
        "4: providers.groq.base_url: not set: HOST, PORT; set it in the environment, or write ${NAME:-default}"
    ]


def test_a_twin_that_names_an_unreadable_file_is_told(refusals: Refusals) -> None:
    (refusal,) = refusals(groq(), GROQ_API_KEY=None, GROQ_API_KEY_FILE="gone")
    assert "set GROQ_API_KEY; GROQ_API_KEY_FILE names a file that can't be read" in refusal


@pytest.mark.parametrize(
    ("variables", "used"),
    [
        pytest.param(
            {"GOOGLE_AI_API_KEY": "a", "GEMINI_API_KEY": "b", "GOOGLE_API_KEY": "c"},
            "GOOGLE_AI_API_KEY",
            id="all three",
        ),
        pytest.param(
            {"GOOGLE_AI_API_KEY": None, "GEMINI_API_KEY": "b", "GOOGLE_API_KEY": "c"},
            "GEMINI_API_KEY",
            id="the vendor's first",
        ),
        pytest.param({"GOOGLE_AI_API_KEY": None, "GOOGLE_API_KEY": "c"}, "GOOGLE_API_KEY", id="the vendor's second"),
    ],
)
def test_googles_key_has_three_names_and_the_first_that_is_set_wins(
    variables: dict[str, str | None], used: str, load: Load
) -> None:
    provider = load("providers: {google: {apiKey: '${GOOGLE_AI_API_KEY}', model: m}}", **variables).providers["google"]
    assert provider.key_source == KeySource(kind="variable", name=used)


@pytest.mark.parametrize(
    ("fields", "variables", "file"),
    [
        pytest.param("api_key_file: key.txt", {}, "key.txt", id="that the configuration names"),
        pytest.param(
            "", {"GROQ_API_KEY": None, "GROQ_API_KEY_FILE": "key.txt"}, "key.txt", id="of the type's own variable"
        ),
        pytest.param("api_key: ${MY_KEY}", {"MY_KEY_FILE": "key.txt"}, "key.txt", id="of a variable that is named"),
        pytest.param("", {"GROQ_API_KEY": "k", "GROQ_API_KEY_FILE": "key.txt"}, None, id="none: the variable counts"),
        pytest.param("api_key: literal", {}, None, id="none: the key itself"),
    ],
)
def test_the_file_that_a_key_was_read_from_is_known(
    fields: str, variables: dict[str, str | None], file: str | None, load: Load, tmp_path: Path
) -> None:
    (tmp_path / "key.txt").write_text("from-file\n")
    assert load(groq(fields), **variables).providers["groq"].key_file == (tmp_path / file if file else None)


def test_local_servers_need_no_key_but_take_one(load: Load) -> None:
    settings = load("providers: {ollama: {}, vllm: {api_key: '${VLLM}'}}", VLLM="k")
    assert [settings.providers[name].api_key for name in ("ollama", "vllm")] == [None, SecretStr("k")]


def test_a_host_needs_the_keys_of_its_own_pools_only(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {groq: {default_model: m}, ollama: {}}")
    settings = load_settings(file, env={}, needed=["ollama"])
    assert [provider.name for provider in settings.enabled()] == ["groq", "ollama"]
    assert settings.providers["groq"].api_key is None


def test_a_placeholder_from_a_document_is_told_apart_from_a_key(load: Load) -> None:
    settings = load(groq(), GROQ_API_KEY="your_key")
    assert [warning.message for warning in settings.warnings] == ["'your_key' looks like a placeholder, not a key"]


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
def test_a_key_that_no_header_takes_is_refused(key: str, refusals: Refusals) -> None:
    assert refusals(groq("api_key: ${MY_KEY}"), MY_KEY=key) == [
        "4: providers.groq.api_key: the key holds a blank, a line break or a character that no header takes"
    ]


def test_saying_the_key_twice_is_an_error(refusals: Refusals) -> None:
    assert refusals(groq("api_key: a\n    api_key_env: B")) == [
        "5: providers.groq.api_key_env: api_key says it already; keep one of them"
    ]


def test_no_dump_and_no_representation_shows_a_secret(load: Load) -> None:
    text = """\
redis_url: redis://user:hidden-1@host/0
providers:
  groq: {api_key: hidden-2, default_model: m, headers: {X-Token: hidden-3}}
"""
    settings = load(text)
    shown = [
        repr(settings),
        str(settings),
        settings.model_dump_json(exclude={"warnings"}),
        repr(settings.model_dump()),
        settings.directory().model_dump_json(),
    ]
    assert not [text for text in shown if "hidden" in text]
    (endpoint,) = settings.providers["groq"].endpoints()
    assert endpoint.headers == {"X-Token": "hidden-3"}
