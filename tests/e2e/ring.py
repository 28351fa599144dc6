"""The ring of workers that connections are dealt to."""

from http_client import visit
from waiting import eventually


def wait_for_workers(footfall, count):
    """Waits until `count` workers serve; their pids."""

    def all_serve():
        workers = footfall.workers()
        return len(workers) == count and {visit(footfall.address)[1] for _ in range(count)} == set(
            workers
        )

    eventually(all_serve, f"{count} workers serve")
    return footfall.workers()


def assert_strictly_in_turn(footfall, workers):
    pids = [visit(footfall.address)[1] for _ in range(3 * len(workers))]
    assert set(pids) == set(workers)
    assert pids == pids[: len(workers)] * 3, pids
