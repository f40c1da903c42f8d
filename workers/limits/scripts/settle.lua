-- Put what a call used in the place of what it reserved, and let its slot go. KEYS[1] ns.
-- ARGV[1] JSON: id, kind, limits (as reserved), requests (1, or 0 if it was never sent), tokens, nano_usd (-1: as reserved),
-- answer (tokens of a whole answer, -1: there was none). Done once: a repeated call finds nothing to settle.
-- Returns {now, key, marks, key, marks …} with the quotas of which there is news.
local said = cjson.decode(ARGV[1])
local held, crossed = held_of(said.id), {}
if not held then return {text(now)} end
for _, raw in ipairs(said.limits) do
  local limit = read(raw)
  if limit.kind == 'slots' then
    redis.call('ZREM', name(limit.key), said.id)
  else
    local reserved = units_of(limit, 1, held.tokens, held.nano_usd or 0)
    local units = units_of(limit, said.requests, said.tokens < 0 and held.tokens or said.tokens,
      said.nano_usd < 0 and (held.nano_usd or 0) or said.nano_usd)
    if units ~= reserved and not limit.trailed then meter(limit, units - reserved, held.at) end
    if limit.kind == 'pace' then
      local change = cost(limit, units) - cost(limit, reserved)
      if limit.trailed then trail(limit, change, -held.unsure, held.begins) end
      -- What was guessed too high is not handed back: so much at once would be more than the window may hold.
      if change ~= 0 and not (held.guessed and units > 0 and change < 0) then
        keep_tat(limit, tat_of(limit) + change / limit.per_s)
      end
    else
      count(limit, units - reserved, held.at, crossed)
    end
  end
end
if said.answer >= 0 then
  local mean, spread, answers = mean_of(said.kind)
  answers = math.min((answers or 0) + 1, 50)
  local away = said.answer - (mean or 0)
  mean = (mean or 0) + away / answers
  spread = (spread or 0) + (away * (said.answer - mean) - (spread or 0)) / answers
  redis.call('HSET', ns .. ':limit:answers', said.kind, text(mean) .. ' ' .. text(spread) .. ' ' .. answers)
end
redis.call('DEL', name('held:' .. said.id))
redis.call('ZREM', name('leases'), said.id)
return {text(now), unpack(crossed)}
