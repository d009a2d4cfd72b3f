-- Token bucket. Atomic, by the server's clock, and no key is ever written without an expiry.
-- KEYS: tokens, timestamp. ARGV: tokens per second, burst, tokens needed, tokens wanted (>= needed).
-- Returns: tokens granted (0 or needed..wanted), whole tokens left, milliseconds until `needed` are there.
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local needed, wanted = tonumber(ARGV[3]), tonumber(ARGV[4])

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000

local tokens = tonumber(redis.call('GET', KEYS[1]) or burst)
local since = tonumber(redis.call('GET', KEYS[2]) or now)
tokens = math.min(burst, tokens + math.max(0, now - since) * rate)

local granted, wait = 0, 0
if tokens >= needed then
  granted = math.min(math.floor(tokens), wanted)
  tokens = tokens - granted
else
  wait = math.ceil((needed - tokens) / rate * 1000)
end

-- A bucket that nobody touched for this long is full again, so forgetting it changes nothing.
local ttl = math.ceil(burst / rate * 2)
redis.call('SET', KEYS[1], string.format('%.6f', tokens), 'EX', ttl)
redis.call('SET', KEYS[2], string.format('%.6f', now), 'EX', ttl)
return { granted, math.floor(tokens), wait }
