"""What every measured program of the table has in common: sizes, a sample, another for each line read.

A program gives `run` its models. It is started as `python3 PROGRAM.py MODEL SIZE…`, takes a measurement
and prints it as a line of JSON, and takes another for each line on its standard input. The very first is not
counted, it warms up; not so where a fresh process is asked for.
"""

import json
import multiprocessing
import os
import resource
import sys
import time

# What the document's programs start on Linux up to 3.13; newer ones start afresh.
fork = multiprocessing.get_context("fork")


def thread_pool(workers):
    from concurrent.futures import ThreadPoolExecutor  # here: most programs do without

    return ThreadPoolExecutor(workers)


def process_pool(workers):
    from concurrent.futures import ProcessPoolExecutor  # as above

    return ProcessPoolExecutor(workers, mp_context=fork)


def cores():
    """How many this program may use."""
    return len(os.sched_getaffinity(0))


def usage():
    """CPU seconds, voluntary and involuntary context switches, of this process and the children it has
    waited for."""
    both = [resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)]
    return [
        sum(of.ru_utime + of.ru_stime for of in both),
        sum(of.ru_nvcsw for of in both),
        sum(of.ru_nivcsw for of in both),
    ]


def timed(work):
    """A sample of `work`, which gives its answer; the value is the time it took, in seconds."""
    before, begin = usage(), time.perf_counter()
    answer = work()
    wall, after = time.perf_counter() - begin, usage()
    cpu, voluntary, involuntary = (new - old for new, old in zip(after, before))
    return {
        "value": wall,
        "wall": wall,
        "cpu": cpu,
        "voluntary": voluntary,
        "involuntary": involuntary,
        "answer": answer,
    }


def seconds_each(count, work):
    """A sample whose value is the time divided by `count`."""
    sample = timed(work)
    return {**sample, "value": sample["wall"] / count}


def rate(count, work):
    """A sample whose value is how many of `count` there were a second."""
    sample = timed(work)
    return {**sample, "value": count / sample["wall"]}


def proportional_set_size(pid="self"):
    """The memory that is a process's own share, in bytes."""
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        for line in rollup:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("this system does not tell the memory of a process")


def run(models, fresh=False):
    """Takes measurements as the command line says: `models` gives for each name a function that takes the
    sizes and returns a sample."""
    measure, sizes = models[sys.argv[1]], [int(size) for size in sys.argv[2:]]
    if not fresh:
        measure(*sizes)
    while True:
        print(json.dumps(measure(*sizes)), flush=True)
        if not os.read(0, 1):
            return
