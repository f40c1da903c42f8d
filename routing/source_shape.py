"""The shape of the source code in a prompt, in any language that indents: functions, branches, nesting, recursion.

Read line by line with regular expressions, so it is an impression and no parse: prompts hold snippets, diffs and
several languages at once.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

#: What the first word of a line says about it.
_ROLES: Mapping[str, str] = {
    word: role
    for role, words in {
        "function": "def func fn function fun",
        # What they stand before decides.
        "modified": "abstract async const default export final internal let override private protected pub public"
        " static",
        "declaration": "class struct interface trait impl enum import from #include package using use namespace @",
        "branch": "if elif else for while switch match case try except catch finally with unless rescue",
    }.items()
    for word in words.split()
}


def _any_of(words: Iterable[str]) -> str:
    """A pattern of any of the words, by their first letters: most lines begin with none of these."""
    by_letter = groupby(sorted(words, reverse=True), key=lambda word: word[0])
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(word[1:] for word in group)})" for letter, group in by_letter)


#: A line that begins with one of the words: its indentation, the word and the rest. Every match starts at a line break
#: and nothing in it is tried twice, which keeps the search fast.
_LINE = re.compile(rf"\n([ \t]*+)(?:\}} ?+)?+({_any_of(_ROLES)})(?![a-z@#])([^\n]*+)")
_FUNCTION = re.compile(r" (?:\([^)\n]*\) ?)?(\w+) ?[(<\[]")
#: `async def name`, `public static int name(`, `const name = (…) =>`; no call that is assigned.
_MODIFIED = re.compile(r"[^=(]*(?:\b(?:def|func|fn|function|fun) (\w+)| (\w+)\()|[^=]*\b(\w+) ?=[^=;]*=>")
_FILE = re.compile(r"\.(?:py|tsx?|jsx?|java|kt|go|rs|cpp|cc|cs|rb|php|swift|scala|sql)\b(?!\.?\w|\()")

#: Bodies that are searched for recursion; more say nothing new.
_MAX_BODIES = 20


class SourceShape(NamedTuple):
    """What the code in a text looks like; all zero without code.

    functions: defined ones. branches: lines that branch, loop or handle errors. nesting: how many depths these have.
    recursion: 1 if a function calls itself. files: mentions of source files by name.
    """

    functions: int = 0
    branches: int = 0
    nesting: int = 0
    recursion: int = 0
    files: int = 0


def source_shape(text: str) -> SourceShape:
    """The shape of the code in the text."""
    functions: list[tuple[str, re.Match[str]]] = []
    branches: list[str] = []
    declarations = 0
    for line in _LINE.finditer("\n" + text):
        indentation, word, rest = line.groups()
        role = _ROLES[word]
        if role == "branch":
            if ":" in rest or "{" in rest:
                branches.append(indentation)
        elif role == "declaration":
            declarations += 1
        elif name := _name(role, rest):
            functions.append((name, line))
    files = len(_FILE.findall(text))
    # Prose, too, has lines that begin with `if` and hold a colon.
    if not functions and declarations + text.count(";\n") < 2:
        return SourceShape(files=files)
    return SourceShape(
        functions=len(functions),
        branches=len(branches),
        nesting=len({len(indent.expandtabs(4)) for indent in branches}),
        recursion=int(any(_calls_itself(name, line) for name, line in functions[:_MAX_BODIES])),
        files=files,
    )


def _name(role: str, rest: str) -> str | None:
    """The name of the function that a line defines, None if it defines none."""
    found = _FUNCTION.match(rest) if role == "function" else _MODIFIED.match(rest)
    return found[found.lastindex or 0] if found else None


def _calls_itself(name: str, definition: re.Match[str]) -> bool:
    """Whether a function calls itself; a method of the same name on another object is none of its calls."""
    text, start = definition.string, definition.end()
    call = f"{name}("
    at = text.find(call, start)
    while at >= 0 and not _is_own(text, at):
        at = text.find(call, at + 1)
    if at < 0:
        return False
    # A line that is not deeper ends a body. Blank lines do not, and lines that begin with a bracket do not.
    end = re.compile(rf"\n[^\S\n]{{0,{len(definition[1])}}}[^\s)}}{{]")
    return end.search(text, start, at + 1) is None


def _is_own(text: str, at: int) -> bool:
    """Whether the name at this place stands alone, or is called on the object itself."""
    before = text[at - 1]
    return not (before.isalnum() or before in "_.") or text.endswith(("self.", "this."), 0, at)
