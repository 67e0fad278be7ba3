"""The I/O-bound job: so many waits, what stands for answers that are on their way.

Usage: waits.py MODEL WAITS MILLISECONDS MOST_THREADS MOST_PROCESSES

MODEL is sequential, threads, processes, tasks, thread-pool or process-pool. Where there are more waits than may
be done at a time, a thread or process does one after the other.
"""

import threading
import time

from common import fork, process_pool, rate, run, thread_pool


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


def tasks(count, milliseconds, *_):
    import asyncio  # here: it takes longer than much of what is measured

    async def main():
        await asyncio.gather(*(asyncio.sleep(milliseconds / 1000) for _ in range(count)))
        return 1

    return rate(count, lambda: asyncio.run(main()))


def pooled(executor, count, milliseconds, most):
    def work():
        with executor(min(most, count)) as workers:
            futures = [workers.submit(time.sleep, milliseconds / 1000) for _ in range(count)]
            for future in futures:
                future.result()
        return 1

    return rate(count, work)


run({
    "sequential": sequential,
    "threads": threads,
    "processes": processes,
    "tasks": tasks,
    "thread-pool": lambda count, wait, most, _: pooled(thread_pool, count, wait, most),
    "process-pool": lambda count, wait, _, most: pooled(process_pool, count, wait, most),
})
