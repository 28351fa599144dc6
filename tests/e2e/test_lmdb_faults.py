"""LMDB cannot commit: the disk is full, the file may not grow, the map is full. Visits are refused
with 503, no number is lost or given twice, and it counts again once there is room.

With one counter the file does not grow: pages of former commits are used again. A reader that stays
(of a back-up, say) keeps them, and then each commit takes new ones.
"""

import contextlib
import itertools
import os
import re
import resource

import pytest

from counter_value import LmdbTransaction, count_in, lmdb_count
from http_client import Client, visit
from load import Load
from waiting import eventually

BOTH_FORMS = pytest.mark.parametrize("workers", [2, 0], ids=["master", "single"])


@contextlib.contextmanager
def no_page_is_used_again(path):
    with LmdbTransaction(path, writes=False):
        yield


def wait_until_each_has_failed(footfall, workers):
    eventually(
        lambda: len(footfall.events("lmdb_commit_failed")) >= max(1, workers),
        "every worker has met what is full",
    )


def commit_events(footfall, slot):
    """What the worker in that slot has told of its commits, in order."""
    lines = [line for line in footfall.log_lines() if line.event.startswith("lmdb_commit_")]
    return [line.event for line in lines if line.fields["slot"] == str(slot)]


def assert_room_was_missed(footfall, record, last, workers):
    """All that a full disk may do to visitors and to the log."""
    record.assert_consistent()
    assert not record.failed, record.failed[:5]
    assert record.refused
    assert all(refused.status == 503 and refused.retry_after for refused in record.refused)
    record.assert_gaps_explained(2, last)  # the first visit was the test's own
    for slot in range(max(1, workers)):
        eventually(
            lambda slot=slot: commit_events(footfall, slot)[-1:] == ["lmdb_commit_works"],
            "each has said that commits work again",
        )
        # A disk on the edge fails and works in turn; each change is told once.
        events = commit_events(footfall, slot)
        turns = len(events) // 2
        assert events == ["lmdb_commit_failed", "lmdb_commit_works"] * turns, footfall.log_text()
    assert not footfall.events("worker_died")


@BOTH_FORMS
def test_a_file_that_may_not_grow_is_503_until_it_may(start_footfall, folder, workers):
    path = f"{folder}/data"
    footfall = start_footfall(store=f"lmdb:{path}", workers=workers)
    assert visit(footfall.address)[0] == 1
    size = os.stat(f"{path}/data.mdb").st_size

    def limit_files(bytes_max):
        for pid in footfall.family():
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (bytes_max, hard))

    with Load(footfall.address, 8) as load:
        load.wait_answered(20)
        limit_files(size)
        with no_page_is_used_again(path):
            wait_until_each_has_failed(footfall, workers)
            load.wait_refused(16)
            limit_files(resource.RLIM_INFINITY)
            load.wait_answered(20)
        load.wait_answered(20)
        record = load.stop()
    assert_room_was_missed(footfall, record, lmdb_count(path), workers)
    assert footfall.stop() == 0


@BOTH_FORMS
def test_a_full_disk_is_503_until_there_is_room(start_footfall, folder, mounting, workers):
    disk = f"{folder}/disk"
    os.mkdir(disk)
    script = 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"'
    footfall = start_footfall(
        store=f"lmdb:{disk}/data", workers=workers, prefix=(*mounting, "sh", "-c", script, disk)
    )
    inside = f"/proc/{footfall.pid}/root{disk}"
    assert os.statvfs(inside).f_blocks * os.statvfs(inside).f_frsize == 1 << 20
    assert visit(footfall.address)[0] == 1
    with Load(footfall.address, 8) as load:
        load.wait_answered(20)
        with no_page_is_used_again(f"{inside}/data"):
            fill = f"{inside}/fill"
            with open(fill, "wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))
            wait_until_each_has_failed(footfall, workers)
            load.wait_refused(16)
            for line in footfall.events("lmdb_commit_failed"):
                assert line.level == "error"
                # LMDB says EIO when there was room for a part of what it wrote.
                assert re.search("No space left|Input/output error", line.fields["detail"])
            os.unlink(fill)
            load.wait_answered(20)
        load.wait_answered(20)
        record = load.stop()
    assert_room_was_missed(footfall, record, lmdb_count(f"{inside}/data"), workers)
    assert footfall.stop() == 0


@BOTH_FORMS
def test_a_full_map_is_503_until_there_is_room(start_footfall, folder, workers):
    path = f"{folder}/data"
    footfall = start_footfall(store=f"lmdb:{path}?map_max=64K", workers=workers)
    assert visit(footfall.address)[0] == 1
    with Load(footfall.address, 8) as load:
        load.wait_answered(20)
        with no_page_is_used_again(path):
            wait_until_each_has_failed(footfall, workers)
            load.wait_refused(16)
            for line in footfall.events("lmdb_commit_failed"):
                assert line.level == "error" and "map_max" in line.fields["detail"]
        load.wait_answered(20)
        record = load.stop()
    assert_room_was_missed(footfall, record, lmdb_count(path), workers)
    assert os.stat(f"{path}/data.mdb").st_size <= 65536
    assert footfall.stop() == 0


@BOTH_FORMS
def test_where_there_is_no_room_for_new_counters_visits_of_the_old_ones_are_counted(
    start_footfall, folder, workers
):
    """They were refused with the newcomers that shared a commit with them."""
    footfall = start_footfall(
        "--max-counters", 0, store=f"lmdb:{folder}/data?map_max=128K", workers=workers,
    )
    assert visit(footfall.address)[0] == 1
    names = (f"/hit/new/{'n' * 50}{number}" for number in itertools.count())
    with Client(footfall.address) as client:
        while client.ask("GET", next(names)).status == 200:
            pass
        with Load(footfall.address, 8) as load:
            # A small one may find a place yet.
            newcomers = [client.ask("GET", name).status for name in itertools.islice(names, 200)]
            load.wait_answered(200)
            record = load.stop()
    assert newcomers.count(503) > 50 and not set(newcomers) - {200, 503}
    record.assert_consistent()
    record.assert_all_answered()
    assert len(footfall.events("lmdb_commit_failed")) <= 2 * max(1, workers)
    assert footfall.stop() == 0


@BOTH_FORMS
@pytest.mark.parametrize("store", ["lmdb"], indirect=True)
def test_a_store_locked_by_somebody_is_503_after_the_store_timeout_and_then_goes_on(
    start_footfall, store, workers
):
    path = store.url.removeprefix("lmdb:")
    footfall = start_footfall("--store-timeout", 0.5, store=store, workers=workers)
    with Load(footfall.address, 8) as load:
        load.wait_answered(20)
        with LmdbTransaction(path, writes=True):
            load.wait_refused(16)
        load.wait_answered(20)
        record = load.stop()
    record.assert_consistent()
    assert not record.failed, record.failed[:5]
    for refused in record.refused:
        assert refused.status == 503 and refused.retry_after and refused.took_s < 1.5
    record.assert_gaps_explained(1, count_in(store))
