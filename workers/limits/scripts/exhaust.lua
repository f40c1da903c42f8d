-- What is left of a quota fits no call. KEYS[1] ns. ARGV[1] key. Returns {now, 1 if people are to be told, else 0}.
local quota, last = name(ARGV[1]), #marks
local told = tonumber(redis.call('HGET', quota, 'told') or '0')
if redis.call('EXISTS', quota) == 0 or told >= last then return {text(now), 0} end
redis.call('HSET', quota, 'told', last, 'told_at', text(now))
return {text(now), 1}
