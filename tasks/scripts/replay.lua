-- Queue a dead letter again as if it were new. KEYS[1] ns. ARGV[1] template, [2] id, [3] time to live in ms, [4] queue.
-- Its ledger stays, and what is in it up to now counts no more ('since', an epoch); its old result goes, so that who waits
-- for it waits for the new one.
-- Returns 'done', 'missing', or the state that forbids it.
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'task', 'prio', 'batch', 'epoch', 'share', 'agent')
if not job[1] then return 'missing' end
if job[1] ~= 'failed' or not redis.call('ZSCORE', ns .. ':dead', id) then return job[1] end
redis.call('ZREM', ns .. ':dead', id)
redis.call('DEL', 'celery-task-meta-' .. id, key('stream', id))
redis.call('HDEL', record, 'tried', 'done', 'reason', 'rel', 'deaths', 'cancel', 'back')
redis.call('HSET', record, 'state', 'queued', 'attempts', 0, 'since', job[5] or 0, 'deadline',
  now + tonumber(ARGV[3]))
redis.call('ZADD', ns .. ':deadlines', now + tonumber(ARGV[3]), id)
for _, kind in ipairs({'job', 'spec', 'try'}) do redis.call('PERSIST', key(kind, id)) end
-- What was said before, its end above all, is not of what comes now.
redis.call('DEL', key('stream', id))
redis.call('HINCRBY', ns .. ':count', job[2] .. '|failed', -1)
redis.call('HINCRBY', ns .. ':replayed', job[2], 1)
local batch = job[4] and key('batch', job[4])
if batch and redis.call('EXISTS', batch) == 1 then
  keep_batch(batch)
  redis.call('HINCRBY', batch, 'failed', -1)
  -- Its batch counts it in its new queue, above the window if need be.
  redis.call('HINCRBY', batch, 'in:' .. ARGV[4], 1)
  redis.call('HSET', record, 'rel', ARGV[4])
  -- Whoever reads the list by position must not be shifted.
  local at = redis.call('LPOS', batch .. ':done', id)
  if at then redis.call('LSET', batch .. ':done', at, '-') end
end
local step = share_step(id, job[7], job[6] or job[3])
redis.call('HSET', record, 'queue', ARGV[4], 'prio', step)
publish(id, job[2], ARGV[4], step)
return 'done'
