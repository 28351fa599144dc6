"""The story's three Node programs, webdis, and the ceiling."""

import json
import os
import shutil

from server import Server

HERE = os.path.dirname(os.path.abspath(__file__))


class Node(Server):
    """`stage` 1 is one process, 2 a cluster that counts in each worker, 3 one that counts in
    Redis: by default with the pipelining that ioredis advises for load, which costs Redis less."""

    def __init__(self, context, stage, workers=2, auto_pipelining=True):
        super().__init__(context, workers)
        self.stage = stage
        self.name = f"node{stage}"
        self.title = ["", "Node, one process", "Node cluster", "Node cluster + Redis"][stage]
        self.counts = ["", "shared", "alone", "shared"][stage]
        self.uses_redis = stage == 3
        self.settings = "NODE_ENV=production, keepAliveTimeout 300 s, backlog 4096"
        if stage > 1:
            self.settings += ", SCHED_RR (the default)"
        self.auto_pipelining = auto_pipelining
        if stage == 3 and auto_pipelining:
            self.settings += ", ioredis with enableAutoPipelining"
        elif stage == 3:
            self.name += "-plain"
            self.title += " (no auto pipelining)"
            self.settings += ", ioredis without options"

    def missing(self):
        if not shutil.which("node"):
            return "node is not installed"
        if self.stage == 3 and not self.context.node_modules:
            return "ioredis could not be installed by npm"
        return None

    def command(self, port):
        return ["node", os.path.join(HERE, "peers", f"stage{self.stage}.js")]

    def environment(self):
        return {
            "PORT": str(self.port),
            "WORKERS": str(self.workers),
            "REDIS_PORT": str(self.context.redis.port) if self.uses_redis else "",
            "AUTO_PIPELINING": "1" if self.auto_pipelining else "0",
            "NODE_ENV": "production",
            "NODE_PATH": self.context.node_modules or "",
        }


class Webdis(Server):
    name = "webdis"
    title = "webdis INCR"
    settings = "two threads, pool_size 20 for each, verbosity 0"
    counts = "shared"
    uses_redis = True
    path = "/INCR/bench-webdis"
    keys_form = "/INCR/webdis:bench-{}:key-"
    keys_form_in_redis = "webdis:bench-{}:key-"

    def missing(self):
        return None if shutil.which("webdis") else "webdis is not installed"

    def command(self, port):
        path = os.path.join(self.folder, "webdis.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({
                "redis_host": "127.0.0.1",
                "redis_port": self.context.redis.port,
                "redis_auth": None,
                "http_host": "127.0.0.1",
                "http_port": port,
                "threads": self.workers,
                "pool_size": 20,
                "daemonize": False,
                "websockets": False,
                "database": 0,
                "acl": [],
                "verbosity": 0,
                "logfile": f"{self.folder}/webdis.log",
            }, file)
        return ["webdis", path]


class Ceiling(Server):
    """`close` answers each connection once."""

    name = "ceiling"
    title = "ceiling, io_uring constant"
    settings = "two workers, multishot poll and accept4, multishot receive, provided buffers"

    def __init__(self, context, close=False, workers=2):
        super().__init__(context, workers)
        self.close = close
        if close:
            self.title += ", closing"

    def missing(self):
        return None if self.context.ceiling else "ceiling.c does not build (liburing is needed)"

    def command(self, port):
        return [self.context.ceiling, str(port), str(self.workers)] + ["close"] * self.close
