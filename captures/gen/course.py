# SPDX-License-Identifier: GPL-2.0-or-later
"""The first course of the index, of course.toml, and whether it is right.

    lessons = course.lessons()
    problems = course.problems(lessons, {"psk-main-mode": truth, ..})
"""
import dataclasses
import pathlib
import re
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
CAPTURES = HERE.parent
GOLDEN = CAPTURES.parent / "tests" / "golden"
TABLE = HERE / "course.toml"
FINDING = re.compile(r"\b(NOTE|WARN|ERROR) +(\w+): "           # what a report says of a finding, in one line
                     r"(?:(?!\b(?:NOTE|WARN|ERROR) +\w+: ).)*?"
                     r"\((?:observed|inferred), frame (\d+)\)")


@dataclasses.dataclass(frozen=True)
class Lesson:
    title: str
    capture: str
    text: str
    look: list
    says: list
    command: str
    says_with_keys: list = ()


def lessons():
    """The lessons in their order."""
    return [Lesson(**row) for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["lesson"]]


def problems(all_lessons, truths):
    """What the truth files and the golden reports say otherwise, one line each."""
    for lesson in all_lessons:
        if lesson.capture not in truths:
            yield f"{TABLE.name}: {lesson.title}: there is no capture {lesson.capture}"
            continue
        frames = truths[lesson.capture]["frames"]
        labels = {frame["n"]: frame.get("msg", "") for frame in frames}
        found = [*wrong_frames(lesson, labels), *wrong_findings(lesson), *missing_files(lesson)]
        yield from (f"{TABLE.name}: {lesson.capture}: {line}" for line in found)


def wrong_frames(lesson, labels):
    """Frames that carry another message than the lesson says, and pieces that ikex knows nothing of."""
    for part in (part for frames, _ in lesson.look for part in frames.split(", ")):
        if message := re.fullmatch(r"(\d+) (\S+)", part):
            label = labels.get(int(message[1]), "no message")
            if label != message[2]:
                yield f"frame {message[1]} is {label}, not {message[2]}"
        elif pieces := re.fullmatch(r"(\d+)-(\d+)", part):
            yield from unknown_frames(lesson.capture, range(int(pieces[1]), int(pieces[2]) + 1))
        else:
            yield f"what is {part}?"


def unknown_frames(capture, numbers):
    """Frames that ikex says nothing of in the Info column, one line each."""
    column = (GOLDEN / f"{capture}.info").read_text(encoding="utf-8").splitlines()
    said = {int(line.split()[0]) for line in column if "[" in line}
    return [f"frame {number} is nothing to ikex" for number in numbers if number not in said]


def wrong_findings(lesson):
    """Results and findings that the golden reports do not have, and warnings and errors that the lesson lacks."""
    for kind, says in (("diag", lesson.says), ("keyed.diag", lesson.says_with_keys)):
        report = GOLDEN / f"{lesson.capture}.{kind}"
        if not says:
            continue
        if not report.exists():
            yield f"{report.name} is not there"
            continue
        text = " ".join(report.read_text(encoding="utf-8").split())
        shown = {" ".join(found) for found in FINDING.findall(text)}
        shown.update(re.findall(r"ikex: result=(\w+)", text))
        yield from (f"{report.name} does not say {line}" for line in says if line not in shown)
        yield from (f"{report.name} says {line}" for line in shown - set(says) if line.startswith(("WARN ", "ERROR ")))


def missing_files(lesson):
    """What the command names under captures/ and is not there."""
    for name in re.findall(r"captures/(\S+)", lesson.command):
        if not (CAPTURES / name).exists():
            yield f"captures/{name} of the command is not there"
