-- What wrk runs for script/bench: `wrk ... -s load.lua URL -- DEPTH` sends DEPTH requests at once
-- and prints one JSON object at the end. With a list of ports in BENCH_PORTS each of wrk's threads
-- takes the next of them, so that one wrk loads several hosts. With BENCH_KEYS above 0 each request
-- ends in a number up to it instead of the URL's, drawn by a sequence that BENCH_SEED begins.

local taken = 0
local keys = tonumber(os.getenv("BENCH_KEYS") or "0")
local seed = tonumber(os.getenv("BENCH_SEED") or "1")
local ports = {}
for port in (os.getenv("BENCH_PORTS") or ""):gmatch("%d+") do
    ports[#ports + 1] = port
end

function setup(thread)
    if #ports > 0 then
        thread.addr = wrk.lookup(wrk.host, ports[taken % #ports + 1])[1]
        taken = taken + 1
    end
end

function init(arguments)
    local depth = tonumber(arguments[1] or "1")
    if depth > 1 then
        local requests = wrk.format():rep(depth)
        request = function() return requests end
    end
    if keys > 0 then
        local before, after = wrk.format():match("^(%S+ %S-)%d+( .*)$")
        math.randomseed(seed)
        request = function() return before .. math.random(keys) .. after end
    end
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "p999_us": %d, '
        .. '"max_us": %d, "connect_errors": %d, "read_errors": %d, "write_errors": %d, '
        .. '"status_errors": %d, "timeouts": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        latency:percentile(99.9), latency.max, errors.connect, errors.read, errors.write,
        errors.status, errors.timeout))
end
