from pathlib import Path

import pytest

from workfleet.workers.settings.problems import Problem, SettingsError
from workfleet.workers.settings.reader import MAX_VALUES, read_file, read_text
from workfleet.workers.settings.tree import nearest, plain


def problems(text: str) -> list[Problem]:
    with pytest.raises(SettingsError) as caught:
        read_text(text, "fleet.yaml")
    return list(caught.value.problems)


def test_values_keep_their_yaml_types_and_dates_stay_text() -> None:
    text = "{whole: 3, real: 2.5, yes: on, none: ~, name: qwen3:30b, date: 2025-07-31, quoted: '3', hex: 0x10}"
    assert plain(read_text(text, "x")) == {
        "whole": 3,
        "real": 2.5,
        "yes": True,
        "none": None,
        "name": "qwen3:30b",
        "date": "2025-07-31",
        "quoted": "3",
        "hex": 16,
    }


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert plain(read_text("# nothing yet\n", "x")) == {}


def test_every_value_knows_its_line_and_how_the_file_spells_its_place() -> None:
    tree = read_text("providers:\n  - type: groq\n    apiKey: k\nagents:\n  SWE Agent:\n    - a\n", "x")
    key = nearest(tree, ("providers", 0, "apiKey"))
    agent = nearest(tree, ("agents", "SWE Agent", 0))
    assert (key.line, key.path) == (3, "providers[0].apiKey")
    assert (agent.line, agent.path) == (6, "agents['SWE Agent'][0]")


def test_what_does_not_exist_is_placed_at_the_deepest_value_that_does() -> None:
    tree = read_text("providers:\n  groq:\n    slots: 1\n", "x")
    assert nearest(tree, ("providers", "groq", "limits", "rpm")).line == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "a: [1\nb: 2", Problem("not valid YAML: expected ',' or ']', but got ':'", line=2, column=2), id="syntax"
        ),
        pytest.param(
            "a:\n\tb: 1",
            Problem(
                "not valid YAML: found character '\\t' that cannot start any token; indent with spaces, not tabs",
                line=2,
                column=1,
            ),
            id="tab",
        ),
        pytest.param(
            "a: 1\nb: 2\na: 3", Problem("the field 'a' stands here twice (first in line 1)", "a", 3), id="duplicate"
        ),
        pytest.param(
            "p:\n  x: {k: 1, k: 2}",
            Problem("the field 'k' stands here twice (first in line 2)", "p.x.k", 2),
            id="inline duplicate",
        ),
        pytest.param("- a", Problem("must be a mapping of fields, such as `providers:`", line=1), id="a list"),
        pytest.param("[a]: 1\n", Problem("a field's name must be text", line=1), id="key is a list"),
        pytest.param("a: &x [*x]", Problem("an alias refers to itself", "a[0]", 1), id="circular alias"),
        pytest.param(
            "a: b\x07", Problem("not valid YAML: it holds a control character", line=1), id="control character"
        ),
        pytest.param("[" * 20_000, Problem("nested too deeply"), id="too deep"),
    ],
)
def test_what_is_no_configuration_is_one_error_with_its_place(text: str, problem: Problem) -> None:
    assert problems(text) == [problem]


def test_aliases_that_multiply_are_refused() -> None:
    levels = "".join(f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 10)}]\n" for level in range(1, 9))
    assert problems(f"l0: &l0 [x]\n{levels}") == [Problem(f"holds more than {MAX_VALUES} values")]


def test_merge_keys_bring_defaults_that_own_fields_override() -> None:
    text = "base: &base {slots: 4, tier: local}\nother: &other {slots: 9}\na: {<<: [*base, *other], tier: hosted}\n"
    assert plain(read_text(text, "x"))["a"] == {"slots": 4, "tier": "hosted"}


def test_json_is_read_also_when_it_is_indented_with_tabs(tmp_path: Path) -> None:
    file = tmp_path / "agents.json"
    file.write_text('{\n\t"SWE Agent": "a/b",\n\t"n": [1, true, null]\n}\n')
    assert plain(read_file(file)) == {"SWE Agent": "a/b", "n": [1, True, None]}


def test_a_javascript_object_is_read_as_it_stands_in_documents() -> None:
    text = "{\n  'Pricing Agent': [\n    'openrouter/command-r-plus',\n    'openai/gpt-4.1'\n  ],\n  timeout: 10000,\n}"
    assert plain(read_text(text, "x")) == {
        "Pricing Agent": ["openrouter/command-r-plus", "openai/gpt-4.1"],
        "timeout": 10000,
    }


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    reasons = []
    for file in (tmp_path / "missing.yaml", tmp_path, latin):
        with pytest.raises(SettingsError) as caught:
            read_file(file)
        reasons.append(str(caught.value))
    assert reasons == [
        f"{tmp_path / 'missing.yaml'}: there is no such file",
        f"{tmp_path}: can't be read: Is a directory",
        f"{latin}:2: not UTF-8 text",
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_field(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_bytes(b"\xef\xbb\xbfmode: any\n")
    assert plain(read_file(file)) == {"mode": "any"}
