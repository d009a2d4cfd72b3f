-- Forgets the rankings in one step: fences, windows and dedupe memory go together, so that nobody counts on what is
-- half gone. Whoever owns a partition then finds its fence missing, and counts it anew from Kafka.
local gone = redis.call('KEYS', 'rank:*')
for _, key in ipairs(gone) do
  redis.call('UNLINK', key)
end
return #gone
