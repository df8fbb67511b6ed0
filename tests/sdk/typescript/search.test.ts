// SPDX-License-Identifier: Apache-2.0
//
// search.test.ts -- memory.search, memory.searchSessions, graph.search.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Zep, ZepError } from "@getzep/zep-cloud";
import { UUID, contents, fails, fresh, newGroup, newSession, newUser, newUuid, says, zep } from "./support";

const HARBOUR = "The harbour master repaired the old foghorn.";
const KITCHEN = "Dinner tonight is mushroom risotto.";
const TRAVEL = "The overnight bus to Oaxaca was cancelled.";

function assertBestFirst(scores: Array<number | undefined>): void {
    for (let i = 1; i < scores.length; i++) {
        assert.ok(scores[i - 1]! >= scores[i]!, `scores ${scores}`);
    }
}

test("memory.search finds messages of one session, best first", async () => {
    const userId = await newUser();
    const sessionId = await newSession(userId);
    await zep.memory.add(sessionId, { messages: [says(KITCHEN), says(HARBOUR, { role: "Nadia" }), says(TRAVEL)] });
    await zep.memory.add(await newSession(userId), { messages: [says("Another foghorn, another harbour.")] });

    const results = await zep.memory.search(sessionId, { text: "Who repaired the foghorn in the harbour?" });
    assert.ok(Array.isArray(results));
    assert.equal(results[0].message?.content, HARBOUR);
    assert.equal(results[0].message?.role, "Nadia");
    assert.equal(results[0].message?.roleType, "user");
    assert.match(results[0].message?.uuid ?? "", UUID);
    assert.equal(typeof results[0].score, "number");
    assertBestFirst(results.map((r) => r.score));
    assert.ok(results.every((r) => r.message?.content !== "Another foghorn, another harbour."));

    const mmr = await zep.memory.search(sessionId, { text: "foghorn", searchType: "mmr", mmrLambda: 0.5 });
    assert.equal(mmr[0].message?.content, HARBOUR);
});

test("memory.search: other scopes are empty, limits are kept", async () => {
    const sessionId = await newSession();
    const messages = Array.from({ length: 15 }, (_, i) => says(`Walnut number ${i}.`));
    await zep.memory.add(sessionId, { messages });
    assert.deepEqual(await zep.memory.search(sessionId, { text: "walnut", searchScope: "facts" }), []);
    assert.deepEqual(await zep.memory.search(sessionId, { text: "walnut", searchScope: "summary" }), []);
    assert.equal((await zep.memory.search(sessionId, { text: "walnut", searchScope: "messages" })).length, 10);
    assert.equal((await zep.memory.search(sessionId, { text: "walnut", limit: 3 })).length, 3);
    assert.equal((await zep.memory.search(sessionId, { text: "walnut", limit: 99 })).length, 15);
    assert.deepEqual(await zep.memory.search(sessionId, { text: "zeppelin" }), []);
    await fails(zep.memory.search(sessionId, { text: "walnut", limit: -1 }), ZepError, 400, /^bad request: /);
    await fails(zep.memory.search(fresh("nothing"), { text: "walnut" }), Zep.NotFoundError, 404);
});

test("searchSessions goes by user or by sessions", async () => {
    const userId = await newUser();
    const [one, two] = [await newSession(userId), await newSession(userId)];
    const foreign = await newSession();
    await zep.memory.add(one, { messages: [says(HARBOUR), says(KITCHEN)] });
    await zep.memory.add(two, { messages: [says("A foghorn woke the whole harbour."), says(TRAVEL)] });
    await zep.memory.add(foreign, { messages: [says("Foghorn, harbour, foghorn.")] });

    const byUser = await zep.memory.searchSessions({ text: "harbour foghorn", userId });
    assert.deepEqual(new Set(byUser.results?.map((r) => r.sessionId)), new Set([one, two]));
    assert.ok(byUser.results?.every((r) => typeof r.score === "number" && r.message?.uuid));
    assertBestFirst(byUser.results!.map((r) => r.score));

    const bySessions = await zep.memory.searchSessions({ text: "harbour foghorn", sessionIds: [two, foreign], searchScope: "messages" });
    assert.deepEqual(new Set(bySessions.results?.map((r) => r.sessionId)), new Set([two, foreign]));

    for (const searchScope of ["facts", "summary"] as const) {
        assert.deepEqual((await zep.memory.searchSessions({ text: "harbour", userId, searchScope })).results, []);
    }
});

test("searchSessions: limits, and what it refuses", async () => {
    const userId = await newUser();
    for (let session = 0; session < 4; session++) {
        const messages = Array.from({ length: 30 }, (_, i) => says(`Hazelnut ${session} ${i}.`));
        await zep.memory.add(await newSession(userId), { messages });
    }
    const count = async (limit?: number) =>
        (await zep.memory.searchSessions({ text: "hazelnut", userId, limit })).results?.length;
    assert.equal(await count(), 10);
    assert.equal(await count(25), 25);
    assert.equal(await count(1000), 100);
    await fails(zep.memory.searchSessions({ text: "hazelnut", userId, limit: -1 }), ZepError, 400, /^bad request: /);
    await fails(zep.memory.searchSessions({ text: "hazelnut" }), ZepError, 400, /^bad request: /);
});

test("graph.search finds the episodes of a user: messages and data alike", async () => {
    const userId = await newUser();
    const sessionId = await newSession(userId);
    await zep.memory.add(sessionId, { messages: [says(KITCHEN), says(HARBOUR, { role: "Nadia" }), says(TRAVEL)] });
    const given = await zep.graph.add({ userId, type: "text", data: "Oaxaca lies in the south of Mexico.", sourceDescription: "atlas" });

    const harbour = await zep.graph.search({ userId, query: "Who repaired the foghorn?", scope: "episodes" });
    const best = harbour.episodes![0];
    assert.equal(best.content, HARBOUR);
    assert.equal(best.sessionId, sessionId);
    assert.equal((best as unknown as Record<string, unknown>).thread_id, sessionId);
    assert.equal(best.role, "Nadia");
    assert.equal(best.roleType, "user");
    assert.match(best.uuid, UUID);
    assertBestFirst(harbour.episodes!.map((e) => e.score));
    assert.deepEqual(harbour.edges ?? [], []);
    assert.deepEqual(harbour.nodes ?? [], []);

    const oaxaca = await zep.graph.search({ userId, query: "In which country is Oaxaca, Mexico?", scope: "episodes" });
    assert.equal(oaxaca.episodes![0].uuid, given.uuid);
    assert.equal(oaxaca.episodes![0].sessionId, undefined);
    assert.equal(oaxaca.episodes![0].sourceDescription, "atlas");
});

test("graph.search stays in its graph", async () => {
    const [mine, yours] = [await newUser(), await newUser()];
    const groupId = await newGroup();
    await zep.graph.add({ userId: mine, type: "text", data: "The glacier calved in June." });
    await zep.graph.add({ userId: yours, type: "text", data: "The glacier is blue." });
    await zep.graph.add({ groupId, type: "text", data: "The glacier feeds the river." });
    const found = async (where: Partial<Zep.GraphSearchQuery>) =>
        contents((await zep.graph.search({ query: "glacier", scope: "episodes", ...where })).episodes);
    assert.deepEqual(await found({ userId: mine }), ["The glacier calved in June."]);
    assert.deepEqual(await found({ userId: yours }), ["The glacier is blue."]);
    assert.deepEqual(await found({ groupId }), ["The glacier feeds the river."]);
});

test("graph.search: nodes and edges are empty, limits are kept", async () => {
    const userId = await newUser();
    for (let batch = 0; batch < 3; batch++) {
        const episodes = Array.from({ length: 20 }, (_, i) => ({ type: "text" as const, data: `Chestnut ${batch} ${i}.` }));
        await zep.graph.addBatch({ userId, episodes });
    }
    const edges = await zep.graph.search({ userId, query: "chestnut" });
    assert.deepEqual([edges.edges ?? [], edges.nodes ?? [], edges.episodes ?? []], [[], [], []]);
    const nodes = await zep.graph.search({ userId, query: "chestnut", scope: "nodes" });
    assert.deepEqual([nodes.edges ?? [], nodes.nodes ?? [], nodes.episodes ?? []], [[], [], []]);

    const count = async (limit?: number) =>
        (await zep.graph.search({ userId, query: "chestnut", scope: "episodes", limit })).episodes?.length;
    assert.equal(await count(), 10);
    assert.equal(await count(3), 3);
    assert.equal(await count(50), 50);
    assert.equal(await count(500), 50);
});

test("graph.search rerankers", async () => {
    const userId = await newUser();
    await zep.memory.add(await newSession(userId), { messages: [says(KITCHEN), says(HARBOUR), says(TRAVEL)] });
    const uuids = async (more: Partial<Zep.GraphSearchQuery>) =>
        (await zep.graph.search({ userId, query: "foghorn harbour", scope: "episodes", ...more })).episodes?.map((e) => e.uuid);
    const rrf = await uuids({ reranker: "rrf" });
    assert.deepEqual(await uuids({}), rrf);
    assert.deepEqual(await uuids({ reranker: "cross_encoder" }), rrf);
    assert.equal((await uuids({ reranker: "mmr", mmrLambda: 0.5 }))?.[0], rrf?.[0]);
    await fails(uuids({ reranker: "mmr" }), Zep.BadRequestError, 400, /^bad request: /);
    await fails(uuids({ reranker: "node_distance" }), Zep.BadRequestError, 400, /^bad request: /);
});

test("graph.search refuses", async () => {
    const userId = await newUser();
    const groupId = await newGroup();
    const search = (query: string, where: { userId?: string; groupId?: string }) =>
        zep.graph.search({ query, scope: "episodes", ...where });
    await fails(search("", { userId }), Zep.BadRequestError, 400, /^bad request: /);
    await fails(search("q".repeat(401), { userId }), Zep.BadRequestError, 400);
    await search("🔍".repeat(400), { userId });
    await fails(search("glacier", {}), Zep.BadRequestError, 400, /^bad request: /);
    await fails(search("glacier", { userId, groupId }), Zep.BadRequestError, 400);
    await fails(search("glacier", { userId: fresh("nobody") }), ZepError, 404, /not found/);
    await fails(search("glacier", { groupId: fresh("nothing") }), ZepError, 404, /not found/);
    await fails(zep.graph.episode.get(newUuid()), ZepError, 404);
});
