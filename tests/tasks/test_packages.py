"""What installed packages bring, and how it is said that one is broken."""

from collections.abc import Callable

import pytest

from workfleet.tasks.errors import ConfigurationError
from workfleet.tasks.packages import brought, only

Install = Callable[..., None]
GROUP = "workfleet.tested"


def test_what_a_package_brings_is_found_by_name_and_says_whose_it_is(install_package: Install) -> None:
    install_package("THING = 7\n", {GROUP: {"seven": "one_thing:THING"}}, name="things", version="1.2")
    found = only(GROUP, "thing", "seven")
    assert found is not None
    assert (found.load(), str(found)) == (7, "the thing 'seven' of things 1.2 (one_thing:THING)")
    assert (only(GROUP, "thing", "eight"), list(brought(GROUP, "thing"))) == (None, ["seven"])


@pytest.mark.parametrize(
    ("module", "code", "why"),
    [
        ("that_raises", "raise KeyError('region')", "KeyError: 'region'"),
        ("no_python", "def", "SyntaxError: invalid syntax"),
        ("needs_more", "import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("without_it", "", "AttributeError: module 'without_it' has no attribute 'THING'"),
    ],
    ids=["it raises", "it is no Python", "it needs another package", "it has no such thing"],
)
def test_a_package_that_cannot_be_loaded_is_named(module: str, code: str, why: str, install_package: Install) -> None:
    install_package(code, {GROUP: {"bad": f"{module}:THING"}}, name="bad-things", version="0.1")
    found = only(GROUP, "thing", "bad")
    assert found is not None
    with pytest.raises(ConfigurationError) as refused:
        found.load()
    start = f"the thing 'bad' of bad-things 0.1 ({module}:THING) can't be loaded: "
    assert str(refused.value).startswith(start + why)


def test_a_name_that_two_packages_bring_is_nobodys(install_package: Install) -> None:
    install_package("THING = 1\n", {GROUP: {"same": "first_of_two:THING", "other": "first_of_two:THING"}})
    install_package("THING = 2\n", {GROUP: {"same": "second_of_two:THING"}})
    with pytest.raises(ConfigurationError) as refused:
        only(GROUP, "thing", "same")
    assert str(refused.value) == (
        "several packages bring the thing 'same': second_of_two 1.0, first_of_two 1.0; uninstall all but one"
    )
    assert only(GROUP, "thing", "other") is not None
