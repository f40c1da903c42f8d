-- How jobs end, and batches with them. Shared, behind lib.lua.

-- Seconds that the pieces of an ended job stay readable; its answer stays for as long as its record.
local stream_kept_s = 3600

-- A result's JSON with the job's id in it.
local function filled(meta, id)
  return (string.gsub(meta, '@ID@', {['@ID@'] = id}))
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
