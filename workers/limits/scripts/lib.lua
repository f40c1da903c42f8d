-- Shared by every script of the limits: it is put before each of them. The model of all is routing/limit_books.py.
-- KEYS[1]: the namespace, "wf". Times are seconds of Redis' own clock, with fractions. Numbers are written with all their
-- digits, so that script and model agree to the last.
--
-- <ns>:limit:<key>          string  of a pace: "<the time at which all that was let through is paid for> <units a second>"
--                           hash    of a quota: when a part began -> units; 'told': marks that people know of, the last of
--                                   them since 'told_at'; 'amount': of the limit, when something was counted last
--                           zset    of slots: id of a reservation -> when its lease runs out
-- <ns>:limit:trail:<key>    hash    of a pace of tokens: number of a part of its window -> "<tokens> <variance of those that
--                                   are not settled>"; 'last': when the last call begins; 'tokens', 'unsure': sums over
--                                   the parts; see routing/trail.py
-- <ns>:limit:lately:<key>   hash    of all others: number of a twelfth of the meter -> units used in it, for people to look at
-- <ns>:limit:pause:<key>    string  until when nobody asks
-- <ns>:limit:held:<id>      string  of one that is not settled, in three lines: "<made at> <begins at> <tokens> <1: guessed>
--                                   <variance> <nano-dollars> <those that it is taken to have cost if its worker dies>", where
--                                   "-" is a price that nobody knows; provider/model; key of a quota of money and part that it
--                                   counts in, key, part, with separators between them
-- <ns>:limit:leases         zset    the same ids -> until when the worker of each is known to live
-- <ns>:limit:answers        hash    kind -> "<mean tokens of an answer> <their variance> <answers>"
-- A limit is {type, key, unit, amount, burst, units a second, window in s, length of a part in s, span in s, edges}; see
-- routing/limits.py. Money is counted in nano-dollars.

local ns = KEYS[1]
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000

-- A reservation whose lease is over can be settled for so long, if its worker lives after all: longer than Redis is away.
-- All leases are looked at every few seconds, unless there is no worker at all.
local lapsed_s, held_s, separator = 60, 86400, '\031'
local calm_below = 0.7
local marks = {0.8, 0.9, 1.0}

local function text(number) return string.format('%.17g', number) end
local function name(key) return ns .. ':limit:' .. key end

local function read(limit)
  return {kind = limit[1], key = limit[2], unit = limit[3], tokens = limit[3] == 'tokens', amount = limit[4], burst = limit[5],
    per_s = limit[6], window = limit[7], part_s = limit[8], span = limit[9], edges = limit[10],
    trailed = limit[1] == 'pace' and limit[3] == 'tokens'}
end

local function units_of(limit, requests, tokens, nano_usd)
  if limit.tokens then return tokens end
  if limit.unit == 'usd' then return nano_usd end
  return requests
end

-- Paces
local function tat_of(limit)
  -- That of an older fleet has no rate.
  local tat, per_s = string.match(redis.call('GET', name(limit.key)) or '0', '(%S+) ?(%S*)')
  tat, per_s = tonumber(tat), tonumber(per_s) or limit.per_s
  if tat <= now or per_s == limit.per_s then return tat end
  return now + (tat - now) * per_s / limit.per_s
end
local function keep_tat(limit, tat)
  redis.call('SET', name(limit.key), text(tat) .. ' ' .. text(limit.per_s), 'PX', math.ceil(math.max(tat - now, 0) * 1000) + math.ceil(limit.window * 2000))
end
local function cost(limit, units) return math.min(units, limit.amount) end
local function pace_wait(limit, units)
  return math.max(0, tat_of(limit) + math.min(0, cost(limit, units) - limit.burst) / limit.per_s - now)
end

-- What the window holds
local sure = 5
local function most(tokens, variance) return tokens + sure * math.sqrt(variance) end
local function over(limit, number) return (number + 1) * limit.part_s + limit.span end
-- What is in the window or was; parts that are in none any more are thrown away. Returns parts, tokens, variance.
local function trail_of(limit)
  local key, parts, used, open = name('trail:' .. limit.key), {}, 0, 0
  local flat = redis.call('HGETALL', key)
  for at = 1, #flat, 2 do
    local number = tonumber(flat[at])
    if number and over(limit, number) <= now then
      redis.call('HDEL', key, flat[at])
    elseif number then
      local tokens, unsure = string.match(flat[at + 1], '(%S+) (%S+)')
      parts[number] = {tokens = tonumber(tokens), unsure = tonumber(unsure)}
      used, open = used + parts[number].tokens, open + parts[number].unsure
    end
  end
  redis.call('HSET', key, 'tokens', text(used), 'unsure', text(open))
  return parts, used, open
end
-- When a call may begin that would begin `at` but for what is in the window then.
local function room_at(limit, tokens, unsure, at)
  local known = redis.call('HMGET', name('trail:' .. limit.key), 'last', 'tokens', 'unsure')
  if not known[2] then return at end
  at = math.max(at, tonumber(known[1] or '0'))
  -- Sums of more than the window has will do, if even those leave room.
  if tonumber(known[2]) + cost(limit, most(tokens, tonumber(known[3]) + unsure)) <= limit.amount then return at end
  local parts, used, open = trail_of(limit)
  local inside = {}
  open = open + unsure
  for number, part in pairs(parts) do
    if over(limit, number) > at then
      inside[#inside + 1] = number
    else
      used, open = used - part.tokens, open - part.unsure
    end
  end
  table.sort(inside)
  for _, number in ipairs(inside) do
    if used + cost(limit, most(tokens, open)) <= limit.amount then break end
    used, open = used - parts[number].tokens, open - parts[number].unsure
    at = math.max(at, over(limit, number))
  end
  return at
end
local function trail(limit, tokens, unsure, at)
  local key, number = name('trail:' .. limit.key), math.floor(at / limit.part_s)
  if over(limit, number) > now then
    local field = string.format('%d', number)
    local known = redis.call('HMGET', key, field, 'tokens', 'unsure')
    local before, open = string.match(known[1] or '0 0', '(%S+) (%S+)')
    redis.call('HSET', key, field, text(before + tokens) .. ' ' .. text(open + unsure),
      'tokens', text((known[2] or 0) + tokens), 'unsure', text((known[3] or 0) + unsure))
  end
  redis.call('PEXPIRE', key, math.ceil(math.max(at - now, 0) * 1000) + math.ceil(limit.window * 2000))
end
local function trail_begun(limit, tokens, unsure, begins)
  trail(limit, tokens, unsure, begins)
  local key = name('trail:' .. limit.key)
  if tonumber(redis.call('HGET', key, 'last') or '0') < begins then redis.call('HSET', key, 'last', text(begins)) end
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
  if units == 0 then return 0 end
  local parts, sum = parts_of(limit)
  local excess = sum + (limit.unit == 'usd' and units or math.min(units, limit.amount)) - limit.amount
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
  local told_at = tonumber(redis.call('HGET', key, 'told_at') or '0')
  local amount = tonumber(redis.call('HGET', key, 'amount') or '0')
  local over = told_at < first and (#limit.edges > 0 or used < calm_below * limit.amount)
  local raised = amount < limit.amount and reached < told
  redis.call('HSET', key, 'amount', text(limit.amount))
  if reached > told or (told > 0 and (over or raised)) then
    crossed[#crossed + 1] = limit.key
    crossed[#crossed + 1] = reached
    redis.call('HSET', key, 'told', reached, 'told_at', text(now))
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
  local value, spread, answers = string.match(known, '(%S+) (%S+) (%S+)')
  return tonumber(value), tonumber(spread), tonumber(answers)
end

local function held_of(id)
  local found = redis.call('GET', name('held:' .. id))
  if not found then return nil end
  -- Those of an older fleet have one line, and fewer words in it.
  local words, target, money = string.match(found, '^([^\n]*)\n?([^\n]*)\n?(.*)$')
  local at, begins, tokens, guessed, unsure, nano_usd, presumed =
    string.match(words, '(%S+) (%S+) (%S+) (%S+) (%S+) ?(%S*) ?(%S*)')
  return {at = tonumber(at), begins = tonumber(begins), tokens = tonumber(tokens), guessed = guessed == '1',
    unsure = tonumber(unsure), nano_usd = tonumber(nano_usd), presumed = tonumber(presumed), target = target, money = money}
end
local function held_text(held)
  local function known(number) return number and text(number) or '-' end
  local words = {text(held.at), text(held.begins), held.tokens, held.guessed and '1' or '0', text(held.unsure),
    known(held.nano_usd), known(held.presumed)}
  return table.concat(words, ' ') .. '\n' .. held.target .. '\n' .. held.money
end

-- The longest wait of the paces and pauses, who makes it wait, and what a call of so many tokens waits for its own sake.
local function longest_pace(limits, pauses, requests, tokens, unsure)
  local longest, key, own = 0, '', 0
  for _, pause in ipairs(pauses) do
    local wait = tonumber(redis.call('GET', name('pause:' .. pause)) or '0') - now
    if wait > longest then longest, key = wait, pause end
  end
  for _, limit in ipairs(limits) do
    if limit.kind == 'pace' then
      local units = units_of(limit, requests, tokens)
      local wait = pace_wait(limit, units)
      if limit.tokens then
        own = math.max(own, cost(limit, most(units, unsure)) * limit.span / limit.amount)
        wait = room_at(limit, units, unsure, now + wait) - now
      end
      if wait > longest then longest, key = wait, limit.key end
    end
  end
  return longest, key, own
end
