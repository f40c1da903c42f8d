-- Let go of what dead workers have reserved: of calls whose lease is over, all money if they cannot have begun, else the margin.
-- Their requests and tokens stay counted, as estimated. KEYS[1] ns. ARGV[1] most calls at a time. Returns {now, calls}.
local over = redis.call('ZRANGEBYSCORE', name('leases'), '-inf', text(now), 'WITHSCORES', 'LIMIT', 0, ARGV[1])
for at = 1, #over, 2 do
  local id, until_ = over[at], tonumber(over[at + 1])
  local held = held_of(id)
  redis.call('ZREM', name('leases'), id)
  if held and held.money ~= '' then
    local kept = held.begins > until_ and 0 or held.presumed or 0
    for key, began in string.gmatch(held.money, '([^\031]+)\031([^\031]+)') do
      local counted = tonumber(redis.call('HGET', name(key), began))
      if counted then redis.call('HSET', name(key), began, text(counted + kept - (held.nano_usd or 0))) end
    end
    held.nano_usd, held.presumed, held.money = kept, kept, ''
    redis.call('SET', name('held:' .. id), held_text(held))
  end
  if held then redis.call('EXPIRE', name('held:' .. id), lapsed_s) end
end
return {text(now), #over / 2}
