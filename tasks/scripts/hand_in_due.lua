-- Messages whose time has come go back to the queue of what is handed in. KEYS[1] ns.
-- ARGV[1] template, [2] the queue, [3] most messages at a time. Returns how many.
local due = redis.call('ZRANGE', ns .. ':later', 0, now, 'BYSCORE', 'LIMIT', 0, ARGV[3])
for _, message in ipairs(due) do
  redis.call('LPUSH', ARGV[2], message)
  redis.call('ZREM', ns .. ':later', message)
end
return #due
