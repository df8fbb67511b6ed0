// SPDX-License-Identifier: Apache-2.0
//
// users_test.go -- User.Add, Get, Update, Delete, ListOrdered, GetSessions, GetNode.

package sdk

import (
	"sort"
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
)

func usersPage(number, size int) *zep.UserListOrderedRequest {
	return &zep.UserListOrderedRequest{PageNumber: &number, PageSize: &size}
}

func userIDs(list []*zep.User) []string {
	return mapped(list, func(u *zep.User) string { return val(u.UserID) })
}

func TestUserComesBackAsGiven(t *testing.T) {
	id := fresh("user")
	added := call(api.User.Add(ctx, &zep.CreateUserRequest{
		UserID:    id,
		Email:     zep.String("ada@example.org"),
		FirstName: zep.String("Ada"),
		LastName:  zep.String("Lovelace"),
		Metadata: map[string]interface{}{
			"plan": "gold", "seats": 3, "ratio": 0.25, "tags": []string{"a", "b"}, "deep": map[string]bool{"on": true},
		},
		FactRatingInstruction: &zep.FactRatingInstruction{
			Instruction: zep.String("Rate by poignancy."),
			Examples:    &zep.FactRatingExamples{High: zep.String("h"), Medium: zep.String("m"), Low: zep.String("l")},
		},
	})).ok(t)
	for _, user := range []*zep.User{added, call(api.User.Get(ctx, id)).ok(t)} {
		same(t, "user_id", val(user.UserID), id)
		same(t, "email", val(user.Email), "ada@example.org")
		same(t, "first_name", val(user.FirstName), "Ada")
		same(t, "last_name", val(user.LastName), "Lovelace")
		sameJSON(t, "metadata", user.Metadata,
			`{"plan":"gold","seats":3,"ratio":0.25,"tags":["a","b"],"deep":{"on":true}}`)
		sameJSON(t, "instruction", user.FactRatingInstruction,
			`{"instruction":"Rate by poignancy.","examples":{"high":"h","medium":"m","low":"l"}}`)
		matches(t, "uuid", uuidForm, val(user.UUID))
		matches(t, "project_uuid", uuidForm, val(user.ProjectUUID))
		matches(t, "created_at", timeForm, val(user.CreatedAt))
		same(t, "deleted_at", user.DeletedAt, (*string)(nil))
		same(t, "uuid", user.UUID, added.UUID)
		if val(user.ID) <= 0 || val(user.ID) != val(added.ID) {
			t.Fatalf("id %d", val(user.ID))
		}
	}
}

func TestUserAddRefuses(t *testing.T) {
	id := newUser(t)
	add := func(id string) outcome[*zep.User] {
		return call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: id}))
	}
	add(id).fails(t, badRequest, "already exists with user_id: "+id)
	add("").fails(t, badRequest, "bad request: ")
	add(strings.Repeat("u", 501)).fails(t, badRequest, "bad request: ")
	add(fresh("user")+"\x00").fails(t, badRequest, "")
}

func TestUnknownUser(t *testing.T) {
	nobody := fresh("nobody")
	call(api.User.Get(ctx, nobody)).fails(t, notFound, "not found")
	call(api.User.Update(ctx, nobody, &zep.UpdateUserRequest{FirstName: zep.String("X")})).fails(t, notFound, "not found")
	call(api.User.Delete(ctx, nobody)).fails(t, notFound, "not found")
	call(api.User.GetNode(ctx, nobody)).fails(t, notFound, "not found")
	sessions := call(api.User.GetSessions(ctx, nobody)).ok(t)
	if sessions == nil || len(sessions) != 0 {
		t.Fatalf("expected an empty list, got %#v", sessions)
	}
}

func TestUserUpdateMerges(t *testing.T) {
	id := fresh("user")
	call(api.User.Add(ctx, &zep.CreateUserRequest{
		UserID: id, FirstName: zep.String("Ada"), LastName: zep.String("Lovelace"), Email: zep.String("ada@example.org"),
		Metadata:              map[string]interface{}{"a": 1, "n": map[string]interface{}{"x": 1, "y": []int{1, 2}}},
		FactRatingInstruction: &zep.FactRatingInstruction{Instruction: zep.String("old")},
	})).ok(t)
	updated := call(api.User.Update(ctx, id, &zep.UpdateUserRequest{
		FirstName:             zep.String(""),
		Email:                 zep.String("countess@example.org"),
		Metadata:              map[string]interface{}{"b": "two", "n": map[string]interface{}{"y": []int{3}, "z": false}},
		FactRatingInstruction: &zep.FactRatingInstruction{Instruction: zep.String("new")},
	})).ok(t)
	// An update with nothing in it changes nothing.
	untouched := call(api.User.Update(ctx, id, &zep.UpdateUserRequest{})).ok(t)
	for _, user := range []*zep.User{updated, untouched, call(api.User.Get(ctx, id)).ok(t)} {
		same(t, "first_name", val(user.FirstName), "Ada")
		same(t, "last_name", val(user.LastName), "Lovelace")
		same(t, "email", val(user.Email), "countess@example.org")
		same(t, "instruction", val(user.FactRatingInstruction.GetInstruction()), "new")
		sameJSON(t, "metadata", user.Metadata, `{"a":1,"b":"two","n":{"x":1,"y":[3],"z":false}}`)
	}
	call(api.User.Update(ctx, "nul\x00nul", &zep.UpdateUserRequest{})).fails(t, badRequest, "")
}

func TestUserListOrdered(t *testing.T) {
	before := val(call(api.User.ListOrdered(ctx, &zep.UserListOrderedRequest{})).ok(t).TotalCount)
	var ids []string
	for i := 0; i < 5; i++ {
		ids = append([]string{newUser(t)}, ids...)
	}
	all := call(api.User.ListOrdered(ctx, &zep.UserListOrderedRequest{})).ok(t)
	same(t, "total_count", val(all.TotalCount), before+5)
	same(t, "row_count", val(all.RowCount), before+5)
	same(t, "length", len(all.Users), before+5)
	same(t, "newest first", userIDs(all.Users[:5]), ids)

	second := call(api.User.ListOrdered(ctx, usersPage(2, 2))).ok(t)
	same(t, "second page", userIDs(second.Users), ids[2:4])
	same(t, "row_count", val(second.RowCount), 2)
	same(t, "total_count", val(second.TotalCount), before+5)

	beyond := call(api.User.ListOrdered(ctx, usersPage(100000, 2))).ok(t)
	same(t, "beyond the end", len(beyond.Users), 0)
	same(t, "row_count", val(beyond.RowCount), 0)
	same(t, "total_count", val(beyond.TotalCount), before+5)

	for _, page := range [][2]int{{0, 3}, {1, 0}, {-1, 3}, {1, -3}} {
		call(api.User.ListOrdered(ctx, usersPage(page[0], page[1]))).fails(t, badRequest, "bad request: ")
	}
}

func TestUserSessions(t *testing.T) {
	id := newUser(t)
	same(t, "session_count", val(call(api.User.Get(ctx, id)).ok(t).SessionCount), 0)
	want := []string{newSession(t, id), newSession(t, id), newSession(t, id)}
	newSession(t, newUser(t))
	got := sessionIDs(call(api.User.GetSessions(ctx, id)).ok(t))
	sort.Strings(got)
	sort.Strings(want)
	same(t, "sessions", got, want)
	same(t, "session_count", val(call(api.User.Get(ctx, id)).ok(t).SessionCount), 3)
}

func TestUserNode(t *testing.T) {
	id := fresh("user")
	call(api.User.Add(ctx, &zep.CreateUserRequest{
		UserID: id, FirstName: zep.String("Grace"), LastName: zep.String("Hopper"),
	})).ok(t)
	node := call(api.User.GetNode(ctx, id)).ok(t).Node
	same(t, "name", node.Name, "Grace Hopper")
	matches(t, "uuid", uuidForm, node.UUID)
	matches(t, "created_at", timeForm, node.CreatedAt)

	id = newUser(t)
	same(t, "name", call(api.User.GetNode(ctx, id)).ok(t).Node.Name, id)
}

func TestUserDelete(t *testing.T) {
	id := newUser(t)
	session := newSession(t, id)
	addMessages(t, session, says("The tortoise is called Hector."))
	given := call(api.Graph.Add(ctx, &zep.AddDataRequest{
		UserID: &id, Type: zep.GraphDataTypeText, Data: "The tortoise eats clover.",
	})).ok(t)

	same(t, "answer", val(call(api.User.Delete(ctx, id)).ok(t).Message), "OK")
	call(api.User.Get(ctx, id)).fails(t, notFound, "not found")
	call(api.User.Delete(ctx, id)).fails(t, notFound, "not found")
	call(api.Memory.GetSession(ctx, session)).fails(t, notFound, "not found")
	call(api.Memory.GetSessionMessages(ctx, session, &zep.MemoryGetSessionMessagesRequest{})).fails(t, notFound, "not found")
	call(api.Graph.Episode.Get(ctx, given.UUID)).fails(t, untyped(404), "not found")
	call(api.Graph.Search(ctx, &zep.GraphSearchQuery{UserID: &id, Query: "tortoise"})).fails(t, untyped(404), "not found")
	same(t, "sessions", len(call(api.User.GetSessions(ctx, id)).ok(t)), 0)

	// The ids are free again, and nothing of the old is behind them.
	call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: id})).ok(t)
	call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: session, UserID: id})).ok(t)
	same(t, "messages", len(storedMessages(t, session)), 0)
	same(t, "episodes", len(episodeSearch(t, id, "tortoise")), 0)
}
