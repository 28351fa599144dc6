"""The settings file: precedence, what is wrong at its line and column, `footfall check`, the example."""

import os
import re
from pathlib import Path

import pytest

from http_client import visit

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "footfall.ini"


@pytest.fixture
def write_file(folder):
    """write_file(text): the path of a settings file with this text (or these bytes)."""

    def write(text, name="footfall.ini"):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    return write


# ---- serving by a file


@pytest.mark.parametrize("by", ["option", "equals", "variable"])
def test_a_file_sets_what_options_set(by, write_file, start_footfall, redis):
    path = write_file(
        f"# a comment\n\nlisten = 127.0.0.1:0\nworkers = 3\nstore = {redis.url}\nkey = mine\n"
        "log-format = json\n"
    )
    options = {"option": ["--config", path], "equals": [f"--config={path}"], "variable": []}[by]
    env = {"FOOTFALL_LISTEN": "", **({"FOOTFALL_CONFIG": path} if by == "variable" else {})}
    footfall = start_footfall(*options, env=env)
    assert len(footfall.workers()) == 3
    assert visit(footfall.address)[0] == 1
    assert redis.counters() == ["mine"]
    assert all(line.raw.startswith("{") for line in footfall.log_lines())


def test_option_environment_file_default(write_file, start_footfall, redis):
    path = write_file(
        f"workers = 1\nkey = file\nstore = {redis.url}\nlisten = unix:/nowhere/at/all\n"
    )
    footfall = start_footfall(
        "--config", path, "--listen", "127.0.0.1:0", "--key", "option",
        env={"FOOTFALL_WORKERS": "2", "FOOTFALL_KEY": "variable"},
    )
    assert len(footfall.workers()) == 2
    assert visit(footfall.address)[0] == 1
    assert redis.counters() == ["option"]


def test_listen_may_stand_several_times(write_file, start_footfall, folder):
    path = write_file(f"listen = 127.0.0.1:0\nlisten = unix:{folder}/a ;b\nstore = memory:\n")
    footfall = start_footfall("--config", path, "--workers", 1, env={"FOOTFALL_LISTEN": ""})
    footfall.wait_for_log("ready", count=2)
    assert footfall.listeners[1] == f"unix:{folder}/a ;b"
    assert visit(f"{folder}/a ;b")[0] == 1


# ---- what is wrong

WRONG = [
    ("stroe = memory:\n", "1:1", "unknown setting stroe; did you mean store?"),
    ("# c\n\nworkers = 129\n", "3:11", "workers: \"129\" is not right; it takes a whole number"),
    ("key = a\nkey = a\n", "2:1", "key stands twice, in line 1"),
    ("workers\n", "1:1", "no ="),
    ("[sites]\n", "1:1", "unknown section [sites]"),
    ("[namespace blog]\nhits = open\n", "2:1", "did you mean hit?"),
    ("[defaults]\ntoken_file = /none\n", "2:14", "/none cannot be read"),
    ("config = other.ini\n", "1:1", "config"),
    ("key = a\n  b\n", "2:3", "column 1"),
    ("key = a ; b\n", "1:7", "a comment stands on a line of its own"),
    ("store = redis://user:s3cr3t@host:port\n", "1:9", "the port"),
    ("store = rediss://user:s3cr3t@host\n", "1:9", "TLS"),
    ("store = redis://user:s3cr3t@host?password-file=/x\n", "1:9", "both a password"),
    ("s3cr3t\n", "1:1", "no ="),
    (b"\xef\xbb\xbf\r\nkey = a b\r\n", "2:7", "printable ASCII"),
    (b"key = a\0b\n", "1:8", "0x00"),
    (b"key = " + b"k" * 8187 + b"\n", "1:8193", "longer than 8192 bytes"),
]


@pytest.mark.parametrize("text, place, sentence", WRONG)
def test_a_mistake_is_said_at_its_place(text, place, sentence, write_file, run_footfall):
    path = write_file(text)
    checked = run_footfall("check", path)
    assert checked.exit_status == 2 and checked.output == ""
    assert checked.log.startswith(f"{path}:{place}: ") and sentence in checked.log
    assert len(checked.log.splitlines()) == 1
    assert "s3cr3t" not in checked.log
    # A listener that cannot be had ends it with another status, should the file be accepted.
    started = run_footfall("--config", path, "--listen", "192.0.2.1:0")
    assert started.exit_status == 2 and started.log == f"footfall: {checked.log}"
    started = run_footfall(env={"FOOTFALL_CONFIG": path})
    assert started.exit_status == 2 and started.log == f"footfall: {checked.log}"


@pytest.mark.parametrize("kind", ["none", "folder", "pipe", "long"])
def test_a_file_that_cannot_be_read_is_named_with_why(kind, folder, write_file, run_footfall):
    path = os.path.join(folder, "footfall.ini")
    if kind == "folder":
        os.mkdir(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "long":
        write_file("\n" * 65537)
    why = {
        "none": "No such file or directory", "folder": "Is a directory",
        "pipe": "no regular file", "long": "longer than 65536 bytes",
    }[kind]
    checked = run_footfall("check", path)
    assert checked.exit_status == 2 and checked.output == ""
    assert checked.log.startswith(f"{path}: ") and why in checked.log
    started = run_footfall("--config", path)
    assert started.exit_status == 2 and started.log == f"footfall: --config: {checked.log}"


# ---- footfall check


def test_check_says_that_a_file_is_right(write_file, run_footfall, folder):
    path = write_file(f"store = lmdb:{folder}/data\nlisten = 192.0.2.1:80\n")
    outcome = run_footfall("check", path)
    assert (outcome.exit_status, outcome.output, outcome.log) == (0, f"{path}: ok\n", "")
    assert not os.path.exists(f"{folder}/data")


def test_check_asks_neither_options_nor_environment_nor_password_files(write_file, run_footfall):
    path = write_file("store = redis://host?password-file=/nowhere/at/all\n")
    outcome = run_footfall(
        "check", path, env={"FOOTFALL_WORKERS": "two", "FOOTFALL_CONFIG": "/nowhere/at/all"}
    )
    assert (outcome.exit_status, outcome.output) == (0, f"{path}: ok\n")


@pytest.mark.parametrize("words", [[], ["a", "b"], ["--workers", "2"], ["--help", "a"], [""]])
def test_check_takes_one_file(words, run_footfall):
    outcome = run_footfall("check", *words)
    assert outcome.exit_status == 2 and outcome.output == ""
    assert len(outcome.log.splitlines()) == 1


def test_check_that_cannot_say_ok_fails(write_file, run_footfall):
    path = write_file("")
    outcome = run_footfall("-c", 'exec "$0" check "$1" >/dev/full', *words_for_shell(path),
                           program="/bin/sh")
    assert outcome.exit_status == 1
    assert "No space left" in outcome.log


def words_for_shell(path):
    return [os.path.abspath(os.environ["FOOTFALL_BINARY"]), path]


# ---- the example


def test_the_example_holds_every_setting_with_its_default(run_footfall):
    help_text = run_footfall("--help", "all").output
    options = set(re.findall(r"^  --([a-z-]+)", help_text, re.MULTILINE)) - {"help", "config"}
    of_server = EXAMPLE.read_text().partition("\n#[")[0]
    settings = dict(re.findall(r"^#([a-z-]+) = (.*)$", of_server, re.MULTILINE))
    assert set(settings) == options
    for name, value in settings.items():
        if name != "workers":  # one for each core
            of_option = help_text.split(f"\n  --{name} ")[1].split("\n  --")[0]
            assert f"[{value}]" in of_option, name


def test_the_example_is_right_as_it_is_and_with_every_setting(write_file, run_footfall):
    text = EXAMPLE.read_text()
    every = re.sub(r"(?m)^#(?=[a-z[])", "", text)
    every = every.replace("/etc/footfall/blog-token", write_file("a-token-of-a-blog", "token"))
    for name, text in (("as-it-is", text), ("every", every)):
        path = write_file(text, name)
        outcome = run_footfall("check", path)
        assert (outcome.exit_status, outcome.log) == (0, ""), outcome
    assert "\nworkers = 2\n" in text and "\n# The key" in text
