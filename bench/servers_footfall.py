"""footfall itself, in the variants that are measured."""

import functools
import json
import os
import re
import subprocess
import urllib.request

from server import Server

TOKEN = "the-token-of-the-bench"
LISTED_MAX = 1000  # counters on one page of a list


@functools.lru_cache
def known_options(binary):
    done = subprocess.run(
        [binary, "--help", "all"], capture_output=True, text=True, check=False, timeout=20
    )
    return done.stdout


class Footfall(Server):
    """store  "memory", "lmdb" or "redis"
    loop     of --loop; where the program has no such option, the default of the variant is what
             it does anyway and any other is missing
    balance  the same for --balance
    """

    keys_form = "/hit/bench-{}/key-"
    keys_form_in_redis = "footfall:bench-{}/key-"
    keeps_keys = True
    pipelined_max = 64

    def __init__(self, context, store, loop=None, balance=None, workers=2):
        super().__init__(context, workers)
        self.store = store
        self.loop = loop
        self.balance = balance
        self.name = "-".join(word for word in ("footfall", store, loop, balance) if word)
        details = ", ".join(word for word in (loop, balance) if word)
        store_title = {"memory": "memory", "lmdb": "LMDB", "redis": "Redis"}[store]
        self.title = f"footfall, {store_title}" + (f" ({details})" if details else "")
        self.counts = "alone" if store == "memory" else "shared"
        self.uses_redis = store == "redis"
        chosen = [word for word in (self.loop, self.balance) if word]
        self.default_settings = "defaults" + (f" but {' and '.join(chosen)}" if chosen else "")

    def missing(self):
        text = known_options(self.context.footfall)
        for option, value in (("--loop", self.loop), ("--balance", self.balance)):
            if value and option not in text:
                return f"this footfall has no {option}"
        return None

    def take_keys(self, keys):
        super().take_keys(keys)
        self.default_settings += ", rate = off, keys_max = 0, --max-counters 0"

    def start(self):
        super().start()
        self.settings = self.default_settings
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
            chosen = re.search(r"loop_chosen loop=(\w+)", log.read())
        if chosen and not self.loop:
            self.settings += f", which chose {chosen[1]} as its loop"

    def command(self, port):
        where = {
            "memory": "memory:",
            "lmdb": f"lmdb:{self.context.make_disk_folder()}/data" if self.store == "lmdb" else "",
            "redis": self.context.redis.url if self.uses_redis else "",
        }
        words = [self.context.footfall, "--listen", f"127.0.0.1:{port}", "--workers"]
        words += [str(self.workers), "--store", where[self.store], "--key", "bench-footfall"]
        words += ["--log-level", "info"]
        for option, value in (("--loop", self.loop), ("--balance", self.balance)):
            if value:
                words += [option, value]
        return words + (self.settings_for_keys() if self.keys else [])

    def settings_for_keys(self):
        """All hits come from one address, and a list of them needs a token."""
        return [
            "--config", self.write("settings.ini", "[defaults]\nrate = off\nkeys_max = 0\n"),
            "--admin-token-file", self.write("token", f"{TOKEN}\n"), "--max-counters", "0",
        ]

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def keys_total(self):
        return super().keys_total() if self.uses_redis else sum(self.listed())

    def listed(self):
        """The values of all keys, page by page."""
        after = ""
        while after is not None:
            url = f"http://127.0.0.1:{self.port}/list/bench-{self.keys}?n={LISTED_MAX}&after={after}"
            request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
            with urllib.request.urlopen(request, timeout=10) as reply:
                page = json.load(reply)
            yield from (counter["value"] for counter in page["counters"])
            after = page["next"]
