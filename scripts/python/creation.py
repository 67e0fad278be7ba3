"""Creating and joining one unit that does nothing.

Usage: creation.py threads|processes TIMES
"""

import threading

from common import fork, run, seconds_each


def nothing():
    pass


def each(start, times):
    def work():
        for _ in range(times):
            unit = start(target=nothing)
            unit.start()
            unit.join()
        return 1

    return seconds_each(times, work)


run({
    "threads": lambda times: each(threading.Thread, times),
    "processes": lambda times: each(fork.Process, times),
})
