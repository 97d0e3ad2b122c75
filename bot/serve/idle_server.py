"""A uvicorn server that sleeps longer while nobody asks."""

import asyncio
from itertools import count

from uvicorn import Server

_TICK = 5  # tenths of a second between two looks at whether to stop; uvicorn's is one


class IdleServer(Server):
    async def main_loop(self) -> None:
        for tenths in count(0, _TICK):
            if await self.on_tick(tenths):
                return
            await asyncio.sleep(_TICK / 10)
