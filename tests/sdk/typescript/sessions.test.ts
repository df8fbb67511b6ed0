// SPDX-License-Identifier: Apache-2.0
//
// sessions.test.ts -- memory.addSession, getSession, updateSession, listSessions, endSession, endSessions, delete.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Zep, ZepError } from "@getzep/zep-cloud";
import { TIME, UUID, contents, fails, fresh, newSession, newUser, once, requestsDuring, says, zep } from "./support";

test("a session comes back as it was given", async () => {
    const sessionId = fresh("session");
    const userId = await newUser();
    const added = await zep.memory.addSession({
        sessionId,
        userId,
        metadata: { channel: "phone", nested: { n: 1 } },
        factRatingInstruction: { instruction: "Rate.", examples: { high: "h", medium: "m", low: "l" } },
    });
    assert.equal(added.sessionId, sessionId);
    assert.equal(added.userId, userId);
    assert.deepEqual(added.metadata, { channel: "phone", nested: { n: 1 } });
    assert.deepEqual(added.factRatingInstruction, {
        instruction: "Rate.",
        examples: { high: "h", medium: "m", low: "l" },
    });
    assert.deepEqual(added.classifications, {});
    assert.match(added.uuid ?? "", UUID);
    assert.match(added.createdAt ?? "", TIME);
    assert.equal(added.endedAt, undefined);
    assert.deepEqual(await zep.memory.getSession(sessionId), added);
});

test("a session needs no user", async () => {
    const sessionId = fresh("session");
    const added = await zep.memory.addSession({ sessionId, userId: "" });
    assert.equal(added.userId ?? "", "");
    await zep.memory.add(sessionId, { messages: [says("Nobody in particular.")] });
    assert.deepEqual(contents((await zep.memory.get(sessionId)).messages), ["Nobody in particular."]);
});

test("addSession refuses", async () => {
    const userId = await newUser();
    const sessionId = await newSession(userId);
    const twice = new RegExp(`already exists with session_id: ${sessionId}`);
    await fails(zep.memory.addSession({ sessionId, userId }), Zep.BadRequestError, 400, twice);
    await fails(zep.memory.addSession({ sessionId, userId: await newUser() }), Zep.BadRequestError, 400, twice);
    await fails(zep.memory.addSession({ sessionId: "", userId }), Zep.BadRequestError, 400, /^bad request: /);
    await fails(zep.memory.addSession({ sessionId: "s".repeat(501), userId }), Zep.BadRequestError, 400);
    const stranger = { sessionId: fresh("session"), userId: fresh("nobody") };
    await fails(zep.memory.addSession(stranger), Zep.BadRequestError, 400, /user not found/);
    await fails(zep.memory.getSession(stranger.sessionId), Zep.NotFoundError, 404);
});

test("a duplicate is not tried again by the SDK", async () => {
    const userId = await newUser();
    const sessionId = await newSession(userId);
    const requests = await requestsDuring(() =>
        fails(zep.memory.addSession({ sessionId, userId }), Zep.BadRequestError, 400),
    );
    assert.equal(requests, 1);
});

test("an unknown session is 404", async () => {
    const nothing = fresh("nothing");
    await fails(zep.memory.getSession(nothing), Zep.NotFoundError, 404, /^not found$/);
    await fails(zep.memory.updateSession(nothing, { metadata: { a: 1 } }), Zep.NotFoundError, 404, /not found/);
    await fails(zep.memory.endSession(nothing), Zep.NotFoundError, 404, /not found/);
    await fails(zep.memory.endSessions({ sessionIds: [nothing] }), Zep.NotFoundError, 404, /not found/);
    await fails(zep.memory.delete(nothing), Zep.NotFoundError, 404, /not found/);
    await fails(zep.memory.get(nothing), Zep.NotFoundError, 404, /not found/);
    await fails(zep.memory.getSessionMessages(nothing), Zep.NotFoundError, 404, /not found/);
    await fails(zep.memory.search(nothing, { text: "x" }), Zep.NotFoundError, 404, /not found/);
});

test("updateSession merges metadata deeply and drops the key system", async () => {
    const sessionId = fresh("session");
    await zep.memory.addSession({
        sessionId,
        userId: await newUser(),
        metadata: { a: 1, n: { x: { p: 1 }, y: [1, 2] } },
    });
    const updated = await zep.memory.updateSession(sessionId, {
        metadata: { b: true, n: { x: { q: "2" }, y: [] }, system: { secret: 1 } },
        factRatingInstruction: { instruction: "later" },
    });
    assert.deepEqual(updated.metadata, { a: 1, b: true, n: { x: { p: 1, q: "2" }, y: [] } });
    assert.equal(updated.factRatingInstruction?.instruction, "later");
    assert.deepEqual((await zep.memory.getSession(sessionId)).metadata, updated.metadata);
});

test("an empty update only moves updated_at", async () => {
    const sessionId = fresh("session");
    const added = await zep.memory.addSession({ sessionId, userId: await newUser(), metadata: { a: 1 } });
    const updated = await zep.memory.updateSession(sessionId, { metadata: {} });
    assert.deepEqual(updated.metadata, { a: 1 });
    assert.equal(updated.createdAt, added.createdAt);
    assert.ok(updated.updatedAt! > added.updatedAt!, `${updated.updatedAt} after ${added.updatedAt}`);
});

test("updateSession and endSession refuse a NUL in the id", async () => {
    await fails(zep.memory.updateSession("nul\0nul", { metadata: { a: 1 } }), Zep.BadRequestError, 400);
    await fails(zep.memory.endSession("nul\0nul"), Zep.BadRequestError, 400);
});

test("sessions are listed newest first, in pages, with totals", async () => {
    const before = (await zep.memory.listSessions({ pageNumber: 1, pageSize: 1 })).totalCount ?? 0;
    const userId = await newUser();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
        ids.unshift(await newSession(userId));
    }
    const all = await zep.memory.listSessions();
    assert.equal(all.totalCount, before + 5);
    assert.equal(all.responseCount, before + 5);
    assert.deepEqual(all.sessions?.slice(0, 5).map((s) => s.sessionId), ids);

    const second = await zep.memory.listSessions({ pageNumber: 2, pageSize: 2 });
    assert.deepEqual(second.sessions?.map((s) => s.sessionId), ids.slice(2, 4));
    assert.equal(second.responseCount, 2);
    assert.equal(second.totalCount, before + 5);

    const beyond = await zep.memory.listSessions({ pageNumber: 100_000, pageSize: 2 });
    assert.deepEqual(beyond.sessions, []);
    assert.equal(beyond.responseCount, 0);
    assert.equal(beyond.totalCount, before + 5);
});

test("listSessions orders by each of its fields, descending unless asc", async () => {
    const mark = fresh("order");
    // Made in the order b c a, touched in the order c a b, and by their users in the order b a c.
    for (const [session, user] of [["b", "1"], ["c", "3"], ["a", "2"]]) {
        await newUser({ userId: `${mark}-${user}` });
        await zep.memory.addSession({ sessionId: `${mark}-${session}`, userId: `${mark}-${user}` });
    }
    for (const session of ["c", "a", "b"]) {
        await zep.memory.updateSession(`${mark}-${session}`, { metadata: { touched: true } });
    }
    const orders = { created_at: "bca", updated_at: "cab", session_id: "abc", user_id: "bac" };
    for (const [orderBy, ascending] of Object.entries(orders)) {
        const mine = async (asc?: boolean) =>
            ((await zep.memory.listSessions({ orderBy, asc })).sessions ?? [])
                .filter((s) => s.sessionId?.startsWith(mark))
                .map((s) => s.sessionId?.slice(mark.length + 1))
                .join("");
        const descending = [...ascending].reverse().join("");
        assert.equal(await mine(true), ascending, `${orderBy} ascending`);
        assert.equal(await mine(false), descending, `${orderBy} descending`);
        assert.equal(await mine(), descending, `${orderBy} by default`);
    }
});

test("listSessions refuses", async () => {
    await fails(zep.memory.listSessions({ orderBy: "colour" }), Zep.BadRequestError, 400, /^bad request: /);
    await fails(zep.memory.listSessions({ pageNumber: 0, pageSize: 5 }), Zep.BadRequestError, 400);
    await fails(zep.memory.listSessions({ pageNumber: 1, pageSize: 0 }), Zep.BadRequestError, 400);
    await fails(zep.memory.listSessions({ pageNumber: -1, pageSize: 5 }), Zep.BadRequestError, 400);
});

test("endSession keeps the first time", async () => {
    const sessionId = await newSession();
    const first = await zep.memory.endSession(sessionId);
    assert.equal(first.session?.sessionId, sessionId);
    assert.match(first.session?.endedAt ?? "", TIME);
    const again = await zep.memory.endSession(sessionId, { instruction: "ignored" });
    assert.equal(again.session?.endedAt, first.session?.endedAt);
    assert.equal((await zep.memory.getSession(sessionId)).endedAt, first.session?.endedAt);
});

test("endSessions is all or nothing", async () => {
    const ids = [await newSession(), await newSession()];
    await fails(zep.memory.endSessions({ sessionIds: [...ids, fresh("nothing")] }), Zep.NotFoundError, 404);
    for (const id of ids) {
        assert.equal((await zep.memory.getSession(id)).endedAt, undefined);
    }
    await fails(zep.memory.endSessions({ sessionIds: [] }), Zep.BadRequestError, 400, /^bad request: /);

    const ended = await zep.memory.endSessions({ sessionIds: ids });
    assert.deepEqual(ended.sessions?.map((s) => s.sessionId).sort(), [...ids].sort());
    assert.ok(ended.sessions?.every((s) => TIME.test(s.endedAt ?? "")));
});

test("after the end: no adding and no updating, but reading, searching and deleting", async () => {
    const sessionId = await newSession();
    await zep.memory.add(sessionId, { messages: [says("The parrot learnt a sea shanty.")] });
    await zep.memory.endSession(sessionId);

    const add = zep.memory.add(sessionId, { messages: [says("too late")] }, once);
    await fails(add, ZepError, 409, /^session ended/);
    const update = zep.memory.updateSession(sessionId, { metadata: { late: true } }, once);
    await fails(update, Zep.ConflictError, 409, /^session ended/);

    assert.deepEqual(contents((await zep.memory.get(sessionId)).messages), ["The parrot learnt a sea shanty."]);
    assert.equal((await zep.memory.getSessionMessages(sessionId)).totalCount, 1);
    assert.equal((await zep.memory.search(sessionId, { text: "parrot shanty" })).length, 1);
    assert.equal((await zep.memory.delete(sessionId)).message, "OK");
});

test("a conflict stays one through the SDK's own retries", async () => {
    const sessionId = await newSession();
    await zep.memory.endSession(sessionId);
    const requests = await requestsDuring(() =>
        fails(zep.memory.updateSession(sessionId, { metadata: { a: 1 } }), Zep.ConflictError, 409),
    );
    assert.equal(requests, 3);
});

test("delete takes the session itself, and frees its id", async () => {
    const userId = await newUser();
    const sessionId = await newSession(userId);
    await zep.memory.add(sessionId, {
        messages: [says("The kiln reaches twelve hundred degrees.", { metadata: { mark: "kiln" } })],
    });
    const uuid = (await zep.memory.getSessionMessages(sessionId)).messages![0].uuid!;
    const before = (await zep.memory.listSessions({ pageNumber: 1, pageSize: 1 })).totalCount ?? 0;

    assert.equal((await zep.memory.delete(sessionId)).message, "OK");
    await fails(zep.memory.getSession(sessionId), Zep.NotFoundError, 404);
    await fails(zep.memory.get(sessionId), Zep.NotFoundError, 404);
    await fails(zep.memory.getSessionMessages(sessionId), Zep.NotFoundError, 404);
    await fails(zep.memory.getSessionMessage(sessionId, uuid), Zep.NotFoundError, 404);
    await fails(zep.memory.updateSession(sessionId, { metadata: { a: 1 } }), Zep.NotFoundError, 404);
    await fails(zep.memory.delete(sessionId), Zep.NotFoundError, 404);
    assert.deepEqual(await zep.user.getSessions(userId), []);
    assert.equal((await zep.memory.listSessions({ pageNumber: 1, pageSize: 1 })).totalCount, before - 1);
    assert.deepEqual((await zep.memory.searchSessions({ text: "kiln degrees", userId })).results ?? [], []);

    // What was learnt stays in the user's graph, without the session's name.
    const found = await zep.graph.search({ userId, query: "kiln degrees", scope: "episodes" });
    assert.equal(found.episodes?.length, 1);
    assert.equal(found.episodes?.[0].uuid, uuid);
    assert.equal(found.episodes?.[0].sessionId, undefined);

    await zep.memory.addSession({ sessionId, userId });
    assert.equal((await zep.memory.getSessionMessages(sessionId)).totalCount, 0);
    assert.deepEqual((await zep.memory.searchSessions({ text: "kiln degrees", userId })).results ?? [], []);
    assert.deepEqual(await zep.memory.search(sessionId, { text: "kiln degrees" }), []);
});
