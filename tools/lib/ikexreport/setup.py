# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin of a checkout: built and installed when that was not done yet. An installed copy installs nothing."""
import os
import shutil
import subprocess
import sys


def is_checkout(top):
    return (top / "CMakeLists.txt").exists() and os.access(top / "tools" / "setup", os.X_OK)


def sources(top):
    yield top / "CMakeLists.txt"
    yield from (path for path in (top / "plugin").rglob("*") if path.is_file())


def is_set_up(top):
    """Quick look whether this checkout's plugin is installed for this user and newer than its sources."""
    build = top / "build" / "native"
    try:
        installed = (build / f"installed-{os.getuid()}").read_text().rstrip("\n")
        built = (build / "plugin" / "ikex.so").stat().st_mtime
        return bool(shutil.which("tshark")) and os.path.exists(installed) and \
            all(path.stat().st_mtime <= built for path in sources(top))
    except OSError:
        return False


def set_up(top):
    """Run tools/setup, its output on stderr. Returns whether the plugin is there."""
    sys.stdout.flush()
    return subprocess.run([str(top / "tools" / "setup")], stdin=subprocess.DEVNULL,
                          stdout=sys.stderr.fileno()).returncode == 0
