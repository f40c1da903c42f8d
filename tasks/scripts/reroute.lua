-- Move a job that still waits in one queue to another. KEYS[1] ns. ARGV[1] template, [2] id, [3] from queue, [4] to queue.
-- The old message stays behind; whoever gets it finds the job elsewhere or done. Returns 1 if it was moved, else 0.
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'queue', 'prio', 'task')
if job[1] ~= 'queued' or job[2] ~= ARGV[3] then return 0 end
redis.call('ZREM', key('wait', list_of(job[2], job[3])), id)
redis.call('HSET', record, 'queue', ARGV[4])
publish(id, job[4], ARGV[4], job[3])
return 1
