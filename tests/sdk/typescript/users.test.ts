// SPDX-License-Identifier: Apache-2.0
//
// users.test.ts -- user.add, get, update, delete, listOrdered, getSessions, getNode.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Zep, ZepError } from "@getzep/zep-cloud";
import { TIME, UUID, contents, fails, fresh, newSession, newUser, says, zep } from "./support";

test("a user comes back as it was given", async () => {
    const userId = fresh("user");
    const given = {
        userId,
        email: "ada@example.org",
        firstName: "Ada",
        lastName: "Lovelace",
        metadata: { plan: "gold", seats: 3, ratio: 0.25, tags: ["a", "b"], deep: { on: true } },
        factRatingInstruction: {
            instruction: "Rate by poignancy.",
            examples: { high: "lost a child", medium: "moved house", low: "bought milk" },
        },
    };
    const added = await zep.user.add(given);
    assert.equal(added.userId, userId);
    assert.equal(added.email, given.email);
    assert.equal(added.firstName, "Ada");
    assert.equal(added.lastName, "Lovelace");
    assert.deepEqual(added.metadata, given.metadata);
    assert.deepEqual(added.factRatingInstruction, given.factRatingInstruction);
    assert.match(added.uuid ?? "", UUID);
    assert.match(added.projectUuid ?? "", UUID);
    assert.match(added.createdAt ?? "", TIME);
    assert.equal(added.deletedAt, undefined);
    assert.ok(Number.isInteger(added.id) && added.id! > 0);
    assert.deepEqual(await zep.user.get(userId), added);
});

test("an id alone is enough", async () => {
    const userId = await newUser();
    const got = await zep.user.get(userId);
    assert.equal(got.userId, userId);
    assert.equal(got.sessionCount, 0);
});

test("user.add refuses", async () => {
    const userId = await newUser();
    await fails(zep.user.add({ userId }), Zep.BadRequestError, 400, new RegExp(`already exists with user_id: ${userId}`));
    await fails(zep.user.add({ userId: "" }), Zep.BadRequestError, 400, /^bad request: /);
    await fails(zep.user.add({ userId: "u".repeat(501) }), Zep.BadRequestError, 400);
    await fails(zep.user.add({ userId: `${fresh("user")}\0` }), Zep.BadRequestError, 400);
});

test("an unknown user is 404 everywhere", async () => {
    const nobody = fresh("nobody");
    await fails(zep.user.get(nobody), Zep.NotFoundError, 404, /^not found$/);
    await fails(zep.user.update(nobody, { firstName: "X" }), Zep.NotFoundError, 404, /not found/);
    await fails(zep.user.delete(nobody), Zep.NotFoundError, 404, /not found/);
    await fails(zep.user.getNode(nobody), Zep.NotFoundError, 404, /not found/);
    assert.deepEqual(await zep.user.getSessions(nobody), []);
});

test("update keeps what is absent or empty and merges metadata", async () => {
    const userId = await newUser({
        firstName: "Ada",
        lastName: "Lovelace",
        email: "ada@example.org",
        metadata: { a: 1, n: { x: 1, y: [1, 2] } },
    });
    const updated = await zep.user.update(userId, {
        firstName: "",
        email: "countess@example.org",
        metadata: { b: "two", n: { y: [3], z: { w: false } } },
    });
    assert.equal(updated.firstName, "Ada");
    assert.equal(updated.lastName, "Lovelace");
    assert.equal(updated.email, "countess@example.org");
    assert.deepEqual(updated.metadata, { a: 1, b: "two", n: { x: 1, y: [3], z: { w: false } } });
    assert.deepEqual(await zep.user.get(userId), updated);

    const untouched = await zep.user.update(userId);
    assert.deepEqual(untouched.metadata, updated.metadata);
    assert.equal(untouched.email, updated.email);

    await fails(zep.user.update("nul\0nul", { firstName: "X" }), Zep.BadRequestError, 400);
});

test("a rating instruction can be replaced", async () => {
    const userId = await newUser({ factRatingInstruction: { instruction: "old" } });
    const updated = await zep.user.update(userId, { factRatingInstruction: { instruction: "new" } });
    assert.equal(updated.factRatingInstruction?.instruction, "new");
    const kept = await zep.user.update(userId, { lastName: "L" });
    assert.equal(kept.factRatingInstruction?.instruction, "new");
});

test("users are listed newest first, in pages, with totals", async () => {
    const before = (await zep.user.listOrdered()).totalCount ?? 0;
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
        ids.unshift(await newUser());
    }
    const all = await zep.user.listOrdered();
    assert.equal(all.totalCount, before + 5);
    assert.equal(all.rowCount, before + 5);
    assert.equal(all.users?.length, before + 5);
    assert.deepEqual(all.users?.slice(0, 5).map((u) => u.userId), ids);

    const first = await zep.user.listOrdered({ pageNumber: 1, pageSize: 3 });
    const second = await zep.user.listOrdered({ pageNumber: 2, pageSize: 3 });
    assert.equal(first.rowCount, 3);
    assert.equal(first.totalCount, before + 5);
    assert.deepEqual(
        [...(first.users ?? []), ...(second.users ?? [])].slice(0, 5).map((u) => u.userId),
        ids,
    );

    const beyond = await zep.user.listOrdered({ pageNumber: 100_000, pageSize: 3 });
    assert.deepEqual(beyond.users, []);
    assert.equal(beyond.rowCount, 0);
    assert.equal(beyond.totalCount, before + 5);
});

test("user.listOrdered refuses pages that cannot be", async () => {
    for (const page of [{ pageNumber: 0, pageSize: 3 }, { pageNumber: 1, pageSize: 0 }, { pageNumber: -1, pageSize: 3 }, { pageNumber: 1, pageSize: -3 }]) {
        await fails(zep.user.listOrdered(page), Zep.BadRequestError, 400, /^bad request: /);
    }
});

test("a user's sessions, and their number", async () => {
    const userId = await newUser();
    assert.deepEqual(await zep.user.getSessions(userId), []);
    const ids = [await newSession(userId), await newSession(userId), await newSession(userId)];
    await newSession();
    const sessions = await zep.user.getSessions(userId);
    assert.deepEqual(sessions.map((s) => s.sessionId).sort(), [...ids].sort());
    assert.ok(sessions.every((s) => s.userId === userId));
    assert.equal((await zep.user.get(userId)).sessionCount, 3);
});

test("the user's node is there before any data", async () => {
    const named = await zep.user.getNode(await newUser({ firstName: "Grace", lastName: "Hopper" }));
    assert.equal(named.node?.name, "Grace Hopper");
    assert.match(named.node?.uuid ?? "", UUID);
    assert.match(named.node?.createdAt ?? "", TIME);
    assert.equal(typeof named.node?.summary, "string");

    const userId = await newUser();
    assert.equal((await zep.user.getNode(userId)).node?.name, userId);
});

test("deleting a user takes sessions, messages and graph along, and frees the id", async () => {
    const userId = await newUser({ metadata: { old: true } });
    const sessionId = await newSession(userId);
    await zep.memory.add(sessionId, { messages: [says("The tortoise is called Hector.")] });
    const given = await zep.graph.add({ userId, type: "text", data: "The tortoise eats clover." });

    const gone = await zep.user.delete(userId);
    assert.equal(gone.message, "OK");
    await fails(zep.user.get(userId), Zep.NotFoundError, 404);
    await fails(zep.user.delete(userId), Zep.NotFoundError, 404, /not found/);
    await fails(zep.memory.getSession(sessionId), Zep.NotFoundError, 404);
    await fails(zep.memory.getSessionMessages(sessionId), Zep.NotFoundError, 404);
    await fails(zep.graph.search({ userId, query: "tortoise", scope: "episodes" }), ZepError, 404);
    await fails(zep.graph.episode.get(given.uuid), ZepError, 404);
    assert.deepEqual(await zep.user.getSessions(userId), []);

    await zep.user.add({ userId });
    await zep.memory.addSession({ sessionId, userId });
    assert.deepEqual((await zep.user.get(userId)).metadata ?? {}, {});
    assert.deepEqual(contents((await zep.memory.getSessionMessages(sessionId)).messages), []);
    const found = await zep.graph.search({ userId, query: "tortoise", scope: "episodes" });
    assert.deepEqual(found.episodes, []);
});
