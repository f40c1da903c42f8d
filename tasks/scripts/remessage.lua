-- Push anew the messages that are gone. KEYS[1] ns.
-- ARGV[1] template, [2] grace in ms, [3] most jobs of a list at a time, then queue, priority step, queue, priority step …
-- A queue is served in the order of pushing. A job is overtaken, and so its message lost, when the queue is empty, or when
-- the next message to be served was pushed later than the job's by more than the grace.
-- Returns queue, id, queue, id …
local grace, at_most = tonumber(ARGV[2]), ARGV[3]
local again = {}

local function overtaken(list, waiting)
  local before = now - grace
  if redis.call('ZCOUNT', waiting, '-inf', '(' .. before) == 0 then return {} end
  local head = redis.call('LINDEX', list, -1)
  if head then
    local pushed = redis.call('ZSCORE', waiting, cjson.decode(head)['headers']['id'])
    -- The message of a job that waits no more says nothing of those behind it.
    if not pushed then return {} end
    before = math.min(before, tonumber(pushed) - grace)
  end
  return redis.call('ZRANGE', waiting, '-inf', '(' .. before, 'BYSCORE', 'LIMIT', 0, at_most)
end

for at = 4, #ARGV, 2 do
  local queue, step = ARGV[at], ARGV[at + 1]
  local list = list_of(queue, step)
  local waiting = key('wait', list)
  for _, id in ipairs(overtaken(list, waiting)) do
    local job = redis.call('HMGET', key('job', id), 'state', 'queue', 'task')
    if job[1] == 'queued' and job[2] == queue then
      publish(id, job[3], queue, step)
      again[#again + 1] = queue
      again[#again + 1] = id
    else
      redis.call('ZREM', waiting, id)
    end
  end
end
return again
