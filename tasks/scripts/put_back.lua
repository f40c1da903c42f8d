-- A running job goes back: to a queue now, where it is served before what has not begun, or after a while; or it ends, if somebody has cancelled it. KEYS[1] ns.
-- ARGV[1] template, [2] id, [3] epoch, [4] queue, [5] wait in ms (0: now), [6] '1' if the attempt is not to be counted,
-- [7] priority step that it has from now on, or '', [8] target to remember as tried or '', [9] ledger entry JSON or '',
-- [10] Celery result JSON if it was cancelled, [11] the reason of that, [12] retention in s, [13] why it goes back or '',
-- [14..17] what was bought all the same, as finish has it; absent if nothing was.
-- Returns 'done', 'cancelled', or 'lost': the lease was lost, and nothing but the ledger changed.
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'epoch', 'tried', 'cancel', 'batch')
if not job[1] then return 'lost' end
local booked = ARGV[9] ~= '' and book(id, ARGV[9])
if booked and ARGV[14] and job[5] then charge(key('batch', job[5]), {ARGV[14], ARGV[15], ARGV[16], ARGV[17]}) end
if job[1] ~= 'running' or job[2] ~= ARGV[3] then return 'lost' end
if ARGV[6] == '1' then redis.call('HINCRBY', record, 'attempts', -1) end
if job[4] then
  finish(id, 'cancelled', ARGV[10], ARGV[11], ARGV[12])
  return 'cancelled'
end
if ARGV[7] ~= '' then redis.call('HSET', record, 'prio', ARGV[7]) end
if ARGV[8] ~= '' then
  redis.call('HSET', record, 'tried', job[3] and job[3] .. '\n' .. ARGV[8] or ARGV[8])
end
if ARGV[13] ~= '' then redis.call('HSET', record, 'back', ARGV[13]) end
redis.call('ZREM', ns .. ':leases', id)
local wait = tonumber(ARGV[5])
if wait <= 0 then
  queue_again(id, ARGV[4], true)
else
  redis.call('HSET', record, 'state', 'snoozed', 'queue', ARGV[4], 'owner', '')
  redis.call('ZADD', ns .. ':snoozed', now + wait, id)
end
return 'done'
