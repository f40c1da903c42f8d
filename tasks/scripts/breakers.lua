-- Tells the fleet's breakers what a node's calls did, and the node how they stand. The model is routing/breaker.py.
-- KEYS[1] ns. ARGV[1] node, [2] for how long a probe is lent, ms, [3] most outcomes that are kept, [4] what happened, JSON.
--
-- What happened: a list of [kind, name, policy, age, calls], the oldest first.
--   kind    "ok": `calls` succeeded; "bad": one failed; "probe": the node wants the probe, or wants to keep it
--   policy  [failures, window, least calls, share, cool-off, longest cool-off, successes that close it], times in ms
--   age     ms since the call began; of several, the last one
--
-- <ns>:breakers          hash  name -> JSON, of those that are open or have seen a failure in their window:
--                              trips (0 is closed), opened (when, ms), prober, lent (until when, ms), probe (when it is due, ms),
--                              successes (of probes since it opened), failures and calls in the window, failed (when
--                              last, ms), window (ms)
-- <ns>:outcomes:<name>   list  "<ms> <1 or 0> <node>", oldest first, of a closed one
--
-- Returns Redis' clock in ms, and then names and JSON as in the hash. A breaker that opens or closes wakes every node.

local ns, node = KEYS[1], ARGV[1]
local lease, kept = tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local facts = ns .. ':breakers'
-- An open one is forgotten so long after its probe was due: nobody asks for its model or its endpoint any more.
local forgotten = 86400000

local function outcomes_key(name)
  return ns .. ':outcomes:' .. name
end

local function read(name)
  local known = redis.call('HGET', facts, name)
  if known then return cjson.decode(known) end
  return {opened = 0, trips = 0, prober = '', lent = 0, probe = 0, successes = 0, failures = 0, calls = 0, failed = 0, window = 0}
end

local function write(name, breaker)
  redis.call('HSET', facts, name, cjson.encode(breaker))
end

local function open(name, breaker, policy)
  local cool_off = math.min(policy[6], policy[5] * 2 ^ math.min(breaker.trips, 16))
  breaker.opened, breaker.trips, breaker.probe = now, breaker.trips + 1, now + cool_off
  breaker.prober, breaker.lent, breaker.successes = '', 0, 0
  redis.call('DEL', outcomes_key(name))
  write(name, breaker)
  redis.call('PUBLISH', ns .. ':wake', name)
end

local function close(name)
  redis.call('HDEL', facts, name)
  redis.call('DEL', outcomes_key(name))
  redis.call('PUBLISH', ns .. ':wake', name)
end

local function tried_well(name, breaker, policy)
  breaker.successes = (breaker.successes or 0) + 1 -- None of those that an earlier version wrote has any.
  if breaker.successes >= policy[7] then close(name) else write(name, breaker) end
end

local function add(name, policy, ok, calls)
  local outcome, list = now .. ' ' .. ok .. ' ' .. node, outcomes_key(name)
  for _ = 1, math.min(calls, kept) do redis.call('RPUSH', list, outcome) end
  redis.call('LTRIM', list, -kept, -1)
  redis.call('PEXPIRE', list, policy[2])
end

-- Of the window: calls, failures, the failures in a row at the end, and whether all failures are one node's, while calls of
-- another one have succeeded since the first of them.
local function counted(name, policy)
  local calls, failures, row, failing, several, well = 0, 0, 0, nil, false, {}
  for _, outcome in ipairs(redis.call('LRANGE', outcomes_key(name), 0, -1)) do
    local at, ok, whose = string.match(outcome, '(%d+) (%d) ?(.*)')
    if tonumber(at) > now - policy[2] then
      calls = calls + 1
      row = ok == '1' and 0 or row + 1
      if ok == '0' then
        failures = failures + 1
        several = several or (failing ~= nil and failing ~= whose)
        failing = whose
      elseif failing then
        well[whose] = true
      end
    end
  end
  if failing then well[failing] = nil end
  return calls, failures, row, not several and next(well) ~= nil
end

local note = {}

function note.ok(name, policy, age, calls)
  local breaker = read(name)
  if breaker.trips > 0 then
    if now - age >= breaker.probe then tried_well(name, breaker, policy) end
    return
  end
  add(name, policy, 1, calls)
  if breaker.failures > 0 then
    breaker.calls, breaker.failures = counted(name, policy)
    write(name, breaker)
  end
end

function note.bad(name, policy, age)
  local breaker = read(name)
  if breaker.trips > 0 then
    if now - age >= breaker.probe then open(name, breaker, policy) end
    return
  end
  add(name, policy, 0, 1)
  local row, alone
  breaker.calls, breaker.failures, row, alone = counted(name, policy)
  breaker.failed, breaker.window = now, policy[2]
  local enough = row >= policy[1] or (breaker.calls >= policy[3] and breaker.failures >= policy[4] * breaker.calls)
  if enough and not alone then
    open(name, breaker, policy)
  else
    write(name, breaker)
  end
end

function note.probe(name)
  local breaker = read(name)
  if breaker.trips == 0 or now < breaker.probe then return end
  if breaker.prober ~= '' and breaker.prober ~= node and now < breaker.lent then return end
  breaker.prober, breaker.lent = node, now + lease
  write(name, breaker)
end

for _, event in ipairs(cjson.decode(ARGV[4])) do
  note[event[1]](event[2], event[3], event[4], event[5])
end

local reply = {now}
local known = redis.call('HGETALL', facts)
for at = 1, #known, 2 do
  local breaker = cjson.decode(known[at + 1])
  local closed = breaker.trips == 0 and breaker.failed + breaker.window <= now
  if closed or (breaker.trips > 0 and breaker.probe + forgotten <= now) then
    redis.call('HDEL', facts, known[at])
  else
    reply[#reply + 1] = known[at]
    reply[#reply + 1] = known[at + 1]
  end
end
return reply
