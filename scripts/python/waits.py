"""The I/O-bound job: so many waits, what stands for answers that are on their way.

Usage: waits.py sequential|threads|processes WAITS MILLISECONDS MOST_THREADS MOST_PROCESSES

Where there are more waits than may be done at a time, a thread or process does one after the other.
"""

import threading
import time

from common import fork, rate, run


def waits(count, seconds):
    for _ in range(count):
        time.sleep(seconds)


def sequential(count, milliseconds, *_):
    def work():
        waits(count, milliseconds / 1000)
        return 1

    return rate(count, work)


def at_once(start, count, milliseconds, most):
    each = -(-count // most)
    shares = [min(each, count - first) for first in range(0, count, each)]

    def work():
        units = [start(target=waits, args=(share, milliseconds / 1000)) for share in shares]
        for unit in units:
            unit.start()
        for unit in units:
            unit.join()
        return 1

    return rate(count, work)


def threads(count, milliseconds, most, _):
    return at_once(threading.Thread, count, milliseconds, most)


def processes(count, milliseconds, _, most):
    return at_once(fork.Process, count, milliseconds, most)


run({"sequential": sequential, "threads": threads, "processes": processes})
