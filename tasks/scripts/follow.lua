-- A job was handed in again under another id, with its idempotency key: that id shall have its result too. KEYS[1] ns.
-- ARGV[1] template, [2] id, [3] the follower as JSON (workers/pool/continuing.py).
-- Followers are served when the job has ended, at once if it has. Returns 1, or 0 if there is no such job any more.
local id, record = ARGV[2], key('job', ARGV[2])
local job = redis.call('HMGET', record, 'state', 'done')
if not job[1] then return 0 end
redis.call('RPUSH', key('followers', id), ARGV[3])
-- A job with a canvas is gone on with when it has ended; an empty one will do.
redis.call('HSETNX', record, 'canvas', '')
if job[2] then redis.call('ZADD', ns .. ':canvas', now, id) end
return 1
