"""Options, environment, precedence and help; what is wrong is named, with what would be right."""

import contextlib
import os
import re
import socket

import pytest

from footfall_process import environment
from http_client import visit
from process_family import state_of

OPTIONS = {
    "--listen": "FOOTFALL_LISTEN",
    "--workers": "FOOTFALL_WORKERS",
    "--store": "FOOTFALL_STORE",
    "--key": "FOOTFALL_KEY",
    "--config": "FOOTFALL_CONFIG",
    "--drain-timeout": "FOOTFALL_DRAIN_TIMEOUT",
    "--store-timeout": "FOOTFALL_STORE_TIMEOUT",
    "--header-timeout": "FOOTFALL_HEADER_TIMEOUT",
    "--body-timeout": "FOOTFALL_BODY_TIMEOUT",
    "--idle-timeout": "FOOTFALL_IDLE_TIMEOUT",
    "--worker-timeout": "FOOTFALL_WORKER_TIMEOUT",
    "--max-connections": "FOOTFALL_MAX_CONNECTIONS",
    "--max-connections-per-address": "FOOTFALL_MAX_CONNECTIONS_PER_ADDRESS",
    "--min-rate": "FOOTFALL_MIN_RATE",
    "--balance": "FOOTFALL_BALANCE",
    "--loop": "FOOTFALL_LOOP",
    "--admin": "FOOTFALL_ADMIN",
    "--trusted-proxy": "FOOTFALL_TRUSTED_PROXY",
    "--max-counters": "FOOTFALL_MAX_COUNTERS",
    "--max-rate-clients": "FOOTFALL_MAX_RATE_CLIENTS",
    "--admin-token-file": "FOOTFALL_ADMIN_TOKEN_FILE",
    "--log-level": "FOOTFALL_LOG_LEVEL",
    "--log-format": "FOOTFALL_LOG_FORMAT",
    "--access-log": "FOOTFALL_ACCESS_LOG",
    "--access-log-format": "FOOTFALL_ACCESS_LOG_FORMAT",
}
#: Those that --help all alone shows.
RARE = {
    "--access-log", "--access-log-format", "--admin-token-file", "--max-connections", "--max-connections-per-address",
    "--max-counters", "--max-rate-clients", "--min-rate", "--pid-file", "--trusted-proxy",
}
SECONDS = [option for option in OPTIONS if option.endswith("-timeout")]

#: Values that each option refuses, and a word of what it says would be right.
WRONG = {
    "--listen": (
        ["9999", "localhost", ":65536", ":-1", ":http", "::1:80", "[::1]", "[::1:80", "unix:",
         "http://127.0.0.1:80", "127.0.0.1:", "a b:80", "127.0.0.1:80:90", "unix:" + "x" * 108, ":80,", ",proxy",
         ":80,Proxy", ":80, proxy", ":80,proxy,proxy", "unix:,proxy"],
        "PORT"),
    "--trusted-proxy": (
        ["10.0.0.0/33", "10.0.0.1/8", "2001:db8::/129", "2001:db8::1/64", "example.org", "10/8",
         "[::1]", "10.0.0.0/", "127.0.0.1 nobody", "None", "unix:/x"],
        "10.0.0.0/8"),
    "--workers": (["-1", "129", "two", "1.5", "1 ", " 1", "+1", "9" * 20], "0 to 128"),
    "--store": (
        ["memory", "file:/x", "lmdb:", "lmdb", "/tmp/x", "redis:", "redis:host", "redis://",
         "redis://host:port", "redis://host:0", "redis://host:65536", "redis://host/x",
         "redis://host/0?x=1", "redis+unix://relative/path", "redis+unix://", "redis://user@host",
         "lmdb:/x?map_max=1", "lmdb:/x?other=1", "postgres://host/db"],
        "redis|lmdb:"),
    "--key": (["a b", "a\tb", "{a", "a}", "\u00e4", "a\x7f", "k" * 256], "1 to 255"),
    "--config": (["none/such.ini", "."], "cannot be read|path of a file"),
    "--max-connections": (["-1", "all", "1.5", "1000000001", "1k"], "auto"),
    "--max-connections-per-address": (["-1", "half", "1.5", "1000000001", "Auto"], "auto"),
    "--max-counters": (["-1", "many", "1.5", "1000000001", "auto"], "0 to 1000000000"),
    "--max-rate-clients": (["0", "-1", "many", "100000001"], "1 to 100000000"),
    "--admin-token-file": (
        ["/none/such/file", "/dev/null", "."],
        "first line is a token|No such file|no regular file|Is a directory"),
    "--min-rate": (["-1", "100.5", "1000001", "auto", "1k"], "0 \\(never\\) to 1000000"),
    "--balance": (["random", "Kernel", "roundrobin", "kernel "], "round-robin or kernel"),
    "--loop": (["uring", "select", "EPOLL", "io-uring"], "auto, io_uring or epoll"),
    "--admin": (["nowhere", "127.0.0.1", "unix:", "127.0.0.1:70000", "None"], "none or auto"),
    "--log-level": (["trace", "INFO", "3"], "debug"),
    "--log-format": (["xml", "JSON", "logfmt"], "json"),
    "--access-log": (["x" * 4096], "path of a file"),
    "--access-log-format": (["xml", "JSON", "{tiem}", "json:"], "json|time"),
    **{option: (["-1", "1s", "one", "1,5", "1.2345", ".", "1e3", "86400.001", "99999999999999999"],
                "second")
       for option in SECONDS},
}
WRONG_VALUES = [(option, value) for option, (values, _) in WRONG.items() for value in values]


def assert_refused(outcome, name, right):
    assert outcome.exit_status == 2, outcome
    assert outcome.output == ""
    assert len(outcome.log.splitlines()) == 1, outcome
    assert name in outcome.log, outcome
    assert re.search(right, outcome.log), outcome


# ---- what is wrong


@pytest.mark.parametrize("option, value", WRONG_VALUES)
def test_a_wrong_value_is_refused_with_what_would_be_right(option, value, run_footfall):
    assert_refused(run_footfall(option, value), option, WRONG[option][1])
    assert_refused(run_footfall(f"{option}={value}"), option, WRONG[option][1])


@pytest.mark.parametrize("option, value", WRONG_VALUES)
def test_a_wrong_value_in_the_environment_is_refused_by_its_name(option, value, run_footfall):
    outcome = run_footfall(env={OPTIONS[option]: value})
    assert_refused(outcome, OPTIONS[option], WRONG[option][1])


@pytest.mark.parametrize("option", OPTIONS)
def test_an_empty_value_is_refused(option, run_footfall):
    assert_refused(run_footfall(option, ""), option, WRONG[option][1])


@pytest.mark.parametrize("option", OPTIONS)
def test_a_missing_value_is_refused(option, run_footfall):
    assert_refused(run_footfall(option), option, WRONG[option][1])


@pytest.mark.parametrize(
    "words", [["--wrokers", "2"], ["--"], ["-w", "2"], ["--workers2"], ["serve"], ["9999"], [""]]
)
def test_an_unknown_option_or_command_is_refused(words, run_footfall):
    outcome = run_footfall("--store", "memory:", *words)
    assert_refused(outcome, words[0], "--help")


@pytest.mark.parametrize(
    "url", ["rediss://host", "redis+sentinel://a,b/name", "redis+cluster://a,b", "valkey://host"]
)
def test_a_store_of_a_later_issue_is_refused(url, run_footfall):
    assert_refused(run_footfall("--store", url), "--store", "redis://")


def test_help_does_not_name_what_is_not_there_yet(run_footfall):
    for words in (["--help"], ["--help", "all"]):
        help_text = run_footfall(*words).output
        for name in ["rediss", "sentinel", "cluster"]:
            assert name not in help_text, name


# ---- secrets


@pytest.mark.parametrize("secret", ["s3cr3t", "s3%20cr3t"])
@pytest.mark.parametrize(
    "words",
    [
        ["--store", "redis://:{}@host:port"],
        ["--store", "redis://user:{}@host/x"],
        ["--store=redis://user:{}@host/0?a=b"],
        ["--store", "rediss://user:{}@host"],
        ["--store", "redis+cluster://user:{}@host"],
        ["--store", "postgres://user:{}@host"],
        ["--store", "redis:/user:{}@host"],
        ["--stroe=redis://:{}@host"],
        ["--stroe", "redis://:{}@host"],
        ["redis://:{}@host"],
        ["--workers", "redis://:{}@host"],
        ["--key=redis://:{}@host{{"],
    ],
)
def test_a_password_in_a_wrong_setting_is_not_told(words, secret, run_footfall):
    outcome = run_footfall(*[word.format(secret) for word in words])
    assert outcome.exit_status == 2
    for part in re.split("%20", secret):
        assert part not in outcome.log + outcome.output, outcome


def test_a_password_in_a_wrong_environment_is_not_told(run_footfall):
    outcome = run_footfall(env={"FOOTFALL_STORE": "redis://user:s3cr3t@host:port"})
    assert_refused(outcome, "FOOTFALL_STORE", "redis://")
    assert "s3cr3t" not in outcome.log


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_password_is_not_in_the_log(log_format, start_footfall, redis):
    redis.command("ACL", "SETUSER", "anna", "on", ">s3 cr3t", "~*", "+@all")
    footfall = start_footfall(
        "--log-format", log_format, "--log-level", "debug",
        store=redis.url_with("anna:s3%20cr3t"), workers=2,
    )
    assert visit(footfall.address)[0] == 1
    redis.stop()
    footfall.wait_for_log("redis_link_down")
    assert footfall.stop() == 0
    assert f"redis://anna:***@127.0.0.1:{redis.port}/0" in footfall.log_text()
    assert "cr3t" not in footfall.log_text() + footfall.output_text()


# ---- help and version


def test_help_fits_one_screen(run_footfall):
    outcome = run_footfall("--help")
    assert outcome.exit_status == 0 and outcome.log == ""
    lines = outcome.output.splitlines()
    assert len(lines) <= 40
    too_wide = [line for line in lines if len(line) > 80]
    assert not too_wide, "\n".join(too_wide)


def test_help_names_every_option_with_its_default(run_footfall):
    text = run_footfall("--help").output
    for option in OPTIONS:
        assert (f"{option} " in text) == (option not in RARE)
    for default in (":9999", "lmdb:./footfall-data", "counter", "info", "text"):
        assert f"[{default}]" in text
    for name in ("--help", "--version"):
        assert name in text


def test_help_all_shows_everything(run_footfall):
    outcome = run_footfall("--help", "all")
    assert outcome.exit_status == 0 and outcome.log == ""
    for option, variable in OPTIONS.items():
        assert f"{option} " in outcome.output
        assert variable in outcome.output
    # Whatever the short form says, this one says too.
    short = run_footfall("--help").output
    for line in short.splitlines():
        if line.startswith("  "):
            assert line in outcome.output


def test_h_is_help(run_footfall):
    assert run_footfall("-h").output == run_footfall("--help").output


@pytest.mark.parametrize("command", ["check", "reload", "scale", "status", "stop", "upgrade"])
def test_a_command_without_a_help_of_its_own_shows_all_commands(command, run_footfall):
    for word in "--help", "-h":
        outcome = run_footfall(command, word)
        assert (outcome.exit_status, outcome.log) == (0, "")
        assert outcome.output == run_footfall("--help").output
    outcome = run_footfall(command, "--help", "more")  # only as its only word
    assert outcome.exit_status == 2 and outcome.output == ""


def test_version_is_a_name_and_a_number(run_footfall):
    outcome = run_footfall("--version")
    assert outcome.exit_status == 0 and outcome.log == ""
    assert re.fullmatch(r"footfall \d+\.\d+\.\d+\n", outcome.output)


# ---- options, environment, defaults


def test_an_option_goes_before_the_environment(start_footfall, redis):
    env = {
        "FOOTFALL_WORKERS": "1", "FOOTFALL_STORE": "memory:", "FOOTFALL_KEY": "other",
        "FOOTFALL_LOG_FORMAT": "json", "FOOTFALL_LOG_LEVEL": "error",
    }
    footfall = start_footfall(
        "--workers", "3", "--store", redis.url, "--key=mine", "--log-format=text",
        "--log-level", "info", env=env,
    )
    assert len(footfall.workers()) == 3
    assert visit(footfall.address)[0] == 1
    assert redis.counters() == ["mine"]
    assert footfall.log_lines()[0].raw[0] != "{"


def test_the_environment_goes_before_the_default(start_footfall, redis):
    env = {
        "FOOTFALL_WORKERS": "3", "FOOTFALL_STORE": redis.url, "FOOTFALL_KEY": "mine",
        "FOOTFALL_LOG_FORMAT": "json", "FOOTFALL_LISTEN": "127.0.0.1:0",
    }
    footfall = start_footfall(env=env)
    assert len(footfall.workers()) == 3
    assert visit(footfall.address)[0] == 1
    assert redis.counters() == ["mine"]
    assert all(line.raw.startswith("{") for line in footfall.log_lines())


def test_an_empty_variable_is_as_none(start_footfall, folder):
    env = {variable: "" for option, variable in OPTIONS.items() if option != "--listen"}
    footfall = start_footfall(env=env)
    assert visit(footfall.address)[0] == 1
    assert os.path.isdir(os.path.join(folder, "footfall-data"))


def test_the_listen_option_replaces_what_the_environment_lists(start_footfall):
    footfall = start_footfall(
        "--listen", "127.0.0.1:0", store="memory:", workers=1,
        env={"FOOTFALL_LISTEN": "127.0.0.1:0 127.0.0.1:0"},
    )
    assert len(footfall.listeners) == 1


def test_the_last_of_two_equal_options_counts(start_footfall):
    footfall = start_footfall("--workers", "1", "--workers", "2", store="memory:")
    assert len(footfall.workers()) == 2


def test_without_a_number_there_is_a_worker_for_each_core_that_it_may_run_on(start_footfall):
    cores = sorted(os.sched_getaffinity(0))
    footfall = start_footfall(store="memory:")
    assert len(footfall.workers()) == min(len(cores), 128)
    footfall = start_footfall(store="memory:", prefix=("taskset", "--cpu-list", str(cores[0])))
    assert len(footfall.workers()) == 1


def test_with_no_workers_there_is_one_process(start_footfall):
    footfall = start_footfall("--workers", "0", "--store", "memory:")
    assert footfall.family() == [footfall.pid]
    assert state_of(footfall.pid)


@pytest.mark.parametrize("value", ["0", "1", "0.5", "86400", "86400.000", "2.125"])
@pytest.mark.parametrize("option", SECONDS)
def test_seconds_may_have_decimals(option, value, start_footfall):
    start_footfall(option, value, "--workers", "0", "--store", "memory:")


# ---- where to serve


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def test_port_0_takes_a_free_one_and_names_it(start_footfall):
    first = start_footfall("--listen", "127.0.0.1:0", store="memory:", workers=1)
    second = start_footfall("--listen", "127.0.0.1:0", store="memory:", workers=1)
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", first.listeners[0])
    assert first.port != second.port
    assert visit(first.address)[0] == visit(second.address)[0] == 1


def test_the_environment_lists_several_split_by_blanks(start_footfall, folder):
    path = os.path.join(folder, "socket")
    footfall = start_footfall(
        "--store", "memory:", "--workers", "0",
        env={"FOOTFALL_LISTEN": f" 127.0.0.1:0  unix:{path}\t127.0.0.1:0 "},
    )
    assert len(footfall.addresses) == 3
    assert [visit(address)[0] for address in footfall.addresses] == [1, 2, 3]
    assert f"unix:{path}" in footfall.listeners


def test_the_option_may_come_sixteen_times(start_footfall, run_footfall):
    footfall = start_footfall(*["--listen", "127.0.0.1:0"] * 16, store="memory:", workers=1)
    assert [visit(address)[0] for address in footfall.addresses] == list(range(1, 17))
    assert_refused(run_footfall(*["--listen", "127.0.0.1:0"] * 17), "--listen", "16")


@needs_ipv6
def test_a_port_alone_is_every_address_of_both_families(start_footfall):
    footfall = start_footfall("--listen", ":0", store="memory:", workers=1)
    (name,) = footfall.listeners
    assert name == f"http://[::]:{footfall.port}"
    assert visit(("127.0.0.1", footfall.port))[0] == 1
    assert visit(("::1", footfall.port))[0] == 2


@needs_ipv6
def test_an_ipv6_address_stands_in_brackets(start_footfall):
    footfall = start_footfall("--listen", "[::1]:0", store="memory:", workers=1)
    assert footfall.listeners == [f"http://[::1]:{footfall.port}"]
    assert visit(("::1", footfall.port))[0] == 1
    # Refused, or somebody else's: the port is free to others on IPv4.
    with contextlib.suppress(OSError, AssertionError):
        visit(("127.0.0.1", footfall.port))
    assert visit(("::1", footfall.port))[0] == 2


def test_a_name_is_each_of_its_addresses(start_footfall):
    footfall = start_footfall("--listen", "localhost:0", store="memory:", workers=0)
    for number, address in enumerate(footfall.addresses, 1):
        assert visit(address)[0] == number


def test_the_default_is_port_9999_of_every_address(start_footfall):
    """In a network of its own, where nobody else has that port."""
    own_network = ("unshare", "--net", "--map-root-user")
    if os.spawnvpe(os.P_WAIT, "unshare", [*own_network, "true"], environment()) != 0:
        pytest.skip("no network namespace may be made here")
    footfall = start_footfall(
        "--workers", "0", "--store", "memory:", env={"FOOTFALL_LISTEN": ""}, prefix=own_network
    )
    assert footfall.listeners in (["http://[::]:9999"], ["http://0.0.0.0:9999"])
