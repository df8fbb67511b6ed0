// SPDX-License-Identifier: Apache-2.0
//
// support.ts -- what every file of this suite needs: a client, fresh ids, and one way to expect an error.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Zep, ZepClient, ZepError } from "@getzep/zep-cloud";

function setting(name: string): string {
    const value = process.env[name];
    if (!value) {
        throw new Error(`${name} is not set; run the suite with tests/sdk/run-sdk typescript`);
    }
    return value;
}

export const SERVER = setting("RECALLD_URL").replace(/\/+$/, "");
export const KEY = setting("RECALLD_KEY");
export const BASE = `${SERVER}/api/v2`;

/** A client as a user would make it: the key, and the base URL in `environment`. */
export const zep = new ZepClient({ apiKey: KEY, environment: BASE });

/** For calls that answer 409, which the SDK would otherwise repeat twice, seconds apart. */
export const once = { maxRetries: 0 };

export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const newUuid = (): string => randomUUID();

let made = 0;
const run = randomUUID().slice(0, 8);

/** An id that no other test, and no earlier run against the same server, has used. */
export function fresh(what: string): string {
    made += 1;
    return `${what}-${run}-${process.pid}-${made}`;
}

export async function newUser(more: Partial<Zep.CreateUserRequest> = {}): Promise<string> {
    const userId = more.userId ?? fresh("user");
    await zep.user.add({ ...more, userId });
    return userId;
}

export async function newGroup(): Promise<string> {
    const groupId = fresh("group");
    await zep.group.add({ groupId });
    return groupId;
}

/** A session of `userId`, or of a new user. */
export async function newSession(userId?: string): Promise<string> {
    const sessionId = fresh("session");
    await zep.memory.addSession({ sessionId, userId: userId ?? (await newUser()) });
    return sessionId;
}

export function says(content: string, more: Partial<Zep.Message> = {}): Zep.Message {
    return { roleType: "user", ...more, content };
}

export const contents = (list: Array<{ content: string }> | undefined): string[] =>
    (list ?? []).map((item) => item.content);

type ErrorClass = new (...args: any[]) => ZepError;

/**
 * `call` must fail with exactly the class `kind` (not a subclass: `ZepError` here means that the operation
 * does not declare the status) and with a body `{message}` that fits `text`.
 */
export async function fails(
    call: Promise<unknown>,
    kind: ErrorClass,
    status: number,
    text: RegExp = /./,
): Promise<ZepError> {
    let caught: unknown;
    try {
        await call;
    } catch (e) {
        caught = e;
    }
    assert.ok(caught !== undefined, `expected ${kind.name} ${status}, but the call succeeded`);
    assert.ok(caught instanceof ZepError, `expected ${kind.name} ${status}, got ${caught}`);
    assert.equal(caught.statusCode, status, caught.message);
    assert.equal(Object.getPrototypeOf(caught), kind.prototype, `${status} came as another class: ${caught.message}`);
    const message = (caught.body as { message?: unknown } | undefined)?.message;
    assert.equal(typeof message, "string", `no message in the body of ${status}: ${caught.message}`);
    assert.match(message as string, text);
    return caught;
}

export interface RawReply {
    status: number;
    headers: Headers;
    body: any;
}

/** A request without the SDK, for what no SDK of this generation can send or show. */
export async function raw(method: string, path: string, body?: unknown, authorization = `Api-Key ${KEY}`): Promise<RawReply> {
    const reply = await fetch(BASE + path, {
        method,
        headers: { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: reply.status, headers: reply.headers, body: await reply.json() };
}

/** Runs `act` and returns how many HTTP requests the SDK made meanwhile. */
export async function requestsDuring(act: () => Promise<unknown>): Promise<number> {
    const real = globalThis.fetch;
    let count = 0;
    globalThis.fetch = ((...args: Parameters<typeof fetch>) => {
        count += 1;
        return real(...args);
    }) as typeof fetch;
    try {
        await act();
    } finally {
        globalThis.fetch = real;
    }
    return count;
}
