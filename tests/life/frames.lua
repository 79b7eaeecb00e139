-- SPDX-License-Identifier: GPL-2.0-or-later
-- Writes what ikex says of each frame to the file IKEX_TEST_OUT, whenever Wireshark draws its statistics: a line
-- per frame, and an empty one at the end.
local names = { "ikex.msg", "ikex.sa" }
local fields = {}
for n, name in ipairs(names) do
    fields[n] = Field.new(name)
end

local function words(field)
    local found = {}
    for n, value in ipairs({ field() }) do
        found[n] = tostring(value)
    end
    return table.concat(found, ",")
end

local tap = Listener.new("frame")
local rows = {}

function tap.packet(pinfo)
    local cells = { tostring(pinfo.number) }
    for n, field in ipairs(fields) do
        cells[n + 1] = words(field)
    end
    rows[#rows + 1] = table.concat(cells, " ") .. "\n"
end

function tap.reset()
    rows = {}
end

function tap.draw()
    local file = io.open(os.getenv("IKEX_TEST_OUT"), "a")
    file:write(table.concat(rows) .. "\n")
    file:close()
end
