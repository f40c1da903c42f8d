-- Add pieces to the stream of a running job. KEYS[1] ns. ARGV[1] template, [2] id, [3] epoch of the lease, [4] attempt, then kind,
-- text, number of each piece.
-- A reset of which nobody would learn anything is left out: nothing was said since the last one.
-- Returns 1, or 0 if the lease is another's by now: nothing was added then.
local id = ARGV[2]
local job = redis.call('HMGET', key('job', id), 'state', 'epoch')
if job[1] ~= 'running' or job[2] ~= ARGV[3] then return 0 end
local stream = key('stream', id)
local function has_said()
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  return last and last[2][2] ~= 'reset'
end
for at = 5, #ARGV, 3 do
  if ARGV[at] ~= 'reset' or has_said() then
    redis.call('XADD', stream, '*', 'k', ARGV[at], 't', ARGV[at + 1], 'a', ARGV[4], 'n', ARGV[at + 2])
  end
end
return 1
