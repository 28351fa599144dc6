-- redis_noted.lua - was it sent before, and may the counter be touched: a part of both scripts.
--
-- KEYS[2] is the writer's entry, "SEQUENCE ANSWER"; KEYS[3] the counter's layout; ARGV[1] the sequence
-- number of what is asked for. The same again gets the same answer, one that was given up must not
-- come late. `noted` is the entry, or false.

local noted = redis.call('GET', KEYS[2])
if noted and noted ~= '' then
  local sequence, answer = string.match(noted, '^(%d+) (.+)$')
  if sequence == ARGV[1] then
    return answer
  elseif sequence > ARGV[1] then
    return redis.error_reply('STALE batch ' .. ARGV[1] .. ' comes behind ' .. sequence)
  end
else
  noted = false
  local layout = redis.call('GET', KEYS[3])
  if layout and layout ~= '1' then
    return redis.error_reply('LAYOUT the counter is kept in layout ' .. layout .. ', this is 1')
  end
end
