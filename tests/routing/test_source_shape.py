import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.source_shape import SourceShape, source_shape

PYTHON = """
import os

class Walker:
    async def walk(self, node):
        if node.leaf:
            return [node]
        for child in node.children:
            if child.visible:
                await self.walk(child)

def total(
    values,
):
    return sum(values)

print(total([1]))
"""

JAVA = """
public class Fibonacci {
    private final Map<Integer, Long> known = new HashMap<>();

    public Fibonacci(int size) {
        this.size = size;
    }

    public static long of(int n) {
        if (n < 2) {
            return n;
        } else {
            return of(n - 1) + of(n - 2);
        }
    }
}
"""

TYPESCRIPT = """
export async function load(url: string): Promise<Row[]> {
  const answer = await fetch(url)
  try {
    return await answer.json()
  } catch (failed) {
    return []
  }
}
export const names = (rows: Row[]) => rows.map((row) => row.name)
"""

GO = """
func (s *Store) Get(key string) (string, error) {
\tfor _, shard := range s.shards {
\t\tif value, ok := shard[key]; ok {
\t\t\treturn value, nil
\t\t}
\t}
\treturn "", errNone
}
"""

RUST = """
pub fn depth<T>(node: &Node<T>) -> usize {
    match node.child {
        Some(child) => 1 + depth(child),
        None => 0,
    }
}
"""


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        (PYTHON, SourceShape(functions=2, branches=3, nesting=2, recursion=1)),
        (JAVA, SourceShape(functions=2, branches=2, nesting=1, recursion=1)),
        (TYPESCRIPT, SourceShape(functions=2, branches=2, nesting=1)),
        (GO, SourceShape(functions=1, branches=2, nesting=2)),
        (RUST, SourceShape(functions=1, branches=1, nesting=1, recursion=1)),
        ("def close(self):\n    self.socket.close()\n", SourceShape(functions=1)),
        ("def run():\n    rerun(1)\n    prerun.run(2)\n\nrun()\n", SourceShape(functions=1)),
        ("Move retry from store.py and client.ts into retry.go.", SourceShape(files=3)),
        ("Find the smallest n.\nif n is even: print it\nfor each case: print one line", SourceShape()),
        ("", SourceShape()),
    ],
    ids=[
        "Python",
        "Java",
        "TypeScript",
        "Go",
        "Rust",
        "a method of the same name is no recursion",
        "nor is a longer name, or a call after the body",
        "names of files",
        "prose that begins lines with keywords",
        "nothing",
    ],
)
def test_the_shape_of_code_is_read_in_any_language_that_indents(text: str, shape: SourceShape) -> None:
    assert source_shape(text) == shape


@given(st.text("def if(x:\n {};=.py", max_size=400))
def test_broken_code_has_a_shape_as_well(text: str) -> None:
    assert min(source_shape(text)) >= 0
