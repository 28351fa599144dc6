-- redis_change.lua - what a counter is, and one change of it, made once however often it is sent.
--
-- KEYS  the counter; beside it the writer's entry, the counter's layout, and its record.
-- ARGV  the sequence number, how long the entry lives (ms), both as in redis_count.lua; what the
--       counter is taken to be, what it is to become, and which of its numbers hits that have come
--       in between would have moved: 'value', 'adjusted', or '-' for none. Without these three
--       nothing is changed.
--
-- A counter is written 'VALUE CREATED COUNTED ADJUSTED LOW HIGH SET OWNER', and '-' where it is not
-- there or has no owner. The rules are footfall's: where the counter is what it was taken to be, but
-- for hits that have come in between, it becomes what it is to, and the answer is 'BEFORE>AFTER'.
-- Otherwise the answer is what it is, and nothing is changed. The entry is 'SEQUENCE ANSWER'.

local names = {'created', 'counted', 'adjusted', 'low', 'high', 'set', 'owner'}
local absent = {'0', '0', '0', '0', '1', '0', '-'}

-- include redis_noted.lua

-- A record that has outlived its counter says nothing.
local value = redis.call('GET', KEYS[1])
local before = '-'
if value then
  before = value
  for i, field in ipairs(redis.call('HMGET', KEYS[4], unpack(names))) do
    before = before .. ' ' .. (field or absent[i])
  end
end

-- The words of a counter, or nil where it is none whose numbers are exact in Lua.
local function words_of(counter)
  local words = {}
  for word in string.gmatch(counter or '', '%S+') do
    words[#words + 1] = word
  end
  for _, i in ipairs({1, 4}) do
    local number = #words == 8 and tonumber(words[i])
    if not number or math.abs(number) >= 9007199254740992 or
      string.format('%.0f', number) ~= words[i] then
      return nil
    end
  end
  return words
end

-- What it becomes where there were hits in between: no rule looks at what they change. So a counter
-- that is hit without a pause can be changed all the same.
local function after_hits()
  local now, was = words_of(before), words_of(ARGV[3])
  if not now or not was then
    return nil
  end
  for i = 1, 8 do
    if i ~= 1 and i ~= 3 and now[i] ~= was[i] then
      return nil
    end
  end
  if ARGV[4] == '-' then
    return ARGV[4]
  end
  local after = words_of(ARGV[4])
  if not after then
    return nil
  end
  local hits = tonumber(now[1]) - tonumber(was[1])
  local i = ARGV[5] == 'value' and 1 or 4
  if ARGV[5] ~= '-' then
    local number = after[i] + (i == 1 and hits or -hits)
    if math.abs(number) >= 9007199254740992 then
      return nil
    end
    after[i] = string.format('%.0f', number + 0)
  end
  if after[3] == was[3] then
    after[3] = now[3]
  end
  return table.concat(after, ' ')
end

local after = ARGV[4]
if before ~= ARGV[3] then
  after = after_hits()
end
if not after then
  return before
end

-- Where an owner comes or goes, that there is none is written down too.
local is_owned = value and not (before:sub(-2) == ' -' and ARGV[4]:sub(-2) == ' -')

-- The command that writes the record.
local function record_of(counter)
  local write = {'HSET', KEYS[4]}
  local i = 0
  for word in string.gmatch(counter, '%S+') do
    if i > 0 and (word ~= '-' or is_owned) then
      write[#write + 1] = names[i]
      write[#write + 1] = word
    end
    i = i + 1
  end
  return write
end

-- Not noted is not changed.
local answer = before .. '>' .. after
local writes = {{'SET', KEYS[2], ARGV[1] .. ' ' .. answer, 'PX', ARGV[2]}}
if after == '-' then
  writes[2] = {'DEL', KEYS[1], KEYS[4]}
else
  if not value then
    writes[2] = {'DEL', KEYS[4]}
  end
  writes[#writes + 1] = record_of(after)
  writes[#writes + 1] = {'SET', KEYS[1], string.match(after, '^%S+')}
end
for i, write in ipairs(writes) do
  local written = redis.pcall(unpack(write))
  if type(written) == 'table' and written.err then
    if i > 1 then
      redis.call('SET', KEYS[2], noted or '', 'PX', noted and ARGV[2] or 1)
    end
    if i > 2 and value then
      redis.call(unpack(record_of(before)))
    end
    return written
  end
end
return answer
