// SPDX-License-Identifier: Apache-2.0
//
// ids.test.ts -- ids that need escaping in a path go through every operation that has one there.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Zep } from "@getzep/zep-cloud";
import { contents, fails, fresh, newUser, says, zep } from "./support";

const ODD: Record<string, string> = {
    slash: "a/b",
    "slashes at the ends": "/a//b/",
    "a way up": "../../users",
    space: "two words",
    plus: "1+1",
    percent: "100%",
    "an escape that is none": "50%2F50",
    "question mark and hash": "a?b#c",
    "colon and at": "urn:x@y",
    "quote and backslash": "\"'\\",
    "ampersand, equals, semicolon, comma": "a&b=c;d,e",
    brackets: "[{<(|^`~)>}]",
    "control character": "tab\there",
    cyrillic: "пользователь",
    chinese: "用户/一",
    arabic: "مستخدم",
    emoji: "👩🏽‍🚀 🚀",
    combining: "e\u0301",
};

for (const [name, odd] of Object.entries(ODD)) {
    test(`ids with ${name}`, async () => {
        // The odd part stands last, so that it is also what ends the path's segment.
        const id = `${fresh("id")} ${odd}`;

        await zep.user.add({ userId: id });
        assert.equal((await zep.user.get(id)).userId, id);
        assert.equal((await zep.user.update(id, { firstName: "Odd" })).firstName, "Odd");
        assert.equal((await zep.user.getNode(id)).node?.name?.length! > 0, true);

        await zep.memory.addSession({ sessionId: id, userId: id });
        const session = await zep.memory.getSession(id);
        assert.equal(session.sessionId, id);
        assert.equal(session.userId, id);
        assert.deepEqual((await zep.user.getSessions(id)).map((s) => s.sessionId), [id]);
        assert.deepEqual((await zep.memory.updateSession(id, { metadata: { id } })).metadata, { id });

        await zep.memory.add(id, { messages: [says("The walrus yawned.")] });
        assert.deepEqual(contents((await zep.memory.get(id)).messages), ["The walrus yawned."]);
        const [message] = (await zep.memory.getSessionMessages(id)).messages!;
        assert.equal((await zep.memory.getSessionMessage(id, message.uuid!)).content, "The walrus yawned.");
        const marked = await zep.memory.updateMessageMetadata(id, message.uuid!, { metadata: { id } });
        assert.deepEqual(marked.metadata, { id });
        assert.equal((await zep.memory.search(id, { text: "walrus" }))[0].message?.uuid, message.uuid);
        assert.equal((await zep.memory.searchSessions({ text: "walrus", userId: id })).results?.[0].sessionId, id);
        assert.equal((await zep.graph.episode.getByUserId(id)).episodes?.[0].sessionId, id);
        assert.equal((await zep.graph.search({ userId: id, query: "walrus", scope: "episodes" })).episodes?.length, 1);
        assert.equal((await zep.memory.endSession(id)).session?.sessionId, id);
        assert.equal((await zep.memory.endSessions({ sessionIds: [id] })).sessions?.[0].sessionId, id);
        await zep.memory.delete(id);
        await fails(zep.memory.getSession(id), Zep.NotFoundError, 404);
        await zep.user.delete(id);
        await fails(zep.user.get(id), Zep.NotFoundError, 404);

        await zep.group.add({ groupId: id });
        assert.equal((await zep.group.getGroup(id)).groupId, id);
        assert.equal((await zep.group.update(id, { name: "Odd" })).name, "Odd");
        await zep.graph.add({ groupId: id, type: "text", data: "walrus" });
        assert.equal((await zep.graph.episode.getByGroupId(id)).episodes?.length, 1);
        await zep.group.delete(id);
        await fails(zep.group.getGroup(id), Zep.NotFoundError, 404);
    });
}

test("a session may be called as a route is", async () => {
    for (const sessionId of ["search", "end"]) {
        await zep.memory.delete(sessionId).catch((e) => assert.equal(e.statusCode, 404, String(e)));
        await zep.memory.addSession({ sessionId, userId: await newUser() });
        assert.equal((await zep.memory.getSession(sessionId)).sessionId, sessionId);
        assert.deepEqual((await zep.memory.updateSession(sessionId, { metadata: { a: 1 } })).metadata, { a: 1 });
        assert.equal((await zep.memory.endSession(sessionId)).session?.sessionId, sessionId);
        await zep.memory.delete(sessionId);
    }
});

test("ids are compared byte by byte", async () => {
    const mark = fresh("user");
    for (const pair of [["Case", "case"], ["é", "e\u0301"], ["a b", "a+b"], ["a/b", "a%2Fb"], ["x", "x "]]) {
        for (const id of pair) {
            await newUser({ userId: `${mark}-${id}`, metadata: { id } });
        }
        for (const id of pair) {
            const got = await zep.user.get(`${mark}-${id}`);
            assert.equal(got.userId, `${mark}-${id}`);
            assert.deepEqual(got.metadata, { id });
        }
    }
});

test("an id may have 500 characters of any script", async () => {
    const userId = fresh("user").padEnd(500, "語");
    await zep.user.add({ userId });
    assert.equal((await zep.user.get(userId)).userId, userId);
    const sessionId = fresh("session").padEnd(500, "é");
    await zep.memory.addSession({ sessionId, userId });
    assert.equal((await zep.memory.getSession(sessionId)).userId, userId);
    await fails(zep.user.add({ userId: `${userId}語` }), Zep.BadRequestError, 400);
});
