"""A cluster's answer, waited for no longer than so many seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from distributed import Client

Answer = TypeVar("Answer")


def within(client: Client, seconds: float, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask something that is awaited, in the client's own thread; its methods can be there.

    Raises
    ------
    TimeoutError : no answer came
    OSError : the scheduler is not there
    """

    async def asked() -> Answer:
        return await asyncio.wait_for(ask(), seconds)

    try:
        answer: Answer = client.sync(asked)
    except asyncio.TimeoutError as error:  # a class of its own before Python 3.11
        raise TimeoutError from error
    return answer
