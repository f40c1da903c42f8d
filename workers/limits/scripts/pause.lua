-- Nobody asks for a while; a longer pause that is noted already stays. KEYS[1] ns. ARGV[1] key, [2] seconds.
local pause, seconds = name('pause:' .. ARGV[1]), tonumber(ARGV[2])
if tonumber(redis.call('GET', pause) or '0') < now + seconds then
  redis.call('SET', pause, text(now + seconds), 'PX', math.max(1, math.ceil(seconds * 1000)))
end
return {text(now)}
