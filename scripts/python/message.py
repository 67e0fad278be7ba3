"""Messages from one unit to another, through a bounded queue.

Usage: message.py threads|processes|tasks MESSAGES OVER      (all of them so often over)
"""

import queue
import threading

from common import fork, rate, run

CAPACITY = 1024


def produce(channel, go, count, over):
    channel.put(0)
    go.wait()
    for _ in range(over):
        for number in range(count):
            channel.put(number)


def at_once(start, channel, go, count, over):
    unit = start(target=produce, args=(channel, go, count, over))
    unit.start()
    channel.get()

    def work():
        go.set()
        total = 0
        for _ in range(over):
            for number in range(count):
                received = channel.get()
                assert received == number
                total += received
        unit.join()
        return total // over

    return rate(count * over, work)


def tasks(count, over):
    import asyncio  # here: it takes longer than much of what is measured

    async def produce(channel):
        for _ in range(over):
            for number in range(count):
                await channel.put(number)

    async def main():
        channel = asyncio.Queue(CAPACITY)
        producer = asyncio.create_task(produce(channel))
        total = 0
        for _ in range(over):
            for number in range(count):
                received = await channel.get()
                assert received == number
                total += received
        await producer
        return total // over

    return rate(count * over, lambda: asyncio.run(main()))


run({
    "threads": lambda *sizes: at_once(
        threading.Thread, queue.Queue(CAPACITY), threading.Event(), *sizes
    ),
    "processes": lambda *sizes: at_once(
        fork.Process, fork.Queue(CAPACITY), fork.Event(), *sizes
    ),
    "tasks": tasks,
})
