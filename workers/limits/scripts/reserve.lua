-- Reserve everything that a call needs, or nothing. KEYS[1] ns.
-- ARGV[1] JSON: id, kind, input (tokens), cap (tokens of the longest answer), guess (of an unknown one), patience, longest
-- (wait in any case), lease (s), limits, pauses, rates (nano-dollars for a token of the input, and of the answer; [] if
-- nobody knows), paid (tokens of an answer that money is reserved for at least), target.
-- Repeated after a lost reply, it finds what it reserved.
-- Returns {now, 'granted', wait in s, tokens, nano-dollars or '', key, marks, key, marks …} with the quotas of which there is news, or
-- {now, 'denied', wait in s, key, what it would have used of that quota}.
local ask = cjson.decode(ARGV[1])
local before = held_of(ask.id)
if before then
  local wait = text(math.max(0, before.begins - now))
  return {text(now), 'granted', wait, before.tokens, before.nano_usd and text(before.nano_usd) or ''}
end

local limits = {}
for at, limit in ipairs(ask.limits) do limits[at] = read(limit) end
local mean, spread, answers = mean_of(ask.kind)
local answer, unsure = math.ceil(mean and math.min(ask.cap, mean) or ask.guess), 0
if mean then
  local spare = math.max(0, ask.cap - answer) / sure
  unsure = math.floor(math.min(spread + mean * mean / answers, spare * spare))
end
local tokens = ask.input + answer
local function cost_of(answered)
  if not ask.rates[1] then return nil end
  return math.ceil(ask.input * ask.rates[1] + math.max(answered, ask.paid) * ask.rates[2])
end
local nano_usd = cost_of(most(answer, unsure))

local lacking, whose, needed = 0, nil, 0
for _, limit in ipairs(limits) do
  local wait, units = 0, 0
  if limit.kind == 'quota' then
    units = units_of(limit, 1, tokens, nano_usd or 0)
    wait = quota_wait(limit, units)
  elseif limit.kind == 'slots' and busy(limit) >= limit.amount then
    wait = 0.1
  end
  if wait > lacking then lacking, whose, needed = wait, limit.key, units end
end
if whose then return {text(now), 'denied', text(lacking), whose, text(needed)} end

local wait, key, own = longest_pace(limits, ask.pauses, 1, tokens, unsure)
if wait > math.min(ask.patience + own, ask.longest) then return {text(now), 'denied', text(wait), key, '0'} end

local begins, crossed, money = now + wait, {}, {}
for _, limit in ipairs(limits) do
  local units = units_of(limit, 1, tokens, nano_usd or 0)
  if limit.kind ~= 'slots' and not limit.trailed then meter(limit, units, now) end
  if limit.trailed then trail_begun(limit, cost(limit, tokens), unsure, begins) end
  if limit.kind == 'pace' then
    keep_tat(limit, math.max(tat_of(limit), begins) + cost(limit, units) / limit.per_s)
  elseif limit.kind == 'quota' then
    count(limit, units, now, crossed)
    if limit.unit == 'usd' then
      money[#money + 1] = limit.key
      money[#money + 1] = text(part(limit, now))
    end
  else
    redis.call('ZADD', name(limit.key), text(begins + ask.lease), ask.id)
    redis.call('EXPIRE', name(limit.key), 86400)
  end
end
local held = {at = now, begins = begins, tokens = tokens, guessed = not mean, unsure = unsure, nano_usd = nano_usd,
  presumed = cost_of(answer), target = ask.target, money = table.concat(money, separator)}
redis.call('SET', name('held:' .. ask.id), held_text(held), 'EX', held_s)
redis.call('ZADD', name('leases'), text(now + ask.lease), ask.id)
return {text(now), 'granted', text(wait), tokens, nano_usd and text(nano_usd) or '', unpack(crossed)}
