#!/usr/bin/python3
"""check.py [--footfall PROGRAM] [--seconds N] [--json FILE]: the simulation beside a real run.

It measures what requests, turns and commands cost on this machine where little else happens (the
memory store, redis-benchmark, one connection), gives these to the simulation, and compares what it
foretells with what footfall, Redis and wrk do: commands by Redis' own count, answers by wrk's, and
the counter's growth between them.

Of several runs that with the most answers/s counts: whatever else the machine does takes some away,
and nothing adds any.
"""

import argparse
import contextlib
import json
import os
import statistics

import real
import table
import turns

#: (masters, workers of each, connections of all, milliseconds put between them and Redis)
CASES = (
    (1, 1, 16, 0),
    (1, 1, 64, 0),
    (1, 2, 16, 0),
    (1, 2, 64, 0),
    (2, 1, 16, 0),
    (2, 1, 64, 0),
    (2, 2, 64, 0),
    (1, 1, 64, 5),
    (1, 2, 64, 5),
    (2, 4, 64, 5),
    (2, 8, 256, 20),
)

ROUNDS = 4


def measure_worker(program, store, connections, seconds):
    """(worker's us of CPU a request, generator's, answers/s), one worker alone, at its best."""
    with real.Footfall(program, 1, store) as footfall:
        loads = [
            real.Load([footfall.url], connections, seconds, [footfall]) for _ in range(ROUNDS)
        ]
    load = max(loads, key=lambda load: load.answers_per_second)
    return load.servers_us[0] / load.answers, load.client_us, load.answers_per_second


def measure_costs(program, seconds):
    """A request alone in its turn, less one of many, is what a turn costs."""
    alone_us, client_alone_us, alone_per_second = measure_worker(program, "memory:", 1, seconds)
    many_us, client_many_us, _ = measure_worker(program, "memory:", 64, seconds)
    with real.Redis() as redis:
        command_alone_us = min(redis.cpu_per_command_us(1, 50000) for _ in range(ROUNDS))
        command_us = min(redis.cpu_per_command_us(50, 200000) for _ in range(ROUNDS))
        stored_us, _, _ = measure_worker(program, f"redis://127.0.0.1:{redis.port}", 1, seconds)
    turn_us = max(alone_us - many_us, 0.0)
    return turns.Costs(
        client_turn_us=max(client_alone_us - client_many_us, 0.0),
        client_request_us=client_many_us,
        worker_turn_us=turn_us,
        worker_request_us=many_us,
        # Over Redis a visit alone takes one more turn, and the batch.
        worker_batch_us=max(stored_us - alone_us - turn_us, 0.0),
        redis_turn_us=max(command_alone_us - command_us, 0.0),
        redis_command_us=command_us,
        # What is nobody's CPU: each of the two processes is woken once.
        wake_us=max((1e6 / alone_per_second - alone_us - client_alone_us) / 2, 0.0),
    )


def run_real(program, case, seconds):
    """What Redis and wrk counted, and what was found on the way."""
    masters, workers, connections, rtt_ms = case
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(real.Redis())]
        redis = servers[0]
        port = redis.port
        if rtt_ms:
            servers.append(stack.enter_context(real.Relay(redis.port, rtt_ms)))
            port = servers[-1].port
        for _ in range(masters):
            store = f"redis://127.0.0.1:{port}"
            servers.append(stack.enter_context(real.Footfall(program, workers, store)))
        urls = [server.url for server in servers[-masters:]]
        real.Load(urls, connections, 1, servers)
        with real.Pings(port) as pings:
            additions, counter = redis.additions(), redis.counter()
            load = real.Load(urls, connections, seconds, servers)
            additions, counter = redis.additions() - additions, redis.counter() - counter
    if load.failed:
        raise RuntimeError(f"wrk saw answers that were no numbers: {case}")
    return {
        "batch_hits": counter / additions,
        "commands_per_second": additions * load.answers_per_second / load.answers,
        "answers_per_second": load.answers_per_second,
        "worker_us": sum(load.servers_us[-masters:]) / load.answers,
        "redis_us": load.servers_us[0] / load.answers,
        "counted_and_not_answered": counter - load.answers,
        "ping_ms": pings.median_ms(),
    }


def run_simulated(case, ping_ms, costs):
    """With a relay the round trip is what PING took, without one what the turns make of it."""
    masters, workers, connections, relay_ms = case
    scene = turns.Scene(
        workers=masters * workers,
        generators=masters,
        connections=connections,
        rtt_ms=ping_ms if relay_ms else 0.0,
        cores=os.cpu_count(),
        seconds=1.0,
        costs=costs,
    )
    counts = turns.simulate_turns(scene)
    return {
        "batch_hits": counts.batch_hits,
        "commands_per_second": counts.commands_per_second,
        "answers_per_second": counts.answers_per_second,
        "worker_us": counts.worker_us,
        "redis_us": counts.redis_us,
    }


def answers_per_second(run):
    return run["answers_per_second"]


def compare(program, seconds, costs):
    """One entry a case. The rounds go through all cases in turn, so that what else the machine does
    for a while does not meet all runs of one."""
    rounds = [[run_real(program, case, seconds) for case in CASES] for _ in range(ROUNDS)]
    entries = []
    for case, runs in zip(CASES, zip(*rounds)):
        measured = max(runs, key=answers_per_second)
        simulated = run_simulated(case, measured["ping_ms"], costs)
        ratios = {name: simulated[name] / measured[name] for name in simulated}
        hits = sorted(run["batch_hits"] for run in runs)
        entries.append(
            {
                "case": case,
                "measured": measured,
                "batch_hits_of_all_runs": [hits[0], hits[-1]],
                "simulated": simulated,
                "ratio": ratios,
            }
        )
    return entries


def print_entries(entries):
    names = ("batch_hits", "commands_per_second", "answers_per_second", "worker_us", "redis_us")
    head = ["masters", "workers", "clients", "relay ms", "ping ms"]
    head += ["hits/command", "least", "most", "simulated", "commands/s", "simulated"]
    head += ["hits/s", "simulated", "us/hit", "simulated", "Redis us/hit", "simulated"]
    rows = []
    for entry in entries:
        row = [str(part) for part in entry["case"]]
        row.append(table.number(entry["measured"]["ping_ms"]))
        for name in names:
            others = entry["batch_hits_of_all_runs"] if name == "batch_hits" else []
            figures = [entry["measured"][name], *others, entry["simulated"][name]]
            row += map(table.number, figures)
        rows.append(row)
    print(table.text(head, rows))
    for name in names:
        ratios = sorted(entry["ratio"][name] for entry in entries)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}, median {statistics.median(ratios):.2f}"
        print(f"simulated / measured, {name}: {spread}")


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--footfall", default=os.path.join(root, "build", "footfall"))
    parser.add_argument("--seconds", type=int, default=1, help="of each run")
    parser.add_argument("--json", help="write everything there too")
    options = parser.parse_args()
    costs = measure_costs(options.footfall, options.seconds)
    print("measured costs, us: " + ", ".join(f"{n[:-3]} {v:.1f}" for n, v in vars(costs).items()))
    entries = compare(options.footfall, options.seconds, costs)
    print_entries(entries)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"costs_us": vars(costs), "cases": entries}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
