"""A block of chapter 5 in CPython: seconds an operation.

Usage: asyncio_blocks.py event-loop|async-queue-1024|async-queue-3|async-waits|event-loop-waits
"""

import asyncio
import json
import statistics
import sys
import time

ROUNDS = 3
TASKS = 1000
WAITS = 10_000
WAIT = 0.05  # seconds


async def same(n):
    return n


async def event_loop(times):
    for _ in range(times // TASKS):
        tasks = [asyncio.create_task(same(n)) for n in range(TASKS)]
        assert [await task for task in tasks] == list(range(TASKS))


async def put_all(queue, times):
    for n in range(times):
        await queue.put(n)
    await queue.put(None)  # shutdown() came with 3.13


async def add_up(queue):
    total = 0
    while (n := await queue.get()) is not None:
        total += n
        queue.task_done()
    return total


async def queue(times, capacity):
    items = asyncio.Queue(capacity)
    producer = asyncio.create_task(put_all(items, times))
    consumer = asyncio.create_task(add_up(items))
    await producer
    assert await consumer == sum(range(times))


async def waits(times):
    for _ in range(times):
        tasks = [asyncio.create_task(asyncio.sleep(WAIT)) for _ in range(WAITS)]
        for task in tasks:
            await task


WORK = {
    "event-loop": (event_loop, 10_000),
    "async-queue-1024": (lambda times: queue(times, 1024), 20_000),
    "async-queue-3": (lambda times: queue(times, 3), 20_000),
    "async-waits": (waits, 1),
    "event-loop-waits": (waits, 1),
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
