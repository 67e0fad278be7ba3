"""What each of many idle units adds to the memory in use, in bytes.

Usage: memory.py threads|processes|tasks UNITS
"""

import threading

from common import fork, proportional_set_size, run


def threads(count):
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
    units = [threading.Thread(target=wait) for _ in range(count)]
    for unit in units:
        unit.start()
    for _ in range(count):
        waiting.acquire()
    after = proportional_set_size()
    end.set()
    for unit in units:
        unit.join()
    return {"value": (after - before) / count, "answer": 1}


def processes(count):
    def wait(connection):
        connection.send(None)
        connection.recv()

    before = proportional_set_size()
    units = []
    for _ in range(count):
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
    return {"value": (after - before) / count, "answer": 1}


def tasks(count):
    import asyncio  # here: it takes longer than much of what is measured

    async def nothing():
        pass

    async def main():
        begun, units = 0, []

        async def wait():
            nonlocal begun
            begun += 1
            await asyncio.sleep(3600)

        await asyncio.create_task(nothing())
        before = proportional_set_size()
        for _ in range(count):
            units.append(asyncio.create_task(wait()))
        while begun < count:
            await asyncio.sleep(0)
        after = proportional_set_size()
        for unit in units:
            unit.cancel()
        await asyncio.gather(*units, return_exceptions=True)
        return {"value": (after - before) / count, "answer": 1}

    return asyncio.run(main())


run({"threads": threads, "processes": processes, "tasks": tasks}, fresh=True)
