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

#: The same where a test takes long: the others in one of several runs alone.
EACH_FORM_ONCE = pytest.mark.parametrize(
    ("workers", "balance"),
    [
        (2, None),
        pytest.param(2, "kernel", marks=pytest.mark.once),
        pytest.param(0, None, marks=pytest.mark.once),
    ],
    ids=["master", "kernel", "single"],
    indirect=["balance"],
)

EACH_BALANCE = pytest.mark.parametrize("balance", ["round-robin", "kernel"], indirect=True)
