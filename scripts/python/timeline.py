"""Who ran when: eight tasks under a model, each of which computes, waits, and computes again.

Usage: timeline.py sequential|threads|processes|tasks

Prints a list of spans: the task, the system's number of the thread, begin and end in seconds on the clock that all
processes read. Who does not look at the clock for half a millisecond did not run: there a span ends.
"""

import asyncio
import json
import multiprocessing
import sys
import threading
import time

TASKS = 8
WAIT = 0.020
COMPUTE = 0.005
GAP = 0.0005

fork = multiprocessing.get_context("fork")


def compute(task):
    """Uses that much of this thread's CPU time, and tells when it ran."""
    seen = []

    def ran(begin, end):
        seen.append({"task": task, "thread": threading.get_native_id(), "begin": begin, "end": end})

    enough = time.thread_time() + COMPUTE
    begin = last = time.monotonic()
    while time.thread_time() < enough:
        sum(i * i for i in range(100))
        now = time.monotonic()
        if now - last > GAP:
            ran(begin, last)
            begin = now
        last = now
    ran(begin, last)
    return seen


def one(task):
    seen = compute(task)
    time.sleep(WAIT)
    return seen + compute(task)


def sequential():
    return [one(task) for task in range(TASKS)]


def threads():
    results = [None] * TASKS

    def work(task):
        results[task] = one(task)

    units = [threading.Thread(target=work, args=(task,)) for task in range(TASKS)]
    for unit in units:
        unit.start()
    for unit in units:
        unit.join()
    return results


def processes():
    pipes = [fork.Pipe(duplex=False) for _ in range(TASKS)]

    def work(task):
        pipes[task][1].send(one(task))

    units = [fork.Process(target=work, args=(task,)) for task in range(TASKS)]
    for unit in units:
        unit.start()
    for _, theirs in pipes:
        theirs.close()
    results = [ours.recv() for ours, _ in pipes]
    for unit in units:
        unit.join()
    return results


async def task_of_a_loop(task):
    seen = compute(task)
    await asyncio.sleep(WAIT)
    return seen + compute(task)


def tasks():
    async def main():
        return await asyncio.gather(*(task_of_a_loop(task) for task in range(TASKS)))

    return asyncio.run(main())


models = {"sequential": sequential, "threads": threads, "processes": processes, "tasks": tasks}
print(json.dumps([span for seen in models[sys.argv[1]]() for span in seen]))
