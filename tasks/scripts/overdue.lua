-- Ids of unfinished jobs whose deadline has passed. KEYS[1] ns. ARGV[1] template, [2] most jobs at a time.
return redis.call('ZRANGE', ns .. ':deadlines', 0, now, 'BYSCORE', 'LIMIT', 0, ARGV[2])
