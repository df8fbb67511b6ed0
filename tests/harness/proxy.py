# SPDX-License-Identifier: Apache-2.0
"""The network between nodes and their PostgreSQL: a proxy on the loopback interface that can be cut and mended, also
exactly at a commit. It reads no more of the protocol than that."""
import asyncio
import socket
import struct
import threading
import typing

CHUNK = 1 << 16
MOST_SECONDS = 30  # for the proxy itself to do what it is told
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends RST

WRITES, READS, COMMIT = b"READ COMMITTED", b"READ ONLY", b"COMMIT\0"  # how the nodes begin and end transactions


class Proxy:
    """`with Proxy(port) as proxy:` forwards from proxy.port to it.

    cut() drops every connection and refuses new ones until mend(). cut_at_commit() does so by itself at the next
    COMMIT of a writing transaction: BEFORE it is forwarded, or BEHIND it, when it is and the answer is not; `was_cut`
    is set then.
    """

    BEFORE, BEHIND = "before", "behind"

    def __init__(self, target: int):
        self.target = target
        self.port = 0
        self.was_cut = threading.Event()
        self.abrupt = False
        self.trap: typing.Optional[str] = None
        self.pairs: typing.Set[typing.Tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self.loop = asyncio.new_event_loop()
        self.listener: typing.Optional[asyncio.AbstractServer] = None
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self) -> "Proxy":
        self.thread.start()
        self.mend()
        return self

    def __exit__(self, *_) -> None:
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(MOST_SECONDS)

    def cut(self, abrupt: bool = False) -> None:
        """`abrupt`: by RST."""
        self._run(self._cut(abrupt))

    def cut_at_commit(self, where: str, abrupt: bool = False) -> None:
        self.was_cut.clear()
        self.abrupt = abrupt
        self.trap = where

    def mend(self) -> None:
        self._run(self._listen())

    # -- inside, in the loop's thread

    def _run(self, task) -> None:
        asyncio.run_coroutine_threadsafe(task, self.loop).result(MOST_SECONDS)

    async def _listen(self) -> None:
        self.listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self.listener.sockets[0].getsockname()[1]

    async def _cut(self, abrupt: bool) -> None:
        self.trap = None
        if self.listener:
            self.listener.close()
            self.listener = None
        for pair in self.pairs:
            for end in pair:
                drop(end, abrupt)
        self.pairs.clear()
        self.was_cut.set()

    async def _serve(self, reader, writer) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        pair = (writer, far_writer)
        if not self.listener:  # cut meanwhile
            for end in pair:
                drop(end, abrupt=False)
            return
        self.pairs.add(pair)
        try:
            await asyncio.gather(self._to_server(reader, far_writer), self._to_node(far_reader, writer))
        except OSError:
            pass
        finally:
            self.pairs.discard(pair)
            for end in pair:
                end.close()

    async def _to_server(self, reader, writer) -> None:
        writes = False
        while data := await reader.read(CHUNK):
            if WRITES in data or READS in data:
                writes = data.rfind(WRITES) > data.rfind(READS)
            trap = self.trap if writes and COMMIT in data else None
            if trap:
                self.trap = None
            if trap != self.BEFORE:
                writer.write(data)
                await writer.drain()
            if trap:
                await self._cut(self.abrupt)
                return
        writer.close()

    async def _to_node(self, reader, writer) -> None:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.close()


def drop(end: asyncio.StreamWriter, abrupt: bool) -> None:
    if abrupt:
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        end.transport.abort()
    else:
        end.close()
