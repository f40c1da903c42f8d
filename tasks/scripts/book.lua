-- Note an attempt of a job that is another worker's by now. KEYS[1] ns. ARGV[1] template, [2] id, [3] ledger entry JSON.
-- Returns 1 if it was noted, 0 if the job is forgotten or the entry there already.
if redis.call('EXISTS', key('job', ARGV[2])) == 0 then return 0 end
return book(ARGV[2], ARGV[3]) and 1 or 0
