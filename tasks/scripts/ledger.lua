-- What attempts cost: a job's ledger, and the sums of all attempts. Shared, behind lib.lua.

-- Seconds that the sums of a day are kept, and rows that a hash of them may have before new ones come under others.
local usage_kept_s, rows_kept, others, separator = 400 * 86400, 2000, '(others)', '\031'

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
    entry.fallback and 1 or 0, math.floor((entry.presumed_usd or 0) * 1e9 + 0.5)}
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
