# SPDX-License-Identifier: GPL-2.0-or-later
"""Results: of one capture, of several, and the exit status that says so."""
import dataclasses

OK, WARN, FAIL, NODATA, UNREAD, WRONG_OPTION, NO_PLUGIN, UNWRITTEN = range(8)

# What a report says, and the exit status for it.
STATUS_OF = {"OK": OK, "NOTE": OK, "WARN": WARN, "FAIL": FAIL, "NODATA": NODATA, "ERROR": UNREAD}

# Over several captures: the first that applies to any.
ORDER = (UNWRITTEN, NO_PLUGIN, UNREAD, FAIL, WARN, NODATA, OK)

WORDS = tuple(STATUS_OF)


@dataclasses.dataclass
class Outcome:
    """What became of one capture. counts is what the report's last line says, without the result."""
    result: str = "ERROR"
    counts: dict = dataclasses.field(default_factory=dict)
    complaints: list = dataclasses.field(default_factory=list)
    status: int = UNREAD
    lost_plugin: bool = False
    report: object = None  # path of what tshark printed, or None

    @classmethod
    def of_result(cls, result, counts):
        return cls(result, counts, status=STATUS_OF[result])

    @classmethod
    def of_problem(cls, message, status):
        """Of what was not even tried."""
        return cls("NODATA" if status == NODATA else "ERROR", complaints=[message], status=status)

    @classmethod
    def of_error(cls, message, status=UNREAD):
        return cls(complaints=[message], status=status)


def exit_status(statuses):
    return next((status for status in ORDER if status in statuses), OK)


def overall(outcomes):
    """The word for all: the one whose exit status decides."""
    status = exit_status([outcome.status for outcome in outcomes])
    if status != OK:
        return next((word for word, code in STATUS_OF.items() if code == status), "ERROR")
    return "NOTE" if any(outcome.result == "NOTE" for outcome in outcomes) else "OK"


def result_line(name, outcome):
    """One line about a capture: the result, the name, the counts, and what is wrong with the file."""
    parts = [f"{outcome.result:<6} {name}"]
    if outcome.counts:
        parts.append(" ".join(f"{key}={value}" for key, value in outcome.counts.items()))
    parts += [f"({complaint})" for complaint in outcome.complaints[:1]]
    return "  ".join(parts)


def summary_line(outcomes):
    """The last line, for scripts; its keys are never renamed."""
    counts = {word: sum(outcome.result == word for outcome in outcomes) for word in WORDS}
    return (f"ikex-report: result={overall(outcomes)} files={len(outcomes)} fail={counts['FAIL']} "
            f"warn={counts['WARN']} note={counts['NOTE']} ok={counts['OK']} nodata={counts['NODATA']} "
            f"unread={counts['ERROR']}")
