"""I/O-bound row: 16 waits of 10 ms.

Usage: io_bound.py sequential|threads|processes
"""

import json
import multiprocessing
import sys
import threading
import time

WAITS = 16
WAIT = 0.010


def sequential():
    for _ in range(WAITS):
        time.sleep(WAIT)
    return WAITS


def threads():
    units = [threading.Thread(target=time.sleep, args=(WAIT,)) for _ in range(WAITS)]
    for unit in units:
        unit.start()
    for unit in units:
        unit.join()
    return len(units)


def processes():
    fork = multiprocessing.get_context("fork")
    units = [fork.Process(target=time.sleep, args=(WAIT,)) for _ in range(WAITS)]
    for unit in units:
        unit.start()
    for unit in units:
        unit.join()
    return len(units)


models = {"sequential": sequential, "threads": threads, "processes": processes}
work = models[sys.argv[1]]
work()  # warm-up
cpu, begin = time.process_time(), time.perf_counter()
answer = work()
value, cpu = time.perf_counter() - begin, time.process_time() - cpu
print(json.dumps({"value": value, "cpu": cpu, "answer": answer}))
