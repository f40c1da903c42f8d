-- End a running job. KEYS[1] ns. ARGV[1] template, [2] id, [3] epoch, [4] final state, [5] Celery result JSON, [6] reason,
-- [7] retention in s, [8] ledger entry JSON or '', [9..12] provider, input tokens, output tokens, nano-dollars or ''; absent if nothing was bought.
-- Returns 'done' (also when this very commit is repeated after a lost reply), or the state the job is in now: the lease was lost and nothing but the ledger changed.
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'epoch')
if not job[1] then return 'missing' end
if job[1] == ARGV[4] and job[2] == ARGV[3] then return 'done' end
if ARGV[8] ~= '' then redis.call('RPUSH', key('try', id), ARGV[8]) end
if job[1] ~= 'running' or job[2] ~= ARGV[3] then return job[1] end
local spent = ARGV[9] and {ARGV[9], ARGV[10], ARGV[11], ARGV[12]}
finish(id, ARGV[4], ARGV[5], ARGV[6], ARGV[7], spent)
-- The process that calls this goes on with the job's canvas; nobody else need look at it for a while.
redis.call('ZADD', ns .. ':canvas', 'XX', now + 5000, id)
return 'done'
