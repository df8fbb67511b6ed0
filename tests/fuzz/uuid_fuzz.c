/* SPDX-License-Identifier: Apache-2.0
 *
 * uuid_fuzz.c -- ids as text and as bits: what is read is written the same but for its case, and an
 * id that routes is the one that would be minted for where it points. */
#include "base/uuid.h"
#include "fuzz.h"

static void check_route(uuid id)
{
    uuid_route to;

    if (!uuid_route_of(id, &to))
        return;
    assert(to.graph >= 0 && to.graph <= UUID_MAX_GRAPH);
    assert(to.number >= 0 && to.number <= UUID_MAX_NUMBER);
    assert(uuid_eq(id, uuid_mint(to.time_ms * 1000, to.graph, to.kind, to.number)));
}

static void check_text(slice s)
{
    char text[UUID_TEXT + 1];
    uuid id, again;

    if (!uuid_parse(s, &id))
        return;
    uuid_format(id, text);
    assert(s.n == UUID_TEXT);
    for (size_t i = 0; i < s.n; i++)
        assert(text[i] == s.p[i] || (s.p[i] >= 'A' && s.p[i] <= 'F' && text[i] == s.p[i] + 32));
    assert(uuid_parse(slice_of(text), &again) && uuid_eq(id, again));
    check_route(id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice s = fuzz_copy(data, size);
    uuid id;

    check_text(s);
    if (size >= sizeof(id.b)) {
        memcpy(id.b, data, sizeof(id.b));
        check_route(id);
    }
    fuzz_free(s);
    return 0;
}
