-- For wrk: sends the requests of a file (parted by a zero byte) in turn, and tells the counts as JSON at the end.
local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  for text in file:read('*a'):gmatch('[^%z]+') do
    requests[#requests + 1] = text
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('{"answered":%d,"refused":%d,"broken":%d,"microseconds":%d}\n',
    summary.requests, errors.status, broken, summary.duration))
end
