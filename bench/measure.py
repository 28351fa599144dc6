"""One cell: one server under one workload once. Returns a dict of figures.

`problems` in it lists what makes it invalid: errors, timeouts, numbers that came twice or did not
grow, a count in the store that does not fit the answers.
"""

from keys import pass_over
from load import IdleConnections, LoadFailed, start_pace, start_wrk
from processes import idle_seconds_of_machine

SAMPLER_CONNECTIONS = 2
SAMPLES_PER_SECOND = 200
SAMPLES_PER_SECOND_ALONE = 20  # beside a single connection, so that its counter stays idle
ERRORS_OF_WRK = ("connect_errors", "read_errors", "write_errors", "status_errors", "timeouts")


class Meter:
    """Reads everything that grows, before and after."""

    def __init__(self, context, servers):
        self.context = context
        self.servers = servers
        self.shared = servers[0].counts == "shared"
        self.uses_redis = servers[0].uses_redis
        self.keys = servers[0].keys

    def start(self):
        self.counted = self.count() if self.shared else 0
        self.commands = self.context.redis.commands_sent() if self.uses_redis else None
        self.idle_s = idle_seconds_of_machine()
        self.redis_cpu_s = self.context.redis.cpu_seconds() if self.uses_redis else 0
        self.cpu_s = sum(server.cpu_seconds() for server in self.servers)

    def stop(self, answered, seconds):
        cpu_s = sum(server.cpu_seconds() for server in self.servers) - self.cpu_s
        figures = {
            "requests_per_second": answered / seconds,
            "cpu_us": cpu_s * 1e6 / answered if answered else None,
            "machine_idle_cores": (idle_seconds_of_machine() - self.idle_s) / seconds,
        }
        if self.uses_redis:
            redis_cpu_s = self.context.redis.cpu_seconds() - self.redis_cpu_s
            sent = self.context.redis.commands_sent().since(self.commands)
            figures["redis_cpu_us"] = redis_cpu_s * 1e6 / answered if answered else None
            figures["commands_per_hit"] = sent / answered if answered else None
            figures["commands_per_second"] = sent / seconds
        if answered:
            figures["cpu_with_redis_us"] = figures["cpu_us"] + figures.get("redis_cpu_us", 0)
        return figures

    def count(self):
        """What was counted so far; a counter alone tells it by counting once more."""
        return self.servers[0].keys_total() if self.keys else self.servers[0].number()

    def total_problems(self, answered, in_flight_max):
        """The store must have counted what was answered, and no more than was asked."""
        if not self.shared:
            return []
        counted = self.count() - self.counted - (0 if self.keys else 1)
        if not answered <= counted <= answered + in_flight_max:
            return [f"{counted} counted, {answered} answered, at most {in_flight_max} in flight"]
        return []


def number_problems(server, paced):
    problems = []
    if paced["errors"]:
        problems.append(f"{paced['errors']} requests at a constant rate unanswered")
    if server.counts == "shared" and paced["numbers_repeated"]:
        problems.append(f"{paced['numbers_repeated']} numbers were told twice")
    if server.counts and paced["numbers_not_growing"]:
        problems.append(f"{paced['numbers_not_growing']} numbers did not grow on their connection")
    return problems


def warm_up(context, server, seconds=0.4):
    """Code compiled, pools filled, links open."""
    if server.name != "ceiling":
        start_pace(context, server, 64, 50000, seconds).result()


def warm_up_connecting(server, seconds):
    """The same for the way of a new connection, which Node's compiler finds only when it is
    taken often."""
    wrk = start_wrk(server, 64, seconds, close=True)
    try:
        wrk.result()
    finally:
        wrk.end()


def saturation(context, servers, workload, seconds, seed=1):
    """wrk as fast as it gets answers. With more than one server its threads share them. Where there
    are keys, the numbers that are read are those of the first one."""
    server = servers[0]
    meter = Meter(context, servers)
    meter.start()
    ports = [each.port for each in servers] if len(servers) > 1 else ()
    sampler = None
    wrk = start_wrk(
        server, workload.connections, seconds, workload.depth, workload.close, ports, seed
    )
    try:
        if server.counts:
            alone = workload.connections == 1
            samples = SAMPLES_PER_SECOND_ALONE if alone else SAMPLES_PER_SECOND
            sampler = start_pace(context, server, SAMPLER_CONNECTIONS, samples, seconds)
        found = wrk.result()
        sampled = sampler.result() if sampler else None
    finally:
        wrk.end()
        if sampler:
            sampler.end()
    answered = found["requests"] + (sampled["requests"] if sampled else 0)
    figures = meter.stop(answered, found["seconds"])
    figures["requests_per_second"] = found["requests"] / found["seconds"]
    figures["generator_share"] = found["cpu_share"] / max(1, len(ports))
    figures["generator_us"] = found["cpu_share"] * 1e6 / figures["requests_per_second"]
    if workload.depth == 1:  # wrk times a whole pipeline, not its requests
        figures.update({name: found[name] for name in ("p50_us", "p99_us", "p999_us")})
    problems = [f"{found[name]} {name.replace('_', ' ')}" for name in ERRORS_OF_WRK if found[name]]
    if sampled:
        problems += number_problems(server, sampled)
        in_flight_max = workload.connections * workload.depth + SAMPLER_CONNECTIONS
        problems += meter.total_problems(answered, in_flight_max)
        figures["numbers_checked"] = sampled["requests"]
    figures["problems"] = problems
    return figures


def keys_at_random(context, server, workload, seconds, number):
    """Round `number`: the first one makes the keys, so that each is there. A worker that keeps what
    it knows of a key, for a while, knows all of them."""
    if number == 0 or server.keeps_keys:
        pass_over(server)
    figures = saturation(context, [server], workload, seconds, seed=number + 1)
    figures["memory_mib"] = server.memory().proportional / 2**20
    return figures


def constant_rate(context, server, connections, rate, seconds):
    """pace at `rate`: every number is checked."""
    meter = Meter(context, [server])
    meter.start()
    pace = start_pace(context, server, connections, rate, seconds)
    found = pace.result()
    figures = meter.stop(found["requests"], found["seconds"])
    figures.update({name: found[name] for name in ("p50_us", "p99_us", "p999_us", "late_p99_us")})
    figures["rate"] = rate
    figures["generator_share"] = found["cpu_share"]
    figures["numbers_checked"] = found["requests"] if server.counts else 0
    figures["problems"] = number_problems(server, found)
    figures["problems"] += meter.total_problems(found["requests"], connections)
    return figures


def with_idle_connections(context, server, workload, seconds):
    """A server that was just started and warmed up, with idle connections beside busy ones."""
    warm_up(context, server)
    before = server.memory()
    try:
        with IdleConnections(server, workload.idle_connections):
            after = server.memory()
            figures = saturation(context, [server], workload, seconds)
    except LoadFailed as reason:
        return {"problems": [str(reason)]}
    grown = after.private - before.private
    figures["bytes_per_idle_connection"] = grown / workload.idle_connections
    return figures
