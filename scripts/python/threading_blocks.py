"""A block of chapter 2 in CPython: seconds an operation.

Usage: threading_blocks.py thread|reentrant-lock|semaphore|bounded-semaphore
"""

import json
import statistics
import sys
import threading
import time

ROUNDS = 3


def seconds(times, work):
    """The median over the rounds of the mean of one operation; the first round warms up."""
    results = []
    for _ in range(ROUNDS + 1):
        begin = time.perf_counter()
        work(times)
        results.append((time.perf_counter() - begin) / times)
    return statistics.median(results[1:])


def nothing():
    pass


def threads(times):
    for _ in range(times):
        unit = threading.Thread(target=nothing)
        unit.start()
        unit.join()


def locked(lock):
    def work(times):
        for _ in range(times):
            with lock:
                pass

    return work


WORK = {
    "thread": (300, threads),
    "reentrant-lock": (20_000, locked(threading.RLock())),
    "semaphore": (20_000, locked(threading.Semaphore(1))),
    "bounded-semaphore": (20_000, locked(threading.BoundedSemaphore(1))),
}

print(json.dumps(seconds(*WORK[sys.argv[1]])))
