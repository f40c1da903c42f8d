-- Keep the reservations of calls that are still made. KEYS[1] ns.
-- ARGV[1] lease in s, then id, key of its slots or '', id, key …
for at = 2, #ARGV, 2 do
  local id, slots = ARGV[at], ARGV[at + 1]
  if redis.call('EXPIRE', name('held:' .. id), held_s) == 1 then
    local until_ = text(now + tonumber(ARGV[1]))
    redis.call('ZADD', name('leases'), until_, id)
    if slots ~= '' then redis.call('ZADD', name(slots), until_, id) end
  end
end
return {text(now)}
