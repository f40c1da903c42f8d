-- Store records and queue them, all in one step. KEYS[1] ns. ARGV[1] template, [2] batch id or '', [3] idempotency seconds,
-- then for each job: id, task type, queue, priority step, time to live in ms, its other fields (JSON array of field, value, …),
-- spec (JSON), idempotency key or ''.
-- Jobs of a batch beyond its window wait in the batch.
-- Returns for each job the id under which it is known: its own, or that of the first job with its idempotency key.
local batch = ARGV[2]
local room = math.huge
if batch ~= '' then
  local facts = redis.call('HMGET', key('batch', batch), 'window', 'inflight', 'stopped')
  local held_back = facts[3] or redis.call('LLEN', key('batch', batch) .. ':pending') > 0
  room = held_back and 0 or math.max(0, tonumber(facts[1]) - tonumber(facts[2]))
end

local known, ids, pending, deadlines, pushes, queues = {}, {}, {}, {}, {}, {}
for at = 4, #ARGV, 8 do
  local id, task, queue, step = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local same, record, first = ARGV[at + 7], key('job', ARGV[at]), nil
  -- Two jobs of one agent with the same key are one job, however often it is handed in.
  if same ~= '' and not redis.call('SET', key('same', same), id, 'NX', 'EX', ARGV[3]) then
    first = redis.call('GET', key('same', same))
  end
  -- A record that is there already was stored by this very call, whose reply was lost.
  if not first and redis.call('EXISTS', record) == 1 then first = id end
  known[#known + 1] = first or id
  if not first then
    local deadline = now + tonumber(ARGV[at + 4])
    local released = #ids - #pending < room
    redis.call('HSET', record, 'state', 'queued', 'task', task, 'queue', queue, 'prio', step, 'created', now,
      'deadline', deadline, 'rel', released and '1' or '', 'pub', released and '1' or '0', unpack(cjson.decode(ARGV[at + 5])))
    redis.call('SET', key('spec', id), ARGV[at + 6])
    ids[#ids + 1] = id
    deadlines[#deadlines + 1] = deadline
    deadlines[#deadlines + 1] = id
    if released then
      queues[queue] = true
      local list = list_of(queue, step)
      local push = pushes[list] or {messages = {}, waiting = {}}
      pushes[list] = push
      push.messages[#push.messages + 1] = message_of(id, task, queue, step, 1)
      push.waiting[#push.waiting + 1] = now
      push.waiting[#push.waiting + 1] = id
    else
      pending[#pending + 1] = id
    end
  end
end

if #ids == 0 then return known end
redis.call('ZADD', ns .. ':deadlines', unpack(deadlines))
for list, push in pairs(pushes) do
  redis.call('LPUSH', list, unpack(push.messages))
  redis.call('ZADD', key('wait', list), unpack(push.waiting))
end
for queue in pairs(queues) do note_queue(queue) end
if batch ~= '' then
  if #pending > 0 then redis.call('RPUSH', key('batch', batch) .. ':pending', unpack(pending)) end
  redis.call('RPUSH', key('batch', batch) .. ':jobs', unpack(ids))
  redis.call('HINCRBY', key('batch', batch), 'total', #ids)
  redis.call('HINCRBY', key('batch', batch), 'inflight', #ids - #pending)
  release(batch)
end
return known
