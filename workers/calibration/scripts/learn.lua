-- Add what a process has learned of estimates, and tell it what the fleet knows. KEYS[1] ns. ARGV[1] ticket: the same for a
-- repeated call, [2] JSON: a list of {kind, ratios, errors: "before|after <separator> bucket" -> calls}.
-- Its model is Calibration in routing/calibration.py.
--
-- <ns>:estimates:ratios       hash    kind -> the last counts by their estimates, in thousandths, oldest first
-- <ns>:estimates:errors       hash    kind, before or after, bucket: separators between them -> calls
-- <ns>:estimates:told:<ticket> string  its news are in them
-- Returns {kind, ratios, kind, ratios …} of all that were named.
local remembered, kinds_kept, kept_s, told_s, separator = 31, 2000, 400 * 86400, 60, '\031'
local ratios, errors = KEYS[1] .. ':estimates:ratios', KEYS[1] .. ':estimates:errors'
local fresh = redis.call('SET', KEYS[1] .. ':estimates:told:' .. ARGV[1], 1, 'NX', 'EX', told_s)
local reply = {}
for _, each in ipairs(cjson.decode(ARGV[2])) do
  local held = redis.call('HGET', ratios, each.kind)
  -- Names that jobs bring with them must not fill Redis.
  if fresh and #each.ratios > 0 and (held or redis.call('HLEN', ratios) < kinds_kept) then
    local all = {}
    for ratio in string.gmatch(held or '', '%S+') do all[#all + 1] = ratio end
    for _, ratio in ipairs(each.ratios) do all[#all + 1] = string.format('%.0f', ratio) end
    held = table.concat(all, ' ', math.max(1, #all - remembered + 1))
    redis.call('HSET', ratios, each.kind, held)
    for bucket, calls in pairs(each.errors) do redis.call('HINCRBY', errors, each.kind .. separator .. bucket, calls) end
  end
  reply[#reply + 1] = each.kind
  reply[#reply + 1] = held or ''
end
redis.call('EXPIRE', ratios, kept_s)
redis.call('EXPIRE', errors, kept_s)
return reply
