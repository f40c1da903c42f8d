-- Store records and queue them, all in one step. KEYS[1] ns. ARGV[1] template, [2] batch id or '', [3] idempotency seconds,
-- then for each job: id, meta (JSON array of field, value, …), spec (JSON), idempotency key or ''.
-- Returns for each job the id under which it is known: its own, or that of the first job with its idempotency key.
local batch = ARGV[2]
local known = {}
for at = 4, #ARGV, 4 do
  local id, meta, spec, same = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local first
  if same ~= '' then
    -- Two jobs of one agent with the same key are one job, however often it is handed in.
    if not redis.call('SET', key('same', same), id, 'NX', 'EX', ARGV[3]) then
      first = redis.call('GET', key('same', same))
    end
  end
  if not first and redis.call('EXISTS', key('job', id)) == 1 then first = id end
  known[#known + 1] = first or id
  if not first then
    local record = key('job', id)
    local fields = cjson.decode(meta)
    fields[#fields + 1] = 'created'
    fields[#fields + 1] = now
    redis.call('HSET', record, unpack(fields))
    local job = redis.call('HMGET', record, 'task', 'queue', 'prio', 'ttl')
    redis.call('HSET', record, 'deadline', now + tonumber(job[4]))
    redis.call('HDEL', record, 'ttl')
    redis.call('ZADD', ns .. ':deadlines', now + tonumber(job[4]), id)
    redis.call('SET', key('spec', id), spec)
    if batch == '' then
      publish(id, job[1], job[2], job[3])
    else
      redis.call('RPUSH', key('batch', batch) .. ':pending', id)
      redis.call('RPUSH', key('batch', batch) .. ':jobs', id)
      redis.call('HINCRBY', key('batch', batch), 'total', 1)
    end
  end
end
if batch ~= '' then release(batch) end
return known
