"""Chapter 1's task, twice: one after the other, then in two threads; and whether there is a GIL.

Usage: gil_loop.py SECONDS [CORE CORE]        (so long a task should take; where the two threads stay)
"""

import json
import os
import sys
import threading
import time


def cpu_task(n):
    count = 0
    while count < n:
        count += 1
    return count


def sized(seconds):
    """Up to what to count. The interpreter has specialised the loop by then: 3.11 does so after a
    number of calls, however long they are."""
    for _ in range(100):
        cpu_task(100)
    n = 100_000
    while True:
        begin = time.perf_counter()
        cpu_task(n)
        took = time.perf_counter() - begin
        if took > seconds / 10:
            return int(n * seconds / took)
        n *= 2


def one(n):
    return [cpu_task(n), cpu_task(n)]


def two(n):
    results = []

    def unit(core):
        if core is not None:
            os.sched_setaffinity(0, {core})  # 0: this thread
        results.append(cpu_task(n))

    units = [threading.Thread(target=unit, args=(core,)) for core in cores]
    for unit in units:
        unit.start()
    for unit in units:
        unit.join()
    return results


def seconds(work, n):
    begin = time.perf_counter()
    results = work(n)
    took = time.perf_counter() - begin
    assert results == [n, n], results
    return took


cores = [int(core) for core in sys.argv[2:]] or [None, None]
n = sized(float(sys.argv[1]))
print(
    json.dumps(
        {
            "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
            "turns": n,
            "one": seconds(one, n),
            "two": seconds(two, n),
        }
    )
)
