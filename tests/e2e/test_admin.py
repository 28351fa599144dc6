"""The admin side: status, metrics and health, of the whole host whichever worker is asked, on a
socket of its own that visitors do not reach and that does not disturb their turn."""

import json
import os
import signal
import stat
import subprocess

import pytest

from forms import BALANCED, EACH_BALANCE, EACH_FORM
from http_client import Client, ask, visit
from load import Load
from operators import metrics, page, pid_file_of, socket_of, status, total
from waiting import eventually

pytestmark = BALANCED


@EACH_FORM
def test_what_visitors_did_is_in_status_and_metrics(start_footfall, workers):
    footfall = start_footfall(workers=workers, store="memory:")
    for _ in range(6):
        visit(footfall.address)
    assert ask(footfall.address, target="/nothing").status == 404
    seen = status(footfall)
    assert seen["pid"] == footfall.pid and seen["state"] == "serving"
    assert seen["listen"] == [f"http://{footfall.address[0]}:{footfall.address[1]}"]
    assert seen["store"] == "memory:" and seen["key"] == "counter"
    assert sum(worker["hits"] for worker in seen["workers"]) == 6
    assert sum(worker["answers"]["4xx"] for worker in seen["workers"]) == 1
    assert {worker["state"] for worker in seen["workers"]} == {"serving"}
    assert sorted(worker["pid"] for worker in seen["workers"]) == sorted(footfall.workers() or [footfall.pid])
    assert all(worker["memory_bytes"] > 100_000 for worker in seen["workers"])
    samples = metrics(footfall)
    assert total(samples, "footfall_hits_total") == 6
    assert total(samples, "footfall_answers_total") == 7
    assert total(samples, "footfall_connections_total") == 7
    assert total(samples, "footfall_hit_duration_seconds_count") == 6
    assert total(samples, "footfall_worker_up") == len(seen["workers"])


def test_each_series_is_described_once_and_histograms_grow(start_footfall):
    footfall = start_footfall(store="memory:", workers=3)
    for _ in range(30):
        visit(footfall.address)
    text = page(footfall, "/metrics").body.decode()
    described = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(described) == len(set(described))
    for line in text.splitlines():
        if not line.startswith("#"):
            name = line.split("{")[0].split(" ")[0]
            assert any(
                name in (known, f"{known}_bucket", f"{known}_sum", f"{known}_count")
                for known in described
            ), line
    samples = metrics(footfall)
    for slot in range(3):
        buckets = [
            value
            for (name, labels), value in samples.items()
            if name == "footfall_store_batch_hits_bucket" and f'slot="{slot}"' in labels
        ]
        assert buckets == sorted(buckets)
        assert buckets[-1] == samples["footfall_store_batch_hits_count", f'{{slot="{slot}"}}'] > 0


def test_counters_of_a_slot_go_on_when_its_worker_is_killed(start_footfall):
    footfall = start_footfall(store="memory:", workers=2)
    last = {}
    for round_number in range(1, 6):
        for _ in range(4):
            visit(footfall.address)
        os.kill(footfall.workers()[0], signal.SIGKILL)
        eventually(
            lambda: sum(w["restarts"] for w in status(footfall)["workers"]) == round_number
            and all(w["state"] == "serving" for w in status(footfall)["workers"]),
            "another worker serves",
        )
        samples = metrics(footfall)
        assert total(samples, "footfall_hits_total") == 4 * round_number
        for (name, labels), value in samples.items():
            if name.endswith(("_total", "_count", "_bucket", "_sum")):
                assert value >= last.get((name, labels), 0), (name, labels)
        last = samples


@EACH_BALANCE
def test_asking_does_not_disturb_the_turn_of_visitors(start_footfall, balance):
    footfall = start_footfall(store="memory:", workers=3)
    pids = []
    for _ in range(12):
        pids.append(visit(footfall.address)[1])
        assert status(footfall)["state"] == "serving"
    if balance != "kernel":
        assert pids == pids[:3] * 4 and len(set(pids)) == 3


def test_it_is_asked_while_visitors_have_all_connections(start_footfall):
    footfall = start_footfall(store="memory:", workers=1, prefix=("prlimit", "--nofile=64"))
    clients = []
    try:
        for _ in range(60):
            clients.append(Client(footfall.address))
        assert status(footfall)["workers"][0]["connections"] > 0
    finally:
        for client in clients:
            client.close()


def test_visitors_do_not_reach_it_and_operators_do_not_count(start_footfall):
    footfall = start_footfall(store="memory:", workers=1)
    for target in ("/status", "/metrics", "/health/live", "/health/ready"):
        assert ask(footfall.address, target=target).status == 404
        assert page(footfall, target).status == 200
        head = page(footfall, target, method="HEAD")
        assert head.status == 200 and head.body == b""
        assert page(footfall, target, method="POST").status == 405
    assert page(footfall, "/").status == 404
    assert visit(footfall.address)[0] == 1


def test_it_is_ready_when_a_visit_could_be_counted(start_footfall, redis):
    footfall = start_footfall(store=redis, workers=1)
    eventually(lambda: page(footfall, "/health/ready").status == 200, "the link is up")
    redis.kill()
    eventually(lambda: page(footfall, "/health/ready").status == 503, "the link is down")
    assert page(footfall, "/health/live").status == 200
    (worker,) = status(footfall)["workers"]
    assert not worker["store"]["is_linked"] and worker["store"]["last_error"]
    redis.start()
    eventually(lambda: page(footfall, "/health/ready").status == 200, "the link is up again")
    assert total(metrics(footfall), "footfall_store_reconnects_total") == 1


def test_no_password_is_shown(start_footfall, redis):
    redis.command("ACL", "SETUSER", "ann", "on", ">open-sesame", "~*", "+@all")
    footfall = start_footfall(store=redis.url_with("ann:open-sesame"), workers=1)
    visit(footfall.address)
    for target in ("/status", "/metrics"):
        assert b"open-sesame" not in page(footfall, target).body
    assert status(footfall)["store"] == f"redis://ann:***@127.0.0.1:{redis.port}/0"


def test_a_page_longer_than_a_buffer_comes_whole_also_several_at_once(start_footfall):
    footfall = start_footfall(store="memory:", workers=24)
    with Client(socket_of(footfall)) as client:
        for _ in range(5):
            client.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        client.send(b"HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        client.send(b"GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        pages = [client.read_response() for _ in range(5)]
        assert all(len(p.body) > 40_000 for p in pages)
        assert all(p.body.endswith(b"\n") for p in pages)
        head = client.read_response("HEAD")
        assert int(head.headers["content-length"]) > 40_000 and head.body == b""
        assert len(json.loads(client.read_response().body)["workers"]) == 24


def test_who_goes_away_in_the_middle_of_a_page_costs_nothing(start_footfall):
    footfall = start_footfall(store="memory:", workers=1)
    for _ in range(30):
        with Client(socket_of(footfall)) as client:
            for _ in range(20):
                client.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
    assert status(footfall)["workers"][0]["restarts"] == 0


def test_the_socket_is_for_owner_and_group_and_goes_with_the_footfall(start_footfall):
    footfall = start_footfall(store="memory:", workers=1)
    path = socket_of(footfall)
    assert os.path.basename(path) == f"{footfall.address[1]}.sock"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    pid_path, pid = pid_file_of(footfall)
    assert pid == footfall.pid
    footfall.stop()
    assert not os.path.exists(path) and not os.path.exists(pid_path)


def test_a_dead_footfalls_socket_and_pid_file_are_replaced(start_footfall, folder):
    first = start_footfall(store="memory:", workers=0)
    path, port = socket_of(first), first.address[1]
    first.kill()
    assert os.path.exists(path)
    second = start_footfall("--listen", f"127.0.0.1:{port}", store="memory:", workers=0)
    assert socket_of(second) == path
    assert status(second)["pid"] == second.pid == pid_file_of(second)[1]


def test_it_may_be_a_port_another_socket_or_nowhere(start_footfall, folder):
    named = start_footfall("--admin", f"unix:{folder}/a.sock", store="memory:", workers=1)
    assert status(named)["pid"] == named.pid
    port = start_footfall("--admin", "127.0.0.1:0", store="memory:", workers=1)
    address = port.wait_for_log("admin_ready").fields["at"].removeprefix("http://")
    host, number = address.rsplit(":", 1)
    assert ask((host, int(number)), target="/health/live").status == 200
    nowhere = start_footfall("--admin", "none", store="memory:", workers=1)
    assert visit(nowhere.address)[0] == 1
    assert not nowhere.events("admin_ready") and not nowhere.events("no_admin")


def test_a_folder_that_cannot_be_written_is_one_warning_and_no_admin(start_footfall, folder):
    footfall = start_footfall(
        store="memory:", workers=2, env={"RUNTIME_DIRECTORY": f"{folder}/not/there"}
    )
    assert visit(footfall.address)[0] == 1
    (line,) = footfall.events("no_admin")
    assert line.level == "warn" and "not/there" in line.fields["reason"], line
    assert not footfall.errors()


def test_a_named_place_that_is_taken_is_an_error(start_footfall, run_footfall, folder):
    first = start_footfall("--admin", f"unix:{folder}/a.sock", store="memory:", workers=1)
    assert status(first)["pid"] == first.pid
    outcome = run_footfall("--admin", f"unix:{folder}/a.sock", "--store", "memory:",
                           "--listen", "127.0.0.1:0")
    assert outcome.exit_status == 1
    assert "cannot serve on unix:" in outcome.log and "--admin" in outcome.log
    assert status(first)["pid"] == first.pid


@pytest.mark.parametrize("value", ["", "nowhere", "127.0.0.1", "unix:", "127.0.0.1:70000"])
def test_a_wrong_place_is_refused(run_footfall, value):
    outcome = run_footfall(f"--admin={value}")
    assert outcome.exit_status == 2 and "--admin" in outcome.log


@EACH_FORM
def test_asking_under_load_fails_no_visit_and_stops_nothing(start_footfall, workers, store):
    footfall = start_footfall(workers=workers, store=store)
    with Load(footfall.address, 8) as load:
        for _ in range(20):
            load.wait_answered(20)
            assert metrics(footfall)
        record = load.stop()
    assert not record.failed
    with Client(socket_of(footfall)) as idle:
        idle.ask(target="/health/live")
        assert footfall.stop() == 0


def test_promtool_finds_nothing_wrong(start_footfall):
    if subprocess.run(["which", "promtool"], capture_output=True, check=False).returncode != 0:
        pytest.skip("promtool is not installed")
    footfall = start_footfall(store="memory:", workers=2)
    visit(footfall.address)
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=page(footfall, "/metrics").body,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
