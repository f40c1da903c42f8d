"""A package becomes subjects: each function with its source and what it rests on."""

from pathlib import Path
from textwrap import dedent

import pytest

from workfleet.routing.tokens import estimate_tokens
from workfleet.workers.testgen.discover import subjects
from workfleet.workers.testgen.subject import Skipped, Subject


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A package of three modules that rest on each other."""
    package = tmp_path / "shop"
    files = {
        "__init__.py": "from .cart import Cart, total\n",
        "money.py": """\
            from decimal import Decimal
            from enum import Enum

            ROUND_TO = Decimal("0.01")

            class Currency(Enum):
                EUR = "eur"  #: the default

            def rounded(amount: Decimal) -> Decimal:
                \"\"\"To cents.\"\"\"
                return amount.quantize(ROUND_TO)
            """,
        "cart.py": """\
            import math
            from dataclasses import dataclass
            from decimal import Decimal

            from . import money
            from .money import rounded

            LIMIT = 100
            UNUSED = 1

            def _positive(amount: Decimal) -> bool:
                return amount > 0

            @dataclass
            class Cart:
                \"\"\"What is bought.\"\"\"

                prices: list[Decimal]
                currency: money.Currency = money.Currency.EUR

                def __post_init__(self) -> None:
                    if len(self.prices) > LIMIT:
                        raise ValueError("too many")

                def add(self, price: Decimal) -> None:
                    \"\"\"One more.\"\"\"
                    self.prices.append(price)

            @math.whatever
            def total(cart: Cart) -> Decimal:
                \"\"\"The sum.\"\"\"
                if not all(_positive(price) for price in cart.prices):
                    raise ValueError("negative price")
                return rounded(sum(cart.prices, Decimal(0)))
            """,
    }
    package.mkdir()
    for name, text in files.items():
        (package / name).write_text(dedent(text))
    return package


def found(path: Path, **options: int) -> dict[str, Subject]:
    return {str(each): each for each in subjects(path, **options) if isinstance(each, Subject)}


def test_every_public_function_is_a_subject_in_order(shop: Path) -> None:
    assert list(found(shop)) == ["shop.cart.Cart.add", "shop.cart.total", "shop.money.rounded"]


def test_a_functions_source_starts_at_its_decorator(shop: Path) -> None:
    total = found(shop)["shop.cart.total"]
    assert total.line == 29
    assert total.source.startswith("@math.whatever\ndef total(cart: Cart) -> Decimal:\n    ")
    assert total.source.endswith("    return rounded(sum(cart.prices, Decimal(0)))")


def test_a_methods_source_is_not_indented(shop: Path) -> None:
    assert found(shop)["shop.cart.Cart.add"].source == (
        'def add(self, price: Decimal) -> None:\n    """One more."""\n    self.prices.append(price)'
    )


def test_the_context_holds_what_the_function_refers_to(shop: Path) -> None:
    context = found(shop)["shop.cart.total"].context
    for expected in [
        "# shop.cart\n",
        "import math",
        "from decimal import Decimal",
        "class Cart:",
        "prices: list[Decimal]",
        "def _positive(amount: Decimal) -> bool:",
        "# shop.money\n",
        'def rounded(amount: Decimal) -> Decimal:\n    """To cents."""',
        'EUR = "eur"  #: the default',
    ]:
        assert expected in context
    assert "UNUSED" not in context


def test_a_method_sees_its_class_and_how_one_is_built(shop: Path) -> None:
    context = found(shop)["shop.cart.Cart.add"].context
    assert '@dataclass\nclass Cart:\n    """What is bought."""' in context
    assert '        raise ValueError("too many")' in context


def test_one_file_sees_the_package_around_it(shop: Path) -> None:
    assert found(shop / "cart.py")["shop.cart.total"] == found(shop)["shop.cart.total"]


@pytest.mark.parametrize("tokens", [0, 40, 120, 400])
def test_the_context_keeps_to_its_tokens(shop: Path, tokens: int) -> None:
    contexts = [subject.context for subject in found(shop, context_tokens=tokens).values()]
    assert max(estimate_tokens(context) for context in contexts) <= tokens * 1.05


def test_a_large_class_is_cut_to_what_its_method_uses(tmp_path: Path) -> None:
    methods = "".join(f"    def other_{n}(self, value: int) -> int:\n        return value\n\n" for n in range(300))
    used = "    def used(self) -> int:\n        return 1\n\n    def m(self) -> int:\n        return self.used()\n"
    (tmp_path / "big.py").write_text(f"class Big:\n    field: int = 1\n\n{methods}{used}")
    context = found(tmp_path)["big.Big.m"].context
    assert context == "# big\n\nclass Big:\n    field: int = 1\n    def used(self) -> int:\n        ..."


def test_a_file_that_cannot_be_read_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a_broken.py").write_text("def f(:\n")
    (tmp_path / "b_latin.py").write_bytes(b"\n\nx = '\xe9'\n")
    (tmp_path / "c_null.py").write_bytes(b"x = 1\0")
    (tmp_path / "d_coding.py").write_bytes(b"# coding: nonsense\n")
    (tmp_path / "e_huge.py").write_bytes(b"#" * 2_000_001)
    (tmp_path / "f_good.py").write_text("def f(): return 1\n")
    *skipped, good = subjects(tmp_path)
    assert skipped == [
        Skipped(tmp_path / "a_broken.py", "not Python: line 1: invalid syntax"),
        Skipped(tmp_path / "b_latin.py", "not UTF-8 at byte 7"),
        Skipped(tmp_path / "c_null.py", "not Python: source code string cannot contain null bytes"),
        Skipped(tmp_path / "d_coding.py", "not Python: unknown encoding: nonsense"),
        Skipped(tmp_path / "e_huge.py", "larger than 2,000,000 bytes"),
    ]
    assert str(good) == "f_good.f"


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfdef f(): return 1\n",
        b"# coding: latin-1\nx = '\xe9'\ndef f(): return 1\n",
        b"def f():\r\n    return 1\r\n",
        b"x = '''\x0c'''\n\x0c\ndef f(): return 1",
    ],
    ids=["byte order mark", "another encoding", "Windows line ends", "form feeds"],
)
def test_odd_but_valid_files_are_read(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "odd.py").write_bytes(data)
    assert found(tmp_path)["odd.f"].source.startswith("def f():")


@pytest.mark.parametrize(
    "header", ["# Code generated by protoc. DO NOT EDIT.", '"""\n@generated\n"""'], ids=["in words", "by a mark"]
)
def test_generated_files_have_no_subjects(tmp_path: Path, header: str) -> None:
    (tmp_path / "made.py").write_text(f"{header}\ndef f(): return 1\n")
    assert list(subjects(tmp_path)) == []


def test_modules_that_import_each_other_end(tmp_path: Path) -> None:
    package = tmp_path / "ring"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "a.py").write_text("from .b import x\ndef f(): return x\n")
    (package / "b.py").write_text("from .a import x\n")
    assert found(package)["ring.a.f"].context == "# ring.a\n\nfrom .b import x"
