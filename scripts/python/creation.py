"""Creation row: creating and joining one unit that does nothing.

Usage: creation.py threads|processes
"""

import json
import multiprocessing
import sys
import threading
import time



def nothing():
    pass


def threads():
    unit = threading.Thread(target=nothing)
    unit.start()
    unit.join()


def processes():
    unit = fork.Process(target=nothing)
    unit.start()
    unit.join()


# What the document's programs start on Linux up to 3.13; newer ones start afresh.
fork = multiprocessing.get_context("fork")
work, times = {"threads": (threads, 1000), "processes": (processes, 100)}[sys.argv[1]]
work()  # warm-up
cpu, begin = time.process_time(), time.perf_counter()
for _ in range(times):
    work()
value, cpu = time.perf_counter() - begin, time.process_time() - cpu
print(json.dumps({"value": value / times, "cpu": cpu / times, "answer": 1}))
