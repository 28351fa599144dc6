"""footfall itself, in the variants that are measured."""

import functools
import os
import re
import subprocess

from server import Server


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
        return words
