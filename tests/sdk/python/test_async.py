# SPDX-License-Identifier: Apache-2.0
"""AsyncZep: the same road, many requests at once."""
import asyncio

from zep_cloud import Message
from zep_cloud.client import AsyncZep
from zep_cloud.errors import BadRequestError, NotFoundError

import expect
from harness import unique


def client_of(server):
    return AsyncZep(api_key=server.key, base_url=server.api_url)


def test_a_session_from_end_to_end(server):
    async def story():
        zep = client_of(server)
        user_id, session_id = unique("user"), unique("session")
        expect.user(await zep.user.add(user_id=user_id), user_id)
        expect.session(await zep.memory.add_session(session_id=session_id, user_id=user_id), session_id, user_id)
        await zep.memory.add(session_id, messages=[Message(role_type="user", content="My parrot is called Iris.")])
        memory = await zep.memory.get(session_id)
        assert expect.contents(memory.messages) == ["My parrot is called Iris."]
        found = await zep.graph.search(user_id=user_id, query="What is the parrot called?", scope="episodes")
        assert expect.contents(found.episodes) == ["My parrot is called Iris."]
        assert len(await zep.user.get_sessions(user_id)) == 1
        expect.ok(await zep.memory.delete(session_id))
        expect.ok(await zep.user.delete(user_id))
    asyncio.run(story())


def test_errors_are_typed(server):
    async def story():
        zep = client_of(server)
        with expect.error(404, typed=NotFoundError):
            await zep.memory.get(unique("nothing"))
        with expect.error(400, typed=BadRequestError):
            await zep.user.add(user_id="")
    asyncio.run(story())


def test_many_writers_of_one_user(server):
    async def write(zep, session_id, number):
        await zep.memory.add(session_id, messages=[
            Message(role_type="user", content=f"{number}a"), Message(role_type="assistant", content=f"{number}b")])

    async def story():
        zep = client_of(server)
        user_id, session_id = unique("user"), unique("session")
        await zep.user.add(user_id=user_id)
        await zep.memory.add_session(session_id=session_id, user_id=user_id)
        await asyncio.gather(*(write(zep, session_id, number) for number in range(40)))
        return (await zep.memory.get_session_messages(session_id)).messages

    messages = expect.contents(asyncio.run(story()))
    assert sorted(messages) == sorted(f"{number}{half}" for number in range(40) for half in "ab")
    for first, second in zip(messages[::2], messages[1::2], strict=True):
        assert (first[:-1], first[-1], second[-1]) == (second[:-1], "a", "b")
