"""Every server by its name."""

from servers_footfall import Footfall
from servers_nginx import Nginx, NginxDictionary, NginxExpire, NginxRedis, NginxReuseport
from servers_other import Ceiling, Node, Webdis

MAKERS = {
    "ceiling": Ceiling,
    "ceiling-close": lambda context, workers=2: Ceiling(context, True, workers),
    "nginx": Nginx,
    "nginx-reuseport": NginxReuseport,
    "nginx-lua-dict": NginxDictionary,
    "nginx-lua-redis": NginxRedis,
    "nginx-lua-expire": NginxExpire,
    "webdis": Webdis,
    "node1": lambda context, workers=2: Node(context, 1, workers),
    "node2": lambda context, workers=2: Node(context, 2, workers),
    "node3": lambda context, workers=2: Node(context, 3, workers),
    "node3-plain": lambda context, workers=2: Node(context, 3, workers, auto_pipelining=False),
}


def footfall_maker(store, loop, balance):
    return lambda context, workers=2: Footfall(context, store, loop, balance, workers)


for _store in ("memory", "lmdb", "redis"):
    for _loop in (None, "io_uring", "epoll"):
        for _balance in (None, "kernel"):
            _words = ["footfall", _store, _loop, _balance]
            _name = "-".join(word for word in _words if word)
            MAKERS[_name] = footfall_maker(_store, _loop, _balance)


def make(context, name):
    """A server by name; "name@4" is the same with four workers, "name:1000" one that is hit on a
    thousand keys. Its `label` is the whole, `kind` its title without those numbers."""
    rest, _, keys = name.partition(":")
    base, _, workers = rest.partition("@")
    server = MAKERS[base](context, workers=int(workers or 2))
    server.label = name
    server.kind = server.title
    if workers:
        server.title += f", {workers} worker{'s' if workers != '1' else ''}"
    if keys:
        server.take_keys(int(keys))
        server.title += f", {server.keys:,} key{'s' if server.keys != 1 else ''}"
    return server
