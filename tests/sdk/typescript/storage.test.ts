// SPDX-License-Identifier: Apache-2.0
//
// storage.test.ts -- when nothing can be written, every write is the typed InternalServerError, changes nothing,
// and works again by itself. The failure is a limit of 0 on the size of the files that the server may write.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { Zep } from "@getzep/zep-cloud";
import { contents, fails, fresh, newGroup, newSession, newUser, once, says, zep } from "./support";

const pid = process.env.RECALLD_PID ?? "";

function limit(...args: string[]): string {
    return execFileSync("prlimit", ["--pid", pid, ...args], { encoding: "utf8" }).trim();
}

async function whileNothingCanBeWritten(act: () => Promise<void>): Promise<void> {
    const before = limit("--fsize", "--output", "SOFT", "--noheadings", "--raw");
    limit("--fsize=0:");
    try {
        await act();
    } finally {
        limit(`--fsize=${before}:`);
    }
}

test("a write that fails is a typed 500 and changes nothing", { skip: !pid && "no RECALLD_PID" }, async () => {
    const userId = await newUser();
    const groupId = await newGroup();
    const sessionId = await newSession(userId);
    await zep.memory.add(sessionId, { messages: [says("The abacus is made of walnut.")] });
    const uuid = (await zep.memory.getSessionMessages(sessionId)).messages![0].uuid!;

    const everything = async () => [
        await zep.user.listOrdered(),
        await zep.group.getAllGroups(),
        await zep.memory.listSessions(),
        await zep.memory.getSessionMessages(sessionId),
        await zep.graph.episode.getByGroupId(groupId),
        await zep.graph.search({ userId, query: "abacus", scope: "episodes" }),
    ];
    const writes: Record<string, () => Promise<unknown>> = {
        "user.add": () => zep.user.add({ userId: fresh("new") }, once),
        "user.update": () => zep.user.update(userId, { email: "new@example.org" }, once),
        "group.add": () => zep.group.add({ groupId: fresh("new") }, once),
        "group.update": () => zep.group.update(groupId, { name: "new" }, once),
        "memory.addSession": () => zep.memory.addSession({ sessionId: fresh("new"), userId }, once),
        "memory.updateSession": () => zep.memory.updateSession(sessionId, { metadata: { a: 1 } }, once),
        "memory.add": () => zep.memory.add(sessionId, { messages: [says("new")] }, once),
        "memory.updateMessageMetadata": () =>
            zep.memory.updateMessageMetadata(sessionId, uuid, { metadata: { a: 1 } }, once),
        "graph.add": () => zep.graph.add({ groupId, type: "text", data: "new" }, once),
        "graph.addBatch": () => zep.graph.addBatch({ groupId, episodes: [{ type: "text", data: "new" }] }, once),
        "memory.endSession": () => zep.memory.endSession(sessionId, {}, once),
        "memory.endSessions": () => zep.memory.endSessions({ sessionIds: [sessionId] }, once),
        "graph.episode.delete": () => zep.graph.episode.delete(uuid, once),
        "memory.delete": () => zep.memory.delete(sessionId, once),
        "group.delete": () => zep.group.delete(groupId, once),
        "user.delete": () => zep.user.delete(userId, once),
    };

    const before = await everything();
    await whileNothingCanBeWritten(async () => {
        for (const [name, write] of Object.entries(writes)) {
            await assert.doesNotReject(fails(write(), Zep.InternalServerError, 500), name);
        }
        assert.deepEqual(await everything(), before, "reading goes on, and nothing was written");
    });
    assert.deepEqual(await everything(), before);

    await zep.memory.add(sessionId, { messages: [says("It works again.")] });
    assert.deepEqual(contents((await zep.memory.get(sessionId)).messages), ["The abacus is made of walnut.", "It works again."]);
});
