// SPDX-License-Identifier: Apache-2.0
//
// sessions_test.go -- Memory.AddSession, GetSession, UpdateSession, ListSessions, EndSession, EndSessions, Delete.

package sdk

import (
	"fmt"
	"sort"
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
	"github.com/getzep/zep-go/v2/option"
)

func sessionsPage(number, size int) *zep.MemoryListSessionsRequest {
	return &zep.MemoryListSessionsRequest{PageNumber: &number, PageSize: &size}
}

func TestSessionComesBackAsGiven(t *testing.T) {
	user, id := newUser(t), fresh("session")
	added := call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{
		SessionID: id,
		UserID:    user,
		Metadata:  map[string]interface{}{"channel": "phone", "nested": map[string]int{"n": 1}},
		FactRatingInstruction: &zep.FactRatingInstruction{
			Instruction: zep.String("Rate."),
			Examples:    &zep.FactRatingExamples{High: zep.String("h")},
		},
	})).ok(t)
	for _, session := range []*zep.Session{added, call(api.Memory.GetSession(ctx, id)).ok(t)} {
		same(t, "session_id", val(session.SessionID), id)
		same(t, "user_id", val(session.UserID), user)
		same(t, "classifications", session.Classifications, map[string]string{})
		sameJSON(t, "metadata", session.Metadata, `{"channel":"phone","nested":{"n":1}}`)
		same(t, "instruction", val(session.FactRatingInstruction.GetInstruction()), "Rate.")
		same(t, "example", val(session.FactRatingInstruction.Examples.GetHigh()), "h")
		matches(t, "uuid", uuidForm, val(session.UUID))
		matches(t, "created_at", timeForm, val(session.CreatedAt))
		same(t, "ended_at", session.EndedAt, (*string)(nil))
	}
}

func TestSessionWithoutUser(t *testing.T) {
	id := fresh("session")
	tap := &wiretap{}
	added := call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: id}, option.WithHTTPClient(tap))).ok(t)
	sameJSON(t, "what this SDK sends", rawMessage(tap.body), fmt.Sprintf(`{"session_id":%q,"user_id":""}`, id))
	same(t, "user_id", val(added.UserID), "")
	addMessages(t, id, says("Nobody in particular."))
	same(t, "messages", messageTexts(getMemory(t, id).Messages), []string{"Nobody in particular."})
}

func TestAddSessionRefuses(t *testing.T) {
	user := newUser(t)
	id := newSession(t, user)
	add := func(session, user string) outcome[*zep.Session] {
		return call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: session, UserID: user}))
	}
	add(id, user).fails(t, badRequest, "already exists with session_id: "+id)
	add(id, newUser(t)).fails(t, badRequest, "already exists with session_id: "+id)
	add("", user).fails(t, badRequest, "bad request: ")
	add(strings.Repeat("s", 501), user).fails(t, badRequest, "bad request: ")
	lost := fresh("session")
	add(lost, fresh("nobody")).fails(t, badRequest, "user not found")
	call(api.Memory.GetSession(ctx, lost)).fails(t, notFound, "not found")
}

func TestUnknownSession(t *testing.T) {
	nothing := fresh("nothing")
	call(api.Memory.GetSession(ctx, nothing)).fails(t, notFound, "not found")
	call(api.Memory.UpdateSession(ctx, nothing, &zep.UpdateSessionRequest{})).fails(t, notFound, "not found")
	call(api.Memory.EndSession(ctx, nothing, &zep.EndSessionRequest{})).fails(t, notFound, "not found")
	call(api.Memory.EndSessions(ctx, &zep.EndSessionsRequest{SessionIDs: []string{nothing}})).fails(t, notFound, "not found")
	call(api.Memory.Delete(ctx, nothing)).fails(t, notFound, "not found")
	call(api.Memory.Get(ctx, nothing, &zep.MemoryGetRequest{})).fails(t, notFound, "not found")
	call(api.Memory.GetSessionMessages(ctx, nothing, &zep.MemoryGetSessionMessagesRequest{})).fails(t, notFound, "not found")
	call(api.Memory.Search(ctx, nothing, &zep.MemorySearchPayload{Text: zep.String("x")})).fails(t, notFound, "not found")
}

func TestUpdateSessionMerges(t *testing.T) {
	id := fresh("session")
	call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{
		SessionID: id, UserID: newUser(t),
		Metadata: map[string]interface{}{"a": 1, "n": map[string]interface{}{"x": map[string]int{"p": 1}, "y": []int{1, 2}}},
	})).ok(t)
	updated := call(api.Memory.UpdateSession(ctx, id, &zep.UpdateSessionRequest{
		Metadata: map[string]interface{}{
			"b":      true,
			"n":      map[string]interface{}{"x": map[string]string{"q": "2"}, "y": []int{}},
			"system": map[string]int{"secret": 1},
		},
		FactRatingInstruction: &zep.FactRatingInstruction{Instruction: zep.String("later")},
	})).ok(t)
	for _, session := range []*zep.Session{updated, call(api.Memory.GetSession(ctx, id)).ok(t)} {
		sameJSON(t, "metadata", session.Metadata, `{"a":1,"b":true,"n":{"x":{"p":1,"q":"2"},"y":[]}}`)
		same(t, "instruction", val(session.FactRatingInstruction.GetInstruction()), "later")
	}
}

func TestEmptyUpdateSession(t *testing.T) {
	id := fresh("session")
	added := call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{
		SessionID: id, UserID: newUser(t), Metadata: map[string]interface{}{"a": 1},
	})).ok(t)
	tap := &wiretap{}
	request := &zep.UpdateSessionRequest{Metadata: map[string]interface{}{}}
	updated := call(api.Memory.UpdateSession(ctx, id, request, option.WithHTTPClient(tap))).ok(t)
	same(t, "what this SDK sends for an empty map", tap.body, "{}")
	sameJSON(t, "metadata", updated.Metadata, `{"a":1}`)
	if val(updated.UpdatedAt) <= val(added.UpdatedAt) {
		t.Fatalf("updated_at %s is not after %s", val(updated.UpdatedAt), val(added.UpdatedAt))
	}
}

func TestSessionNUL(t *testing.T) {
	call(api.Memory.UpdateSession(ctx, "nul\x00nul", &zep.UpdateSessionRequest{})).fails(t, badRequest, "")
	call(api.Memory.EndSession(ctx, "nul\x00nul", &zep.EndSessionRequest{})).fails(t, badRequest, "")
}

func TestListSessions(t *testing.T) {
	before := val(call(api.Memory.ListSessions(ctx, sessionsPage(1, 1))).ok(t).TotalCount)
	user := newUser(t)
	var ids []string
	for i := 0; i < 5; i++ {
		ids = append([]string{newSession(t, user)}, ids...)
	}
	all := call(api.Memory.ListSessions(ctx, &zep.MemoryListSessionsRequest{})).ok(t)
	same(t, "total_count", val(all.TotalCount), before+5)
	same(t, "response_count", val(all.ResponseCount), before+5)
	same(t, "newest first", sessionIDs(all.Sessions[:5]), ids)

	second := call(api.Memory.ListSessions(ctx, sessionsPage(2, 2))).ok(t)
	same(t, "second page", sessionIDs(second.Sessions), ids[2:4])
	same(t, "response_count", val(second.ResponseCount), 2)
	same(t, "total_count", val(second.TotalCount), before+5)

	beyond := call(api.Memory.ListSessions(ctx, sessionsPage(100000, 2))).ok(t)
	same(t, "beyond the end", len(beyond.Sessions), 0)
	same(t, "response_count", val(beyond.ResponseCount), 0)
	same(t, "total_count", val(beyond.TotalCount), before+5)
}

func TestListSessionsOrders(t *testing.T) {
	mark := fresh("order")
	// Made in the order b c a, touched in the order c a b, and by their users in the order b a c.
	for _, pair := range [][2]string{{"b", "1"}, {"c", "3"}, {"a", "2"}} {
		user := mark + "-" + pair[1]
		call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: user})).ok(t)
		call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: mark + "-" + pair[0], UserID: user})).ok(t)
	}
	for _, session := range []string{"c", "a", "b"} {
		call(api.Memory.UpdateSession(ctx, mark+"-"+session, &zep.UpdateSessionRequest{})).ok(t)
	}
	orders := map[string]string{"created_at": "bca", "updated_at": "cab", "session_id": "abc", "user_id": "bac"}
	for field, ascending := range orders {
		mine := func(asc *bool) string {
			request := &zep.MemoryListSessionsRequest{OrderBy: zep.String(field), Asc: asc}
			order := ""
			for _, id := range sessionIDs(call(api.Memory.ListSessions(ctx, request)).ok(t).Sessions) {
				if strings.HasPrefix(id, mark+"-") {
					order += id[len(mark)+1:]
				}
			}
			return order
		}
		descending := string([]byte{ascending[2], ascending[1], ascending[0]})
		same(t, field+" ascending", mine(zep.Bool(true)), ascending)
		same(t, field+" descending", mine(zep.Bool(false)), descending)
		same(t, field+" by default", mine(nil), descending)
	}
}

func TestListSessionsRefuses(t *testing.T) {
	request := &zep.MemoryListSessionsRequest{OrderBy: zep.String("colour")}
	call(api.Memory.ListSessions(ctx, request)).fails(t, badRequest, "bad request: ")
	for _, page := range [][2]int{{0, 5}, {1, 0}, {-1, 5}, {1, -5}} {
		call(api.Memory.ListSessions(ctx, sessionsPage(page[0], page[1]))).fails(t, badRequest, "bad request: ")
	}
}

func TestEndSession(t *testing.T) {
	id := newSession(t, newUser(t))
	first := call(api.Memory.EndSession(ctx, id, &zep.EndSessionRequest{})).ok(t)
	same(t, "session_id", val(first.Session.SessionID), id)
	matches(t, "ended_at", timeForm, val(first.Session.EndedAt))
	again := call(api.Memory.EndSession(ctx, id, &zep.EndSessionRequest{Instruction: zep.String("ignored")})).ok(t)
	same(t, "the first time", val(again.Session.EndedAt), val(first.Session.EndedAt))
	same(t, "the first time", val(call(api.Memory.GetSession(ctx, id)).ok(t).EndedAt), val(first.Session.EndedAt))
}

func TestEndSessions(t *testing.T) {
	ids := []string{newSession(t, newUser(t)), newSession(t, newUser(t))}
	with := &zep.EndSessionsRequest{SessionIDs: append([]string{fresh("nothing")}, ids...)}
	call(api.Memory.EndSessions(ctx, with)).fails(t, notFound, "not found")
	for _, id := range ids {
		same(t, "all or nothing", call(api.Memory.GetSession(ctx, id)).ok(t).EndedAt, (*string)(nil))
	}

	tap := &wiretap{}
	empty := &zep.EndSessionsRequest{SessionIDs: []string{}}
	call(api.Memory.EndSessions(ctx, empty, option.WithHTTPClient(tap))).fails(t, badRequest, "bad request: ")
	same(t, "what this SDK sends for an empty list", tap.body, "{}")

	ended := call(api.Memory.EndSessions(ctx, &zep.EndSessionsRequest{SessionIDs: ids})).ok(t)
	got := sessionIDs(ended.Sessions)
	sort.Strings(got)
	sort.Strings(ids)
	same(t, "sessions", got, ids)
	for _, session := range ended.Sessions {
		matches(t, "ended_at", timeForm, val(session.EndedAt))
	}
}

func TestAfterTheEnd(t *testing.T) {
	id := newSession(t, newUser(t))
	addMessages(t, id, says("The parrot learnt a sea shanty."))
	call(api.Memory.EndSession(ctx, id, &zep.EndSessionRequest{})).ok(t)

	late := &zep.AddMemoryRequest{Messages: []*zep.Message{says("too late")}}
	call(api.Memory.Add(ctx, id, late)).fails(t, untyped(409), "session ended")
	tap := &wiretap{}
	update := &zep.UpdateSessionRequest{Metadata: map[string]interface{}{"late": true}}
	call(api.Memory.UpdateSession(ctx, id, update, option.WithHTTPClient(tap))).fails(t, conflict, "session ended")
	same(t, "requests: this SDK does not repeat a 409", tap.requests, 1)

	same(t, "memory", messageTexts(getMemory(t, id).Messages), []string{"The parrot learnt a sea shanty."})
	same(t, "messages", len(storedMessages(t, id)), 1)
	found := call(api.Memory.Search(ctx, id, &zep.MemorySearchPayload{Text: zep.String("parrot shanty")})).ok(t)
	same(t, "search", len(found), 1)
	same(t, "delete", val(call(api.Memory.Delete(ctx, id)).ok(t).Message), "OK")
}

func TestDeleteSession(t *testing.T) {
	user := newUser(t)
	id := newSession(t, user)
	addMessages(t, id, says("The kiln reaches twelve hundred degrees."))
	uuid := val(storedMessages(t, id)[0].UUID)
	before := val(call(api.Memory.ListSessions(ctx, sessionsPage(1, 1))).ok(t).TotalCount)
	searchAll := func() int {
		query := &zep.SessionSearchQuery{Text: "kiln degrees", UserID: &user}
		return len(call(api.Memory.SearchSessions(ctx, query)).ok(t).Results)
	}
	same(t, "found before", searchAll(), 1)

	same(t, "answer", val(call(api.Memory.Delete(ctx, id)).ok(t).Message), "OK")
	call(api.Memory.GetSession(ctx, id)).fails(t, notFound, "not found")
	call(api.Memory.Get(ctx, id, &zep.MemoryGetRequest{})).fails(t, notFound, "not found")
	call(api.Memory.GetSessionMessage(ctx, id, uuid)).fails(t, notFound, "not found")
	call(api.Memory.UpdateSession(ctx, id, &zep.UpdateSessionRequest{})).fails(t, notFound, "not found")
	call(api.Memory.Delete(ctx, id)).fails(t, notFound, "not found")
	same(t, "the user's sessions", len(call(api.User.GetSessions(ctx, user)).ok(t)), 0)
	same(t, "total_count", val(call(api.Memory.ListSessions(ctx, sessionsPage(1, 1))).ok(t).TotalCount), before-1)
	same(t, "found after", searchAll(), 0)

	// What was learnt stays in the user's graph, without the session's name.
	episodes := episodeSearch(t, user, "kiln degrees")
	same(t, "episodes", episodeUUIDs(episodes), []string{uuid})
	same(t, "session_id", episodes[0].SessionID, (*string)(nil))

	call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: id, UserID: user})).ok(t)
	same(t, "messages of the new session", len(storedMessages(t, id)), 0)
	same(t, "found under the id used again", searchAll(), 0)
}
