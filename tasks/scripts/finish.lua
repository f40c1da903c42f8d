-- End a running job. KEYS[1] ns. ARGV[1] template, [2] id, [3] epoch, [4] final state, [5] Celery result JSON, [6] reason,
-- [7] retention in s, [8] ledger entry JSON or '', [9] the entry if the lease was lost, [10..13] provider, input tokens,
-- output tokens, nano-dollars or ''; absent if nothing was bought.
-- Returns 'done' (also when this very commit is repeated after a lost reply), or the state the job is in now: the lease was lost, and nothing but the ledger and the batch's costs changed.
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'epoch', 'batch')
if not job[1] then return 'missing' end
if job[1] == ARGV[4] and job[2] == ARGV[3] then return 'done' end
local ours = job[1] == 'running' and job[2] == ARGV[3]
local booked = ARGV[8] ~= '' and book(id, ours and ARGV[8] or ARGV[9])
local spent = ARGV[10] and {ARGV[10], ARGV[11], ARGV[12], ARGV[13]}
if not ours then
  if booked and spent and job[3] then charge(key('batch', job[3]), spent) end
  return job[1]
end
finish(id, ARGV[4], ARGV[5], ARGV[6], ARGV[7], spent)
-- The process that calls this goes on with the job's canvas; nobody else need look at it for a while.
redis.call('ZADD', ns .. ':canvas', 'XX', now + 5000, id)
return 'done'
