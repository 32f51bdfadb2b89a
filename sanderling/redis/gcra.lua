-- Decides one request against several rules, all or nothing: sanderling/metering/gcra.py in the store's words.
--
-- KEYS   one mark for each rule, "MICROSECONDS:PART", absent when the bucket is whole.
-- ARGV   the time in microseconds, empty for the time of this server; cost; patience; then for
--        each rule its burst, its period and how far ahead it may be booked.
-- Returns a status "1" or "0" for admitted or not, the time, and the marks as they are now.
--
-- Numbers are doubles here. All of them are whole and below 2^53, so they are exact: what is
-- divided has lost its remainder before. A key lives until its bucket is whole.

local now = tonumber(ARGV[1])
local is_server_time = not now
if is_server_time then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local cost, patience = tonumber(ARGV[2]), tonumber(ARGV[3])

local function keep(key, mark)
  if is_server_time then
    local whole_in_ms = math.ceil((mark.us - now) / 1000) + 1
    redis.call('SET', key, mark.text, 'PX', string.format('%.0f', whole_in_ms))
  else
    redis.call('SET', key, mark.text)
  end
end

local held = redis.call('MGET', unpack(KEYS))
local begun, charged, is_admitted = {}, {}, true
for i = 1, #KEYS do
  local burst, period, ahead = tonumber(ARGV[3 * i + 1]), tonumber(ARGV[3 * i + 2]), tonumber(ARGV[3 * i + 3])
  local us, part, is_shortened = now, 0, false
  if held[i] then
    local colon = string.find(held[i], ':', 1, true)
    us, part = tonumber(string.sub(held[i], 1, colon - 1)), tonumber(string.sub(held[i], colon + 1))
    if us < now then
      us, part = now, 0
    elseif us >= now + period + ahead then
      -- Made by an earlier, slower rule; kept shorter, or each refusal would begin anew with it.
      is_shortened = us > now + period + ahead or part > 0
      us, part = now + period + ahead, 0
    elseif part >= burst then
      us, part = us + 1, 0
    end
  end
  begun[i] = { us = us, part = part, is_shortened = is_shortened }

  local rest = math.fmod(period, burst)
  local parts = part + cost * rest
  local left = math.fmod(parts, burst)
  local after = us + cost * ((period - rest) / burst) + (parts - left) / burst
  charged[i] = { us = after, part = left }

  local wait = after - period - now
  if left > 0 then
    wait = wait + 1
  end
  if cost > burst or wait > math.min(patience, ahead) then
    is_admitted = false
  end
end

local words = { is_admitted and '1' or '0', string.format('%.0f', now) }
for i = 1, #KEYS do
  local mark = is_admitted and charged[i] or begun[i]
  mark.text = string.format('%.0f:%.0f', mark.us, mark.part)
  words[i + 2] = mark.text
  if is_admitted or mark.is_shortened then
    keep(KEYS[i], mark)
  end
end
return { ok = table.concat(words, ' ') }
