-- The webhook check in Lua, as it is written with Debian's lua-luaossl: the
-- key that X-AUTH-CLIENT names, HMAC-SHA256 over the raw body, compared in
-- constant time.  With veriff_json set, the body must be JSON of a known kind
-- as well, as the module wants it.

local hmac = require "openssl.hmac"
local cjson = require "cjson.safe"
local bit = require "bit"
local ffi = require "ffi"

local band, bor, bxor = bit.band, bit.bor, bit.bxor
local byte, sub = string.byte, string.sub

local _M = {}

local keys = {}

function _M.key(api_key, secret)
    keys[api_key] = secret
end

ffi.cdef[[
unsigned char *ngx_hex_dump(unsigned char *dst, const unsigned char *src,
                            size_t len);
]]

local buffer = ffi.new("unsigned char[64]")

local function equal(one, two)
    if #one ~= #two then return false end

    local diff = 0

    for i = 1, #one do
        diff = bor(diff, bxor(byte(one, i), byte(two, i)))
    end

    return diff == 0
end

function _M.check()
    if ngx.req.get_method() ~= "POST" then return ngx.exit(405) end

    local var = ngx.var
    local secret = keys[var.http_x_auth_client]
    local signature = var.http_x_hmac_signature

    if not secret or not signature or #signature ~= 64 then
        return ngx.exit(401)
    end

    ngx.req.read_body()

    local body = ngx.req.get_body_data()

    if not body then
        local name = ngx.req.get_body_file()
        if not name then return ngx.exit(401) end

        local file = io.open(name, "rb")
        body = file:read("*a")
        file:close()
    end

    local md = hmac.new(secret, "sha256"):final(body)
    ffi.C.ngx_hex_dump(buffer, md, #md)
    local hex = ffi.string(buffer, 64)

    if not equal(hex, signature:lower()) then return ngx.exit(401) end

    if var.veriff_json == "1" then
        local json = cjson.decode(body)

        if type(json) ~= "table" then return ngx.exit(400) end

        ngx.ctx.decision = type(json.verification) == "table"
    end

    ngx.req.set_header("X-Veriff-Webhook", "ok")
end

return _M
