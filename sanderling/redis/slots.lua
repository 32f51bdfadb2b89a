-- Counts slots under several caps, all or nothing: sanderling/fairness/memory.py in the store's words.
--
-- KEYS   for each cap its slots: tokens by the time at which they end.
-- ARGV   what to do; the time in microseconds, empty for the time of this server; token; lease in
--        microseconds; for `acquire` then the limit of each cap.
-- Returns for acquire {0} or the number of the first cap that is reached, with how many hold it;
--        for renew 1, or 0 when the slot is lost under any cap.

local what, token, lease = ARGV[1], ARGV[3], tonumber(ARGV[4])
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local function hold()
  local ends = string.format('%.0f', now + lease)
  local lives_ms = math.ceil(lease / 1000) + 1000
  for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, ends, token)
    if redis.call('PTTL', key) < lives_ms then
      redis.call('PEXPIRE', key, string.format('%.0f', lives_ms))
    end
  end
end

if what == 'acquire' then
  for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
    local in_use = redis.call('ZCARD', key)
    if in_use >= tonumber(ARGV[4 + i]) then
      return { i, in_use }
    end
  end
  hold()
  return { 0 }
elseif what == 'renew' then
  for _, key in ipairs(KEYS) do
    local ends = redis.call('ZSCORE', key, token)
    if not ends or tonumber(ends) <= now then
      return 0
    end
  end
  hold()
  return 1
end
for _, key in ipairs(KEYS) do
  redis.call('ZREM', key, token)
end
return 1
