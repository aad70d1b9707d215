-- What wrk sends, as the arguments after its "--" say:
--
--   plain METHOD BODY-FILE NAME VALUE ...   always the same request; no body: -
--   users PREFIX COUNT METHOD               one of these users in X-User
--   new PREFIX METHOD                       a new user each time
--   once FILE                               each request of the file once
--   paced FILE MS                           the same, MS apart on a connection
--   idle MS                                 a plain GET, MS apart
--
-- MS is a mean: connections that always wait as long all ask at once.
-- A file of requests has, for each, its length in ten characters and itself.
-- At the end one line says: requests, microseconds, errors, median, p99.

local next_request, pause

local function read_all(name)
    local file = assert(io.open(name, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

local function read_requests(name)
    local file = assert(io.open(name, "rb"))
    local list = {}

    while true do
        local len = file:read(10)
        if not len then break end
        list[#list + 1] = file:read(tonumber(len))
    end

    file:close()
    return list
end

local modes = {}

function modes.plain(args)
    local headers = {}

    for i = 4, #args, 2 do headers[args[i]] = args[i + 1] end

    local body = args[3] ~= "-" and read_all(args[3]) or nil
    local request = wrk.format(args[2], nil, headers, body)

    return function() return request end
end

function modes.users(args)
    local headers = {}
    local text = args[2] .. "%07d@example.com"
    local count = tonumber(args[3])

    math.randomseed(1)

    return function()
        headers["X-User"] = string.format(text, math.random(0, count - 1))
        return wrk.format(args[4], nil, headers)
    end
end

function modes.new(args)
    local headers = { ["Sec-Fetch-Site"] = "same-origin" }
    local n = 0
    local prefix = args[2] .. os.time() .. "-"

    return function()
        n = n + 1
        headers["X-User"] = prefix .. n .. "@example.com"
        return wrk.format(args[3], nil, headers)
    end
end

function modes.once(args)
    local list = read_requests(args[2])
    local n = 0

    return function()
        n = n + 1

        if n > #list then
            wrk.thread:stop()
            return list[#list]
        end

        return list[n]
    end
end

function modes.paced(args)
    pause = tonumber(args[3])
    return modes.once(args)
end

function modes.idle(args)
    local request = wrk.format("GET")

    pause = tonumber(args[2])
    return function() return request end
end

function init(args)
    next_request = modes[args[1]](args)

    -- wrk asks for it at each request if it is there
    if pause then
        delay = function() return math.random(0, 2 * pause) end
    end
end

function request()
    return next_request()
end

function done(summary, latency, requests)
    local e = summary.errors

    io.write(string.format("bench: %d %d %d %d %d\n", summary.requests,
                           summary.duration,
                           e.connect + e.read + e.write + e.status + e.timeout,
                           latency:percentile(50), latency:percentile(99)))
end
