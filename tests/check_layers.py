#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that each folder of the core uses only those below it.

usage: check_layers.py

The order is that of CORE_FOLDERS in plugin/CMakeLists.txt, from the ground up. The faces of the core stand in no
folder: ike_tracker.h above what it feeds and asks, ike_reports.h above everything. A file may include headers of its
own folder and of those below it, and what a header declares is defined in its folder, so that includes tell the truth.

Exit status: 0 all is well, 1 not.
"""
import pathlib
import re
import sys

PLUGIN = pathlib.Path(__file__).resolve().parents[1] / "plugin"
CORE = PLUGIN / "core"
FED_BY_TRACKER = "judge"  # the highest folder below ike_tracker.h
DECLARED = re.compile(r"^[a-z][\w \*]*?\b(ike_\w+)\([^;{]*\)[^;{]*;", re.MULTILINE)
DEFINED = re.compile(r"^(?!static)[a-z][\w \*]*?\b(ike_\w+)\([^;{]*\)\s*\{", re.MULTILINE)
INCLUDED = re.compile(r'^#include "(ike_\w+\.(?:h|def))"', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def floors():
    """The floor of each folder, and of the two faces."""
    text = (PLUGIN / "CMakeLists.txt").read_text()
    folders = re.search(r"set\(CORE_FOLDERS\s+core\s+([^)]*)\)", text).group(1).split()
    names = [folder.removeprefix("core/") for folder in folders]
    at = names.index(FED_BY_TRACKER) + 1
    names[at:at] = ["ike_tracker"]
    return {name: floor for floor, name in enumerate(names + ["faces"])}


def floor_of(path, floor):
    if path.parent != CORE:
        return floor[path.parent.name]
    return floor["ike_tracker" if path.stem == "ike_tracker" else "faces"]


def problems():
    floor = floors()
    files = [path for end in ("c", "h", "def") for path in sorted(CORE.rglob(f"*.{end}"))]
    code = {path: COMMENT.sub("", path.read_text()) for path in files}
    header = {path.name: path for path in files if path.suffix != ".c"}
    defined = {name: path for path in files if path.suffix == ".c" for name in DEFINED.findall(code[path])}
    for path in files:
        for name in INCLUDED.findall(code[path]):
            if name not in header:
                yield f"{path.relative_to(CORE)}: there is no {name}"
            elif floor_of(header[name], floor) > floor_of(path, floor):
                yield f"{path.relative_to(CORE)}: {name} is of a folder above"
        for name in DECLARED.findall(code[path]) if path.suffix == ".h" else ():
            if name in defined and floor_of(defined[name], floor) != floor_of(path, floor):
                yield f"{path.relative_to(CORE)}: {name} is defined in {defined[name].relative_to(CORE)}"
    if len(files) < 50 or len(defined) < 200:
        yield f"only {len(files)} files and {len(defined)} functions were found"


def main():
    if len(sys.argv) > 1:
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    found = list(problems())
    for line in found:
        print(f"check_layers: {line}")
    print("check_layers: " + (f"FAILED, {len(found)} problems" if found else "ok"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
