-- A job of a batch, in a queue that nobody serves, goes back into the batch, behind those that wait there, and makes room for
-- one of them. KEYS[1] ns. ARGV[1] template, [2] id, [3] queue.
-- Returns 1, or 0 if it waits there no more, or if no other job waits for its room.
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'queue', 'batch', 'rel', 'task', 'prio', 'pub')
if job[1] ~= 'queued' or job[2] ~= ARGV[3] or not job[3] or job[4] ~= '1' then return 0 end
local batch = key('batch', job[3])
if redis.call('LLEN', batch .. ':pending') == 0 then return 0 end
local list = list_of(job[2], job[6])
redis.call('LREM', list, 1, message_of(parts_of(job[5], job[2], job[6]), id, job[7]))
redis.call('ZREM', key('wait', list), id)
redis.call('HDEL', record, 'rel')
redis.call('HINCRBY', batch, 'inflight', -1)
redis.call('RPUSH', batch .. ':pending', id)
release(job[3])
return 1
