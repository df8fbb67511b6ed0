// SPDX-License-Identifier: Apache-2.0
//
// conversation.test.ts -- a conversation of several hundred turns goes in, comes back in order, and the turns
// that answer a question are found by it, at once.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Zep } from "@getzep/zep-cloud";
import { contents, newSession, newUser, says, zep } from "./support";

const TURNS = 330;

/** What was said once, and a question that it answers. */
const TOLD: Array<[said: string, asked: string]> = [
    ["My sister Marguerite keeps fourteen beehives behind the old mill.", "How many beehives does Marguerite keep?"],
    ["We adopted a greyhound called Pretzel from the shelter in Leiden.", "Where did we adopt the greyhound?"],
    ["The violin teacher moved our lesson to Thursday at a quarter past five.", "When is the violin lesson now?"],
    ["I broke my left ankle skiing in Zermatt ten years ago.", "Which ankle did I break in Zermatt?"],
    ["Grandfather's recipe puts cardamom, never cinnamon, into the buns.", "Which spice is in grandfather's buns?"],
    ["The passport bureau wants two photographs and the blue form.", "What does the passport bureau want to have?"],
    ["Our basement flooded last spring and ruined the accordion.", "What ruined the accordion?"],
    ["Doctor Okonkwo says that my cholesterol is far too high.", "What did doctor Okonkwo say about my cholesterol?"],
    ["The night train to Vienna leaves from platform nine.", "From which platform does the night train to Vienna leave?"],
    ["Marcus proposed to Ingrid on the ferry to Gotland.", "Where did Marcus propose to Ingrid?"],
    ["Моя бабушка родилась в Новосибирске.", "Кто родился в Новосибирске?"],
    ["The spare key of the allotment hangs under the third flowerpot.", "Where is the spare key of the allotment?"],
];

const THINGS = ["weather", "traffic", "soup", "garden", "meeting", "laundry", "crossword", "printer", "coffee", "curtains"];
const STATES = ["fine", "slow", "strange", "better", "loud", "warm", "dull", "pleasant", "late", "heavy"];
const DAYS = ["today", "yesterday", "this morning", "on Monday", "again", "as usual", "for once", "all week"];

/** Turn `i` of the conversation: every 27th is one of TOLD, the others are small talk. */
function turn(i: number): Zep.Message {
    const told = i % 27 === 13 ? TOLD[(i - 13) / 27] : undefined;
    const pick = (list: string[], step: number) => list[(i * step + (i >> 3)) % list.length];
    const chat = `The ${pick(THINGS, 7)} was ${pick(STATES, 3)} ${pick(DAYS, 5)}, and so was the ${pick(THINGS, 9)}.`;
    return {
        roleType: i % 2 ? "assistant" : "user",
        role: i % 2 ? "Helper" : "Nadia",
        content: told ? told[0] : chat,
        createdAt: new Date(Date.UTC(2024, 2, 1, 9) + i * 90_000).toISOString(),
        metadata: { turn: i },
    };
}

const turns = Array.from({ length: TURNS }, (_, i) => turn(i));
let userId: string;
let sessionId: string;

before(async () => {
    userId = await newUser({ firstName: "Nadia" });
    sessionId = await newSession(userId);
    for (let i = 0; i < TURNS; i += 30) {
        await zep.memory.add(sessionId, { messages: turns.slice(i, i + 30) });
    }
});

test("all of it comes back in order", async () => {
    const all = await zep.memory.getSessionMessages(sessionId);
    assert.equal(all.totalCount, TURNS);
    assert.equal(all.rowCount, TURNS);
    assert.deepEqual(contents(all.messages), contents(turns));
    assert.deepEqual(all.messages?.map((m) => m.metadata), turns.map((t) => t.metadata));
    assert.deepEqual(all.messages?.map((m) => m.role), turns.map((t) => t.role));
    assert.deepEqual(all.messages?.map((m) => m.createdAt), turns.map((t) => t.createdAt!.replace("Z", "000Z")));
});

test("page by page it is the same", async () => {
    const paged: Zep.Message[] = [];
    for (let cursor = 1; ; cursor++) {
        const page = await zep.memory.getSessionMessages(sessionId, { limit: 70, cursor });
        assert.equal(page.totalCount, TURNS);
        assert.equal(page.rowCount, page.messages?.length);
        if (!page.messages?.length) {
            break;
        }
        paged.push(...page.messages);
    }
    assert.deepEqual(contents(paged), contents(turns));
});

test("a limit that does not parse is one hundred", async () => {
    const odd = { limit: "many" } as unknown as Zep.MemoryGetSessionMessagesRequest;
    const page = await zep.memory.getSessionMessages(sessionId, odd);
    assert.deepEqual(contents(page.messages), contents(turns.slice(0, 100)));
    assert.equal(page.totalCount, TURNS);
});

test("memory.get gives its end", async () => {
    assert.deepEqual(contents((await zep.memory.get(sessionId)).messages), contents(turns.slice(-6)));
    assert.deepEqual(contents((await zep.memory.get(sessionId, { lastn: 40 })).messages), contents(turns.slice(-40)));
});

test("each question finds its turn in the graph", async () => {
    for (const [said, asked] of TOLD) {
        const found = await zep.graph.search({ userId, query: asked, scope: "episodes", limit: 5 });
        assert.ok(contents(found.episodes).includes(said), `${asked} found ${JSON.stringify(contents(found.episodes))}`);
    }
});

test("and in the session, and among the user's sessions", async () => {
    for (const [said, asked] of TOLD) {
        const here = await zep.memory.search(sessionId, { text: asked, limit: 5 });
        assert.ok(here.some((r) => r.message?.content === said), `memory.search: ${asked}`);
        const anywhere = await zep.memory.searchSessions({ text: asked, userId, limit: 5 });
        assert.ok(
            anywhere.results?.some((r) => r.message?.content === said && r.sessionId === sessionId),
            `searchSessions: ${asked}`,
        );
    }
});

test("a question asked in a new session brings the turn into its context", async () => {
    const later = await newSession(userId);
    const [said, asked] = TOLD[0];
    const answer = await zep.memory.add(later, { messages: [says(asked, { role: "Nadia" })], returnContext: true });
    assert.ok(answer.context?.includes(`Helper: ${said}`) || answer.context?.includes(`Nadia: ${said}`), answer.context);
});
