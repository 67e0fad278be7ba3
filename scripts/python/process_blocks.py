"""A block of chapter 3 in CPython: seconds an operation.

Usage: process_blocks.py NAME     (one of those at the end)
"""

import json
import multiprocessing
import os
import sys
import time

# What the document's programs start on Linux up to 3.13; newer ones start afresh.
fork = multiprocessing.get_context("fork")


def nothing():
    pass


def timed(times, work):
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) / times


def process():
    def work():
        for _ in range(50):
            unit = fork.Process(target=nothing)
            unit.start()
            unit.join()

    return timed(50, work)


def beside(target, *args):
    """A process that runs meanwhile."""
    unit = fork.Process(target=target, args=args)
    unit.start()
    return unit


def pin(core):
    """To the first or second of the cores that this program may use."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


def queue(item, times, pinned):
    """One producer, one consumer; the first item says that the producer runs."""

    def produce(queue):
        if pinned:
            pin(0)
        for _ in range(times + 1):
            queue.put(item)

    channel = fork.Queue(1024)
    unit = beside(produce, channel)
    if pinned:
        pin(1)
    channel.get()

    def work():
        for _ in range(times):
            channel.get()

    taken = timed(times, work)
    unit.join()
    return taken


def pipe():
    times = 5000

    def echo(connection):
        for _ in range(times + 1):
            connection.send_bytes(connection.recv_bytes())

    ours, theirs = fork.Pipe()
    unit = beside(echo, theirs)

    def trip():
        ours.send_bytes(b"x")
        ours.recv_bytes()

    trip()
    taken = timed(times, lambda: [trip() for _ in range(times)])
    unit.join()
    return taken


def counter():
    """Four processes, one lock."""
    times = 5000

    def count(value):
        for _ in range(times):
            with value.get_lock():
                value.value += 1

    value = fork.Value("q", 0)

    def work():
        units = [beside(count, value) for _ in range(4)]
        for unit in units:
            unit.join()

    taken = timed(4 * times, work)
    assert value.value == 4 * times
    return taken


def square(x):
    return x * x


def pool(times, chunksize):
    with fork.Pool(4) as workers:
        workers.map(square, range(1000))

        def work():
            assert len(workers.map(square, range(times), chunksize)) == times

        return timed(times, work)


BLOCKS = {
    "process": process,
    "queue": lambda: queue(7, 20_000, False),
    "queue-pinned": lambda: queue(7, 20_000, True),
    "queue-bytes": lambda: queue(bytes(64 * 1024), 1000, False),
    "pipe": pipe,
    "queue-trip": pipe,
    "counter": counter,
    "pool-each": lambda: pool(10_000, 1),
    "pool": lambda: pool(200_000, None),
}

print(json.dumps(BLOCKS[sys.argv[1]]()))
