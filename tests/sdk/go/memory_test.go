// SPDX-License-Identifier: Apache-2.0
//
// memory_test.go -- Memory.Add, Get, GetSessionMessages, GetSessionMessage, UpdateMessageMetadata.

package sdk

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
	"github.com/getzep/zep-go/v2/option"
)

func add(id string, messages ...*zep.Message) outcome[*zep.AddMemoryResponse] {
	return call(api.Memory.Add(ctx, id, &zep.AddMemoryRequest{Messages: messages}))
}

func messagesPage(limit, cursor int) *zep.MemoryGetSessionMessagesRequest {
	return &zep.MemoryGetSessionMessagesRequest{Limit: &limit, Cursor: &cursor}
}

func TestMessagesComeBackInOrder(t *testing.T) {
	id := newSession(t, newUser(t))
	roles := []zep.RoleType{"norole", "system", "assistant", "user", "function", "tool"}
	var given []*zep.Message
	for i, role := range roles {
		given = append(given, &zep.Message{
			RoleType: role,
			Role:     zep.String(fmt.Sprintf("Speaker %d", i)),
			Content:  fmt.Sprintf("Line %d\twith \"quotes\", <tags> & \\ and\nbreaks — ünïcode 漢字 🎻", i),
			Metadata: map[string]interface{}{"i": i, "nested": []interface{}{1, "two", map[string]int{"three": 3}}},
		})
	}
	answer := add(id, given...).ok(t)
	same(t, "context", answer.Context, (*string)(nil))

	seen := map[string]bool{}
	for i, m := range storedMessages(t, id) {
		same(t, "content", m.Content, given[i].Content)
		same(t, "role_type", m.RoleType, given[i].RoleType)
		same(t, "role", val(m.Role), val(given[i].Role))
		sameJSON(t, "metadata", m.Metadata, fmt.Sprintf(`{"i":%d,"nested":[1,"two",{"three":3}]}`, i))
		matches(t, "uuid", uuidForm, val(m.UUID))
		matches(t, "created_at", timeForm, val(m.CreatedAt))
		same(t, "processed", val(m.Processed), true)
		seen[val(m.UUID)] = true
	}
	same(t, "uuids", len(seen), len(roles))
}

func TestUnsetRoleCountsAsNorole(t *testing.T) {
	id := newSession(t, newUser(t))
	tap := &wiretap{}
	request := &zep.AddMemoryRequest{Messages: []*zep.Message{{Content: "who am I?"}}}
	call(api.Memory.Add(ctx, id, request, option.WithHTTPClient(tap))).ok(t)
	sameJSON(t, "what this SDK sends", rawMessage(tap.body), `{"messages":[{"content":"who am I?","role_type":""}]}`)
	same(t, "role_type", storedMessages(t, id)[0].RoleType, zep.RoleTypeNoRole)

	wizard := &zep.Message{Content: "x", RoleType: "wizard"}
	add(id, says("before"), wizard).fails(t, untyped(400), "bad request: ")
	same(t, "messages", len(storedMessages(t, id)), 1)
}

func TestGivenUUIDsAndTimes(t *testing.T) {
	id := newSession(t, newUser(t))
	uuid := newUUID()
	add(id,
		&zep.Message{Content: "later", UUID: &uuid, CreatedAt: zep.String("2024-05-01T12:00:00.25+02:00")},
		&zep.Message{Content: "earlier", CreatedAt: zep.String("2023-01-31T23:59:59Z")},
	).ok(t)
	messages := storedMessages(t, id)
	same(t, "order is arrival", messageTexts(messages), []string{"later", "earlier"})
	same(t, "uuid", val(messages[0].UUID), uuid)
	same(t, "created_at", val(messages[0].CreatedAt), "2024-05-01T10:00:00.250000Z")
	same(t, "created_at", val(messages[1].CreatedAt), "2023-01-31T23:59:59.000000Z")
	same(t, "message", call(api.Memory.GetSessionMessage(ctx, id, uuid)).ok(t).Content, "later")
	same(t, "its episode", call(api.Graph.Episode.Get(ctx, uuid)).ok(t).UUID, uuid)

	again := &zep.Message{Content: "again", UUID: &uuid}
	add(id, says("before"), again).fails(t, untyped(400), "bad request: ")
	elsewhere := newSession(t, newUser(t))
	add(elsewhere, again).fails(t, untyped(400), "bad request: ")
	pair := newUUID()
	add(id, &zep.Message{Content: "1", UUID: &pair}, &zep.Message{Content: "2", UUID: &pair}).fails(t, untyped(400), "bad request: ")
	same(t, "nothing stored", len(storedMessages(t, id)), 2)
	same(t, "nothing stored elsewhere", len(storedMessages(t, elsewhere)), 0)
}

func TestMessageLimits(t *testing.T) {
	id := newSession(t, newUser(t))
	add(id, numbered(31, "message %d")...).fails(t, untyped(400), "bad request: ")
	long := strings.Repeat("🐝", 4096)
	add(id, says("fine"), says(long+"z")).fails(t, untyped(400), "4096")
	add(id, says("nul \x00 here")).fails(t, untyped(400), "")
	same(t, "nothing stored", len(storedMessages(t, id)), 0)

	add(id, numbered(30, "message %d")...).ok(t)
	add(id, says(long), says("")).ok(t)
	want := append(messageTexts(numbered(30, "message %d")), long, "")
	same(t, "messages", messageTexts(storedMessages(t, id)), want)
}

func TestEmptyListIsLeftOut(t *testing.T) {
	id := newSession(t, newUser(t))
	tap := &wiretap{}
	request := &zep.AddMemoryRequest{Messages: []*zep.Message{}}
	call(api.Memory.Add(ctx, id, request, option.WithHTTPClient(tap))).fails(t, untyped(400), "bad request: ")
	same(t, "what this SDK sends for an empty list", tap.body, "{}")
}

func TestAddMakesTheSession(t *testing.T) {
	id := fresh("session")
	addMessages(t, id, says("Here already?"))
	same(t, "user_id", val(call(api.Memory.GetSession(ctx, id)).ok(t).UserID), "")
	same(t, "messages", messageTexts(storedMessages(t, id)), []string{"Here already?"})
}

func TestIgnoredRolesAreStored(t *testing.T) {
	id := newSession(t, newUser(t))
	answer := &zep.Message{Content: "answer", RoleType: zep.RoleTypeAssistantRole}
	call(api.Memory.Add(ctx, id, &zep.AddMemoryRequest{
		Messages:    []*zep.Message{says("question"), answer},
		IgnoreRoles: []zep.RoleType{zep.RoleTypeAssistantRole},
	})).ok(t)
	same(t, "messages", messageTexts(storedMessages(t, id)), []string{"question", "answer"})
}

func TestMemoryGet(t *testing.T) {
	id := newSession(t, newUser(t))
	empty := getMemory(t, id)
	same(t, "messages", len(empty.Messages), 0)
	same(t, "relevant_facts", len(empty.RelevantFacts), 0)
	if empty.Context == nil || *empty.Context != "" {
		t.Fatalf("the context of nothing is %v", empty.Context)
	}

	lines := messageTexts(numbered(9, "line %d"))
	add(id, numbered(9, "line %d")...).ok(t)
	last := func(n int) []string {
		return messageTexts(call(api.Memory.Get(ctx, id, &zep.MemoryGetRequest{Lastn: &n})).ok(t).Messages)
	}
	same(t, "by default", messageTexts(getMemory(t, id).Messages), lines[3:])
	same(t, "lastn 0", last(0), lines[3:])
	same(t, "lastn 2", last(2), lines[7:])
	same(t, "lastn 500", last(500), lines)
	rated := call(api.Memory.Get(ctx, id, &zep.MemoryGetRequest{MinRating: zep.Float64(0.5)})).ok(t)
	same(t, "relevant_facts", len(rated.RelevantFacts), 0)
	call(api.Memory.Get(ctx, id, &zep.MemoryGetRequest{Lastn: zep.Int(-1)})).fails(t, untyped(400), "bad request: ")
}

func TestMemoryContext(t *testing.T) {
	user := newUser(t)
	id := newSession(t, user)
	bought := saysAs("Nadia", "I bought a brass telescope at the flea market.")
	bought.CreatedAt = zep.String("2024-03-02T10:11:12Z")
	talk := numbered(6, "Small talk %d.")
	add(id, append([]*zep.Message{bought}, talk[:5]...)...).ok(t)
	same(t, "all of it is in messages", val(getMemory(t, id).Context), "")

	answer := call(api.Memory.Add(ctx, id, &zep.AddMemoryRequest{
		Messages:      []*zep.Message{talk[5], saysAs("Nadia", "Where did I find the telescope?")},
		ReturnContext: zep.Bool(true),
	})).ok(t)
	memory := getMemory(t, id)
	same(t, "return_context is what reading gives", val(answer.Context), val(memory.Context))

	block := regexp.MustCompile(`(?s)<EPISODES>\n(.*?)\n?</EPISODES>`).FindStringSubmatch(val(memory.Context))
	if block == nil {
		t.Fatalf("no <EPISODES> block in %q", val(memory.Context))
	}
	lineForm := regexp.MustCompile(`^  - \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\) [^:]+: .+$`)
	found := false
	for _, line := range strings.Split(block[1], "\n") {
		matches(t, "line", lineForm, line)
		found = found || line == "  - (2024-03-02 10:11:12) Nadia: I bought a brass telescope at the flea market."
	}
	if !found {
		t.Fatalf("the telescope is not in %q", block[1])
	}
	for _, m := range memory.Messages {
		if strings.Contains(val(memory.Context), m.Content) {
			t.Fatalf("%q is in messages, and again in %q", m.Content, val(memory.Context))
		}
	}

	// Another session of the user sees it too, another user does not.
	other, foreign := newSession(t, user), newSession(t, newUser(t))
	for _, session := range []string{other, foreign} {
		addMessages(t, session, says("Tell me about the brass telescope."))
	}
	if !strings.Contains(val(getMemory(t, other).Context), "Nadia: I bought a brass telescope") {
		t.Fatalf("context of another session: %q", val(getMemory(t, other).Context))
	}
	same(t, "context of a stranger", val(getMemory(t, foreign).Context), "")
}

func TestMessagePages(t *testing.T) {
	id := newSession(t, newUser(t))
	lines := messageTexts(numbered(7, "line %d"))
	add(id, numbered(7, "line %d")...).ok(t)

	all := call(api.Memory.GetSessionMessages(ctx, id, &zep.MemoryGetSessionMessagesRequest{})).ok(t)
	same(t, "all", messageTexts(all.Messages), lines)
	same(t, "row_count", val(all.RowCount), 7)
	same(t, "total_count", val(all.TotalCount), 7)

	second := call(api.Memory.GetSessionMessages(ctx, id, messagesPage(3, 2))).ok(t)
	same(t, "second page", messageTexts(second.Messages), lines[3:6])
	same(t, "row_count", val(second.RowCount), 3)
	same(t, "total_count", val(second.TotalCount), 7)

	beyond := call(api.Memory.GetSessionMessages(ctx, id, messagesPage(3, 9))).ok(t)
	same(t, "beyond the end", len(beyond.Messages), 0)
	same(t, "row_count", val(beyond.RowCount), 0)
	same(t, "total_count", val(beyond.TotalCount), 7)

	call(api.Memory.GetSessionMessages(ctx, id, messagesPage(-1, 1))).fails(t, untyped(400), "bad request: ")
	call(api.Memory.GetSessionMessages(ctx, id, messagesPage(3, -1))).fails(t, untyped(400), "bad request: ")
}

func TestOneMessage(t *testing.T) {
	id := newSession(t, newUser(t))
	add(id, &zep.Message{Content: "alpha", Metadata: map[string]interface{}{"a": 1, "n": map[string]int{"x": 1, "y": 2}}}).ok(t)
	uuid := val(storedMessages(t, id)[0].UUID)
	message := call(api.Memory.GetSessionMessage(ctx, id, uuid)).ok(t)
	same(t, "content", message.Content, "alpha")
	same(t, "uuid", val(message.UUID), uuid)

	elsewhere, nothing := newSession(t, newUser(t)), fresh("nothing")
	change := &zep.ModelsMessageMetadataUpdate{Metadata: map[string]interface{}{
		"b": []int{1}, "n": map[string]int{"y": 3}, "system": map[string]bool{"hidden": true},
	}}
	for _, where := range [][2]string{{elsewhere, uuid}, {id, newUUID()}, {id, "no-uuid"}, {nothing, uuid}} {
		call(api.Memory.GetSessionMessage(ctx, where[0], where[1])).fails(t, notFound, "not found")
		call(api.Memory.UpdateMessageMetadata(ctx, where[0], where[1], change)).fails(t, notFound, "not found")
	}

	updated := call(api.Memory.UpdateMessageMetadata(ctx, id, uuid, change)).ok(t)
	same(t, "content", updated.Content, "alpha")
	for _, m := range []*zep.Message{updated, call(api.Memory.GetSessionMessage(ctx, id, uuid)).ok(t)} {
		sameJSON(t, "metadata", m.Metadata, `{"a":1,"b":[1],"n":{"x":1,"y":3}}`)
	}
}
