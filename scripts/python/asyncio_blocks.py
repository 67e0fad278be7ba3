"""A block of chapter 5 in CPython: seconds an operation.

Usage: asyncio_blocks.py event-loop
"""

import asyncio
import json
import statistics
import sys
import time

ROUNDS = 3
TASKS = 1000


async def same(n):
    return n


async def event_loop(times):
    for _ in range(times // TASKS):
        tasks = [asyncio.create_task(same(n)) for n in range(TASKS)]
        assert [await task for task in tasks] == list(range(TASKS))


WORK = {
    "event-loop": (event_loop, 10_000),
}


async def main():
    work, times = WORK[sys.argv[1]]
    await work(times)
    results = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        await work(times)
        results.append((time.perf_counter() - begin) / times)
    print(json.dumps(statistics.median(results)))


asyncio.run(main())
