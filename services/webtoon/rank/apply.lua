-- Counts the records [first, next) of one partition, all or nothing, and moves the partition's fence.
-- Window and memory keys follow from the records, so they are not in KEYS: one Redis, no cluster.
-- KEYS: fence, books, whole
-- ARGV: partition, first, next, late, early, dead, base time, records, groups, windows, duplicate span ms,
--       memory kept ms, weight of a view, weight of a like
--   records  18 bytes each: digest (12), group (uint16 LE), broker time − base in ms (uint32 LE)
--   groups   `<slot seconds><v|l><contentId>`, space separated; a record's group is its place in this list
--   windows  `<seconds>:<kept ms>`, space separated
-- Answers {1, counted, duplicate}, or {0, fence} when the fence is not at `first` (nil: Redis forgot it).
local fence, books, whole = KEYS[1], KEYS[2], KEYS[3]
local partition, first, after = ARGV[1], ARGV[2], ARGV[3]
local late, early, dead = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local base, records, span = tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[11])
local weight = { v = tonumber(ARGV[13]), l = tonumber(ARGV[14]) }
local kind = { v = ':views', l = ':likes' }
local shardMs, recordBytes = 60000, 18

local at = redis.call('GET', fence)
if at ~= first then
  return { 0, at }
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local seen = 'rank:seen:' .. partition .. ':'

local shards, newest = {}, 0
for shard in string.gmatch(redis.call('HGET', books, 'shards') or '', '%d+') do
  shards[tonumber(shard)] = true
  newest = math.max(newest, tonumber(shard))
end

local digests, group, appended = {}, {}, {}
local oldest = math.huge
for i = 1, #records / recordBytes do
  local offset = (i - 1) * recordBytes
  local place, delta = struct.unpack('<I2I4', records, offset + 13)
  digests[i] = string.sub(records, offset + 1, offset + 12)
  group[i], appended[i] = place + 1, base + delta
  oldest = math.min(oldest, appended[i])
end

-- When each identity was counted last.
local counted = {}
if #digests > 0 then
  for shard in pairs(shards) do
    if (shard + 1) * shardMs > oldest - span then
      local found = redis.call('HMGET', seen .. shard, unpack(digests))
      for i, value in ipairs(found) do
        if value then
          local when = shard * shardMs + struct.unpack('<I2', value)
          if when > (counted[digests[i]] or 0) then
            counted[digests[i]] = when
          end
        end
      end
    end
  end
end

local counts, remembered, total, duplicates = {}, {}, 0, 0
for i, digest in ipairs(digests) do
  local last = counted[digest]
  if last and appended[i] - last <= span then
    duplicates = duplicates + 1
  else
    local shard = math.floor(appended[i] / shardMs)
    local entries = remembered[shard] or {}
    entries[#entries + 1] = digest
    entries[#entries + 1] = struct.pack('<I2', appended[i] - shard * shardMs)
    remembered[shard] = entries
    counted[digest] = appended[i]
    counts[group[i]] = (counts[group[i]] or 0) + 1
    total = total + 1
  end
end

local function remember()
  for shard, entries in pairs(remembered) do
    redis.call('HSET', seen .. shard, unpack(entries))
    if not shards[shard] then
      -- Only for partitions that fall silent; memory that is in use is dropped by record time below.
      redis.call('PEXPIREAT', seen .. shard, string.format('%.0f', now + tonumber(ARGV[12])))
      shards[shard] = true
      newest = math.max(newest, shard)
    end
  end
  local kept = {}
  for shard in pairs(shards) do
    -- Record time decides, not the clock: a consumer that catches up still needs what was counted then. One shard
    -- more than the span is kept, for a broker clock that steps back.
    if (shard + 2) * shardMs < newest * shardMs - span then
      redis.call('UNLINK', seen .. shard)
    else
      kept[#kept + 1] = string.format('%.0f', shard)
    end
  end
  redis.call('HSET', books, 'shards', table.concat(kept, ' '))
end

local function point(seconds, finish, kept)
  local pointer = 'rank:latest:' .. seconds
  local named = string.match(redis.call('GET', pointer) or '', '(%d+)$')
  if not named or tonumber(named) < finish then
    local name = string.format('rank:%s:%.0f', seconds, finish)
    redis.call('SET', pointer, name, 'PXAT', string.format('%.0f', finish + 2 * kept))
  end
end

local function count(seconds, kept)
  local length, latest, touched = seconds * 1000, 0, {}
  local place = 0
  for slot, action, content in string.gmatch(ARGV[9], '(%d+)(%a)(%S+)') do
    place = place + 1
    local by = counts[place]
    local finish = (math.floor(slot / seconds) + 1) * length
    -- A window whose time is over must not come back half filled.
    if by and now < finish + kept then
      local key = string.format('rank:%s:%.0f', seconds, finish)
      local hash = key .. kind[action]
      redis.call('HINCRBY', hash, content, by)
      touched[hash] = finish + kept
      if weight[action] > 0 then
        redis.call('ZINCRBY', key, by * weight[action], content)
        touched[key] = finish + kept
      end
      latest = math.max(latest, finish)
    end
  end
  for key, expiry in pairs(touched) do
    redis.call('PEXPIREAT', key, string.format('%.0f', expiry))
  end
  if latest > 0 then
    point(seconds, latest, kept)
  end
end

local function book()
  local lines = { counted = total, duplicate = duplicates, late = late, early = early, dead = dead }
  for line, by in pairs(lines) do
    if by > 0 then
      redis.call('HINCRBY', books, line, by)
    end
  end
  local target = redis.call('HGET', books, 'target')
  if target and tonumber(after) >= tonumber(target) then
    redis.call('HDEL', books, 'target')
    redis.call('HSET', whole, partition, 1)
  end
  redis.call('SET', fence, after)
end

-- A write that fails half-way would leave half a batch: without its fence the partition is counted anew.
local done, problem = pcall(function()
  if total > 0 then
    remember()
    for seconds, kept in string.gmatch(ARGV[10], '(%d+):(%d+)') do
      count(seconds, tonumber(kept))
    end
  end
  book()
end)
if not done then
  redis.call('DEL', fence)
  return redis.error_reply(type(problem) == 'table' and problem.err or tostring(problem))
end
return { 1, total, duplicates }
