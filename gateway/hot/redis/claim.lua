-- One claim, and the mark that tells since when claims are remembered. KEYS[1] the
-- mark, KEYS[2] the claim (none: look only, and see that the server takes what is
-- written), ARGV[1] the asking gateway's time and
-- ARGV[2] the life of the claim, in milliseconds. Answers the mark, the moment in
-- it, and 1 for a claim that was given.
-- A mark belongs to one run of the server: what a server reads back from disk, or
-- has as the replica of another one, may lack the newest claims.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
local mark = redis.call('GET', KEYS[1])
if not mark or string.sub(mark, 1, #run) ~= run then
  local time = redis.call('TIME')
  local now = math.max(tonumber(ARGV[1]), tonumber(time[1]) * 1000 + math.ceil(tonumber(time[2]) / 1000))
  mark = run .. '@' .. string.format('%d', now)
  redis.call('SET', KEYS[1], mark)
elseif not KEYS[2] then
  redis.call('SET', KEYS[1], mark)
end
local given = KEYS[2] and redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2])
return {mark, tonumber(string.match(mark, '@(%d+)$')), given and 1 or 0}
