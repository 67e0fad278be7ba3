"""The memory of one of very many in CPython, in bytes: a task that sleeps, a task that waits in a pool's queue.

Usage: memory_blocks.py sleeping|thread-pool|process-pool
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

SLEEPING = 100_000
QUEUED = 100_000
WORKERS = 2
LONG = 3600


def memory():
    with open("/proc/self/smaps_rollup") as rollup:
        for line in rollup:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the memory of a process")


async def sleeping():
    before = memory()
    tasks = [asyncio.create_task(asyncio.sleep(LONG)) for _ in range(SLEEPING)]
    await asyncio.sleep(0)  # all of them begin
    return (memory() - before) / len(tasks)


def wait(seconds):
    time.sleep(seconds)


def queued(executor):
    for _ in range(WORKERS):
        executor.submit(wait, LONG)
    before = memory()
    futures = [executor.submit(wait, 0) for _ in range(QUEUED)]
    return (memory() - before) / len(futures)


def process_pool():
    fork = multiprocessing.get_context("fork")
    return queued(ProcessPoolExecutor(WORKERS, mp_context=fork))


WORK = {
    "sleeping": lambda: asyncio.run(sleeping()),
    "thread-pool": lambda: queued(ThreadPoolExecutor(WORKERS)),
    "process-pool": process_pool,
}
print(WORK[sys.argv[1]](), flush=True)
for child in multiprocessing.active_children():
    os.kill(child.pid, signal.SIGKILL)  # they sleep for an hour
    child.join()
os._exit(0)  # nobody waits for what sleeps
