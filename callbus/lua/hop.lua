-- One hop: new state, messages out and acknowledgements commit together, or nothing does.
-- KEYS: every key that the plan touches. ARGV[1]: the plan (JSON), keys named by their index in KEYS.
-- Returns {"conflict"} when the state's version moved, else {"ok", seq, entry_id, seq, entry_id, ...}.
local plan = cjson.decode(ARGV[1])

local state = plan.state
if state then
  local version = redis.call('HGET', KEYS[state.key], 'version') or '0'
  if version ~= tostring(state.expected) then
    return { 'conflict', version }
  end
end

local reply = { 'ok' }
for _, m in ipairs(plan.messages) do
  local seq = redis.call('HINCRBY', KEYS[m.seq_key], plan.producer, 1)
  -- Only a new counter gets its term: the end of a call shortens it, and what still follows must not undo that.
  if redis.call('TTL', KEYS[m.seq_key]) < 0 then redis.call('EXPIRE', KEYS[m.seq_key], plan.seq_ttl_seconds) end
  local fields = m.fields
  for i = 1, #fields, 2 do
    if fields[i] == 'seq' then fields[i + 1] = tostring(seq) end
  end
  reply[#reply + 1] = tostring(seq)
  reply[#reply + 1] = redis.call('XADD', KEYS[m.stream], 'MAXLEN', '~', plan.maxlen, '*', unpack(fields))
end
if state then
  redis.call('HSET', KEYS[state.key], 'version', tostring(state.expected + 1), 'data', state.data)
  redis.call('EXPIRE', KEYS[state.key], state.ttl_seconds)
end
for _, s in ipairs(plan.sets) do
  redis.call('SET', KEYS[s.key], s.value, 'EX', s.ttl_seconds)
end
for _, z in ipairs(plan.zadds) do
  redis.call('ZADD', KEYS[z.key], z.score, z.member)
end
for _, z in ipairs(plan.zrems) do
  redis.call('ZREM', KEYS[z.key], z.member)
end
for _, e in ipairs(plan.expires) do
  redis.call('EXPIRE', KEYS[e.key], e.seconds)
end
for _, k in ipairs(plan.deletes) do
  redis.call('DEL', KEYS[k])
end
for _, a in ipairs(plan.acks) do
  redis.call('XACK', KEYS[a.stream], a.group, a.id)
end
return reply
