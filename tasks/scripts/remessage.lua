-- Push anew the messages that are gone, before all others. KEYS[1] ns.
-- ARGV[1] template, [2] grace in ms, [3] most jobs of a list at a time, [4] Celery result JSON with @ID@ of a job whose record
-- is damaged, [5] its reason, [6] retention in s, then queue, priority step, queue, priority step …
-- A queue is served in the order of times. Each call notes how far every list has been served: to the time of the message
-- that is next, or, if there is none, to now. Jobs from up to what was noted at least the grace ago have had their turn, and
-- nobody has claimed them since: their messages are lost, unless they are still there. For those that are served before
-- others share the time of the oldest, and of what keeps coming some is always next.
-- Returns queue, id, queue, id …
local grace, at_most = tonumber(ARGV[2]), ARGV[3]
local again = {}
-- Messages at the served end among which that of a job is looked for that has had its turn.
local near = 2000

-- The time of the message that is next; nil if it is of a job that waits no more, and so says nothing.
local function served_to(list, waiting)
  local head = redis.call('LINDEX', list, -1)
  if not head then return now end
  local readable, id = pcall(function() return cjson.decode(head)['headers']['id'] end)
  if not readable or type(id) ~= 'string' then return nil end
  return redis.call('ZSCORE', waiting, id)
end

local function overtaken(list, waiting)
  if redis.call('EXISTS', waiting) == 0 then return {} end
  local before, noted = passed(list)
  if noted and now - noted < grace then return {} end
  local to = served_to(list, waiting)
  if not to then return {} end
  redis.call('HSET', ns .. ':passed', list, to .. ' ' .. now)
  if not noted then return {} end
  return redis.call('ZRANGE', waiting, '-inf', before, 'BYSCORE', 'LIMIT', 0, at_most)
end

local function is_there(list, id, task, queue, step, number)
  return redis.call('LPOS', list, message_of(parts_of(task, queue, step), id, number), 'RANK', -1, 'MAXLEN', near)
end

for at = 7, #ARGV, 2 do
  local queue, step = ARGV[at], ARGV[at + 1]
  local list = list_of(queue, step)
  local waiting = key('wait', list)
  for _, id in ipairs(overtaken(list, waiting)) do
    local job = redis.call('HMGET', key('job', id), 'state', 'queue', 'task', 'pub')
    if job[1] == 'queued' and damaged(id) then
      redis.call('ZREM', waiting, id)
      finish(id, 'failed', filled(ARGV[4], id), ARGV[5], ARGV[6])
    elseif job[1] == 'queued' and job[2] == queue then
      if not is_there(list, id, job[3], queue, step, job[4] or 1) then
        redis.call('ZREM', waiting, id)
        publish(id, job[3], queue, step, true)
        again[#again + 1] = queue
        again[#again + 1] = id
      end
    else
      redis.call('ZREM', waiting, id)
    end
  end
end
return again
