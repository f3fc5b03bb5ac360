-- Sends each request of a file once over kept connections, for wrk: bench/load.py starts it.
-- What was answered, and how fast, goes to standard output as the last line, in JSON.

local ffi = require "ffi"
ffi.cdef [[ int getpid(void); int kill(int pid, int signal); ]]
local INTERRUPT = 2

local threads = {}

function setup(thread)
   table.insert(threads, thread)
end

-- The thread. `last` is the request that was sent last; wrk asks for one before it starts, to see
-- how many are in it, and sends that to nobody.
function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   requests = {}
   for request in file:read("*a"):gmatch("[^%z]+") do
      requests[#requests + 1] = request
   end
   file:close()
   last, answered, wrong = -1, 0, {}
end

function request()
   last = last + 1
   if last == 0 then
      return requests[1]
   end
   return requests[last] or ""  -- nothing is left: the connection rests
end

function response(status)
   answered = answered + 1
   if status < 200 or status > 299 then
      wrong[tostring(status)] = (wrong[tostring(status)] or 0) + 1
   end
   if answered == #requests then
      wrk.thread:stop()
      ffi.C.kill(ffi.C.getpid(), INTERRUPT)  -- else wrk sleeps on to the end of its time
   end
end

local function members(counts)
   local parts = {}
   for name, count in pairs(counts) do
      parts[#parts + 1] = string.format('"%s": %d', name, count)
   end
   return "{" .. table.concat(parts, ", ") .. "}"
end

function done(summary, latency)
   local ms = {}
   for _, percent in ipairs({50, 95, 99}) do
      ms[tostring(percent)] = latency:percentile(percent)
   end
   print(string.format(
      '{"us": %d, "count": %d, "percentiles": %s, "wrong": %s, "broken": %s}',
      summary.duration, summary.requests, members(ms), members(threads[1]:get("wrong")),
      members({
         connect = summary.errors.connect, read = summary.errors.read,
         write = summary.errors.write, timeout = summary.errors.timeout,
      })
   ))
end
