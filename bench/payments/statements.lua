-- For sysbench: one event says what a payment service was heard to say for one authorisation (statements.ts). Each
-- {n} in a value stands for an id, which is a new one for each event. Tells the counts as JSON at the end.
local ffi = require('ffi')
ffi.cdef [[
  typedef struct { long seconds; long microseconds; } maru_time;
  int gettimeofday(maru_time *now, void *zone);
]]

sysbench.cmdline.options = { statements = { 'file with the statements', '' }, ids = { 'how many ids they hold', 1 } }

local now, serial = ffi.new('maru_time'), 0

-- As UUIDs of version 7 are: later ones sort behind, so that they meet indexes as the service's own do.
local function new_id()
  ffi.C.gettimeofday(now, nil)
  local ms = tonumber(now.seconds) * 1000 + math.floor(tonumber(now.microseconds) / 1000)
  serial = (serial + 1) % 0x1000000
  return string.format('%08x-%04x-7%03x-8%03x-%04x%02x%06x', math.floor(ms / 0x10000), ms % 0x10000,
    math.random(0, 0xfff), math.random(0, 0xfff), math.random(0, 0xffff), sysbench.tid % 0x100, serial)
end

local types = { string = sysbench.sql.type.VARCHAR, boolean = sysbench.sql.type.VARCHAR, number = sysbench.sql.type.BIGINT }

local function prepared(connection, one)
  local statement = connection:prepare(one.text)
  local parameters = {}
  for at, value in ipairs(one.values) do
    -- false is NULL
    -- Ids are longer than what stands for them.
    local size = type(value) == 'string' and #value + 400 or 1
    parameters[at] = statement:bind_create(types[type(value)], size)
  end
  if #parameters > 0 then statement:bind_param(unpack(parameters)) end
  return { statement = statement, parameters = parameters, values = one.values }
end

local function literal(value)
  if value == false then return 'null' end
  if type(value) == 'number' then return tostring(value) end
  return "'" .. value:gsub("[\\']", '\\%0') .. "'"
end

-- sysbench fetches rows of prepared statements that begin with SELECT only: a write that returns rows is said as a text.
local function written_out(one, values)
  local at = 0
  return (one.text:gsub('%?', function()
    at = at + 1
    return literal(values[at])
  end))
end

local connection, said

function thread_init()
  math.randomseed(os.time() + sysbench.tid)
  connection = sysbench.sql.driver():connect()
  said = {}
  for at, one in ipairs(dofile(sysbench.opt.statements)) do
    said[at] = (#one.values == 0 or one.text:find('%sreturning%s')) and one or prepared(connection, one)
  end
end

function event()
  local ids = {}
  for n = 0, sysbench.opt.ids - 1 do ids[tostring(n)] = new_id() end
  for _, one in ipairs(said) do
    local values = {}
    for at, value in ipairs(one.values) do
      values[at] = type(value) == 'string' and value:gsub('{(%d+)}', ids) or value
    end
    if not one.statement then
      connection:query(written_out(one, values))
    else
      for at, parameter in ipairs(one.parameters) do
        if values[at] == false then parameter:set(nil) else parameter:set(values[at]) end
      end
      one.statement:execute()
    end
  end
end

function thread_done()
  connection:disconnect()
end

function sysbench.hooks.report_cumulative(stat)
  print(string.format('{"events":%d,"errors":%d,"seconds":%.4f}', stat.events, stat.errors, stat.time_total))
end
