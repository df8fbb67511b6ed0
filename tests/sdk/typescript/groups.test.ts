// SPDX-License-Identifier: Apache-2.0
//
// groups.test.ts -- group.add, getGroup, update, delete, getAllGroups.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Zep, ZepError } from "@getzep/zep-cloud";
import { TIME, UUID, fails, fresh, newGroup, zep } from "./support";

test("a group comes back as it was given, under both names of its id", async () => {
    const groupId = fresh("group");
    const added = await zep.group.add({
        groupId,
        name: "Harbour office",
        description: "Ships and tides.",
        factRatingInstruction: { instruction: "Rate by urgency.", examples: { high: "storm", low: "calm" } },
    });
    assert.equal(added.groupId, groupId);
    assert.equal((added as Record<string, unknown>).graph_id, groupId);
    assert.equal(added.name, "Harbour office");
    assert.equal(added.description, "Ships and tides.");
    assert.equal(added.factRatingInstruction?.instruction, "Rate by urgency.");
    assert.equal(added.factRatingInstruction?.examples?.high, "storm");
    assert.match(added.uuid ?? "", UUID);
    assert.match(added.projectUuid ?? "", UUID);
    assert.match(added.createdAt ?? "", TIME);
    assert.ok(Number.isInteger(added.id) && added.id! > 0);
    assert.deepEqual(await zep.group.getGroup(groupId), added);
});

test("group.add refuses", async () => {
    const groupId = await newGroup();
    await fails(zep.group.add({ groupId }), Zep.BadRequestError, 400, /already exists/);
    await fails(zep.group.add({ groupId: "" }), Zep.BadRequestError, 400, /^bad request: /);
    await fails(zep.group.add({ groupId: "g".repeat(501) }), Zep.BadRequestError, 400);
    await fails(zep.group.add({ groupId: fresh("group"), name: "n".repeat(256) }), Zep.BadRequestError, 400);
    await fails(zep.group.add({ groupId: fresh("group"), description: "d".repeat(2001) }), Zep.BadRequestError, 400);
    // Limits count code points.
    await zep.group.add({ groupId: fresh("group"), name: "⚓".repeat(255), description: "🌊".repeat(2000) });
});

test("update keeps what is absent or empty", async () => {
    const groupId = fresh("group");
    await zep.group.add({ groupId, name: "old", description: "kept" });
    const updated = await zep.group.update(groupId, { name: "new", description: "" });
    assert.equal(updated.name, "new");
    assert.equal(updated.description, "kept");
    assert.equal(updated.groupId, groupId);
    assert.deepEqual(await zep.group.getGroup(groupId), updated);
    await fails(zep.group.update(groupId, { name: "n".repeat(256) }), Zep.BadRequestError, 400);
    await fails(zep.group.update("nul\0nul", { name: "x" }), Zep.BadRequestError, 400);
});

test("an unknown group is 404 everywhere", async () => {
    const nothing = fresh("nothing");
    await fails(zep.group.getGroup(nothing), Zep.NotFoundError, 404, /^not found$/);
    await fails(zep.group.update(nothing, { name: "x" }), Zep.NotFoundError, 404, /not found/);
    await fails(zep.group.delete(nothing), Zep.NotFoundError, 404, /not found/);
    await fails(zep.group.delete("nul\0nul"), Zep.BadRequestError, 400);
});

test("groups are listed newest first, in pages, with totals, and without the users' graphs", async () => {
    const before = (await zep.group.getAllGroups()).totalCount ?? 0;
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
        ids.unshift(await newGroup());
    }
    await zep.user.add({ userId: fresh("user") });

    const all = await zep.group.getAllGroups();
    assert.equal(all.totalCount, before + 5);
    assert.equal(all.rowCount, before + 5);
    assert.deepEqual(all.groups?.slice(0, 5).map((g) => g.groupId), ids);

    const second = await zep.group.getAllGroups({ pageNumber: 2, pageSize: 2 });
    assert.deepEqual(second.groups?.map((g) => g.groupId), ids.slice(2, 4));
    assert.equal(second.rowCount, 2);
    assert.equal(second.totalCount, before + 5);

    const beyond = await zep.group.getAllGroups({ pageNumber: 100_000, pageSize: 2 });
    assert.deepEqual(beyond.groups, []);
    assert.equal(beyond.totalCount, before + 5);

    await fails(zep.group.getAllGroups({ pageNumber: 0, pageSize: 2 }), Zep.BadRequestError, 400);
    await fails(zep.group.getAllGroups({ pageNumber: 1, pageSize: -2 }), Zep.BadRequestError, 400);
});

test("deleting a group takes its graph along", async () => {
    const groupId = await newGroup();
    const before = (await zep.group.getAllGroups({ pageNumber: 1, pageSize: 1 })).totalCount ?? 0;
    const given = await zep.graph.add({ groupId, type: "text", data: "The lighthouse lamp was replaced in May." });

    const gone = await zep.group.delete(groupId);
    assert.equal(gone.message, "OK");
    await fails(zep.group.getGroup(groupId), Zep.NotFoundError, 404);
    await fails(zep.group.delete(groupId), Zep.NotFoundError, 404);
    await fails(zep.graph.episode.get(given.uuid), ZepError, 404);
    await fails(zep.graph.search({ groupId, query: "lighthouse", scope: "episodes" }), ZepError, 404);
    const after = await zep.group.getAllGroups({ pageNumber: 1, pageSize: 1 });
    assert.equal(after.totalCount, before - 1);
});
