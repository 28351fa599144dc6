"""relay.py PORT RTT_MS: hands bytes to that port of 127.0.0.1 and back, RTT_MS late in all.

Prints the port on which it listens. It stands for the network between a host and its Redis.
"""

import asyncio
import sys


async def hand_over(reader, writer, late_s):
    """Bytes in order: one delay for all, so the timers of one way keep their order."""
    loop = asyncio.get_running_loop()
    while data := await reader.read(65536):
        loop.call_later(late_s, writer.write, data)
    loop.call_later(late_s, writer.close)


async def serve(port, late_s):
    async def connected(reader, writer):
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(
            hand_over(reader, redis_writer, late_s),
            hand_over(redis_reader, writer, late_s),
            return_exceptions=True,
        )

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]) / 2000))
