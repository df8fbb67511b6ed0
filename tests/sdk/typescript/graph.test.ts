// SPDX-License-Identifier: Apache-2.0
//
// graph.test.ts -- graph.add, graph.addBatch; graph.episode.get, getByUserId, getByGroupId, delete.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Zep, ZepError } from "@getzep/zep-cloud";
import { TIME, UUID, contents, fails, fresh, newGroup, newSession, newUser, newUuid, says, zep } from "./support";

test("data becomes an episode of its user's graph", async () => {
    const userId = await newUser();
    const added = await zep.graph.add({
        userId,
        type: "text",
        data: "The ferry runs hourly. 渡し船 ⛴",
        sourceDescription: "timetable",
        createdAt: "2024-06-30T08:00:00-05:00",
    });
    assert.match(added.uuid, UUID);
    assert.equal(added.content, "The ferry runs hourly. 渡し船 ⛴");
    assert.equal(added.source, "text");
    assert.equal(added.sourceDescription, "timetable");
    assert.equal(added.createdAt, "2024-06-30T13:00:00.000000Z");
    assert.equal(added.processed, true);
    assert.equal(added.sessionId, undefined);
    const got = await zep.graph.episode.get(added.uuid);
    for (const field of ["uuid", "content", "source", "sourceDescription", "createdAt", "processed", "sessionId"] as const) {
        assert.equal(got[field], added[field], field);
    }
});

test("data for a group", async () => {
    const groupId = await newGroup();
    const added = await zep.graph.add({ groupId, type: "text", data: "Low tide at noon." });
    assert.match(added.createdAt, TIME);
    assert.equal((await zep.graph.episode.get(added.uuid)).content, "Low tide at noon.");
    const list = await zep.graph.episode.getByGroupId(groupId);
    assert.deepEqual(list.episodes?.map((e) => e.uuid), [added.uuid]);
});

test("graph.add refuses", async () => {
    const userId = await newUser();
    const groupId = await newGroup();
    const add = (more: Partial<Zep.AddDataRequest>) => zep.graph.add({ type: "text", data: "x", ...more });
    await fails(add({}), Zep.BadRequestError, 400, /^bad request: /);
    await fails(add({ userId, groupId }), Zep.BadRequestError, 400);
    await fails(add({ userId, data: "" }), Zep.BadRequestError, 400);
    await fails(add({ userId, data: "d".repeat(10_001) }), Zep.BadRequestError, 400);
    await fails(add({ userId, sourceDescription: "s".repeat(501) }), Zep.BadRequestError, 400);
    await fails(add({ userId: fresh("nobody") }), ZepError, 404, /not found/);
    await fails(add({ groupId: fresh("nothing") }), ZepError, 404, /not found/);
    assert.deepEqual((await zep.graph.episode.getByUserId(userId)).episodes, []);

    const long = await add({ userId, data: "🧭".repeat(10_000), sourceDescription: "🧭".repeat(500) });
    assert.equal(long.content, "🧭".repeat(10_000));
});

test("a batch keeps its order", async () => {
    const userId = await newUser();
    const data = Array.from({ length: 20 }, (_, i) => `Parcel ${i} was weighed.`);
    const added = await zep.graph.addBatch({
        userId,
        episodes: data.map((text, i) => ({ type: "text", data: text, sourceDescription: `scale ${i}` })),
    });
    assert.deepEqual(contents(added), data);
    assert.deepEqual(added.map((e) => e.sourceDescription), data.map((_, i) => `scale ${i}`));
    assert.equal(new Set(added.map((e) => e.uuid)).size, 20);
    const list = await zep.graph.episode.getByUserId(userId, { lastn: 100 });
    assert.deepEqual(list.episodes?.map((e) => e.uuid), added.map((e) => e.uuid));
});

test("graph.addBatch refuses, and then stores nothing", async () => {
    const userId = await newUser();
    const episodes = (n: number): Zep.EpisodeData[] => Array.from({ length: n }, (_, i) => ({ type: "text", data: `x ${i}` }));
    await fails(zep.graph.addBatch({ userId, episodes: episodes(21) }), Zep.BadRequestError, 400, /^bad request: /);
    await fails(zep.graph.addBatch({ episodes: episodes(1) }), Zep.BadRequestError, 400);
    const spoilt: Zep.EpisodeData[] = [...episodes(1), { type: "text", data: "d".repeat(10_001) }];
    await fails(zep.graph.addBatch({ userId, episodes: spoilt }), Zep.BadRequestError, 400);
    await fails(zep.graph.addBatch({ userId: fresh("nobody"), episodes: episodes(1) }), ZepError, 404);
    assert.deepEqual((await zep.graph.episode.getByUserId(userId)).episodes, []);
});

test("a user's episodes: messages and data, the newest last, ten unless told", async () => {
    const userId = await newUser();
    const sessionId = await newSession(userId);
    await zep.memory.add(sessionId, {
        messages: Array.from({ length: 11 }, (_, i) => says(`turn ${i}`, { role: "Nadia", roleType: "assistant" })),
    });
    const data = await zep.graph.add({ userId, type: "text", data: "an afterthought" });
    const messages = (await zep.memory.getSessionMessages(sessionId)).messages!;
    const uuids = [...messages.map((m) => m.uuid), data.uuid];

    const ten = await zep.graph.episode.getByUserId(userId);
    assert.deepEqual(ten.episodes?.map((e) => e.uuid), uuids.slice(2));
    const two = await zep.graph.episode.getByUserId(userId, { lastn: 2 });
    assert.deepEqual(two.episodes?.map((e) => e.uuid), uuids.slice(10));
    const all = await zep.graph.episode.getByUserId(userId, { lastn: 100 });
    assert.deepEqual(all.episodes?.map((e) => e.uuid), uuids);

    const first = all.episodes![0];
    assert.equal(first.content, "turn 0");
    assert.equal(first.role, "Nadia");
    assert.equal(first.roleType, "assistant");
    assert.equal(first.sessionId, sessionId);
    assert.equal(first.processed, true);
    assert.equal(first.createdAt, messages[0].createdAt);
});

test("episode lists of nobody, of nothing, and of an impossible id", async () => {
    await fails(zep.graph.episode.getByUserId(fresh("nobody")), ZepError, 404, /not found/);
    await fails(zep.graph.episode.getByGroupId(fresh("nothing")), ZepError, 404, /not found/);
    await fails(zep.graph.episode.getByUserId("nul\0nul"), Zep.BadRequestError, 400);
    await fails(zep.graph.episode.getByGroupId("nul\0nul"), Zep.BadRequestError, 400);
    assert.deepEqual((await zep.graph.episode.getByUserId(await newUser())).episodes, []);
    assert.deepEqual((await zep.graph.episode.getByGroupId(await newGroup())).episodes, []);
});

test("an episode can be deleted", async () => {
    const userId = await newUser();
    const [kept, gone] = await zep.graph.addBatch({
        userId,
        episodes: [
            { type: "text", data: "The sundial stands in the courtyard." },
            { type: "text", data: "The sundial is wrong by an hour." },
        ],
    });
    assert.equal((await zep.graph.episode.delete(gone.uuid)).message, "OK");
    await fails(zep.graph.episode.get(gone.uuid), ZepError, 404, /not found/);
    await fails(zep.graph.episode.delete(gone.uuid), Zep.NotFoundError, 404, /not found/);
    const list = await zep.graph.episode.getByUserId(userId);
    assert.deepEqual(list.episodes?.map((e) => e.uuid), [kept.uuid]);
    const found = await zep.graph.search({ userId, query: "sundial", scope: "episodes" });
    assert.deepEqual(found.episodes?.map((e) => e.uuid), [kept.uuid]);
});

test("an unknown episode is 404, no uuid is 400", async () => {
    await fails(zep.graph.episode.get(newUuid()), ZepError, 404, /^not found$/);
    await fails(zep.graph.episode.delete(newUuid()), Zep.NotFoundError, 404, /^not found$/);
    await fails(zep.graph.episode.get("no-uuid"), Zep.BadRequestError, 400, /^bad request: /);
    await fails(zep.graph.episode.delete("no-uuid"), Zep.BadRequestError, 400, /^bad request: /);
});
