-- Keep an answer for the next job that asks the same. KEYS[1] ns. ARGV[1] key, [2] answer, [3] seconds, [4] answers to keep.
--
-- <ns>:answer:<key>  string  the answer, JSON
-- <ns>:answers       zset    key -> when it was kept or given last, in s; those that are over go as they become the oldest
local ns = KEYS[1]
local answers = ns .. ':answers'
redis.call('SET', ns .. ':answer:' .. ARGV[1], ARGV[2], 'EX', ARGV[3])
redis.call('ZADD', answers, redis.call('TIME')[1], ARGV[1])
local over = redis.call('ZCARD', answers) - tonumber(ARGV[4])
if over > 0 then
  local oldest = redis.call('ZPOPMIN', answers, over)
  for at = 1, #oldest, 2 do redis.call('DEL', ns .. ':answer:' .. oldest[at]) end
end
