-- redis_count.lua - one batch of visits, counted once however often it is sent.
--
-- KEYS  the counter; beside it the writer's entry, and the counter's layout.
-- ARGV  the batch's sequence number, how many visits it holds, how long the entry lives (ms).
--
-- Answers the count after the batch, as a string: Lua's numbers are exact to 2^53 only. Where not
-- all visits fitted below 2^63, a blank and how many were counted stand behind it. The entry is
-- "SEQUENCE ANSWER". Without keys it only answers which layout it writes.
--
-- Comments and indentation are left out of what is sent (embed_script.py).

if #KEYS == 0 then
  return '1'
end

local noted = redis.call('MGET', KEYS[2], KEYS[3])
if noted[2] and noted[2] ~= '1' then
  return redis.error_reply('LAYOUT the counter is kept in layout ' .. noted[2] .. ', this is 1')
end

-- Sent before? The same again gets the same answer; one that was given up must not count late.
if noted[1] then
  local sequence, answer = string.match(noted[1], '^(%d+) (.+)$')
  local ahead = tonumber(ARGV[1]) - tonumber(sequence)
  if ahead == 0 then
    return answer
  elseif ahead < 0 then
    return redis.error_reply('STALE batch ' .. ARGV[1] .. ' comes behind ' .. sequence)
  end
end

local counted = ARGV[2]
local count = redis.pcall('INCRBY', KEYS[1], counted)
local answer
if type(count) == 'number' and math.abs(count) < 9007199254740992 then
  answer = string.format('%.0f', count)
elseif type(count) == 'number' then
  answer = redis.call('GET', KEYS[1])
elseif string.find(count.err, 'overflow', 1, true) then
  -- The last numbers: 2^63-1 is 922337203685 and 4775807.
  local room = 4775807 - tonumber(string.sub(redis.call('GET', KEYS[1]), 13))
  if room < 1 then
    return count
  end
  counted = string.format('%.0f', room)
  redis.call('INCRBY', KEYS[1], counted)
  answer = redis.call('GET', KEYS[1]) .. ' ' .. counted
else
  return count
end

-- Not noted is not counted.
local written = redis.pcall('SET', KEYS[2], ARGV[1] .. ' ' .. answer, 'PX', ARGV[3])
if written.err then
  redis.call('INCRBY', KEYS[1], '-' .. counted)
  return written
end
return answer
