"""Creation row: creating and joining one unit that does nothing.

Usage: creation.py threads
"""

import json
import sys
import threading
import time

TIMES = 1000


def nothing():
    pass


def threads():
    unit = threading.Thread(target=nothing)
    unit.start()
    unit.join()


work = {"threads": threads}[sys.argv[1]]
work()  # warm-up
cpu, begin = time.process_time(), time.perf_counter()
for _ in range(TIMES):
    work()
value, cpu = time.perf_counter() - begin, time.process_time() - cpu
print(json.dumps({"value": value / TIMES, "cpu": cpu / TIMES, "answer": 1}))
