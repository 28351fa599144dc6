-- A hit on one of so many counters, at random: COUNTERS in the environment.
local counters = tonumber(os.getenv("COUNTERS"))

math.randomseed(7)

function request()
  return "GET /hit/space/key-" .. math.random(counters) .. " HTTP/1.1\r\nHost: localhost\r\n\r\n"
end
