-- The answer that is kept under a key, nil if none is. KEYS[1] ns. ARGV[1] key. What is asked for is kept longest.
local ns = KEYS[1]
local found = redis.call('GET', ns .. ':answer:' .. ARGV[1])
if found then redis.call('ZADD', ns .. ':answers', 'XX', redis.call('TIME')[1], ARGV[1]) end
return found
