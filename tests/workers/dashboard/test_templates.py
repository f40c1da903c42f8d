"""Flower's own templates take our tab, and all of them still compile."""

from importlib import resources

import pytest

from workfleet.workers.dashboard.templates import loader, with_tab

NAMES = sorted(file.name for file in resources.files("flower").joinpath("templates").iterdir())


def test_the_tab_comes_behind_flowers_own() -> None:
    navbar = resources.files("flower").joinpath("templates", "navbar.html").read_text()
    ours = with_tab(navbar)
    assert ours.index("reverse_url('broker')") < ours.index("reverse_url('fleet')") < ours.index("theme-toggle")


@pytest.mark.parametrize("name", [*NAMES, "fleet.html"])
def test_every_template_compiles(name: str) -> None:
    assert loader().load(name).code
