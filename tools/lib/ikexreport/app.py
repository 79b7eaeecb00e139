# SPDX-License-Identifier: GPL-2.0-or-later
"""ikex-report from the command line to the exit status."""
import contextlib
import dataclasses
import os
import pathlib
import signal
import sys
import tempfile

from ikexshared.commandline import end_by
from ikexshared.text import printable

from . import both, captures, keys, options, outputs, pool, setup, terminal, told, tshark, verdict, version
from .terminal import say

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Refused(Exception):
    """Nothing is done, with this exit status."""

    def __init__(self, message, status=verdict.WRONG_OPTION):
        super().__init__(message)
        self.status = status


class Interrupted(BaseException):
    """A signal asks for the end."""


def interrupt(number, _):
    for other in SIGNALS:  # the end is not to be interrupted
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


# --- before anything is read ---------------------------------------------------------------------

def prepare_plugin(top):
    if setup.is_checkout(top) and not setup.is_set_up(top) and not setup.set_up(top):
        raise Refused("the plugin cannot be set up", verdict.NO_PLUGIN)


def make_call(chosen, config_folder):
    return tshark.Call(
        report=chosen.report, format=chosen.format, filter=chosen.filter, profile=chosen.profile,
        full=chosen.full, config_folder=str(config_folder) if config_folder else "",
        with_keys=bool(chosen.keys) or keys.are_configured(chosen.profile),
        timeout_s=chosen.timeout or tshark.NO_LIMIT)


def is_usual(chosen):
    """Whether nothing is asked for that the plugin or tshark could refuse."""
    return (chosen.report, chosen.format, chosen.filter, chosen.profile) == ("diag", "text", "", "")


def ask(chosen, call, folder, processes):
    """Let the plugin say what is valid: once, not for each capture."""
    refusal = None if is_usual(chosen) else tshark.refusal(call, folder, processes)
    if refusal:
        raise Refused(refusal)


# --- the run -------------------------------------------------------------------------------------

class Run:
    """Captures on their way to reports, and what became of them."""

    def __init__(self, place, progress, call):
        self.place, self.progress, self.call = place, progress, call
        self.rows = []  # (name, outcome)

    def add(self, name, outcome):
        self.progress.count(outcome)
        self.progress.clear()
        self.place.add(name, outcome)
        self.rows.append((name, outcome))
        for complaint in outcome.complaints:
            say(f"{name}: {complaint}")
        if outcome.report and os.path.exists(outcome.report):
            os.unlink(outcome.report)
        if outcome.status == verdict.NO_PLUGIN:
            raise Refused("no report without the plugin", verdict.NO_PLUGIN)

    def finish(self, results):
        """The end of the output, and a line per capture to where results go, or nowhere."""
        self.progress.clear()
        self.place.finish(self.rows)
        for name, outcome in self.rows if results else ():
            print(verdict.result_line(printable(name), escaped(outcome)), file=results)
        outcomes = [outcome for _, outcome in self.rows]
        if results:
            print(verdict.summary_line(outcomes), file=results, flush=True)
        hint(self.call, outcomes)
        return verdict.exit_status([outcome.status for outcome in outcomes])


def hint(call, outcomes):
    """Say where the short way could have hidden something."""
    if not call.full and any(x.result == "NODATA" and x.report for x in outcomes):
        what = "no IKE that matches the filter" if call.filter else "no IKE"
        say(f"{what} was found by the short way; --full also looks inside TCP and applications")


def escaped(outcome):
    return verdict.Outcome(outcome.result, outcome.counts, list(map(printable, outcome.complaints)))


def results_stream(chosen, several):
    """Where result lines go: away from what programs read."""
    if chosen.output:
        return sys.stdout
    if not several:
        return None
    return sys.stdout if chosen.format == "text" else sys.stderr


@dataclasses.dataclass
class Job:
    """A command line that is ready to run."""
    top: pathlib.Path
    chosen: options.Options
    call: tshark.Call
    folder: str               # for what tshark prints
    processes: pool.Processes

    def read_each(self, items, progress, take):
        """Read captures side by side; take(name, outcome) gets them in order."""
        paths = [item.path for item in items]
        repair = pool.Once(lambda: setup.is_checkout(self.top) and setup.set_up(self.top))

        def read(number, path):
            if items[number].problem:
                return verdict.Outcome.of_problem(items[number].problem, items[number].status)
            return tshark.read(self.call, path, os.path.join(self.folder, str(number)), self.processes, repair)

        with pool.Pool(self.chosen.jobs, self.processes) as workers:
            for number, outcome in workers.outcomes(paths, read, progress.update):
                take(paths[number], outcome)


def place_for(chosen, items, several):
    return outputs.place(chosen.format, chosen.output, [item.path for item in items], several, sys.stdout.buffer)


@contextlib.contextmanager
def whole_or_nothing(place, progress):
    """What is written when something goes wrong is given up."""
    try:
        yield
    except BaseException:
        progress.clear()
        place.abandon()
        raise


def read_all(job):
    """A report on each capture."""
    found = captures.find(job.chosen.names)
    place = place_for(job.chosen, found.items, found.is_several())
    run = Run(place, terminal.Progress(len(found.items)), job.call)
    with whole_or_nothing(place, run.progress):
        job.read_each(found.items, run.progress, run.add)
        return run.finish(results_stream(job.chosen, found.is_several()))


def read_both(job):
    """Two captures in one report."""
    job = dataclasses.replace(job, call=both.call_of(job.call))
    items = captures.find(job.chosen.names).items
    place, progress, rows = place_for(job.chosen, items, False), terminal.Progress(len(items)), []
    with whole_or_nothing(place, progress):
        job.read_each(items, progress, lambda *row: rows.append(row))
        progress.clear()
        result = both.compare(rows, job.chosen.filter)
        told.write(result, job.chosen.format, place.out)
        place.finish(rows)
        hint(job.call, [outcome for _, outcome in rows])
        return both.STATUS_OF[result.result]


def report(top, chosen):
    """Everything that a command line asks for; returns the exit status."""
    more_keys = keys.Folder(chosen.keys, chosen.profile) if chosen.keys else None
    prepare_plugin(top)
    processes = pool.Processes()
    with contextlib.ExitStack() as stack:
        config = stack.enter_context(more_keys).path if more_keys else None
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ikex-report-"))
        stack.callback(processes.stop)
        call = make_call(chosen, config)
        ask(chosen, call, folder, processes)
        return (read_both if chosen.both else read_all)(Job(top, chosen, call, folder, processes))


def attempt(top, words):
    try:
        chosen = options.parse(words)
        if chosen.help:
            print(options.help_text(), end="")
            return verdict.OK
        if chosen.version:
            prepare_plugin(top)
            print(version.text(), end="")
            return verdict.OK
        return report(top, chosen)
    except options.WrongOption as error:
        say(error)
        print(f"{options.USAGE}\nikex-report --help says more", file=sys.stderr)
        return verdict.WRONG_OPTION
    except keys.BadKeys as error:
        say(error)
        return verdict.WRONG_OPTION
    except version.NoPlugin as error:
        say(error)
        return verdict.NO_PLUGIN
    except (Refused, outputs.Unwritten) as error:
        say(error)
        return error.status
    except both.Unread as error:
        return error.args[0]
    except BrokenPipeError:
        raise
    except OSError as error:
        say(f"the output cannot be written: {error.strerror}")
        return verdict.UNWRITTEN


def main(script):
    top = pathlib.Path(script).resolve().parent.parent
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup wants it
            signal.signal(number, interrupt)
    try:
        status = attempt(top, sys.argv[1:])
        sys.stdout.flush()
    except Interrupted as interrupted:
        end_by(interrupted.args[0])
    except BrokenPipeError:  # who reads us has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        end_by(signal.SIGPIPE)
    sys.exit(status)
