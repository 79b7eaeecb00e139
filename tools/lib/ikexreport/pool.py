# SPDX-License-Identifier: GPL-2.0-or-later
"""Many captures side by side, and an end to all of it at once."""
import concurrent.futures
import queue
import subprocess
import threading

from . import tshark

WAKE_S = 0.2  # how often the waiting one looks up


class Stopped(Exception):
    """Nothing is started any more."""


class Processes:
    """The processes that run now. After stop() none runs, and none is started."""

    def __init__(self):
        self.lock, self.running, self.stopped = threading.Lock(), set(), False

    def start(self, *arguments, **options):
        with self.lock:
            if self.stopped:
                raise Stopped
            process = subprocess.Popen(*arguments, **options)
            self.running.add(process)
        return process

    def ended(self, process):
        with self.lock:
            self.running.discard(process)

    def stop(self):
        with self.lock:
            self.stopped = True
            running = list(self.running)
        for process in running:
            tshark.kill(process)


class Once:
    """A question that is asked by several threads and answered once."""

    def __init__(self, answer):
        self.answer, self.lock, self.known = answer, threading.Lock(), None

    def __call__(self):
        with self.lock:
            if self.known is None:
                self.known = self.answer()
        return self.known


class Pool:
    """Reads captures in so many threads; use it as a context, and iterate over outcomes()."""

    def __init__(self, jobs, processes):
        self.processes = processes
        self.threads = concurrent.futures.ThreadPoolExecutor(jobs)
        self.results, self.busy = queue.SimpleQueue(), {}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.processes.stop()
        self.threads.shutdown(wait=True, cancel_futures=True)

    def job(self, number, name, read):
        self.busy[number] = name
        try:
            self.results.put((number, read(number, name)))
        except Stopped:
            pass
        except BaseException as error:  # handed to the one who waits
            self.results.put((number, error))
        finally:
            self.busy.pop(number, None)

    def outcomes(self, names, read, idle):
        """(number, outcome) of read(number, name) for each name, in order. idle(names) is called now and
        then with the names that are being read."""
        for number, name in enumerate(names):
            self.threads.submit(self.job, number, name, read)
        early = {}
        for number in range(len(names)):
            while number not in early:
                idle(list(self.busy.values()))
                try:
                    done, outcome = self.results.get(timeout=WAKE_S)
                except queue.Empty:
                    continue
                if isinstance(outcome, BaseException):
                    raise outcome
                early[done] = outcome
            yield number, early.pop(number)
