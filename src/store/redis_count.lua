-- redis_count.lua - one batch of visits, counted once however often it is sent.
--
-- KEYS  the counter; beside it the writer's entry, and the counter's layout.
-- ARGV  the batch's sequence number (16 digits, so that texts compare as numbers do), how many
--       visits it holds, how long the entry lives (ms).
--
-- Answers the count after the batch, as a string: Lua's numbers are exact to 2^53 only. Where not
-- all visits fitted below 2^63, a blank and how many were counted stand behind it. The entry is
-- "SEQUENCE ANSWER". Without keys it only answers which layout it writes.
--
-- Comments and indentation are left out of what is sent (embed_script.py).

if #KEYS == 0 then
  return '1'
end

-- What nearly every batch is, in two calls: higher than the one noted before. What turns out to be
-- anything else is taken back and looked at below.
local count = redis.pcall('INCRBY', KEYS[1], ARGV[2])
if type(count) == 'number' then
  local answer = string.format('%.0f', count)
  if math.abs(count) >= 9007199254740992 then
    answer = redis.call('GET', KEYS[1])
  end
  local before = redis.pcall('SET', KEYS[2], ARGV[1] .. ' ' .. answer, 'PX', ARGV[3], 'GET')
  if type(before) == 'string' and before ~= '' and before < ARGV[1] then
    return answer
  end
  redis.call('INCRBY', KEYS[1], '-' .. ARGV[2])
  if type(before) == 'string' then
    redis.call('SET', KEYS[2], before, 'PX', ARGV[3])
  elseif not before then
    redis.call('SET', KEYS[2], '', 'PX', 1)
  end
end

-- Sent before? The same again gets the same answer; one that was given up must not count late.
local noted = redis.call('GET', KEYS[2])
if noted and noted ~= '' then
  local sequence, answer = string.match(noted, '^(%d+) (.+)$')
  if sequence == ARGV[1] then
    return answer
  elseif sequence > ARGV[1] then
    return redis.error_reply('STALE batch ' .. ARGV[1] .. ' comes behind ' .. sequence)
  end
else
  local layout = redis.call('GET', KEYS[3])
  if layout and layout ~= '1' then
    return redis.error_reply('LAYOUT the counter is kept in layout ' .. layout .. ', this is 1')
  end
end

local counted = ARGV[2]
local answer
count = redis.pcall('INCRBY', KEYS[1], counted)
if type(count) == 'number' then
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
