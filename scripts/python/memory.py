"""Memory row: what each of a thousand idle units adds to the memory of the process, in bytes.

Usage: memory.py threads
"""

import json
import sys
import threading

UNITS = 1000


def proportional_set_size():
    with open("/proc/self/smaps_rollup") as rollup:
        for line in rollup:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the memory of a process")


def threads():
    waiting = threading.Semaphore(0)
    end = threading.Event()

    def wait():
        waiting.release()
        end.wait()

    first = threading.Thread(target=waiting.release)
    first.start()
    first.join()
    waiting.acquire()
    before = proportional_set_size()
    units = [threading.Thread(target=wait) for _ in range(UNITS)]
    for unit in units:
        unit.start()
    for _ in range(UNITS):
        waiting.acquire()
    after = proportional_set_size()
    end.set()
    for unit in units:
        unit.join()
    return (after - before) / UNITS


work = {"threads": threads}[sys.argv[1]]
print(json.dumps({"value": work(), "cpu": None, "answer": UNITS}))
