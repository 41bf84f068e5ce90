"""Shows a port of the lab's loopback on the outer one."""

import ctypes
import os
import socket
import threading

CLONE_NEWNET = 0x40000000
CONNECTIONS_MAX = 32


def connect_inside(leader: int, port: int) -> socket.socket:
    """A connection made in the lab's network: only the calling thread moves there."""
    made: list[socket.socket | OSError] = []

    def connect() -> None:
        try:
            handle = os.open(f"/proc/{leader}/ns/net", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(handle, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(handle)
            made.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


def pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # either end may go at any time; the other pump sees it too


def serve_one(leader: int, port: int, outer: socket.socket, places: threading.Semaphore) -> None:
    with places, outer:
        try:
            inner = connect_inside(leader, port)
        except OSError:
            return  # nothing listens there yet: the outer connection is closed
        with inner:
            inner.settimeout(None)
            back = threading.Thread(target=pump, args=(inner, outer), daemon=True)
            back.start()
            pump(outer, inner)
            back.join()


def serve(leader: int, port: int, to: int) -> None:
    places = threading.Semaphore(CONNECTIONS_MAX)
    with socket.create_server(("127.0.0.1", to)) as listener:
        print(f"http://127.0.0.1:{to}", flush=True)
        while True:
            outer, _ = listener.accept()
            threading.Thread(target=serve_one, args=(leader, port, outer, places), daemon=True).start()
