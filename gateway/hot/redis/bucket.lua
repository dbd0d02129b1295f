-- One token bucket. KEYS[1] the bucket, ARGV[1] tokens a second, ARGV[2] burst.
-- Answers 0 for yes, or the milliseconds after which to ask again.
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000

local held = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(held[1]) or burst, tonumber(held[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)

local wait = 0
if tokens >= 1 then
  tokens = tokens - 1
else
  wait = math.min(3600000, math.max(1, math.ceil((1 - tokens) * 1000 / rate)))
end

redis.call('HSET', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.3f', now))
-- A bucket that has had time to fill is the same as none; ten years are for ever.
redis.call('PEXPIRE', KEYS[1], string.format('%d', math.min(315360000000, math.ceil((burst - tokens) * 1000 / rate) + 1000)))
return wait
