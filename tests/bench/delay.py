#!/usr/bin/env python3
"""A long way to the server: passes bytes on after half the round trip in each direction, as fast as they come.
  delay.py PORT TO_PORT ROUND_TRIP_MS"""
import asyncio
import sys


async def one_way(reader, writer, delay_s):
    """What was read is written that much later, in order; the next is read meanwhile."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue(1000)

    async def read():
        while True:
            try:
                data = await reader.read(65536)
            except ConnectionError:
                data = b""
            await waiting.put((loop.time() + delay_s, data))
            if not data:
                return

    reading = asyncio.create_task(read())
    try:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        reading.cancel()
        writer.close()


async def main(port, to_port, round_trip_ms):
    async def connected(reader, writer):
        await asyncio.sleep(round_trip_ms / 1000)  # of the handshake
        there, back = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(one_way(reader, back, round_trip_ms / 2000), one_way(there, writer, round_trip_ms / 2000))

    server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=256)
    async with server:
        await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
