-- SPDX-License-Identifier: Apache-2.0
--
-- replay.lua -- for wrk: sends the requests of a file, which are whole HTTP requests after a line with their length.
--
--   wrk ... -s replay.lua URL -- FILE cycle   all in memory, again and again
--   wrk ... -s replay.lua URL -- FILE once    all in memory, until they are used up
--   wrk ... -s replay.lua URL -- FILE all     read as they are sent; ends when the last one is answered
--
-- The last line of the output is `RESULT requests microseconds p50 p99 not-2xx broken`, latencies in microseconds.

local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")
local SIGINT = 2

local mode, file
local requests, at = {}, 0
local unanswered = 0
local FILLER = "GET /nothing-more HTTP/1.1\r\nHost: bench\r\n\r\n"

local function read_one()
    local length = file:read("*l")
    return length and file:read(tonumber(length))
end

-- wrk's main thread sleeps for the whole duration unless it is interrupted.
local function finish()
    wrk.thread:stop()
    ffi.C.kill(ffi.C.getpid(), SIGINT)
end

local function next_in_memory()
    at = at + 1
    if at > #requests then
        if mode == "once" then finish() end
        at = 1
    end
    return requests[at]
end

-- wrk asks for one request before it starts, looks at it, and throws it away.
local begun, reading = false, true
local function next_of_file()
    local one = begun and reading and read_one()
    if not begun then
        begun = true
        return FILLER
    end
    if one then
        unanswered = unanswered + 1
        return one
    end
    reading = false
    return FILLER
end

-- Only real requests are counted: what answers the filler is a 404 or a 401.
local function count_answer(status)
    if status ~= 404 and status ~= 401 then unanswered = unanswered - 1 end
    if unanswered == 0 and not reading then finish() end
end

function init(args)
    file = assert(io.open(args[1], "rb"))
    mode = args[2]
    if mode == "all" then
        request = next_of_file
        response = count_answer
        return
    end
    for one in read_one do requests[#requests + 1] = one end
    request = next_in_memory
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
