"""Creating and joining one unit that does nothing. Of a pool's task: submitting it and asking for its result.

Usage: creation.py threads|processes|tasks|thread-pool|process-pool TIMES
"""

import threading

from common import cores, fork, process_pool, run, seconds_each, thread_pool


def nothing():
    pass


def each(start, times):
    def work():
        for _ in range(times):
            unit = start(target=nothing)
            unit.start()
            unit.join()
        return 1

    return seconds_each(times, work)


def tasks(times):
    import asyncio  # here: it takes longer than much of what is measured

    async def nothing():
        pass

    async def main():
        for _ in range(times):
            await asyncio.create_task(nothing())
        return 1

    return seconds_each(times, lambda: asyncio.run(main()))


def pooled(executor, times):
    def work():
        with executor(cores()) as workers:
            for _ in range(times):
                workers.submit(nothing).result()
        return 1

    return seconds_each(times, work)


run({
    "threads": lambda times: each(threading.Thread, times),
    "processes": lambda times: each(fork.Process, times),
    "tasks": tasks,
    "thread-pool": lambda times: pooled(thread_pool, times),
    "process-pool": lambda times: pooled(process_pool, times),
})
