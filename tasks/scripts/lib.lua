-- Shared by every script: it is put before each of them.
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
-- celery-task-meta-<id>   string  the result, where Celery's backend looks for it

local ns, template = KEYS[1], ARGV[1]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- Seconds that the pieces of an ended job stay readable; its answer stays for as long as its record.
local stream_kept_s = 3600

-- Seconds that the sums of a day are kept, and rows that a hash of them may have before new ones come under others.
local usage_kept_s, rows_kept, others, separator = 400 * 86400, 2000, '(others)', '\031'

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

-- Put a message in front of a list, behind those that were put there before it and still wait.
local function in_front(list, id, message)
  local whose, pivot = string.match(redis.call('HGET', ns .. ':last', list) or '', '^([^\n]*)\n(.*)$')
  local waits = whose and redis.call('ZSCORE', key('wait', list), whose)
  if not waits or redis.call('LINSERT', list, 'BEFORE', pivot, message) < 1 then redis.call('RPUSH', list, message) end
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

-- A result's JSON with the job's id in it.
local function filled(meta, id)
  return (string.gsub(meta, '@ID@', {['@ID@'] = id}))
end

local function ms(seconds)
  return math.floor((tonumber(seconds) or 0) * 1000 + 0.5)
end

-- The histogram's bucket of a time in s: 0.01 s · 2^k (BUCKET_BOUNDS_S in tasks/usage.py).
local function bucket(seconds)
  local number, bound = 0, 0.01
  while seconds > bound and number < 17 do
    number, bound = number + 1, bound * 2
  end
  return number
end

-- What an attempt comes to, in the order of Sums' fields in tasks/usage.py, and where its cost is from.
local function sums_of(entry)
  local input, output = entry.input_tokens or 0, entry.output_tokens or 0
  local read, written, reasoning = entry.cached_read_tokens or 0, entry.cache_write_tokens or 0, entry.reasoning_tokens or 0
  local bought = entry.cost_source ~= nil or input + output > 0
  local cost = entry.cost_usd and math.floor(entry.cost_usd * 1e9 + 0.5)
  local first, waited = entry.first_token_s, entry.queue_wait_s
  local sums = {1, math.max(0, input - read - written), read, written, math.max(0, output - reasoning), reasoning,
    cost or 0, bought and not cost and 1 or 0, ms(entry.total_s), ms(first), first and 1 or 0, ms(waited), waited and 1 or 0,
    entry.fallback and 1 or 0}
  return sums, bought and (entry.cost_source or 'unknown') or ''
end

-- Add to a row of a hash of sums, one field a row: a call for each sum would cost five times as much. sign: 1 or -1.
-- Returns the row's name, nil if somebody has damaged the hash: that must keep no job from ending.
local function add_sums(hash, target, rest, sums, sign)
  local row = table.concat({target, unpack(rest)}, separator)
  local held = redis.pcall('HGET', hash, row)
  if type(held) == 'table' then return nil end
  if not held and redis.call('HLEN', hash) >= rows_kept then
    -- Names that jobs bring with them must not fill Redis.
    row = table.concat({string.match(target, '^[^/]*') .. '/' .. others, rest[1], others, rest[3], rest[4]}, separator)
    held = redis.call('HGET', hash, row)
  end
  -- Those of an older fleet have fewer sums.
  local added = {string.match(held or '', '^' .. string.rep('(%S*) ?', #sums))}
  for at, number in ipairs(sums) do added[at] = (tonumber(added[at]) or 0) + sign * number end
  redis.call('HSET', hash, row, string.format(string.rep('%.0f ', #sums), unpack(added)))
  return row
end

local function add_to_day(entry, task, agent, at, sign)
  local day = key('usage', math.floor(at / 86400000))
  local sums, source = sums_of(entry)
  add_sums(day, entry.answered_by or entry.target, {task, agent, entry.outcome, source}, sums, sign)
  redis.call('EXPIRE', day, usage_kept_s, 'NX')
  return sums, source
end

-- Add an attempt to the sums of its day, and to those of all time. late: the entry is of a lease that was lost; that its
-- worker died, if that was noted of it, is taken back from the day. In the totals, which must not fall, both stand.
local function count_attempt(id, entry, task, agent, late)
  task, agent = string.gsub(task or '', separator, ' '), string.gsub(agent or '', separator, ' ')
  local sums, source = add_to_day(entry, task, agent, now, 1)
  local row = add_sums(key('usage', 'total'), entry.answered_by or entry.target, {task, '', entry.outcome, source}, sums, 1)
  local times = key('usage', 'times')
  if row then redis.pcall('HINCRBY', times, row .. separator .. 'total' .. separator .. bucket(entry.total_s or 0), 1) end
  if row and entry.first_token_s then
    redis.pcall('HINCRBY', times, row .. separator .. 'first' .. separator .. bucket(entry.first_token_s), 1)
  end
  if not late then return end
  for _, other in ipairs(redis.call('LRANGE', key('try', id), 0, -1)) do
    local noted = cjson.decode(other)
    if noted.epoch == entry.epoch and noted.outcome == 'worker_died' then
      add_to_day(noted, task, agent, ms(noted.started_at + noted.total_s), -1)
    end
  end
end

-- Add an entry to the job's ledger, and to what all attempts come to. False if it is there already: the reply to the first
-- call was lost.
local function book(id, text)
  local ledger, entry = key('try', id), cjson.decode(text)
  if redis.call('LPOS', ledger, text) then return false end
  local job = redis.call('HMGET', key('job', id), 'task', 'agent', 'epoch')
  count_attempt(id, entry, job[1], job[2], job[3] ~= tostring(entry.epoch))
  redis.call('RPUSH', ledger, text)
  -- That of a job which has ended goes when its record goes.
  local left = redis.call('PTTL', key('job', id))
  if left > 0 then redis.call('PEXPIRE', ledger, left) end
  return true
end

local batch_parts = {'', ':jobs', ':done', ':refused'}

-- Every job that the batch has had so far has ended: its keys go as their records do.
local function expire_batch(batch, retention_s)
  for _, field in ipairs(redis.call('HKEYS', batch)) do
    local queue = string.match(field, '^in:(.*)$')
    if queue then redis.call('DEL', batch .. ':pending:' .. queue) end
  end
  for _, part in ipairs(batch_parts) do redis.call('EXPIRE', batch .. part, retention_s) end
end

local function keep_batch(batch)
  if redis.call('TTL', batch) < 0 then return end
  for _, part in ipairs(batch_parts) do redis.call('PERSIST', batch .. part) end
end

local function has_ended(batch)
  local counts = redis.call('HMGET', batch, 'total', 'succeeded', 'failed', 'cancelled', 'expired')
  local left = tonumber(counts[1])
  for at = 2, 5 do left = left - tonumber(counts[at] or 0) end
  return left <= 0
end

-- What an answer cost, good or not, on the account of the batch. spent: as finish has it.
local function charge(batch, spent)
  redis.call('HINCRBY', batch, 'input_tokens', spent[2])
  redis.call('HINCRBY', batch, 'output_tokens', spent[3])
  local unknown = spent[4] == ''
  redis.call('HINCRBY', batch, unknown and 'unpriced' or 'nano_usd', unknown and 1 or spent[4])
end

-- The one place where a job ends. meta: the result as Celery's backend has it, JSON. spent: provider, input tokens, output
-- tokens, nano-dollars or '' (unknown); nil if no answer was bought.
local function finish(id, state, meta, reason, retention_s, spent)
  local record = key('job', id)
  local job = redis.call('HMGET', record, 'task', 'batch', 'queue', 'prio', 'canvas', 'rel', 'stream', 'share', 'agent')
  redis.call('HSET', record, 'state', state, 'done', now, 'reason', reason, 'owner', '')
  for _, name in ipairs({'leases', 'snoozed', 'deadlines'}) do redis.call('ZREM', ns .. ':' .. name, id) end
  redis.call('ZREM', key('wait', list_of(job[3], job[4])), id)
  if job[8] then end_share(job[9], job[8]) end
  local result = 'celery-task-meta-' .. id
  redis.call('SET', result, meta, 'EX', retention_s)
  redis.call('PUBLISH', result, meta)
  for _, kind in ipairs({'job', 'spec', 'try'}) do redis.call('EXPIRE', key(kind, id), retention_s) end
  redis.call('HINCRBY', ns .. ':count', (job[1] or '') .. '|' .. state, 1)
  if state == 'failed' then
    redis.call('ZADD', ns .. ':dead', now, id)
    redis.call('ZREMRANGEBYSCORE', ns .. ':dead', '-inf', now - retention_s * 1000)
  end
  if job[5] then redis.call('ZADD', ns .. ':canvas', now, id) end
  if job[7] then
    redis.call('XADD', key('stream', id), '*', 'k', 'end')
    redis.call('EXPIRE', key('stream', id), stream_kept_s)
  end
  local batch = job[2] and key('batch', job[2])
  if batch and redis.call('EXISTS', batch) == 1 then
    redis.call('HINCRBY', batch, state, 1)
    if job[6] then
      redis.call('HINCRBY', batch, 'in:' .. job[6], -1)
      release(job[2], job[6])
    end
    if spent then
      if state == 'succeeded' then redis.call('HINCRBY', batch, 'by:' .. spent[1], 1) end
      charge(batch, spent)
    end
    redis.call('RPUSH', batch .. ':done', id)
    redis.call('PUBLISH', batch, id)
    if has_ended(batch) then expire_batch(batch, retention_s) end
  end
end
