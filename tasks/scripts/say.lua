-- Add pieces to the stream of a running job. KEYS[1] ns. ARGV[1] template, [2] id, [3] epoch of the lease, [4] attempt, then kind,
-- text, number of each piece.
-- Returns 1, or 0 if the lease is another's by now: nothing was added then.
local id = ARGV[2]
local job = redis.call('HMGET', key('job', id), 'state', 'epoch')
if job[1] ~= 'running' or job[2] ~= ARGV[3] then return 0 end
for at = 5, #ARGV, 3 do
  redis.call('XADD', key('stream', id), '*', 'k', ARGV[at], 't', ARGV[at + 1], 'a', ARGV[4], 'n', ARGV[at + 2])
end
return 1
