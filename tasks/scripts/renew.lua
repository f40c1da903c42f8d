-- Renew the leases of a pool's running jobs in one call. KEYS[1] ns. ARGV[1] template, [2] lease in ms, then id, epoch, id, epoch …
-- Returns one word a job: 'ok', 'cancel' (a person asked for it; the lease is renewed), 'lost' (somebody else has it, or it ended).
local words = {}
for at = 3, #ARGV, 2 do
  local id = ARGV[at]
  local job = redis.call('HMGET', key('job', id), 'state', 'epoch', 'cancel')
  if job[1] ~= 'running' or job[2] ~= ARGV[at + 1] then
    words[#words + 1] = 'lost'
  else
    redis.call('ZADD', ns .. ':leases', now + tonumber(ARGV[2]), id)
    words[#words + 1] = job[3] and 'cancel' or 'ok'
  end
end
return words
