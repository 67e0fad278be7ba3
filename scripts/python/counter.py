"""One counter under its lock, and several units that count.

Usage: counter.py threads|processes|tasks UNITS STEPS OVER      (each does its steps so often over)
"""

import threading

from common import fork, run, seconds_each


def counted(value, units, steps, over):
    assert value == units * steps * over
    return value // over


def at_once(start, count, units):
    started = [start(target=count) for _ in range(units)]
    for unit in started:
        unit.start()
    for unit in started:
        unit.join()


def threads(units, steps, over):
    def work():
        lock, value = threading.Lock(), 0

        def count():
            nonlocal value
            for _ in range(steps * over):
                with lock:
                    value += 1

        at_once(threading.Thread, count, units)
        return counted(value, units, steps, over)

    return seconds_each(units * steps * over, work)


def processes(units, steps, over):
    def work():
        value = fork.Value("Q", 0)

        def count():
            for _ in range(steps * over):
                with value.get_lock():
                    value.value += 1

        at_once(fork.Process, count, units)
        return counted(value.value, units, steps, over)

    return seconds_each(units * steps * over, work)


def tasks(units, steps, over):
    import asyncio  # here: it takes longer than much of what is measured

    async def main():
        lock, value = asyncio.Lock(), 0

        async def count():
            nonlocal value
            for _ in range(steps * over):
                async with lock:
                    value += 1

        await asyncio.gather(*(count() for _ in range(units)))
        return counted(value, units, steps, over)

    return seconds_each(units * steps * over, lambda: asyncio.run(main()))


run({"threads": threads, "processes": processes, "tasks": tasks})
