-- End jobs that wait: cancel them, expire those past their deadline, or give up damaged ones. KEYS[1] ns.
-- ARGV[1] template, [2] final state, [3] Celery result JSON with @ID@, [4] reason, [5] retention in s, then ids.
-- A running job is asked to stop instead (only for 'cancelled'): its pool is told on the channel <ns>:cancel.
-- Returns one word a job: 'done', 'asked', 'missing', or the state that forbids it.
local words = {}
for at = 6, #ARGV do
  local id = ARGV[at]
  local job = redis.call('HMGET', key('job', id), 'state', 'deadline')
  local waits = job[1] == 'queued' or job[1] == 'snoozed'
  if not job[1] then
    -- Of a record that somebody has deleted no date may stay, or it would be looked at for ever.
    redis.call('ZREM', ns .. ':deadlines', id)
    words[#words + 1] = 'missing'
  elseif waits and (ARGV[2] ~= 'expired' or (tonumber(job[2]) or now) <= now) then
    finish(id, ARGV[2], filled(ARGV[3], id), ARGV[4], ARGV[5])
    words[#words + 1] = 'done'
  elseif job[1] == 'running' and ARGV[2] == 'cancelled' then
    redis.call('HSET', key('job', id), 'cancel', '1')
    redis.call('PUBLISH', ns .. ':cancel', id)
    words[#words + 1] = 'asked'
  else
    words[#words + 1] = job[1]
  end
end
return words
