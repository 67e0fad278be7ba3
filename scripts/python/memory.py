"""Memory row: what each of many idle units adds to the memory in use, in bytes.

Usage: memory.py threads|processes
"""

import json
import multiprocessing
import sys
import threading

THREADS = 1000
PROCESSES = 50


def proportional_set_size(pid="self"):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
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
    units = [threading.Thread(target=wait) for _ in range(THREADS)]
    for unit in units:
        unit.start()
    for _ in range(THREADS):
        waiting.acquire()
    after = proportional_set_size()
    end.set()
    for unit in units:
        unit.join()
    return (after - before) / THREADS


def processes():
    fork = multiprocessing.get_context("fork")

    def wait(connection):
        connection.send(None)
        connection.recv()

    before = proportional_set_size()
    units = []
    for _ in range(PROCESSES):
        ours, theirs = fork.Pipe()
        unit = fork.Process(target=wait, args=(theirs,))
        unit.start()
        theirs.close()
        ours.recv()
        units.append((ours, unit))
    after = proportional_set_size()
    after += sum(proportional_set_size(unit.pid) for _, unit in units)
    for ours, unit in units:
        ours.send(None)
        unit.join()
    return (after - before) / PROCESSES


work = {"threads": threads, "processes": processes}[sys.argv[1]]
print(json.dumps({"value": work(), "cpu": None, "answer": 1}))
