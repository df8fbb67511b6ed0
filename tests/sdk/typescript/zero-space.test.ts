// SPDX-License-Identifier: Apache-2.0
//
// zero-space.test.ts -- when nothing can be written for a moment, a write is 503 and changes nothing, reading goes on,
// and the SDK's own repetition writes once. The failure is a limit of 0 on the size of files that the server may write.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ZepError } from "@getzep/zep-cloud";
import { contents, fails, fresh, newGroup, newSession, newUser, once, requestsDuring, says, zep } from "./support";

const pid = process.env.RECALLD_PID ?? "";
const skip = !pid && "no RECALLD_PID";
const MOMENT_MS = 200;

function limit(...args: string[]): string {
    return execFileSync("prlimit", ["--pid", pid, ...args], { encoding: "utf8" }).trim();
}

/** Starts `call` and `meanwhile` while the server cannot write, and gives what `call` comes to. */
async function whileNothingCanBeWritten<T>(call: () => Promise<T>, meanwhile: () => Promise<void>): Promise<T> {
    const before = limit("--fsize", "--output", "SOFT", "--noheadings", "--raw");
    limit("--fsize=0:");
    const result = call();
    result.catch(() => undefined);
    try {
        await sleep(MOMENT_MS);
        await meanwhile();
    } finally {
        limit(`--fsize=${before}:`);
    }
    return result;
}

test("a write that fails is 503 and changes nothing", { skip }, async () => {
    const userId = await newUser();
    const groupId = await newGroup();
    const sessionId = await newSession(userId);
    await zep.memory.add(sessionId, { messages: [says("The abacus is made of walnut.")] });

    const everything = async () => [
        await zep.user.listOrdered(),
        await zep.group.getAllGroups(),
        await zep.memory.listSessions(),
        await zep.memory.getSessionMessages(sessionId),
        await zep.graph.episode.getByGroupId(groupId),
        await zep.graph.search({ userId, query: "abacus", scope: "episodes" }),
    ];
    const before = await everything();
    const unchanged = async () => assert.deepEqual(await everything(), before);
    const writes: Array<() => Promise<unknown>> = [
        () => zep.user.add({ userId: fresh("new") }, once),
        () => zep.memory.add(sessionId, { messages: [says("new")] }, once),
        () => zep.memory.delete(sessionId, once),
        () => zep.graph.add({ groupId, type: "text", data: "new" }, once),
    ];
    for (const write of writes) {
        await fails(whileNothingCanBeWritten(write, unchanged), ZepError, 503);
        await unchanged();
    }
});

test("the SDK repeats what failed, and it is written once", { skip }, async () => {
    const sessionId = await newSession();
    const requests = await requestsDuring(() =>
        whileNothingCanBeWritten(
            () => zep.memory.add(sessionId, { messages: [says("again")] }),
            async () => undefined,
        ),
    );
    assert.ok(requests > 1, `${requests} requests`);
    assert.deepEqual(contents((await zep.memory.get(sessionId)).messages), ["again"]);
});
