"""nginx: answering a constant, counting in a shared dictionary, counting in Redis."""

import os
import shutil

from server import Server

MODULES = "/usr/lib/nginx/modules"
LUA_MODULES = ("ndk_http_module.so", "ngx_http_lua_module.so")
LUA_REDIS = "/usr/share/lua/5.1/nginx/redis.lua"

MAIN = """
{modules}
worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{
    worker_connections 20000;
}}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 300;
    default_type application/json;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
    server {{
        listen 127.0.0.1:{port} backlog=4096{listen};
        location / {{
            add_header Cache-Control no-store;
            {location}
        }}
    }}
}}
"""

ANSWER = """
                local body = string.format('{"counter":%d,"pid":%d}', count, ngx.worker.pid())
                ngx.header.content_length = #body
                ngx.print(body)
"""

SETTINGS = (
    "worker_processes 2, access_log off, keepalive_requests 1e9, worker_connections 20000, "
    "backlog 4096"
)


class Nginx(Server):
    name = "nginx"
    title = "nginx, constant"
    settings = SETTINGS
    lua = False
    listen = ""
    http = ""
    location = """return 200 '{"counter":1234567,"pid":12345}';"""

    def missing(self):
        if not shutil.which("nginx", path=search_path()):
            return "nginx is not installed"
        if self.lua and not os.path.exists(os.path.join(MODULES, LUA_MODULES[1])):
            return "nginx's Lua module is not installed"
        return None

    def command(self, port):
        modules = [f"load_module {MODULES}/{name};" for name in LUA_MODULES] if self.lua else []
        path = os.path.join(self.folder, "nginx.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(MAIN.format(
                modules="\n".join(modules),
                workers=self.workers,
                folder=self.folder,
                port=port,
                listen=self.listen,
                http=self.http,
                location=self.location_text(),
            ))
        program = shutil.which("nginx", path=search_path())
        return [program, "-e", f"{self.folder}/error.log", "-p", self.folder, "-c", path]

    def location_text(self):
        return self.location


class NginxReuseport(Nginx):
    """Each worker with a socket of its own, so that none wakes for another's connection."""

    name = "nginx-reuseport"
    title = "nginx, constant (reuseport)"
    settings = SETTINGS + ", reuseport"
    listen = " reuseport"


class NginxDictionary(Nginx):
    name = "nginx-lua-dict"
    title = "nginx + Lua, shared dict"
    settings = SETTINGS + ", lua_shared_dict with incr()"
    counts = "shared"
    lua = True
    http = "lua_shared_dict counters 1m;"
    location = """
            content_by_lua_block {
                local count = ngx.shared.counters:incr("counter", 1, 0)
""" + ANSWER + "            }"


CONNECT = """
            content_by_lua_block {
                local redis = require("nginx.redis"):new()
                redis:set_timeout(5000)
                local ok, failure = redis:connect("127.0.0.1", REDIS_PORT)
                if not ok then
                    return ngx.exit(503)
                end
"""


class NginxRedis(Nginx):
    name = "nginx-lua-redis"
    title = "nginx + Lua + Redis"
    settings = SETTINGS + ", INCR over a pool of 512 kept connections for each worker"
    counts = "shared"
    uses_redis = True
    lua = True
    http = "lua_socket_log_errors off;"
    location = CONNECT + """\
                local count = redis:incr("bench-nginx")
                if not count then
                    return ngx.exit(503)
                end
                redis:set_keepalive(60000, 512)
""" + ANSWER + "            }"

    def missing(self):
        if not os.path.exists(LUA_REDIS):
            return "nginx's Redis client for Lua is not installed"
        return super().missing()

    def location_text(self):
        return self.location.replace("REDIS_PORT", str(self.context.redis.port))


class NginxExpire(NginxRedis):
    """A counter for each path that lives for half a year from its last hit, as Abacus counts: both
    commands in one round trip."""

    name = "nginx-lua-expire"
    title = "nginx + Lua + Redis, INCR and EXPIRE"
    settings = SETTINGS + (
        ", lua_code_cache on, both commands in one pipeline over a pool of 512 kept connections for "
        "each worker"
    )
    keys_form = "/hit/bench-{}/key-"
    keys_form_in_redis = "nginx:bench-{}/key-"
    pipelined_max = 16
    location = CONNECT + """\
                local key = "nginx:" .. ngx.var.uri:sub(#"/hit/" + 1)
                redis:init_pipeline(2)
                redis:incr(key)
                redis:expire(key, 180 * 24 * 60 * 60)
                local answers = redis:commit_pipeline()
                if not answers or not tonumber(answers[1]) then
                    return ngx.exit(503)
                end
                redis:set_keepalive(60000, 512)
                local body = '{"value":' .. answers[1] .. '}'
                ngx.header.content_length = #body
                ngx.print(body)
            }"""


def search_path():
    """/usr/sbin is not on every user's path."""
    return os.environ.get("PATH", "") + ":/usr/sbin"
