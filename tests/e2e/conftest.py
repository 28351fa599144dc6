"""What every end-to-end test may ask for. All of it is gone when the test is over.

folder          a short-named folder of the test's own, which other users may enter
start_footfall  starts a footfall: start_footfall("--workers", 2, store="memory:", …)
balance         parametrized indirectly (EACH_FORM does): every footfall of the test gets it
server          a footfall with one worker and the memory store that the tests of a file share
run_footfall    runs one that is expected to end by itself, and returns an Outcome
mover           a Mover (moving_numbers.py), for import and export
start_redis     starts a redis-server: start_redis(requirepass="x")
redis           one redis-server
store           a Store, once for each of memory, lmdb and redis
shared_store    the same for those that all workers share
api             an Api (api_client.py) of a server that the tests of a file share, once for each of
                API_FORMS
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from api_client import Api  # noqa: E402
from footfall_process import (  # noqa: E402
    SANITIZER_REPORT,
    Footfall,
    Outcome,
    binary,
    environment,
    runtime_folder,
)
from moving_numbers import Mover  # noqa: E402
from operators import Operator  # noqa: E402
from process_family import MARK, kill_family  # noqa: E402
from redis_process import RedisServer  # noqa: E402
from waiting import PATIENCE_S  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "once: takes long and is the same on every build and loop")
    # Asked to end, it takes down what its tests have started, as for Ctrl-C.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        binary()
    except RuntimeError as error:
        raise pytest.UsageError(error) from None


#: Their tests take longest: begun first, none of them is what all wait for in the end.
LONG = ("test_redis_cuts.py", "test_slow_clients.py", "test_descriptors.py", "test_redis_hosts.py",
        "test_upgrades.py", "test_changes.py")


def spread(items, processes):
    """The long ones first, the same number for each process: xdist gives each of them a quarter of
    its share at the start, as they stand in the list, and then ever less."""
    chunk = max(len(items) // processes // 4, 2)
    long = [item for item in items if item.path.name in LONG]
    short = [item for item in items if item.path.name not in LONG]
    spread_items = []
    for process in range(processes):
        ours = long[process::processes]
        fill = max(chunk - len(ours), 0)
        spread_items += ours + short[:fill]
        short = short[fill:]
    return spread_items + short


def pytest_collection_modifyitems(config, items):
    """Where several builds and loops are tested one after the other, most of them are brief."""
    if os.environ.get("FOOTFALL_TEST_BRIEF") == "1":
        once = [item for item in items if item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=once)
        items[:] = [item for item in items if not item.get_closest_marker("once")]
    items[:] = spread(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


class Footfalls:
    """Starts footfalls and ends all of them."""

    def __init__(self, folder):
        self.folder = folder
        self.options = ()  # of every one
        self.started = []

    def __call__(self, *options, store=None, workers=None, ready=True, folder=None, **more):
        """A running Footfall. `store` and `workers` are short for the options; ready=False does
        not wait for the ready line. Everything else is Footfall's."""
        if store is not None:
            options += ("--store", getattr(store, "url", store))
        if workers is not None:
            options += ("--workers", workers)
        footfall = Footfall(*self.options, *options, folder=folder or self.folder, **more)
        self.started.append(footfall)
        if ready:
            footfall.wait_ready()
        return footfall

    def end(self):
        """Ends them, and fails for a crash or what a sanitizer found."""
        crashes = []
        for footfall in self.started:
            footfall.end()
            crashes += footfall.crashes()
            print(f"---- log of {footfall}\n{footfall.log_text()}")
        assert not crashes, "crashed, or a sanitizer reports:\n" + "\n".join(crashes)


class Store:
    """A store to test with: `name`, `url`, and whether all workers share it (`shared`)."""

    def __init__(self, name, url, shared, redis=None):
        self.name = name
        self.url = url
        self.shared = shared
        self.redis = redis

    def __repr__(self):
        return f"<store {self.url}>"


def make_folder():
    # Not pytest's tmp_path: a unix socket's path has room for 107 bytes.
    path = tempfile.mkdtemp(prefix="footfall-e2e-")
    os.chmod(path, 0o755)
    return path


@pytest.fixture
def folder():
    path = make_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def mover(folder, run_footfall):
    return Mover(folder, run_footfall)


@pytest.fixture
def start_footfall(folder):
    footfalls = Footfalls(folder)
    yield footfalls
    footfalls.end()


@pytest.fixture
def balance(request, start_footfall):
    kind = getattr(request, "param", None)
    if kind is not None:
        start_footfall.options = ("--balance", kind)
    return kind


@pytest.fixture(scope="module")
def start_footfall_for_module():
    """Like start_footfall, for a server that all tests of a file share."""
    path = make_folder()
    footfalls = Footfalls(path)
    yield footfalls
    try:
        footfalls.end()
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def server(start_footfall_for_module):
    return start_footfall_for_module(store="memory:", workers=1)


@pytest.fixture
def run_footfall(folder):
    """run(*options, env=None, timeout=…, program=None, …): an Outcome."""
    marks = []

    def run(*options, env=None, timeout=PATIENCE_S, program=None, prefix=(), **more):
        mark = os.urandom(8).hex()
        marks.append(mark)
        done = subprocess.run(
            [*prefix, program or binary(), *map(str, options)],
            cwd=folder,
            env=environment(
                {"RUNTIME_DIRECTORY": runtime_folder(folder), **(env or {}), MARK: mark}
            ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
            **more,
        )
        outcome = Outcome(
            done.returncode,
            done.stdout.decode("utf-8", "replace"),
            done.stderr.decode("utf-8", "replace"),
        )
        assert not SANITIZER_REPORT.search(outcome.log), outcome
        return outcome

    yield run
    for mark in marks:
        kill_family(mark)


@pytest.fixture
def start_redis(folder):
    servers = []

    def start(**options):
        path = os.path.join(folder, f"redis{len(servers)}")
        os.mkdir(path)
        servers.append(RedisServer(path, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.end()


@pytest.fixture
def redis(start_redis):
    return start_redis()


def make_store(name, folder, request):
    if name == "memory":
        return Store(name, "memory:", shared=False)
    if name == "lmdb":
        return Store(name, f"lmdb:{folder}/data", shared=True)
    server = request.getfixturevalue("redis")
    return Store(name, server.url, shared=True, redis=server)


@pytest.fixture(params=["memory", "lmdb", "redis"])
def store(request, folder):
    return make_store(request.param, folder, request)


@pytest.fixture(params=["lmdb", "redis"])
def shared_store(request, folder):
    return make_store(request.param, folder, request)


#: (store, workers) that the counting API is tested on. Each worker has a memory: of its own.
API_FORMS = [("lmdb", 2), ("lmdb", 0), ("memory", 0), ("redis", 2)]


@pytest.fixture(scope="module")
def start_redis_for_module():
    servers = []

    def start():
        servers.append(RedisServer(make_folder()))
        return servers[-1]

    yield start
    for server in servers:
        server.end()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="module", params=API_FORMS, ids=lambda form: f"{form[0]}-{form[1]}")
def api(request, start_footfall_for_module, start_redis_for_module):
    name, workers = request.param
    url = {"lmdb": f"lmdb:data-{workers}", "memory": "memory:"}.get(name)
    footfall = start_footfall_for_module(
        store=url or start_redis_for_module().url, workers=workers
    )
    return Api(footfall.address, name)


@pytest.fixture
def operator(run_footfall):
    """operator(footfall): who gives it commands."""
    return lambda footfall: Operator(footfall, run_footfall)


@pytest.fixture
def write_settings(folder):
    """write_settings(text): the path of a settings file that now holds this."""

    def write(text):
        path = os.path.join(folder, "settings.ini")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    return write


@pytest.fixture
def mounting():
    """Words before a program that give it a mount namespace of its own, gone with its processes."""
    for words in (("unshare", "--mount"), ("unshare", "--map-root-user", "--mount")):
        command = [*words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return words
    pytest.skip("mounting is not allowed here")
