# SPDX-License-Identifier: GPL-2.0-or-later
"""Which chapter of the index a capture belongs to: chapters.toml says it, by names and patterns.

    chapters, problems = chapters.of(["psk-main-mode", ..])
"""
import dataclasses
import fnmatch
import pathlib
import tomllib

TABLE = pathlib.Path(__file__).resolve().parent / "chapters.toml"


@dataclasses.dataclass(frozen=True)
class Chapter:
    title: str
    intro: str
    captures: list  # names in the order of the chapter


def of(names):
    """The chapters with the names of their captures, and what is wrong with the table, one line each."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))["chapter"]
    patterns = [pattern for row in rows for pattern in row["captures"]]
    taken = {pattern: [] for pattern in patterns}
    problems = [f"{pattern} stands twice" for pattern in taken if patterns.count(pattern) > 1]
    for name in sorted(names):
        pattern = best(name, taken)
        if pattern:
            taken[pattern].append(name)
        else:
            problems.append(f"{name} has no chapter")
    problems += [f"{pattern} takes no capture" for pattern, captures in taken.items() if not captures]
    chapters = [Chapter(row["title"], " ".join(row["intro"].split()),
                        [name for pattern in row["captures"] for name in taken[pattern]]) for row in rows]
    return chapters, [f"{TABLE.name}: {line}" for line in problems]


def best(name, patterns):
    """The pattern with the most letters of those that fit, or None."""
    fitting = [pattern for pattern in patterns if fnmatch.fnmatchcase(name, pattern)]
    return max(fitting, key=lambda pattern: len(pattern.replace("*", "")), default=None)
