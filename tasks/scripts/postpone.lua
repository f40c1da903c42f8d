-- A message that was taken in before its time waits on <ns>:later. KEYS[1] ns.
-- ARGV[1] template, [2] list of taken messages, [3] the message, [4] its time, ms since the epoch.
-- Returns 1, or 0 if its time has come.
if tonumber(ARGV[4]) <= now then return 0 end
redis.call('ZADD', ns .. ':later', ARGV[4], ARGV[3])
redis.call('LREM', ARGV[2], 1, ARGV[3])
return 1
