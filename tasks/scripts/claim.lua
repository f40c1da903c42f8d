-- Take the lease of a queued job: queued -> running, in one step. KEYS[1] ns.
-- ARGV[1] template, [2] id, [3] owner, [4] lease in ms, [5] ticket: the delivery's own name. Repeated after a lost reply, it
-- gets the lease that it has.
-- Returns {verdict, fields, spec}: 'ours' with the record as a flat list; 'expired' (the caller ends it); or the state
-- that it is in, 'missing' without a record: a duplicate delivery, to be acknowledged and dropped; or 'damaged' if its record
-- cannot even be claimed (the caller ends it).
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'deadline', 'queue', 'prio', 'ticket', 'epoch', 'attempts', 'back')
if not job[1] then return {'missing'} end
if job[1] ~= 'running' or job[5] ~= ARGV[5] then
  if job[1] ~= 'queued' then return {job[1]} end
  if not (job[2] and is_number(job[2]) and is_number(job[6]) and is_number(job[7])) then return {'damaged'} end
  if tonumber(job[2]) <= now then return {'expired'} end
  local waiting = key('wait', list_of(job[3], job[4]))
  local pushed = redis.call('ZSCORE', waiting, id)
  redis.call('ZREM', waiting, id)
  redis.call('HSET', record, 'state', 'running', 'owner', ARGV[3], 'ticket', ARGV[5], 'started', now,
    'waited', pushed and now - pushed or 0)
  if job[8] then redis.call('HDEL', record, 'back') end
  redis.call('HINCRBY', record, 'epoch', 1)
  redis.call('HINCRBY', record, 'attempts', 1)
end
redis.call('ZADD', ns .. ':leases', now + tonumber(ARGV[4]), id)
return {'ours', redis.call('HGETALL', record), redis.call('GET', key('spec', id))}
