"""The prompt names the function, shows it, and asks for one file."""

from pathlib import Path

from workfleet.workers.testgen.prompt import messages, request
from workfleet.workers.testgen.subject import Subject


def subject(source: str = "def add(a, b):\n    return a + b", context: str = "") -> Subject:
    return Subject("shop.sums", "add", source, context, Path("sums.py"), 1)


def asked(subject: Subject) -> str:
    return messages(subject)[1].text


def test_the_user_message_names_module_and_function_and_shows_the_source() -> None:
    assert asked(subject()).startswith(
        "Module: shop.sums\nFunction: add\n\n```python\ndef add(a, b):\n    return a + b\n```\n\nWrite the test file"
    )


def test_it_tells_what_to_import() -> None:
    assert "from shop.sums import add\n" in asked(subject())
    method = Subject("shop.cart", "Cart.add", "def add(self): ...", "", Path("cart.py"), 3)
    assert "from shop.cart import Cart\n" in asked(method)


def test_the_context_is_shown_if_there_is_one() -> None:
    assert "What it rests on:\n\n```python\nLIMIT = 3\n```" in asked(subject(context="LIMIT = 3"))
    assert "What it rests on" not in asked(subject())


def test_code_that_holds_fences_is_fenced_by_longer_ones() -> None:
    source = 'def f():\n    """```\n    x\n    ```"""\n    return 1'
    assert f"````python\n{source}\n````" in asked(subject(source))


def test_coroutines_are_run_by_asyncio() -> None:
    assert "asyncio.run" in asked(subject("async def add(a, b):\n    return a + b"))
    assert "asyncio.run" not in asked(subject())


def test_the_request_bounds_the_answer() -> None:
    made = request(subject(), max_tokens=500)
    assert (made.messages, made.max_tokens, made.kind) == (messages(subject()), 500, "chat")
