"""Flower's templates, with a tab and a page of ours. Flower has no plugins, but any Tornado loader will do."""

from importlib import resources

from tornado.template import BaseLoader, DictLoader

_TAB = """
        <li class="nav-item">
          <a class="nav-link{% if active_tab == 'fleet' %} active{% end %}" href="{{ reverse_url('fleet') }}"
            {% if active_tab == 'fleet' %}aria-current="page"{% end %}>Fleet</a>
        </li>
      """


def loader() -> BaseLoader:
    """Templates by name."""
    found = resources.files("flower").joinpath("templates").iterdir()
    texts = {file.name: file.read_text() for file in found if file.name.endswith(".html")}
    texts["navbar.html"] = with_tab(texts["navbar.html"])
    texts["fleet.html"] = resources.files(__name__.rpartition(".")[0]).joinpath("fleet.html").read_text()
    return DictLoader(texts)


def with_tab(navbar: str) -> str:
    """The navigation bar with our tab behind Flower's own, which are its first list."""
    return navbar.replace("</ul>", _TAB + "</ul>", 1)
