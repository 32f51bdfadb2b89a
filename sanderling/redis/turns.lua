-- Hands out turns: sanderling/fairness/memory.py and sanderling/kernel/fairorder.py in the store's words.
--
-- KEYS   1 ready: who wants turns, by tag, each with the number of its coming before the name
--        2 book: of a workspace, its member of `ready` (m:), turns held (n:), times asked (a:)
--        3 debts: who left with a tag ahead of the virtual time
--        4 held: tokens of turns, by the time at which they end
--        5 turns: of a token, the times asked when it was taken, and the workspace
--        6 state: virtual time, comings, fence
-- ARGV   what to do; the time in microseconds, empty for the time of this server; then
--        ready      workspace
--        take       token, lease in microseconds, caps: in all, per workspace, soft
--        renew      token, lease in microseconds
--        give_back  token, 1 if there was work
--
-- Numbers are doubles here: all are whole and below 2^53, so they are exact.

local READY, BOOK, DEBTS, HELD, TURNS, STATE = unpack(KEYS)
local AT_ONCE = 50

local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local function whole(number)
  return string.format('%.0f', number)
end

local function virtual()
  return tonumber(redis.call('HGET', STATE, 'virtual') or 0)
end

local function advance(to)
  if to > virtual() then
    redis.call('HSET', STATE, 'virtual', whole(to))
    redis.call('DEL', DEBTS)
  end
end

local function insert(workspace, tag)
  local coming = redis.call('HINCRBY', STATE, 'comings', 1)
  -- Equal tags are kept by name, so that who came first has to have the lower one.
  local member = string.format('%016.0f', coming) .. workspace
  redis.call('ZADD', READY, whole(tag), member)
  redis.call('HSET', BOOK, 'm:' .. workspace, member)
end

local function remove(workspace)
  local member = redis.call('HGET', BOOK, 'm:' .. workspace)
  local tag = tonumber(redis.call('ZSCORE', READY, member))
  redis.call('ZREM', READY, member)
  redis.call('HDEL', BOOK, 'm:' .. workspace)
  return tag
end

local function join(workspace)
  if redis.call('HEXISTS', BOOK, 'm:' .. workspace) == 0 then
    insert(workspace, virtual() + redis.call('SISMEMBER', DEBTS, workspace))
  end
  redis.call('HINCRBY', BOOK, 'a:' .. workspace, 1)
end

local function leave(workspace)
  if redis.call('HEXISTS', BOOK, 'm:' .. workspace) == 0 then
    return
  end
  local tag = remove(workspace)
  if redis.call('ZCARD', READY) == 0 then
    advance(virtual() + 1)
  elseif tag > virtual() then
    redis.call('SADD', DEBTS, workspace)
  end
end

local function in_use(workspace)
  return tonumber(redis.call('HGET', BOOK, 'n:' .. workspace) or 0)
end

local function drop(token)
  local kept = redis.call('HGET', TURNS, token)
  local colon = string.find(kept, ':', 1, true)
  local asked, workspace = string.sub(kept, 1, colon - 1), string.sub(kept, colon + 1)
  redis.call('ZREM', HELD, token)
  redis.call('HDEL', TURNS, token)
  if redis.call('HINCRBY', BOOK, 'n:' .. workspace, -1) == 0 then
    redis.call('HDEL', BOOK, 'n:' .. workspace)
  end
  return workspace, asked
end

local function reap()
  while true do
    local ended = redis.call('ZRANGEBYSCORE', HELD, '-inf', whole(now), 'LIMIT', 0, AT_ONCE)
    for _, token in ipairs(ended) do
      join((drop(token)))
    end
    if #ended < AT_ONCE then
      return
    end
  end
end

local function next_one(hard, soft)
  local fallback
  local from = 0
  while true do
    local members = redis.call('ZRANGE', READY, from, from + AT_ONCE - 1)
    for _, member in ipairs(members) do
      local workspace = string.sub(member, 17)
      local used = in_use(workspace)
      if hard == 0 or used < hard then
        if soft == 0 or used < soft then
          return workspace
        end
        fallback = fallback or workspace
      end
    end
    if #members < AT_ONCE then
      return fallback
    end
    from = from + AT_ONCE
  end
end

local function take(token, lease, in_all, hard, soft)
  reap()
  if in_all > 0 and redis.call('ZCARD', HELD) >= in_all then
    return false
  end
  if soft == 0 then
    soft = math.ceil(in_all / math.max(redis.call('ZCARD', READY), 1))
  end
  local workspace = next_one(hard, soft)
  if not workspace then
    return false
  end
  local tag = remove(workspace)
  advance(tag)
  insert(workspace, virtual() + 1)
  local fence = math.max(tonumber(redis.call('HGET', STATE, 'fence') or 0) + 1, now)
  redis.call('HSET', STATE, 'fence', whole(fence))
  redis.call('ZADD', HELD, whole(now + lease), token)
  redis.call('HSET', TURNS, token, redis.call('HGET', BOOK, 'a:' .. workspace) .. ':' .. workspace)
  redis.call('HINCRBY', BOOK, 'n:' .. workspace, 1)
  return { workspace, whole(fence) }
end

local function renew(token, lease)
  local ends = redis.call('ZSCORE', HELD, token)
  if not ends or tonumber(ends) <= now then
    return 0
  end
  redis.call('ZADD', HELD, whole(now + lease), token)
  return 1
end

local function give_back(token, has_more)
  if redis.call('HEXISTS', TURNS, token) == 0 then
    return 0
  end
  local workspace, asked = drop(token)
  if has_more == 0 and redis.call('HGET', BOOK, 'a:' .. workspace) == asked then
    leave(workspace)
  end
  local is_ready = redis.call('HEXISTS', BOOK, 'm:' .. workspace) == 1
  if not is_ready and in_use(workspace) == 0 then
    redis.call('HDEL', BOOK, 'a:' .. workspace)
  end
  return 1
end

local what = ARGV[1]
if what == 'ready' then
  join(ARGV[3])
  return 1
elseif what == 'take' then
  return take(ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))
elseif what == 'renew' then
  return renew(ARGV[3], tonumber(ARGV[4]))
end
return give_back(ARGV[3], tonumber(ARGV[4]))
