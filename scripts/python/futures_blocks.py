"""A block of chapter 4 in CPython: seconds an operation.

Usage: futures_blocks.py submit|process-map|process-exec|sums
"""

import contextlib
import json
import multiprocessing
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

ROUNDS = 3
WORKERS = 4


def same(n):
    return n


def square(n):
    return n * n


def total(n):
    return sum(i * i for i in range(n))


def submit(executor, times):
    futures = [executor.submit(same, n) for n in range(times)]
    assert [future.result() for future in futures] == list(range(times))


def process_map(executor, times):
    assert list(executor.map(square, range(times))) == [n * n for n in range(times)]


def sums(executor, times):
    assert len(list(executor.map(total, [1_000_000] * 8))) == 8


def processes():
    return ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("fork"))


def threads():
    return ThreadPoolExecutor(WORKERS)


def process_exec(_, times):
    # It comes on standard input. A worker would look for it in a file of that name, and end.
    globals().pop("__file__", None)
    spawn = multiprocessing.get_context("spawn")
    for _ in range(times):
        with ProcessPoolExecutor(1, mp_context=spawn) as executor:
            # What the worker finds without this program.
            assert executor.submit(abs, -1).result() == 1


WORK = {
    "submit": (threads, submit, 5_000),
    "process-map": (processes, process_map, 2_000),
    "process-exec": (contextlib.nullcontext, process_exec, 2),
    "sums": (processes, sums, 1),
}

executor, work, times = WORK[sys.argv[1]]
results = []
with executor() as executor:
    work(executor, times)  # all workers are there
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work(executor, times)
        results.append((time.perf_counter() - begin) / times)
print(json.dumps(statistics.median(results)))
