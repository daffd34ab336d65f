-- A fixed number of requests over keep-alive connections, files in turn; then stop, with nothing left in flight.
-- wrk's own duration would cut off what is being read, and a page takes seconds.
-- Arguments: number of requests, then one multipart body a file.

local ffi = require("ffi")
ffi.cdef [[
   typedef struct { long seconds; long nanoseconds; } moment;
   int clock_gettime(int clock, moment *now);
   int getpid(void);
   int kill(int process, int signal);
]]

local boundary = "----benchmark-boundary"
local requests, issued, answered, failed = {}, 0, 0, 0
local first_failure = ""
local total, began

local function now()
   local moment = ffi.new("moment")
   ffi.C.clock_gettime(1, moment) -- CLOCK_MONOTONIC
   return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

function init(args)
   total = tonumber(args[1])
   for i = 2, #args do
      local file = assert(io.open(args[i], "rb"))
      local body = file:read("*a")
      file:close()
      requests[i - 1] = wrk.format("POST", nil, {
         ["Content-Type"] = "multipart/form-data; boundary=" .. boundary,
      }, body)
   end
end

function delay()
   if issued >= total then
      return 86400000
   end
   issued = issued + 1
   return 0
end

local turn = 0
function request()
   began = began or now()
   turn = turn + 1
   return requests[(turn - 1) % #requests + 1]
end

function response(status, headers, body)
   answered = answered + 1
   if status ~= 200 then
      failed = failed + 1
      if failed == 1 then
         first_failure = status .. " " .. body:sub(1, 200):gsub("%s", " ")
      end
   end
   if answered >= total then
      print(string.format("REQUESTS %d %d %.6f %s", answered, failed, now() - began, first_failure))
      wrk.thread:stop()
      ffi.C.kill(ffi.C.getpid(), 2) -- SIGINT ends the main thread's sleep as well
   end
end

function done(summary, latency)
   io.write(string.format(
      "LATENCY %d %d %d %d\n", latency:percentile(50), latency:percentile(95), latency:percentile(99), latency.max
   ))
end
