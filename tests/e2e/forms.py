"""The forms in which footfall runs, for tests of what all of them promise.

A file that takes these says pytestmark = BALANCED, so that its footfalls get the --balance.
"""

import pytest

BALANCED = pytest.mark.usefixtures("balance")

#: A master that deals, workers that accept by themselves, and the single process.
EACH_FORM = pytest.mark.parametrize(
    ("workers", "balance"),
    [(2, None), (2, "kernel"), (0, None)],
    ids=["master", "kernel", "single"],
    indirect=["balance"],
)

EACH_BALANCE = pytest.mark.parametrize("balance", ["round-robin", "kernel"], indirect=True)
