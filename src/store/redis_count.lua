-- redis_count.lua - one batch of visits, counted once however often it is sent.
--
-- KEYS  the counter; beside it the writer's entry, and the counter's layout; where one is kept,
--       the counter's record.
-- ARGV  the batch's sequence number (16 digits, so that texts compare as numbers do), what it adds,
--       how long the entry lives (ms). Where the last numbers are to be given out, what its visits
--       add, in their order, as in '3x1 1x20 2x1'; else nothing. With a record the time (ms since
--       1970), and '0' when a counter that is not there must not be made.
--
-- Answers the count after the batch, as a string. Behind it stands ' new' where a counter with a
-- record was made, and where not all visits fitted below 2^63 a blank and how much was counted.
-- 'none': it would have been made. The entry is "SEQUENCE ANSWER". Without keys it only answers which
-- layout it writes.
--
-- Comments and indentation are left out of what is sent (embed_script.py).

if #KEYS == 0 then
  return '1'
end

-- A count as a text; nil where it cannot be read. Lua's numbers are exact to 2^53 only.
local function text_of(count)
  if math.abs(count) < 9007199254740992 then
    return string.format('%.0f', count)
  end
  local text = redis.pcall('GET', KEYS[1])
  return type(text) == 'string' and text or nil
end

-- What nearly every batch is, in few calls: of a counter that is there, and higher than the one noted
-- before. What turns out to be anything else is taken back and looked at below. Counters with
-- records are many, so that their writer often has no entry: then the layout is looked at here.
local count
if not KEYS[4] or redis.call('EXISTS', KEYS[1]) == 1 then
  count = redis.pcall('INCRBY', KEYS[1], ARGV[2])
  if type(count) == 'number' then
    local answer = text_of(count)
    local before = answer and
      redis.pcall('SET', KEYS[2], ARGV[1] .. ' ' .. answer, 'PX', ARGV[3], 'GET')
    local is_next
    if not answer then
      is_next = false
    elseif before then
      is_next = type(before) == 'string' and before ~= '' and before < ARGV[1]
    elseif KEYS[4] then
      local layout = redis.pcall('GET', KEYS[3])
      is_next = not layout or layout == '1'
    end
    if is_next and
      (not KEYS[4] or type(redis.pcall('HSET', KEYS[4], 'counted', ARGV[5])) == 'number') then
      return answer
    end
    redis.call('INCRBY', KEYS[1], '-' .. ARGV[2])
    if type(before) == 'string' then
      redis.call('SET', KEYS[2], before, 'PX', ARGV[3])
    elseif answer and not before then
      redis.call('SET', KEYS[2], '', 'PX', 1)
    end
  end
end

-- include redis_noted.lua

local is_new = KEYS[4] and redis.call('EXISTS', KEYS[1]) == 0
if is_new and ARGV[6] == '0' then
  return 'none'
end

local counted = ARGV[2]
local answer
count = redis.pcall('INCRBY', KEYS[1], counted)
if type(count) == 'number' then
  answer = text_of(count)
  if not answer then
    redis.call('INCRBY', KEYS[1], '-' .. counted)
    return redis.pcall('GET', KEYS[1])
  end
  if is_new then
    answer = answer .. ' new'
  end
elseif ARGV[4] and ARGV[4] ~= '' and string.find(count.err, 'overflow', 1, true) then
  -- The last numbers: 2^63-1 is 922 and 3372036854775807, and a batch adds less than 2^48.
  local room = 3372036854775807 - tonumber(string.sub(redis.call('GET', KEYS[1]), 4))
  local left = room
  for times, amount in string.gmatch(ARGV[4], '(%d+)x(%d+)') do
    left = left - amount * math.min(times, math.floor(left / amount))
  end
  counted = string.format('%.0f', room - left)
  redis.call('INCRBY', KEYS[1], counted)
  answer = redis.call('GET', KEYS[1]) .. ' ' .. counted
else
  return count
end

-- Not noted is not counted. A record that has outlived its counter says nothing of the new one.
local writes = {{'SET', KEYS[2], ARGV[1] .. ' ' .. answer, 'PX', ARGV[3]}}
if is_new then
  writes[2] = {'DEL', KEYS[4]}
  writes[3] = {'HSET', KEYS[4], 'created', ARGV[5], 'counted', ARGV[5]}
elseif KEYS[4] then
  writes[2] = {'HSET', KEYS[4], 'counted', ARGV[5]}
end
for i, write in ipairs(writes) do
  local written = redis.pcall(unpack(write))
  if type(written) == 'table' and written.err then
    -- Who may not remove the record may not remove the counter either: it stays, with 0.
    if not is_new or type(redis.pcall('DEL', KEYS[1])) ~= 'number' then
      redis.call('INCRBY', KEYS[1], '-' .. counted)
    end
    if i > 1 then
      redis.call('SET', KEYS[2], noted or '', 'PX', noted and ARGV[3] or 1)
    end
    return written
  end
end
return answer
