-- Shared by every script of the limits: it is put before each of them. The model of all is routing/reservation.py.
-- KEYS[1]: the namespace, "wf". Times are seconds of Redis' own clock, with fractions. Numbers are written with all their
-- digits, so that script and model agree to the last.
--
-- <ns>:limit:<key>          string  of a pace: the time at which all that was let through is paid for
--                           hash    of a quota: when a part began -> units; 'told': marks that people know of;
--                                   'since': its first use since it was empty
--                           zset    of slots: id of a reservation -> when its lease runs out
-- <ns>:limit:lately:<key>   hash    number of a twelfth of the meter -> units that were used in it, for people to look at
-- <ns>:limit:pause:<key>    string  until when nobody asks
-- <ns>:limit:held:<id>      string  "<made at> <begins at> <tokens> <1: guessed>", of a reservation that is not settled
-- <ns>:limit:answers        hash    kind -> "<mean tokens of an answer> <answers>"
-- A limit is {type, key, unit, amount, burst, units a second, window in s, length of a part in s, edges}; see limits.py.

local ns = KEYS[1]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000

-- A reservation that nobody has renewed for so long is forgotten: it was used as estimated. Longer than Redis is away.
local held_s = 60
local calm_below = 0.7
local marks = {0.8, 0.9, 1.0}

local function text(number) return string.format('%.17g', number) end
local function name(key) return ns .. ':limit:' .. key end

local function read(limit)
  return {kind = limit[1], key = limit[2], tokens = limit[3] == 'tokens', amount = limit[4], burst = limit[5],
    per_s = limit[6], window = limit[7], part_s = limit[8], edges = limit[9]}
end

local function units_of(limit, requests, tokens)
  if limit.tokens then return tokens end
  return requests
end

-- Paces
local function tat_of(limit) return tonumber(redis.call('GET', name(limit.key)) or '0') end
local function keep_tat(limit, tat)
  redis.call('SET', name(limit.key), text(tat), 'PX', math.ceil(math.max(tat - now, 0) * 1000) + math.ceil(limit.window * 2000))
end
local function cost(limit, units) return math.min(units, limit.amount) end
local function pace_wait(limit, units)
  return math.max(0, tat_of(limit) + (cost(limit, units) - limit.burst) / limit.per_s - now)
end

-- Quotas
local function part(limit, at)
  if #limit.edges == 0 then return math.floor(at / limit.part_s) * limit.part_s end
  local found = limit.edges[1]
  for _, edge in ipairs(limit.edges) do if edge <= at then found = edge end end
  return found
end
local function oldest(limit)
  if #limit.edges > 0 then return part(limit, now) end
  return part(limit, now - limit.window)
end
-- The parts that count, in order: {{began, units}}; and their sum.
local function parts_of(limit)
  local first, parts, sum = oldest(limit), {}, 0
  local flat = redis.call('HGETALL', name(limit.key))
  for at = 1, #flat, 2 do
    local began = tonumber(flat[at])
    if began and began >= first then
      parts[#parts + 1] = {began, tonumber(flat[at + 1])}
      sum = sum + tonumber(flat[at + 1])
    end
  end
  table.sort(parts, function(one, other) return one[1] < other[1] end)
  return parts, sum
end
local function quota_wait(limit, units)
  local parts, sum = parts_of(limit)
  local excess = sum + math.min(units, limit.amount) - limit.amount
  if excess <= 0 then return 0 end
  if #limit.edges > 0 then
    for _, edge in ipairs(limit.edges) do if edge > now then return math.max(0.001, edge - now) end end
    return 1
  end
  for _, each in ipairs(parts) do
    excess = excess - each[2]
    if excess <= 0 then return math.max(0.001, each[1] + limit.part_s + limit.window - now) end
  end
  return limit.part_s
end
-- Add units to the part of the time `at`. crossed: takes the key and the marks that are reached, if that is news.
local function count(limit, units, at, crossed)
  local key, first, own = name(limit.key), oldest(limit), part(limit, at)
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local began = tonumber(field)
    if began and began < first then redis.call('HDEL', key, field) end
  end
  if own >= first then
    redis.call('HSET', key, text(own), text(tonumber(redis.call('HGET', key, text(own)) or '0') + units))
  end
  local _, used = parts_of(limit)
  local reached = 0
  for _, mark in ipairs(marks) do if used >= mark * limit.amount then reached = reached + 1 end end
  local told = tonumber(redis.call('HGET', key, 'told') or '0')
  local since = tonumber(redis.call('HGET', key, 'since') or '0')
  if since < first or used <= units then redis.call('HSET', key, 'since', text(now)) end
  if reached > told then
    crossed[#crossed + 1] = limit.key
    crossed[#crossed + 1] = reached
    redis.call('HSET', key, 'told', reached)
  elseif told > 0 and used < calm_below * limit.amount then
    crossed[#crossed + 1] = limit.key
    crossed[#crossed + 1] = 0
    redis.call('HSET', key, 'told', 0)
  end
  redis.call('PEXPIRE', key, math.ceil(limit.window * 2000))
end

-- What was used lately: within the window of a pace, or within a quarter of an hour.
local meter_s = 900
local function meter(limit, units, at)
  local key, length = name('lately:' .. limit.key), math.min(limit.window, meter_s) / 12
  local field = string.format('%d', math.floor(at / length))
  if now - at > limit.window and redis.call('HEXISTS', key, field) == 0 then return end
  redis.call('HINCRBY', key, field, units)
  if redis.call('HLEN', key) > 14 then
    for _, each in ipairs(redis.call('HKEYS', key)) do
      if tonumber(each) < math.floor(now / length) - 12 then redis.call('HDEL', key, each) end
    end
  end
  redis.call('PEXPIRE', key, math.ceil(length * 14000))
end

-- Slots
local function busy(limit)
  redis.call('ZREMRANGEBYSCORE', name(limit.key), '-inf', text(now))
  return redis.call('ZCARD', name(limit.key))
end

local function mean_of(kind)
  local known = redis.call('HGET', ns .. ':limit:answers', kind)
  if not known then return nil end
  local value, answers = string.match(known, '(%S+) (%S+)')
  return tonumber(value), tonumber(answers)
end

local function held_of(id)
  local found = redis.call('GET', name('held:' .. id))
  if not found then return nil end
  local at, begins, tokens, guessed = string.match(found, '(%S+) (%S+) (%S+) (%S+)')
  return {at = tonumber(at), begins = tonumber(begins), tokens = tonumber(tokens), guessed = guessed == '1'}
end

-- The longest wait of the paces and pauses, who makes it wait, and what a call of so many tokens waits for its own sake.
local function longest_pace(limits, pauses, requests, tokens)
  local longest, key, own = 0, '', 0
  for _, pause in ipairs(pauses) do
    local wait = tonumber(redis.call('GET', name('pause:' .. pause)) or '0') - now
    if wait > longest then longest, key = wait, pause end
  end
  for _, limit in ipairs(limits) do
    if limit.kind == 'pace' then
      local units = units_of(limit, requests, tokens)
      local wait = pace_wait(limit, units)
      if limit.tokens then own = math.max(own, cost(limit, units) / limit.per_s) end
      if wait > longest then longest, key = wait, limit.key end
    end
  end
  return longest, key, own
end
