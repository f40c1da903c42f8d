-- Shared by every script: it is put before each of them, and ledger.lua and ends.lua behind it.
-- KEYS[1]: the namespace, "wf". ARGV[1]: the message template (tasks/messages.py).
-- Times are milliseconds of Redis' own clock, so that no worker's clock matters.
--
-- <ns>:job:<id>    hash    the record (tasks/record.py names the fields)
-- <ns>:spec:<id>   string  what was handed in, JSON
-- <ns>:stream:<id> stream  pieces of the answer while it is made, of jobs that stream (tasks/stream.py)
-- <ns>:try:<id>    list    ledger entries of the job, JSON, oldest first
-- <ns>:leases      zset    id -> when its lease runs out
-- <ns>:snoozed     zset    id -> when it is due
-- <ns>:wait:<list> zset    id -> when its message was pushed to the broker's <list>
-- <ns>:passed      hash    the broker's list -> up to which time it has been served, and when that was noted
-- <ns>:last        hash    the broker's list -> id and message of the job that was last put in front of it, a newline between
-- <ns>:shares      hash    "<priority step> <agent>" -> its jobs that were queued so and have not ended
-- <ns>:deadlines   zset    id -> deadline, of every unfinished job
-- <ns>:queues      set     queues that have ever had a job
-- <ns>:reconciler  string  the node whose turn it is to reconcile
-- <ns>:steady      hash    seen, since: when a reconciler was last heard, and since when without a pause
-- <ns>:dead        zset    id -> when it failed for good
-- <ns>:canvas      zset    id -> from when on anybody may go on with its Celery canvas and its followers; it has ended
-- <ns>:followers:<id> list  ids that were handed in with the job's idempotency key by Celery, and their canvases, JSON
-- <ns>:count       hash    "<task type>|<state>" -> jobs that ended so
-- <ns>:replayed    hash    task type -> failed jobs that were handed in again, which <ns>:count no longer has
-- <ns>:usage:<day> hash    what the attempts of a day (UTC, days since 1970) came to: the parts of tasks/usage.py's Row with
--                          separators between them -> its Sums, a space behind each
-- <ns>:usage:total hash    the same of all time, of all agents together
-- <ns>:usage:times hash    a row of that, `total` or `first` (token), number of a bucket of s -> attempts, ever
-- <ns>:batches     zset    id -> created
-- <ns>:batch:<b>          hash  the batch; its field in:<queue>: its jobs that were released to a queue and have not ended
-- <ns>:batch:<b>:jobs, :done, :pending:<queue>  lists of ids
-- <ns>:batch:<b>:refused  hash  number of a line of its file -> why it is no job, JSON
-- <ns>:limit:held:<id>.<epoch>  string  what a lease's call has reserved (workers/limits/scripts/lib.lua); only read here
-- celery-task-meta-<id>   string  the result, where Celery's backend looks for it

local ns, template = KEYS[1], ARGV[1]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function key(kind, id)
  return ns .. ':' .. kind .. ':' .. id
end

local function list_of(queue, step)
  -- A record that somebody has damaged may lack them; its job must still be able to end.
  queue = queue or ''
  if not step or step == '0' then return queue end
  return queue .. '\006\022' .. step
end

-- The message of the jobs of one task, queue and priority step: its parts, and which of them are the job's id and the number
-- of its push.
local cut = {}
local function parts_of(task, queue, step)
  local name = task .. '|' .. queue .. '|' .. step
  if cut[name] then return cut[name] end
  local fill = {TASK = 'workfleet.' .. task, QUEUE = queue, PRIORITY = step, TAG = '@ID@.@NUMBER@'}
  local text = string.gsub(template, '@(%u+)@', fill)
  local parts, marked = {}, {ID = {}, NUMBER = {}}
  for part, mark in string.gmatch(text .. '@END@', '(.-)@(%u+)@') do
    parts[#parts + 1] = part
    parts[#parts + 1] = ''
    if marked[mark] then table.insert(marked[mark], #parts) end
  end
  cut[name] = {text = parts, ids = marked.ID, numbers = marked.NUMBER}
  return cut[name]
end

local function message_of(parts, id, number)
  local text = parts.text
  for _, at in ipairs(parts.ids) do text[at] = id end
  for _, at in ipairs(parts.numbers) do text[at] = number end
  return table.concat(text)
end

-- A queue with its first job ever: the pools are told, so that they need not look for it.
local function note_queue(queue)
  if redis.call('SADD', ns .. ':queues', queue) == 1 then redis.call('PUBLISH', ns .. ':wake', queue) end
end

-- Up to which time a list had been served, and when that was noted (remessage.lua); nil if it never was.
local function passed(list)
  local noted = redis.call('HGET', ns .. ':passed', list)
  if not noted then return nil end
  local to, at = string.match(noted, '(%S+) (%S+)')
  return tonumber(to), tonumber(at)
end

local most_in_front = 1024

-- Put a message in front of a list, behind those that were put there before it and still wait. They are looked for at that
-- end only: LINSERT would go through all that wait.
local function in_front(list, id, message)
  local whose, pivot = string.match(redis.call('HGET', ns .. ':last', list) or '', '^([^\n]*)\n(.*)$')
  local waits = whose and redis.call('ZSCORE', key('wait', list), whose)
  local at = waits and redis.call('LPOS', list, pivot, 'RANK', -1, 'MAXLEN', most_in_front)
  local ahead, pushed = at and redis.call('RPOP', list, redis.call('LLEN', list) - at) or {}, {message}
  for number = #ahead, 1, -1 do pushed[#pushed + 1] = ahead[number] end
  redis.call('RPUSH', list, unpack(pushed))
  redis.call('HSET', ns .. ':last', list, id .. '\n' .. message)
end

-- Push the message of a job that is queued already; first: it is served before all that have not begun.
local function publish(id, task, queue, step, first)
  local pushed = redis.call('HINCRBY', key('job', id), 'pub', 1)
  local list, since = list_of(queue, step), now
  local waiting = key('wait', list)
  if first then
    -- It has waited its turn already. Its time is that of the oldest one there: a queue is served in the order of times.
    local oldest = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')
    since = math.max(tonumber(oldest[2] or now), passed(list) or 0)
  end
  local message = message_of(parts_of(task, queue, step), id, pushed)
  if first then in_front(list, id, message) else redis.call('LPUSH', list, message) end
  redis.call('ZADD', waiting, since, id)
  note_queue(queue)
end

-- Jobs of an agent that are served before what others have beyond as many; and the priority step of those.
local few, crowd = 16, '6'

local function share_of(agent, step)
  return step .. ' ' .. (agent or '')
end

-- The priority step at which a job is queued for the first time. It counts for its agent from then on: ten jobs of one are
-- not behind the thousands of another.
local function share_step(id, agent, step)
  redis.call('HSET', key('job', id), 'share', step)
  if redis.call('HINCRBY', ns .. ':shares', share_of(agent, step), 1) <= few then return step end
  return crowd
end

local function end_share(agent, step)
  local share = share_of(agent, step)
  if redis.call('HINCRBY', ns .. ':shares', share, -1) <= 0 then redis.call('HDEL', ns .. ':shares', share) end
end

local function queue_again(id, queue, first)
  local job = redis.call('HMGET', key('job', id), 'task', 'prio')
  redis.call('HSET', key('job', id), 'state', 'queued', 'queue', queue, 'owner', '')
  publish(id, job[1], queue, job[2], first)
end

-- For how long, in ms, Redis has served without a pause of more than `pause` ms, as the reconcilers' calls show. While it
-- was away or frozen, no lease could be renewed.
local function steady(pause)
  local name = ns .. ':steady'
  local heard = redis.call('HMGET', name, 'seen', 'since')
  local paused = not heard[1] or now - tonumber(heard[1]) > pause
  local since = paused and now or tonumber(heard[2])
  redis.call('HSET', name, 'seen', now, 'since', since)
  return now - since
end

-- Whether a script could stumble over a number of a record.
local function is_number(text)
  return not text or string.match(text, '^%-?%d+$') ~= nil
end

-- Whether somebody has damaged a record so that its job cannot be queued: it can only end, and must keep nothing from others.
local function damaged(id)
  local job = redis.call('HMGET', key('job', id), 'task', 'queue', 'prio', 'epoch', 'attempts', 'deaths', 'pub')
  for at = 1, 3 do if not job[at] then return true end end
  for at = 4, 7 do if not is_number(job[at]) then return true end end
  return false
end

-- Let the batch put further jobs into a queue, up to its window there. Each queue has a window of its own, so that jobs
-- which nobody takes keep nothing from those of other queues.
local function release(batch, queue)
  local name = key('batch', batch)
  local facts = redis.call('HMGET', name, 'window', 'in:' .. queue, 'stopped')
  if facts[3] then return end
  local room = tonumber(facts[1]) - tonumber(facts[2] or 0)
  local released = 0
  while released < room do
    local id = redis.call('LPOP', name .. ':pending:' .. queue)
    if not id then break end
    local job = redis.call('HMGET', key('job', id), 'state', 'task', 'queue', 'prio', 'agent')
    if job[1] == 'queued' then
      local step = share_step(id, job[5], job[4])
      redis.call('HSET', key('job', id), 'rel', queue, 'prio', step)
      publish(id, job[2], job[3], step)
      released = released + 1
    end
  end
  if released > 0 then redis.call('HINCRBY', name, 'in:' .. queue, released) end
end
