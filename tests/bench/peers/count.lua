-- SPDX-License-Identifier: GPL-2.0-or-later
-- What people write themselves: a post-dissector that counts the messages of each IKE SA.
local count = Proto("ikecount", "Messages of an IKE SA")
local number = ProtoField.uint32("ikecount.number", "Number of the message in its SA")
count.fields = { number }
local spi = Field.new("isakmp.ispi")
local seen = {}

function count.init()
    seen = {}
end

function count.dissector(buffer, pinfo, tree)
    local here = spi()
    if here == nil then
        return
    end
    local name = tostring(here.value)
    if not pinfo.visited then
        seen[name] = (seen[name] or 0) + 1
    end
    tree:add(count):add(number, seen[name] or 0):set_generated()
end

register_postdissector(count)
