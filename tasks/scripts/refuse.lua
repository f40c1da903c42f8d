-- Keep lines of a batch's file that cannot be jobs, each under its number, so that a call can be repeated. KEYS[1] ns.
-- ARGV[1] template, [2] batch, then number, line as JSON, number, line …
local batch = key('batch', ARGV[2])
redis.call('HSET', batch .. ':refused', unpack(ARGV, 3))
-- They go when the batch goes.
local left = redis.call('PTTL', batch)
if left > 0 then redis.call('PEXPIRE', batch .. ':refused', left) end
return 1
