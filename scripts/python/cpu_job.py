"""The CPU-bound job: so many tasks, each adding up the squares below a number.

Usage: cpu_job.py MODEL TASKS TERMS OVER      (all of it so often over)

MODEL is sequential, threads, processes, tasks, thread-pool or process-pool.
"""

import threading

from common import cores, fork, process_pool, run, seconds_each, thread_pool


def sum_of_squares(n):
    total = 0
    for i in range(n):
        total += i * i
    return total


def task(terms, over):
    for _ in range(over):
        total = sum_of_squares(terms)
    return total


def sequential(count, terms, over):
    return seconds_each(over, lambda: sum(task(terms, over) for _ in range(count)))


def at_once(start, totals, terms, over):
    def store(index):
        totals[index] = task(terms, over)

    def work():
        units = [start(target=store, args=(index,)) for index in range(len(totals))]
        for unit in units:
            unit.start()
        for unit in units:
            unit.join()
        return sum(totals)

    return seconds_each(over, work)


def threads(count, terms, over):
    return at_once(threading.Thread, [0] * count, terms, over)


def processes(count, terms, over):
    return at_once(fork.Process, fork.Array("Q", count), terms, over)


def tasks(count, terms, over):
    import asyncio  # here: it takes longer than much of what is measured

    async def one():
        return task(terms, over)

    async def main():
        return sum(await asyncio.gather(*(one() for _ in range(count))))

    return seconds_each(over, lambda: asyncio.run(main()))


def pooled(executor, count, terms, over):
    def work():
        with executor(cores()) as workers:
            return sum(workers.map(task, [terms] * count, [over] * count))

    return seconds_each(over, work)


run({
    "sequential": sequential,
    "threads": threads,
    "processes": processes,
    "tasks": tasks,
    "thread-pool": lambda *sizes: pooled(thread_pool, *sizes),
    "process-pool": lambda *sizes: pooled(process_pool, *sizes),
})
