-- Mend one job whose record and surroundings disagree. KEYS[1] ns. ARGV[1] template, [2] id.
-- A running job without a lease gets one that has run out, a snoozed one without a date is due. A queued one gets a message
-- whether or not it has one: to look for it takes long, and of two messages the second is dropped.
-- Returns what was done: 'rescuable', 'due', 'published', or '' (nothing was wrong any more).
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'task', 'queue', 'prio')
if job[1] == 'running' and not redis.call('ZSCORE', ns .. ':leases', id) then
  redis.call('ZADD', ns .. ':leases', now, id)
  return 'rescuable'
elseif job[1] == 'snoozed' and not redis.call('ZSCORE', ns .. ':snoozed', id) then
  redis.call('ZADD', ns .. ':snoozed', now, id)
  return 'due'
elseif job[1] == 'queued' then
  publish(id, job[2], job[3], job[4])
  return 'published'
end
return ''
