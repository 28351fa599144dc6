"""Waiting for what is meant, bounded in time; and how much slower the sanitized build may be."""

import os
import time

#: The program under test is built with sanitizers: slower, so tests ask less of it.
SANITIZED = os.environ.get("FOOTFALL_SANITIZED") == "1"

#: One of several runs over the same tests: of what takes long it does a part.
BRIEF = os.environ.get("FOOTFALL_TEST_BRIEF") == "1"

#: How long any single awaited event may take before the test fails. Far beyond what is expected:
#: it bounds a hang, it does not measure.
PATIENCE_S = 60.0 if SANITIZED else 20.0


def scaled(count, sanitized_share=0.2):
    """`count` on the release build, a share of it (at least 1) on the sanitized one."""
    return max(1, int(count * sanitized_share)) if SANITIZED else count


def eventually(condition, what, timeout=PATIENCE_S):
    """Returns the first true value of condition(), or fails saying `what` did not come about."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"within {timeout:g} s it did not come about that {what}")
        time.sleep(0.005)
