-- Where counting of one partition goes on. Without a fence (fresh or wiped Redis), or with one older than anything
-- that can still be served, it begins at `start` and is not whole before it has reached `goal`.
-- KEYS: fence, books, whole
-- ARGV: partition, start, goal
-- Answers {fence, 1 when it began anew}.
local fence, books, whole = KEYS[1], KEYS[2], KEYS[3]
local partition, start, goal = ARGV[1], ARGV[2], ARGV[3]

local at = redis.call('GET', fence)
if at and tonumber(at) >= tonumber(start) then
  return { at, 0 }
end
if at then
  redis.call('HINCRBY', books, 'skipped', tonumber(start) - tonumber(at))
else
  if redis.call('EXISTS', books) == 1 then
    -- The fence alone is gone, but the windows hold this partition's counts: everything is counted anew. The other
    -- partitions find their fences missing.
    for _, key in ipairs(redis.call('KEYS', 'rank:*')) do
      redis.call('UNLINK', key)
    end
  end
  redis.call('HSET', books, 'from', start)
end
redis.call('SET', fence, start)
if tonumber(start) < tonumber(goal) then
  redis.call('HSET', books, 'target', goal)
  redis.call('HDEL', whole, partition)
else
  redis.call('HSET', whole, partition, 1)
end
return { start, 1 }
