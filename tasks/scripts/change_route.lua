-- Change a route by hand, keep what it is from now on as its next version, and wake every node. KEYS[1] ns. ARGV[1] name,
-- [2] the route, JSON, '' for as configured, [3] who, [4] number of the version it must have, '' for any,
-- [5] versions that are kept.
-- <ns>:control          hash  "route|<name>" -> the route, JSON; "version|<name>" -> number of its last change
-- <ns>:versions:<name>  list  its versions, newest first, JSON: number, at in ms of Redis' clock, by, route (JSON as text)
-- Returns {1, number of its version now}, or {0, number} if that is another than it must have: nothing was changed.
local ns = KEYS[1]
local name, route, by, must_have, kept = unpack(ARGV)
local control, versions = ns .. ':control', ns .. ':versions:' .. name
local number = tonumber(redis.call('HGET', control, 'version|' .. name) or '0')
if must_have ~= '' and tonumber(must_have) ~= number then return {0, number} end
if (redis.call('HGET', control, 'route|' .. name) or '') == route then return {1, number} end
number = number + 1
redis.call('HSET', control, 'version|' .. name, number)
if route == '' then
  redis.call('HDEL', control, 'route|' .. name)
else
  redis.call('HSET', control, 'route|' .. name, route)
end
local clock = redis.call('TIME')
local at = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
redis.call('LPUSH', versions, cjson.encode({number = number, at = at, by = by, route = route}))
redis.call('LTRIM', versions, 0, tonumber(kept) - 1)
redis.call('PUBLISH', ns .. ':wake', 'control')
return {1, number}
