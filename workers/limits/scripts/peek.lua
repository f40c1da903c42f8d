-- How long the smallest call would wait. KEYS[1] ns. ARGV[1] JSON: a list of {limits, pauses}.
-- ARGV[2] JSON: by the key of a quota, what the smallest call is known to use of it; 1 of all others.
-- Returns {now, wait in s, key, wait in s, key …}; slots are not looked at, they come back at any moment.
local answer, least = {text(now)}, cjson.decode(ARGV[2])
for _, asked in ipairs(cjson.decode(ARGV[1])) do
  local limits = {}
  for at, limit in ipairs(asked.limits) do limits[at] = read(limit) end
  local wait, key = longest_pace(limits, asked.pauses, 1, 0, 0)
  for _, limit in ipairs(limits) do
    local without = limit.kind == 'quota' and quota_wait(limit, math.min(least[limit.key] or 1, limit.amount)) or 0
    if without > wait then wait, key = without, limit.key end
  end
  answer[#answer + 1] = text(wait)
  answer[#answer + 1] = key
end
return answer
