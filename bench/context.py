"""What one run of the bench shares: its folders, its tools, its Redis, and what it has started."""

import os
import shutil
import subprocess
import tempfile

from redis_server import RedisServer
from server import CannotStart

HERE = os.path.dirname(os.path.abspath(__file__))


class Context:
    """`build_folder` keeps what is built or installed for the next run; everything else lives in
    temporary folders, one of them on the disk of the checkout, since the usual place may be memory.
    As a context manager it ends and removes all of that, whatever happens."""

    def __init__(self, build_folder, footfall):
        self.build_folder = build_folder
        self.footfall = footfall
        self.folder = None
        self.disk_folder = None
        self.folders_made = 0
        self.running = []
        self.redis = None
        self.redis_missing = None
        self.node_modules = None
        self.pace = None
        self.ceiling = None

    def __enter__(self):
        os.makedirs(self.build_folder, exist_ok=True)
        self.folder = tempfile.mkdtemp(prefix="footfall-bench-")
        self.disk_folder = tempfile.mkdtemp(prefix="disk-", dir=self.build_folder)
        os.chmod(self.folder, 0o755)  # nginx's workers are another user's when root starts it
        self.pace = self.build_tool("pace")
        self.ceiling = self.build_tool("ceiling", "-luring")
        return self

    def __exit__(self, *_):
        for server in reversed(list(self.running)):
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.disk_folder, ignore_errors=True)

    def make_folder(self, name):
        """A folder for one start of a server."""
        self.folders_made += 1
        path = os.path.join(self.folder, f"{self.folders_made}-{name}")
        os.mkdir(path)
        os.chmod(path, 0o777)
        return path

    def make_disk_folder(self):
        """One whose bytes reach a disk when they are synced."""
        return tempfile.mkdtemp(dir=self.disk_folder)

    def build_tool(self, name, *libraries):
        """The path of a C program of this folder, compiled when its source is newer; None when it
        does not compile here."""
        source = os.path.join(HERE, f"{name}.c")
        target = os.path.join(self.build_folder, name)
        if os.path.exists(target) and os.path.getmtime(target) > os.path.getmtime(source):
            return target
        command = ["gcc", "-std=c17", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE", source]
        command += ["-o", target, *libraries]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return target if done.returncode == 0 else None

    def start_redis(self):
        if self.redis or self.redis_missing:
            return
        redis = RedisServer(self)
        try:
            redis.start()
            self.redis = redis
        except CannotStart as reason:
            self.redis_missing = str(reason)

    def install_node_modules(self):
        """ioredis, as package-lock.json pins it, kept for the next run."""
        folder = os.path.join(self.build_folder, "node")
        modules = os.path.join(folder, "node_modules")
        os.makedirs(folder, exist_ok=True)
        lock = os.path.join(HERE, "peers", "package-lock.json")
        stamp = os.path.join(folder, "installed-lock.json")
        if not same_content(lock, stamp):
            if not shutil.which("npm"):
                return
            for name in ("package.json", "package-lock.json"):
                shutil.copy(os.path.join(HERE, "peers", name), folder)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
            done = subprocess.run(
                command, cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, check=False
            )
            if done.returncode != 0:
                return
            shutil.copy(lock, stamp)
        self.node_modules = modules


def same_content(left, right):
    try:
        with open(left, "rb") as one, open(right, "rb") as other:
            return one.read() == other.read()
    except OSError:
        return False
