-- The first n of one window with their scores, views and likes, and how many partitions are whole.
-- Equal scores go by contentId ascending; ZREVRANGE would give them descending, and cut in the middle of a tie.
-- KEYS: whole, ranking, views, likes
-- ARGV: n
local whole, ranking, views, likes = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local n = tonumber(ARGV[1])

local ids = redis.call('ZREVRANGE', ranking, 0, n - 1, 'WITHSCORES')
local members = {}
for i = 1, #ids, 2 do
  members[#members + 1] = ids[i]
end
local scores = {}
for i = 2, #ids, 2 do
  scores[#scores + 1] = ids[i]
end
if #members == n then
  local last = scores[n]
  local above = 0
  while scores[above + 1] ~= last do
    above = above + 1
  end
  local tied = redis.call('ZRANGEBYSCORE', ranking, last, last, 'LIMIT', 0, n - above)
  for i, member in ipairs(tied) do
    members[above + i] = member
  end
end
local answer = { redis.call('HLEN', whole), members, scores, {}, {} }
if #members > 0 then
  answer[4] = redis.call('HMGET', views, unpack(members))
  answer[5] = redis.call('HMGET', likes, unpack(members))
end
return answer
