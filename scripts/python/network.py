"""Network row: a server that sends back what it receives, until its standard input, a socket, is closed.

Usage: network.py threads|processes|tasks
"""

import os
import resource
import selectors
import socket
import sys
import threading

MESSAGE = 16


def echo(connection):
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while message := connection.recv(MESSAGE, socket.MSG_WAITALL):
            connection.sendall(message)


def threads():
    def accept():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    control.recv(1)
    os._exit(0)


def processes():
    import multiprocessing  # here: the other servers need not wait for it

    fork = multiprocessing.get_context("fork")
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    waiting.register(control, selectors.EVENT_READ)
    units = []
    while all(key.fileobj is listener for key, _ in waiting.select()):
        connection, _ = listener.accept()
        unit = fork.Process(target=echo, args=(connection,))
        unit.start()
        units.append(unit)
        connection.close()
    for unit in units:
        unit.join()


def tasks():
    import asyncio  # as above

    async def serve(reader, writer):
        try:
            while True:
                writer.write(await reader.readexactly(MESSAGE))
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    async def main():
        server = await asyncio.start_server(serve, sock=listener, backlog=BACKLOG)
        end = asyncio.Event()
        asyncio.get_running_loop().add_reader(control, end.set)
        async with server:
            await end.wait()
            os._exit(0)

    asyncio.run(main())


BACKLOG = 128
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
control = socket.socket(fileno=os.dup(0))
listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
control.sendall(b"%d %d\n" % (os.getpid(), listener.getsockname()[1]))
{"threads": threads, "processes": processes, "tasks": tasks}[sys.argv[1]]()
