// SPDX-License-Identifier: Apache-2.0
//
// seeds.test.ts -- the examples of the API pages as they are written there, with nothing added but the base URL.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ZepClient } from "@getzep/zep-cloud";
import { BASE, KEY, TIME, UUID, raw, zep } from "./support";

// The examples name their ids themselves, so an earlier run may have left them.
async function forget(call: Promise<unknown>): Promise<void> {
    await call.catch((e) => assert.equal(e.statusCode, 404, String(e)));
}

before(async () => {
    await forget(zep.memory.delete("session_id"));
    await forget(zep.memory.delete("sessionId"));
    await forget(zep.memory.delete("string"));
    await forget(zep.user.delete("user_id"));
    await forget(zep.user.delete("string"));
    await zep.user.add({ userId: "user_id" });
    await zep.user.add({ userId: "string" });
    await zep.memory.addSession({ sessionId: "sessionId", userId: "user_id" });
});

test("add session", async () => {
    const client = new ZepClient({ apiKey: KEY, environment: BASE });
    const response = await client.memory.addSession({
        sessionId: "session_id",
        userId: "user_id"
    });
    assert.equal(response.sessionId, "session_id");
    assert.equal(response.userId, "user_id");
    assert.deepEqual(response.classifications, {});
    assert.match(response.uuid ?? "", UUID);
    assert.match(response.projectUuid ?? "", UUID);
    assert.match(response.createdAt ?? "", TIME);
    assert.match(response.updatedAt ?? "", TIME);
    assert.equal(response.endedAt, undefined);
    assert.equal(response.deletedAt, undefined);
    assert.ok(Number.isInteger(response.id) && response.id! > 0, `id ${response.id}`);
});

test("get session", async () => {
    const client = new ZepClient({ apiKey: KEY, environment: BASE });
    const response = await client.memory.getSession("sessionId");
    assert.equal(response.sessionId, "sessionId");
});

test("end session", async () => {
    const client = new ZepClient({ apiKey: KEY, environment: BASE });
    const response = await client.memory.endSession("sessionId");
    assert.match(response.session?.endedAt ?? "", TIME);
});

test("the curl lines", async () => {
    // -H "Authorization: <apiKey>", without the word before it, is the second form of the pages.
    const added = await raw("POST", "/sessions", { session_id: "string", user_id: "string" }, KEY);
    assert.equal(added.status, 201);
    assert.equal(added.body.session_id, "string");
    assert.deepEqual(added.body.classifications, {});
    assert.equal(added.body.ended_at ?? null, null);
    assert.equal(added.body.deleted_at ?? null, null);

    const got = await raw("GET", "/sessions/sessionId");
    assert.equal(got.status, 200);
    assert.equal(got.body.user_id, "user_id");

    const ended = await raw("POST", "/sessions/sessionId/end", {});
    assert.equal(ended.status, 200);
    assert.equal(ended.body.session.session_id, "sessionId");
});
