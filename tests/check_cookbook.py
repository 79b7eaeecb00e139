#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the commands of docs/cookbook.md as they stand there, and compare what they print with the page.

usage: check_cookbook.py [--update]

A recipe is a block of `sh`, and behind it a block with what it prints; the page has no other blocks. The recipes run
one after the other in one folder, which has a copy of captures/ and of ikex-report, so that one may read what another
wrote. What is compared is standard output; the exit status is not, since ikex-report tells results by it. The tshark
is the one in PATH, with its plugin. Needs jq.

--update writes what is printed into the page. Read it before you commit it.
"""
import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from report.case import TOP, install  # noqa: E402  (after that)
from runner import TIMEOUT_S, Failure, give_up, indent, run, tshark_environment  # noqa: E402

PAGE = TOP / "docs" / "cookbook.md"
RECIPE = re.compile(r"(^```sh\n(?P<script>.*?)^```\n\n?```\n)(?P<output>.*?)(?P<end>^```$)", re.M | re.S)
FENCE = re.compile(r"^```", re.M)


def environment():
    """What the page takes for granted: times in UTC, no preferences; sort and arrows do not depend on the locale.

    An account without a login shell has no SHELL."""
    return {**tshark_environment(), "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}


def recipes(text):
    """The recipes of the page, each a match of RECIPE."""
    found = list(RECIPE.finditer(text))
    if not found or 4 * len(found) != len(FENCE.findall(text)):
        raise Failure(f"{len(FENCE.findall(text))} lines with ``` in {len(found)} recipes: "
                      "a block without a command, or a command without what it prints")
    return found


def printed(script, folder):
    """What the command prints, and what it says on standard error."""
    try:
        done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Failure(f"runs longer than {TIMEOUT_S} s\n{indent(script)}") from None
    lines = (line.rstrip() for line in done.stdout.strip("\n").splitlines())  # an editor strips them from the page
    return "".join(line + "\n" for line in lines), done.stderr


def line_of(text, recipe):
    return text.count("\n", 0, recipe.start()) + 1


def all_printed(text):
    """Each recipe with what it prints now, and what it says on standard error."""
    with tempfile.TemporaryDirectory(prefix="ikex-cookbook-") as folder:
        shutil.copytree(TOP / "captures", os.path.join(folder, "captures"))
        install(pathlib.Path(folder))
        for recipe in recipes(text):
            yield recipe, *printed(recipe["script"], folder)


def check(text):
    """Print what differs; returns how many recipes do."""
    wrong = 0
    for count, (recipe, output, errors) in enumerate(all_printed(text), 1):
        if output and output == recipe["output"]:
            continue
        wrong += 1
        diff = difflib.unified_diff(recipe["output"].splitlines(), output.splitlines(), "the page", "printed", n=1,
                                    lineterm="")
        print(f"docs/cookbook.md:{line_of(text, recipe)}: another output\n{indent(recipe['script'])}\n"
              + indent("\n".join(diff)) + ("\n" + indent(errors, 10) if errors else ""))
    print(f"{count} recipes, {wrong} with another output")
    return wrong


def update(text):
    """The page with what is printed now."""
    parts, end = [], 0
    for recipe, output, errors in all_printed(text):
        if not output:
            print(f"docs/cookbook.md:{line_of(text, recipe)}: prints nothing\n{indent(errors, 10)}")
        parts += [text[end:recipe.start()], recipe[1], output]
        end = recipe.start("end")
    return "".join([*parts, text[end:]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    try:
        if not re.search(r"^ikex\.so\b", run("tshark", "-G", "plugins").stdout, re.M):
            raise Failure("tshark does not load ikex")
        if options.update:
            PAGE.write_text(update(PAGE.read_text()))
        else:
            sys.exit(check(PAGE.read_text()) > 0)
    except Failure as failure:
        give_up(failure)


if __name__ == "__main__":
    main()
