-- Push anew the messages that are gone. KEYS[1] ns. ARGV[1] template, [2] queue, [3] priority step, [4] grace in ms, [5] most jobs at a time.
-- A queue is served in the order of pushing. A job is overtaken, and so its message lost, when the queue is empty, or when
-- the next message to be served was pushed later than the job's by more than the grace.
-- Returns the ids.
local list = list_of(ARGV[2], ARGV[3])
local waiting = key('wait', list)
local horizon = now - tonumber(ARGV[4])
local head = redis.call('LINDEX', list, -1)
if head then
  local id = cjson.decode(head)['headers']['id']
  local pushed = redis.call('ZSCORE', waiting, id)
  if not pushed then return {} end
  horizon = math.min(horizon, tonumber(pushed) - tonumber(ARGV[4]))
end
local again = {}
for _, id in ipairs(redis.call('ZRANGE', waiting, '-inf', '(' .. horizon, 'BYSCORE', 'LIMIT', 0, ARGV[5])) do
  local job = redis.call('HMGET', key('job', id), 'state', 'queue', 'task')
  if job[1] == 'queued' and job[2] == ARGV[2] then
    publish(id, job[3], ARGV[2], ARGV[3])
    again[#again + 1] = id
  else
    redis.call('ZREM', waiting, id)
  end
end
return again
