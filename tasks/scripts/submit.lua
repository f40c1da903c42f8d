-- Store records and queue them, all in one step. KEYS[1] ns. ARGV[1] template, [2] batch id or '', [3] seconds for which an
-- idempotency key is known beyond its job's deadline,
-- [4] kinds of jobs, JSON: each {task type, queue, priority step, {field, value, ...} of its records, agent},
-- [5] jobs, JSON: each {number of its kind, id, time to live in ms, idempotency key or '', {field, value, ...} of its own},
-- [6] Celery result JSON with @ID@ of a job of a cancelled batch, [7] its reason, [8...] the spec of each job, JSON.
-- Jobs of a batch beyond its window wait in the batch; those of a cancelled one end at once.
-- Returns place, id, place, id ... of the jobs that are known by the id of the first job with their idempotency key; nil
-- if there is no such batch.
local batch, kinds, jobs = ARGV[2], cjson.decode(ARGV[4]), cjson.decode(ARGV[5])
local name = batch ~= '' and key('batch', batch)
local window, stopped
if name then
  window, stopped = unpack(redis.call('HMGET', name, 'window', 'stopped'))
  if not window then return false end
end

local function room_in(queue)
  if not name then return math.huge end
  if stopped or redis.call('LLEN', name .. ':pending:' .. queue) > 0 then return 0 end
  return math.max(0, tonumber(window) - tonumber(redis.call('HGET', name, 'in:' .. queue) or 0))
end

local pushes, places, shares = {}, {}, {}

-- Where the messages of a kind go at a priority step.
local function way_of(task, queue, step)
  local list = list_of(queue, step)
  pushes[list] = pushes[list] or {queue = queue, messages = {}, waiting = {}}
  return {step = step, push = pushes[list], parts = parts_of(task, queue, step)}
end

for _, kind in ipairs(kinds) do
  local task, queue, step, fields, agent = unpack(kind)
  local share = share_of(agent, step)
  places[queue] = places[queue] or {room = room_in(queue), released = 0, pending = {}}
  shares[share] = shares[share] or {had = tonumber(redis.call('HGET', ns .. ':shares', share) or '0'), new = 0}
  kind.place, kind.share = places[queue], shares[share]
  kind.own, kind.crowd = way_of(task, queue, step), way_of(task, queue, crowd)
  -- The command that stores a record; each job puts in its key, its deadline and what else is its own.
  kind.store = {'HSET', '', 'deadline', '', 'state', 'queued', 'task', task, 'queue', queue, 'prio', step, 'created', now}
  for _, item in ipairs(fields) do table.insert(kind.store, item) end
  if batch ~= '' then
    table.insert(kind.store, 'batch')
    table.insert(kind.store, batch)
  end
  kind.shared = #kind.store
end

-- way: where its message goes; nil if it waits in its batch.
local function store(kind, record, deadline, own, way)
  local command, size = kind.store, kind.shared
  command[2], command[4], command[12] = record, deadline, way and way.step or kind[3]
  for _, item in ipairs(own) do
    size = size + 1
    command[size] = item
  end
  if way then
    command[size + 1], command[size + 2], command[size + 3], command[size + 4] = 'rel', kind[2], 'pub', '1'
    command[size + 5], command[size + 6] = 'share', kind[3]
    size = size + 6
  end
  redis.call(unpack(command, 1, size))
end

local records = {}
for at, job in ipairs(jobs) do records[at] = key('job', job[2]) end
local some_stored = redis.call('EXISTS', unpack(records)) > 0

local firsts, ids, deadlines, specs, here = {}, {}, {}, {}, {}
for at, job in ipairs(jobs) do
  local kind, id, same = kinds[job[1]], job[2], job[4]
  local place, first = kind.place, nil
  -- Two jobs of one agent with the same key are one job, however often it is handed in.
  if same ~= '' and not redis.call('SET', key('same', same), id, 'NX', 'EX', ARGV[3] + math.ceil(job[3] / 1000)) then
    first = redis.call('GET', key('same', same))
  end
  if first and first ~= id then
    firsts[#firsts + 1] = at
    firsts[#firsts + 1] = first
  -- A record that is there already was stored by an earlier call, whose reply may have been lost.
  elseif not here[id] and not (some_stored and redis.call('EXISTS', records[at]) == 1) then
    here[id] = true
    local deadline = now + job[3]
    local share, way = kind.share, nil
    if place.released < place.room then
      way = share.had + share.new < few and kind.own or kind.crowd
      share.new = share.new + 1
    end
    store(kind, records[at], deadline, job[5], way)
    specs[#specs + 1] = key('spec', id)
    specs[#specs + 1] = ARGV[at + 7]
    ids[#ids + 1] = id
    deadlines[#deadlines + 1] = deadline
    deadlines[#deadlines + 1] = id
    if way then
      place.released = place.released + 1
      local messages, waiting = way.push.messages, way.push.waiting
      messages[#messages + 1] = message_of(way.parts, id, 1)
      waiting[#waiting + 1] = now
      waiting[#waiting + 1] = id
    else
      place.pending[#place.pending + 1] = id
    end
  end
end

if #ids == 0 then return firsts end
for share, jobs in pairs(shares) do
  if jobs.new > 0 then redis.call('HINCRBY', ns .. ':shares', share, jobs.new) end
end
redis.call('ZADD', ns .. ':deadlines', unpack(deadlines))
if name then
  keep_batch(name)
  redis.call('RPUSH', name .. ':jobs', unpack(ids))
  redis.call('HINCRBY', name, 'total', #ids)
end
if stopped then
  for _, id in ipairs(ids) do finish(id, 'cancelled', filled(ARGV[6], id), ARGV[7], ARGV[3]) end
  return firsts
end
redis.call('MSET', unpack(specs))
for list, push in pairs(pushes) do
  if #push.messages > 0 then
    redis.call('LPUSH', list, unpack(push.messages))
    redis.call('ZADD', key('wait', list), unpack(push.waiting))
    note_queue(push.queue)
  end
end
if name then
  for queue, place in pairs(places) do
    redis.call('HINCRBY', name, 'in:' .. queue, place.released)
    if #place.pending > 0 then
      redis.call('RPUSH', name .. ':pending:' .. queue, unpack(place.pending))
      release(batch, queue)
    end
  end
end
return firsts
