"""CPU-bound row: eight tasks, each adding up the squares below a million.

Usage: cpu_bound.py sequential|threads|processes
"""

import json
import multiprocessing
import os
import sys
import threading
import time

TASKS = 8
TERMS = 1_000_000


def sum_of_squares(n):
    total = 0
    for i in range(n):
        total += i * i
    return total


def sequential():
    return sum(sum_of_squares(TERMS) for _ in range(TASKS))


def threads():
    totals = [0] * TASKS

    def task(index):
        totals[index] = sum_of_squares(TERMS)

    units = [threading.Thread(target=task, args=(index,)) for index in range(TASKS)]
    for unit in units:
        unit.start()
    for unit in units:
        unit.join()
    return sum(totals)


def processes():
    fork = multiprocessing.get_context("fork")
    totals = fork.Array("Q", TASKS)

    def task(index):
        totals[index] = sum_of_squares(TERMS)

    units = [fork.Process(target=task, args=(index,)) for index in range(TASKS)]
    for unit in units:
        unit.start()
    for unit in units:
        unit.join()
    return sum(totals)


def cpu_time():
    """Of this process and the children it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


models = {"sequential": sequential, "threads": threads, "processes": processes}
work = models[sys.argv[1]]
sum_of_squares(TERMS // 10)  # warm-up: the interpreter specialises the loop
cpu, begin = cpu_time(), time.perf_counter()
answer = work()
value, cpu = time.perf_counter() - begin, cpu_time() - cpu
print(json.dumps({"value": value, "cpu": cpu, "answer": answer}))
