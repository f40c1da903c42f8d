-- Queue again the jobs whose lease ran out and those whose snooze is over, before all others: they have waited their turn.
-- KEYS[1] ns.
-- ARGV[1] template, [2] most jobs at a time, [3] worker deaths a job may survive, [4] Celery result JSON with @ID@ of one
-- that does not, [5] its reason, [6] the same of one that somebody has cancelled, [7] its reason, [8] retention in s,
-- [9] ms for which Redis must have been steady before a lease counts as run out, [10] a pause of Redis in ms, [11] outcome and
-- [12] message of the ledger entry of an attempt whose worker died, [13] result JSON and [14] reason of a job whose record is
-- damaged, [15] the priority step with which those of dead workers go on: behind others they would wait a second time,
-- [16] the source of a cost that nobody has seen.
-- Returns {rescued ids, released ids, ids ended as poisonous, ids ended as damaged}.
local rescued, due, poison, broken = {}, {}, {}, {}

local function end_damaged(id)
  finish(id, 'failed', filled(ARGV[13], id), ARGV[14], ARGV[8])
  broken[#broken + 1] = id
end

-- What a dead worker's call may have bought: provider/model, and nano-dollars that it is taken to have cost, '-' if nobody
-- knows its price; nil if it had reserved nothing, or could not have begun before its lease was over.
local function reserved(id, epoch)
  local held = redis.call('GET', key('limit:held', id .. '.' .. epoch))
  if not held then return nil end
  local begins, presumed, target = string.match(held, '^%S+ (%S+) %S+ %S+ %S+ %S+ (%S+)\n([^\n]*)')
  local lease = redis.call('ZSCORE', ns .. ':leases', id)
  if not begins or (lease and tonumber(begins) * 1000 > tonumber(lease)) then return nil end
  return target, presumed
end

-- What the worker had bought of a job, if anything, is lost, and stands in the job's ledger without a price. It may only be
-- frozen: the next epoch is another's.
local function note_death(id, job)
  local number, epoch, started = tonumber(job[5] or '0'), tonumber(job[6] or '0'), tonumber(job[7] or now)
  local target, presumed = reserved(id, epoch)
  local entry = {number = number, epoch = epoch, target = target or '', outcome = ARGV[11], message = ARGV[12],
    node = job[8] or '', started_at = started / 1000, total_s = (now - started) / 1000}
  if presumed and presumed ~= '0' then
    entry.cost_source = ARGV[16]
    entry.presumed_usd = tonumber(presumed) and tonumber(presumed) / 1e9
  end
  book(id, cjson.encode(entry))
  if job[9] then redis.call('HINCRBY', key('batch', job[9]), 'lost_calls', 1) end
  redis.call('HINCRBY', key('job', id), 'epoch', 1)
end

local function lost(id)
  local job = redis.call('HMGET', key('job', id), 'state', 'queue', 'deaths', 'cancel', 'attempts', 'epoch', 'started', 'owner',
    'batch')
  if job[1] ~= 'running' then
    redis.call('ZREM', ns .. ':leases', id)
    return
  elseif damaged(id) then
    -- Its owner may only be frozen; the epoch may be what is damaged.
    redis.pcall('HINCRBY', key('job', id), 'epoch', 1)
    end_damaged(id)
    return
  end
  note_death(id, job)
  if job[4] then
    finish(id, 'cancelled', filled(ARGV[6], id), ARGV[7], ARGV[8])
  elseif tonumber(job[3] or '0') >= tonumber(ARGV[3]) then
    finish(id, 'failed', filled(ARGV[4], id), ARGV[5], ARGV[8])
    poison[#poison + 1] = id
  else
    redis.call('ZREM', ns .. ':leases', id)
    redis.call('HINCRBY', key('job', id), 'deaths', 1)
    redis.call('HINCRBY', key('job', id), 'attempts', -1)
    redis.call('HSET', key('job', id), 'prio', ARGV[15])
    queue_again(id, job[2], true)
    rescued[#rescued + 1] = id
  end
end

if steady(tonumber(ARGV[10])) >= tonumber(ARGV[9]) then
  for _, id in ipairs(redis.call('ZRANGE', ns .. ':leases', 0, now, 'BYSCORE', 'LIMIT', 0, ARGV[2])) do lost(id) end
end
for _, id in ipairs(redis.call('ZRANGE', ns .. ':snoozed', 0, now, 'BYSCORE', 'LIMIT', 0, ARGV[2])) do
  redis.call('ZREM', ns .. ':snoozed', id)
  local job = redis.call('HMGET', key('job', id), 'state', 'queue')
  if job[1] == 'snoozed' and damaged(id) then
    end_damaged(id)
  elseif job[1] == 'snoozed' then
    queue_again(id, job[2], true)
    due[#due + 1] = id
  end
end
return {rescued, due, poison, broken}
