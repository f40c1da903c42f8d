-- Keep the slots of calls that are still made. KEYS[1] ns. ARGV[1] lease in s, then key, id, key, id …
for at = 2, #ARGV, 2 do
  if redis.call('EXISTS', name('held:' .. ARGV[at + 1])) == 1 then
    redis.call('ZADD', name(ARGV[at]), text(now + tonumber(ARGV[1])), ARGV[at + 1])
  end
end
return text(now)
