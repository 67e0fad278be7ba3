"""How many units are alive at once, one more and another, until the budget is used up or the system refuses.

Usage: greatest.py threads|processes|tasks UNITS MEBIBYTES MILLISECONDS

Never more than a quarter of the memory that is available or of the process numbers that are free. What ended it is
part of the sample.
"""

import errno
import os
import resource
import signal
import threading
import time

from common import fork, proportional_set_size, run

MIB = 1024 * 1024
FIRST_LOOK = 16  # so many units are started before memory is looked at
NEARLY = 8  # a limit with fewer left counts as reached: others come and go meanwhile
BATCH = 1000  # so many tasks are started before they are let begin


class Ramp:
    def __init__(self, units, mebibytes, milliseconds, before, takes_places):
        self.units, self.before, self.look_at, self.stopped_by = 0, before, FIRST_LOOK, None
        self.most, self.most_text = units, f"预算: {units} 个 · budget: {units} units"
        free = free_places()
        if takes_places and free is not None and free // 4 < units:
            self.most = free // 4
            self.most_text = "预算: 空闲进程号的四分之一 · budget: a quarter of the free process numbers"
        self.bytes = mebibytes * MIB
        self.bytes_text = f"预算: {mebibytes} MiB · budget: {mebibytes} MiB"
        left = available()
        if left // 4 < self.bytes:
            self.bytes = left // 4
            self.bytes_text = "预算: 可用内存的四分之一 · budget: a quarter of the memory available"
        self.floor = left // 4 * 3
        self.until = time.monotonic() + milliseconds / 1000
        self.time_text = f"时间: {milliseconds} ms · time: {milliseconds} ms"

    def has_room(self, memory):
        """Whether one more may be started; `memory` tells the bytes in use now."""
        if self.stopped_by is None:
            self.stopped_by = self.reached(memory)
        return self.stopped_by is None

    def reached(self, memory):
        if self.units >= self.most:
            return self.most_text
        if time.monotonic() >= self.until:
            return self.time_text
        if self.units < self.look_at:
            return None
        try:
            used = max(memory() - self.before, 0)
        except OSError as error:
            if error.errno != errno.EMFILE:
                raise
            return limit_behind(error)
        left = self.bytes - used
        if left <= 0:
            return self.bytes_text
        if available() < self.floor:
            return "内存只剩原来的四分之三 · three quarters of the memory are left"
        # Not so many more that, as they are, they would pass the budget.
        each = max(used // self.units, 1)
        self.look_at = self.units + max(1, min(left // each, max(self.units // 4, FIRST_LOOK)))
        return None

    def refused(self, error):
        self.stopped_by = limit_behind(error) or str(error)

    def sample(self):
        return {"value": self.units, "answer": 1, "stopped_by": self.stopped_by}


def text(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def number(path):
    digits = text(path).strip()
    return int(digits) if digits.isdigit() else None


def field(of, name):
    for line in of.splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return None


def available():
    return field(text("/proc/meminfo"), "MemAvailable:") * 1024


def tasks_of_all():
    return int(text("/proc/loadavg").split()[3].split("/")[1])


def tasks_of_this_user():
    tasks = 0
    for name in os.listdir("/proc"):
        status = text(f"/proc/{name}/status") if name.isdigit() else ""
        if status and field(status, "Uid:") == os.getuid():
            tasks += field(status, "Threads:") or 1
    return tasks


def free_places():
    limits = [number("/proc/sys/kernel/pid_max"), number("/proc/sys/kernel/threads-max")]
    return None if None in limits else max(min(limits) - tasks_of_all(), 0)


def control_group():
    """The least room in the control groups of this process: how many tasks there may be, and are."""
    found = []
    for line in text("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "pids" not in controllers.split(","):
            continue
        root = "/sys/fs/cgroup/pids" if controllers else "/sys/fs/cgroup"
        group = os.path.normpath(root + path)
        while group.startswith(root):
            used, most = number(f"{group}/pids.current"), number(f"{group}/pids.max")
            if used is not None and most is not None:
                found.append((most, used))
            group = os.path.dirname(group)
    return min(found, key=lambda room: room[0] - room[1], default=(None, None))


def limit_behind(error):
    # Threads have an error of their own, without a number.
    code = getattr(error, "errno", errno.EAGAIN)
    if code == errno.EMFILE:
        return f"RLIMIT_NOFILE = {resource.getrlimit(resource.RLIMIT_NOFILE)[0]}"
    if code not in (errno.EAGAIN, errno.ENOMEM):
        return None
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    limits = [
        ("pids.max", *control_group()),
        ("RLIMIT_NPROC", processes if processes >= 0 else None, tasks_of_this_user()),
        ("vm.max_map_count", number("/proc/sys/vm/max_map_count"), text("/proc/self/maps").count("\n")),
        ("kernel.threads-max", number("/proc/sys/kernel/threads-max"), tasks_of_all()),
        ("kernel.pid_max", number("/proc/sys/kernel/pid_max"), tasks_of_all()),
    ]
    for name, most, used in limits:
        if most is not None and used + NEARLY >= most:
            return f"{name} = {most}"
    return None


def threads(*budget):
    ramp = Ramp(*budget, proportional_set_size(), True)
    alive, end = threading.Semaphore(0), threading.Event()

    def wait():
        alive.release()
        end.wait()

    units = []
    while ramp.has_room(proportional_set_size):
        unit = threading.Thread(target=wait)
        try:
            unit.start()
        except RuntimeError as error:
            ramp.refused(error)
            continue
        units.append(unit)
        alive.acquire()
        ramp.units += 1
    end.set()
    for unit in units:
        unit.join()
    return ramp.sample()


def processes(*budget):
    units = []

    def memory():
        return proportional_set_size() + sum(proportional_set_size(unit.pid) for unit in units)

    ramp = Ramp(*budget, memory(), True)
    alive, ready = os.pipe()

    def wait():
        os.write(ready, b"0")
        while True:
            signal.pause()

    while ramp.has_room(memory):
        unit = fork.Process(target=wait, daemon=True)
        try:
            unit.start()
        except OSError as error:
            ramp.refused(error)
            continue
        units.append(unit)
        os.read(alive, 1)
        ramp.units += 1
    for unit in units:
        unit.kill()
    for unit in units:
        unit.join()
    return ramp.sample()


def tasks(*budget):
    import asyncio  # here: it takes longer than much of what is measured

    async def main():
        ramp = Ramp(*budget, proportional_set_size(), False)
        begun, units = 0, []

        async def wait():
            nonlocal begun
            begun += 1
            await asyncio.sleep(3600)

        async def all_have_begun():
            while begun < len(units):
                await asyncio.sleep(0)

        while ramp.has_room(proportional_set_size):
            units.append(asyncio.create_task(wait()))
            ramp.units += 1
            if len(units) % BATCH == 0:
                await all_have_begun()
        await all_have_begun()
        for unit in units:
            unit.cancel()
        ended = await asyncio.gather(*units, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended)
        return ramp.sample()

    return asyncio.run(main())


run({"threads": threads, "processes": processes, "tasks": tasks}, fresh=True)
