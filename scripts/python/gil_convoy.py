"""Answers bytes on a socket, file descriptor 0, while another thread computes, until there are no more.

The first answer comes when both threads are at work.

Usage: gil_convoy.py INTERVAL_MICROS CORE_BURN CORE_ANSWER
"""

import json
import os
import socket
import sys
import threading

interval, core_burn, core_answer = map(int, sys.argv[1:])
begun = threading.Event()


def burn():
    os.sched_setaffinity(0, {core_burn})  # 0: this thread
    begun.set()
    count = 0
    while True:
        count += 1


sys.setswitchinterval(interval / 1e6)
threading.Thread(target=burn, daemon=True).start()
if not begun.wait(10):
    sys.exit("the computing thread does not begin")
os.sched_setaffinity(0, {core_answer})
answered = 0
with socket.socket(fileno=os.dup(0)) as requests:
    while byte := requests.recv(1):
        requests.sendall(byte)
        answered += 1
print(json.dumps({"answered": answered, "interval": round(sys.getswitchinterval() * 1e6)}))
