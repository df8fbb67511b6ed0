// SPDX-License-Identifier: Apache-2.0
//
// wire.test.ts -- where this SDK differs from its sisters: nulls, missing values, retries, and errors that
// no operation declares; and the key in all its forms.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Zep, ZepClient, ZepError } from "@getzep/zep-cloud";
import { BASE, KEY, SERVER, TIME, UUID, contents, fails, fresh, newSession, newUser, raw, requestsDuring, says, zep } from "./support";

test("nulls: this SDK drops those at the top of a map, the server keeps those it gets", async () => {
    const userId = await newUser({ metadata: { gone: null, kept: { inner: null, list: [null, 1] } } });
    const path = `/users/${userId}`;
    assert.deepEqual((await raw("GET", path)).body.metadata, { kept: { inner: null, list: [null, 1] } });
    assert.deepEqual((await zep.user.get(userId)).metadata, { kept: { inner: null, list: [null, 1] } });

    // A null that arrives is stored as one; reading it through this SDK drops it again.
    await raw("PATCH", path, { metadata: { top: null, kept: { more: null } } });
    assert.deepEqual((await raw("GET", path)).body.metadata, { top: null, kept: { inner: null, list: [null, 1], more: null } });
    assert.deepEqual((await zep.user.get(userId)).metadata, { kept: { inner: null, list: [null, 1], more: null } });

    const sessionId = fresh("session");
    await zep.memory.addSession({ sessionId, userId, metadata: { gone: null, a: { b: null } } });
    await zep.memory.updateSession(sessionId, { metadata: { a: { c: null }, gone: null } });
    assert.deepEqual((await raw("GET", `/sessions/${sessionId}`)).body.metadata, { a: { b: null, c: null } });
    await zep.memory.add(sessionId, { messages: [says("x", { metadata: { gone: null, a: { b: null } } })] });
    const list = await raw("GET", `/sessions/${sessionId}/messages`);
    assert.deepEqual(list.body.messages[0].metadata, { a: { b: null } });
});

test("an explicit undefined goes out as null and counts as absent", async () => {
    const userId = fresh("user");
    await zep.user.add({ userId, email: undefined, firstName: undefined, metadata: undefined });
    await zep.user.update(userId, { email: "a@example.org", metadata: undefined });
    await zep.user.update(userId, { email: undefined, lastName: "L" });
    assert.equal((await zep.user.get(userId)).email, "a@example.org");

    const sessionId = fresh("session");
    await zep.memory.addSession({ sessionId, userId, metadata: undefined, factRatingInstruction: undefined });
    await zep.memory.add(sessionId, {
        messages: [says("x", { role: undefined, metadata: undefined, uuid: undefined, createdAt: undefined })],
        ignoreRoles: undefined,
        returnContext: undefined,
    });
    assert.deepEqual(contents((await zep.memory.get(sessionId, { lastn: undefined, minRating: undefined })).messages), ["x"]);
    assert.equal((await zep.memory.getSessionMessages(sessionId, { limit: undefined, cursor: undefined })).totalCount, 1);
    await zep.memory.endSession(sessionId, { instruction: undefined, classify: undefined });
    await zep.graph.search({ query: "x", userId, groupId: undefined, scope: "episodes", limit: undefined });
});

test("lists are lists when they are empty", async () => {
    const userId = await newUser();
    const sessionId = await newSession(userId);
    assert.deepEqual((await raw("GET", `/users/${userId}/sessions`)).body.length, 1);
    assert.deepEqual((await raw("GET", `/users/${fresh("nobody")}/sessions`)).body, []);
    assert.deepEqual((await raw("POST", `/sessions/${sessionId}/search`, { text: "x" })).body, []);
    const messages = (await raw("GET", `/sessions/${sessionId}/messages`)).body;
    assert.deepEqual([messages.messages, messages.row_count, messages.total_count], [[], 0, 0]);
    const memory = (await raw("GET", `/sessions/${sessionId}/memory`)).body;
    assert.deepEqual([memory.messages, memory.relevant_facts, memory.context], [[], [], ""]);
});

test("numbers in metadata survive", async () => {
    const metadata = { max: Number.MAX_SAFE_INTEGER, min: -1, tenth: 0.1, big: 1e21, tiny: 5e-324, zero: 0 };
    const userId = await newUser({ metadata });
    assert.deepEqual((await zep.user.get(userId)).metadata, metadata);
});

test("message limit and cursor that do not parse fall back, others are 400", async () => {
    const sessionId = await newSession();
    await zep.memory.add(sessionId, { messages: [says("one"), says("two")] });
    const unreadable = { limit: "ten", cursor: "two" } as unknown as Zep.MemoryGetSessionMessagesRequest;
    assert.deepEqual(contents((await zep.memory.getSessionMessages(sessionId, unreadable)).messages), ["one", "two"]);
    await fails(zep.memory.get(sessionId, { lastn: "six" } as unknown as Zep.MemoryGetRequest), ZepError, 400);
    const page = { pageNumber: "one", pageSize: 2 } as unknown as Zep.MemoryListSessionsRequest;
    await fails(zep.memory.listSessions(page), Zep.BadRequestError, 400);
    const asc = { asc: "perhaps" } as unknown as Zep.MemoryListSessionsRequest;
    await fails(zep.memory.listSessions(asc), Zep.BadRequestError, 400);
});

test("a wrong key is 401, typed where the operation declares it", async () => {
    const stranger = new ZepClient({ apiKey: `${KEY}x`, environment: BASE });
    await fails(stranger.user.get("anyone"), ZepError, 401, /^unauthorized$/);
    await fails(stranger.memory.addSession({ sessionId: fresh("session"), userId: "" }), ZepError, 401, /^unauthorized$/);
    await fails(stranger.document.listCollections(), Zep.UnauthorizedError, 401, /^unauthorized$/);
    await fails(stranger.document.getCollection("papers"), Zep.UnauthorizedError, 401, /^unauthorized$/);
});

test("the key is taken in each of its forms", async () => {
    for (const form of [`Api-Key ${KEY}`, `api-key ${KEY}`, `API-KEY ${KEY}`, `Bearer ${KEY}`, KEY]) {
        assert.equal((await raw("GET", "/projects/info", undefined, form)).status, 200, form.replace(KEY, "K"));
    }
    for (const form of ["", "Api-Key", `Basic ${KEY}`, `Api-Key ${KEY}x`, `Api-Key ${KEY} ${KEY}`]) {
        const reply = await raw("GET", "/projects/info", undefined, form);
        assert.equal(reply.status, 401, form.replaceAll(KEY, "K"));
        assert.deepEqual(reply.body, { message: "unauthorized" });
        assert.match(reply.headers.get("content-type") ?? "", /^application\/json/);
    }
});

test("the key comes from ZEP_API_KEY when the constructor has none", async () => {
    const before = process.env.ZEP_API_KEY;
    process.env.ZEP_API_KEY = KEY;
    try {
        assert.deepEqual(await new ZepClient({ environment: BASE }).user.getSessions(fresh("nobody")), []);
    } finally {
        if (before === undefined) {
            delete process.env.ZEP_API_KEY;
        } else {
            process.env.ZEP_API_KEY = before;
        }
    }
});

test("the project names itself", async () => {
    const info = await raw("GET", "/projects/info");
    assert.equal(info.status, 200);
    assert.match(info.headers.get("content-type") ?? "", /^application\/json/);
    assert.match(info.body.project.uuid, UUID);
    assert.equal(typeof info.body.project.name, "string");
    assert.match(info.body.project.created_at, TIME);
    const user = await zep.user.get(await newUser());
    assert.equal(user.projectUuid, info.body.project.uuid);
});

test("a base URL with slashes too many works", async () => {
    const userId = await newUser();
    const slashes = new ZepClient({ apiKey: KEY, environment: `${SERVER}//api//v2/` });
    assert.equal((await slashes.user.get(userId)).userId, userId);
});

test("an empty id in the path means the collection, which cannot be deleted", async () => {
    await fails(zep.user.delete(""), ZepError, 405);
    await fails(zep.group.delete(""), ZepError, 405);
});

test("routes and methods that do not exist answer in JSON, once", async () => {
    const unknown = await raw("GET", "/no/such/thing");
    assert.equal(unknown.status, 404);
    assert.equal(typeof unknown.body.message, "string");
    const wrong = await raw("PUT", "/users", { user_id: fresh("user") });
    assert.equal(wrong.status, 405);
    assert.match(wrong.headers.get("allow") ?? "", /\bPOST\b/);
    assert.equal(typeof wrong.body.message, "string");
    assert.equal(await requestsDuring(() => fails(zep.user.delete(""), ZepError, 405)), 1);
});
