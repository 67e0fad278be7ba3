"""The CPU-bound job: so many tasks, each adding up the squares below a number.

Usage: cpu_job.py sequential|threads|processes TASKS TERMS OVER      (all of it so often over)
"""

import threading

from common import fork, run, seconds_each


def sum_of_squares(n):
    total = 0
    for i in range(n):
        total += i * i
    return total


def task(terms, over):
    for _ in range(over):
        total = sum_of_squares(terms)
    return total


def sequential(tasks, terms, over):
    return seconds_each(over, lambda: sum(task(terms, over) for _ in range(tasks)))


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


def threads(tasks, terms, over):
    return at_once(threading.Thread, [0] * tasks, terms, over)


def processes(tasks, terms, over):
    return at_once(fork.Process, fork.Array("Q", tasks), terms, over)


run({"sequential": sequential, "threads": threads, "processes": processes})
