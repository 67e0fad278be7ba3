"""The mixed job: requests that each wait, for what stands for an answer on its way, and then compute.

Usage: mixed.py MODEL REQUESTS MILLISECONDS TERMS OVER MOST_THREADS MOST_PROCESSES

MODEL is sequential, threads, processes, tasks, thread-pool or process-pool. The computing is a sum of
squares, so often over. Where there are more requests than may be served at a time, a thread or process serves
one after the other. A task computes in the event loop's own thread pool.
"""

import threading
import time

from common import fork, process_pool, rate, run, thread_pool


def compute(terms, over):
    for _ in range(over):
        total = 0
        for i in range(terms):
            total += i * i
    return total


def serve(milliseconds, terms, over):
    time.sleep(milliseconds / 1000)
    return compute(terms, over)


def same(totals):
    """What each request came to."""
    assert all(total == totals[0] for total in totals)
    return totals[0]


def sequential(count, *request_and_most):
    request = request_and_most[:3]
    return rate(count, lambda: same([serve(*request) for _ in range(count)]))


def at_once(start, totals, most, *request):
    count = len(totals)
    each = -(-count // most)
    shares = [range(first, min(first + each, count)) for first in range(0, count, each)]

    def serve_all(share):
        for index in share:
            totals[index] = serve(*request)

    def work():
        units = [start(target=serve_all, args=(share,)) for share in shares]
        for unit in units:
            unit.start()
        for unit in units:
            unit.join()
        return same(list(totals))

    return rate(count, work)


def threads(count, milliseconds, terms, over, most, _):
    return at_once(threading.Thread, [0] * count, most, milliseconds, terms, over)


def processes(count, milliseconds, terms, over, _, most):
    return at_once(fork.Process, fork.Array("Q", count), most, milliseconds, terms, over)


def tasks(count, milliseconds, terms, over, *_):
    import asyncio  # here: it takes longer than much of what is measured

    async def serve():
        await asyncio.sleep(milliseconds / 1000)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, compute, terms, over)

    async def main():
        return same(await asyncio.gather(*(serve() for _ in range(count))))

    return rate(count, lambda: asyncio.run(main()))


def pooled(executor, count, most, *request):
    def work():
        with executor(min(most, count)) as workers:
            futures = [workers.submit(serve, *request) for _ in range(count)]
            return same([future.result() for future in futures])

    return rate(count, work)


run({
    "sequential": sequential,
    "threads": threads,
    "processes": processes,
    "tasks": tasks,
    "thread-pool": lambda count, wait, terms, over, most, _: pooled(
        thread_pool, count, most, wait, terms, over
    ),
    "process-pool": lambda count, wait, terms, over, _, most: pooled(
        process_pool, count, most, wait, terms, over
    ),
})
