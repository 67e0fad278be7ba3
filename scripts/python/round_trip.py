"""A message to another unit, and its answer.

Usage: round_trip.py threads|processes|tasks TRIPS OVER      (all of them so often over)
"""

import queue
import threading

from common import fork, run, seconds_each


def answered(trip, count, over):
    total = 0
    for _ in range(over):
        for number in range(count):
            answer = trip(number)
            assert answer == number + 1
            total += answer
    return total // over


def threads(count, over):
    there, back = queue.Queue(1), queue.Queue(1)

    def echo():
        for _ in range(count * over + 1):
            back.put(there.get() + 1)

    def trip(number):
        there.put(number)
        return back.get()

    unit = threading.Thread(target=echo)
    unit.start()
    trip(0)

    def work():
        total = answered(trip, count, over)
        unit.join()
        return total

    return seconds_each(count * over, work)


def processes(count, over):
    ours, theirs = fork.Pipe()

    def echo():
        for _ in range(count * over + 1):
            theirs.send(theirs.recv() + 1)

    def trip(number):
        ours.send(number)
        return ours.recv()

    unit = fork.Process(target=echo)
    unit.start()
    trip(0)

    def work():
        total = answered(trip, count, over)
        unit.join()
        return total

    sample = seconds_each(count * over, work)
    ours.close()
    theirs.close()
    return sample


def tasks(count, over):
    import asyncio  # here: it takes longer than much of what is measured

    async def main():
        there, back = asyncio.Queue(1), asyncio.Queue(1)

        async def echo():
            for _ in range(count * over):
                await back.put(await there.get() + 1)

        task = asyncio.create_task(echo())
        total = 0
        for _ in range(over):
            for number in range(count):
                await there.put(number)
                answer = await back.get()
                assert answer == number + 1
                total += answer
        await task
        return total // over

    return seconds_each(count * over, lambda: asyncio.run(main()))


run({"threads": threads, "processes": processes, "tasks": tasks})
