-- Whose turn it is to reconcile: that of one node in the fleet, until it is not heard for a turn's length. KEYS[1] ns.
-- ARGV[1] template, [2] node, [3] length of a turn in ms, [4] a pause of Redis in ms. Every node calls this in every round.
-- Returns 1 if it is this node's turn, else 0.
steady(tonumber(ARGV[4]))
local name = ns .. ':reconciler'
local holder = redis.call('GET', name)
if holder and holder ~= ARGV[2] then return 0 end
redis.call('SET', name, ARGV[2], 'PX', ARGV[3])
return 1
