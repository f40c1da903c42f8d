-- Note an attempt of a job that is another worker's by now. KEYS[1] ns. ARGV[1] template, [2] id, [3] ledger entry JSON,
-- [4..7] what was bought all the same, as finish has it; absent if nothing was.
-- Returns 1 if it was noted, 0 if the job is forgotten or the entry there already.
local job = redis.call('HMGET', key('job', ARGV[2]), 'state', 'batch')
if not job[1] or not book(ARGV[2], ARGV[3]) then return 0 end
if ARGV[4] and job[2] then charge(key('batch', job[2]), {ARGV[4], ARGV[5], ARGV[6], ARGV[7]}) end
return 1
