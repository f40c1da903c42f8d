"""The words of a prompt that say how much thought it needs, in groups.

The groups are chosen from what makes programming work hard, not from the words of any one collection of problems; each
word belongs to one group. How much a group counts is decided in `complexity.py`.
"""

from collections.abc import Mapping, Set

_GROUPS: Mapping[str, str] = {
    # The task changes something step by step, so an answer has to reason over states.
    "operations": """
        operation operations perform performed performing choose chooses choosing chosen pick select selected move
        moves moved moving swap swaps swapped replace replaced replacing increment decrement insert inserted delete
        deleted remove removed removing append rearrange reorder rotate flip merge split apply applied""",
    # Counting and number theory: closed forms and overflow instead of a loop.
    "counting": """
        modulo mod modulus ways count counting combinations arrangements divisible remainder divisor divisors prime
        primes gcd lcm probability expected xor bitwise parity""",
    # Parts of a whole that are considered in many combinations.
    "structures": """
        sequence sequences subsequence subsequences subarray subarrays substring substrings permutation permutations
        subset subsets multiset partition prefix suffix interval intervals segment segments range ranges pair pairs
        triplet tuple tuples grid matrix cell cells row rows column columns polygon rectangle""",
    "graphs": """
        graph graphs tree trees vertex vertices node nodes edge edges path paths route connected connects reachable
        root leaf leaves subtree ancestor cycle cycles shortest directed undirected""",
    # What has to hold, and definitions of the task's own words.
    "conditions": """
        condition conditions satisfy satisfies satisfying satisfied possible impossible possibly cannot achieve
        feasible exist exists valid invalid such whose define defined definition denote denotes simultaneously
        respectively""",
    "quantifiers": "each every any some exactly least most all none no other another",
    "optimisation": """
        minimum maximum minimize maximize minimise maximise minimizing maximizing minimal maximal optimal optimally
        smallest largest fewest longest best""",
    # Something goes on over time, and the answer must keep up with it.
    "processes": """
        query queries update updates event events process processed simulate simulation game player players turn turns
        win wins winner""",
    "concurrency": """
        async asyncio await thread threads threading threadsafe lock locks mutex semaphore deadlock race concurrent
        concurrency concurrently goroutine goroutines coroutine coroutines transaction transactions atomic
        idempotent""",
    "io": """
        http https socket sockets tcp sql database databases postgres postgresql redis kafka grpc subprocess
        filesystem network api endpoint endpoints timeout timeouts retry retries cache caching""",
    "engineering": """
        refactor refactoring architecture architectural redesign design migrate migration integrate integration
        distributed compatibility compatible legacy dependency dependencies modules interfaces performance optimize
        optimise security vulnerability vulnerabilities scalable scalability invariant invariants codebase backward
        backwards microservice microservices downtime rollout""",
}

#: word -> its group; words as bytes in lower case, as `words_of` gives them.
_GROUP_OF: Mapping[bytes, str] = {word.encode(): group for group, words in _GROUPS.items() for word in words.split()}

#: Names of one letter, as problems and formulas use them. `a` and `i` are English words as well.
_LETTERS = frozenset(bytes([letter]) for letter in b"bcdefghjklmnopqrstuvwxyz")

_WORDS = frozenset(_GROUP_OF)

#: ASCII letters become small; everything but those, digits and what is beyond ASCII becomes a blank.
_TO_WORDS = bytes(byte if byte > 127 or chr(byte).isalnum() else ord(" ") for byte in range(256)).lower()

#: The first bytes of CJK characters in UTF-8. Dashes, arrows and mathematical signs begin with 0xE2.
_CJK = bytes(range(0xE3, 0xEE))


def words_of(text: str) -> frozenset[bytes]:
    """The distinct words of a text: runs of ASCII letters and digits in lower case, and whatever is beyond ASCII.

    Bytes, because their translation and splitting take a sixth of the time of a regular expression.
    """
    return frozenset(text.encode("utf-8", "surrogatepass").translate(_TO_WORDS, b"'").split())


def unspaced_words(text: str) -> int:
    """Roughly how many different words a text has in Chinese, Japanese or Korean: one for four characters.

    `words_of` takes a whole clause of them for one word.
    """
    if text.isascii():
        return 0
    data = text.encode("utf-8", "surrogatepass")
    return (len(data) - len(data.translate(None, _CJK))) // 4


def group_sizes(words: Set[bytes]) -> Mapping[str, int]:
    """How many different words of each group there are, always in the same order; groups without any are left out."""
    sizes: dict[str, int] = {}
    for word in _WORDS & words:
        group = _GROUP_OF[word]
        sizes[group] = sizes.get(group, 0) + 1
    return {group: sizes[group] for group in _GROUPS if group in sizes}


def variables(words: Set[bytes]) -> int:
    """How many different names of one letter there are."""
    return len(_LETTERS & words)
