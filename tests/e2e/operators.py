"""What an operator asks a footfall, by its socket: pages of the admin side."""

import json
import os
import re

from http_client import Client
from waiting import eventually


def socket_of(footfall):
    """The path of its socket, once it is there."""
    line = footfall.wait_for_log("admin_ready")
    return line.fields["at"].removeprefix("unix:")


def page(footfall, path, method="GET", address=None):
    """`address` where its admin side has one of its own instead of a socket."""
    with Client(address or socket_of(footfall)) as client:
        return client.ask(method, path)


def status(footfall):
    response = page(footfall, "/status")
    assert response.status == 200 and response.headers["content-type"] == "application/json"
    return json.loads(response.body)


SAMPLE = re.compile(r"^(footfall_[a-z_]+)(\{[^}]*\})? (\S+)$")


def metrics(footfall, address=None):
    """Every sample: {(name, labels): value}."""
    response = page(footfall, "/metrics", address=address)
    assert response.status == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = {}
    for line in response.body.decode().splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        assert (name, labels) not in samples, line
        samples[name, labels or ""] = float(value)
    return samples


def total(samples, name):
    """The sum of a metric over all its labels."""
    return sum(value for (sample, _), value in samples.items() if sample == name)


def pid_file_of(footfall):
    path = socket_of(footfall).removesuffix(".sock") + ".pid"
    eventually(lambda: os.path.exists(path), "the pid file is there")
    with open(path, encoding="ascii") as file:
        return path, int(file.read())


class Operator:
    """Who gives a footfall commands, and follows it over upgrades."""

    def __init__(self, footfall, run_footfall):
        self.footfall = footfall
        self.run = run_footfall

    def command(self, *words):
        return self.run(*words, env={"RUNTIME_DIRECTORY": self.footfall.runtime}, timeout=60)

    def _do(self, *words):
        outcome = self.command(*words)
        assert outcome.exit_status == 0 and outcome.log == "", outcome

    def reload(self):
        self._do("reload")

    def upgrade(self):
        self._do("upgrade")

    def scale(self, workers):
        self._do("scale", str(workers))

    def stop(self):
        self._do("stop")

    def status(self):
        outcome = self.command("status", "--json")
        assert outcome.exit_status == 0, outcome
        return json.loads(outcome.output)

    def pid(self):
        """Of the process that serves now."""
        return self.status()["pid"]


def reached(footfall, limit):
    """How often visitors have reached it."""
    return sum(
        value
        for (name, labels), value in metrics(footfall).items()
        if name == "footfall_limits_reached_total" and f'limit="{limit}"' in labels
    )


def start_with(start_footfall, path, *words):
    return start_footfall("--config", path, *words, env={"FOOTFALL_LISTEN": ""})


def text_of(settings):
    return "".join(f"{name} = {value}\n" for name, value in settings.items())
