// SPDX-License-Identifier: Apache-2.0
//
// ids_test.go -- ids that need escaping in a path go through every operation that has one there.

package sdk

import (
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
)

var oddIDs = map[string]string{
	"slash":                "a/b",
	"slashes at the ends":  "/a//b/",
	"a way up":             "../../users",
	"space":                "two words",
	"plus":                 "1+1",
	"percent":              "100%",
	"escape that is none":  "50%2F50",
	"question mark, hash":  "a?b#c",
	"colon and at":         "urn:x@y",
	"quote and backslash":  `"'\`,
	"ampersand and others": "a&b=c;d,e",
	"brackets":             "[{<(|^`~)>}]",
	"control character":    "tab\there",
	"cyrillic":             "пользователь",
	"chinese":              "用户/一",
	"arabic":               "مستخدم",
	"emoji":                "👩🏽‍🚀 🚀",
	"combining":            "e\u0301",
}

// The whole way of one id, as a user's, a session's and a group's.
func walk(t *testing.T, id string) {
	t.Helper()
	same(t, "User.Add", val(call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: id})).ok(t).UserID), id)
	same(t, "User.Get", val(call(api.User.Get(ctx, id)).ok(t).UserID), id)
	named := call(api.User.Update(ctx, id, &zep.UpdateUserRequest{FirstName: zep.String("Odd")})).ok(t)
	same(t, "User.Update", val(named.FirstName), "Odd")
	matches(t, "User.GetNode", uuidForm, call(api.User.GetNode(ctx, id)).ok(t).Node.UUID)

	call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: id, UserID: id})).ok(t)
	same(t, "Memory.GetSession", val(call(api.Memory.GetSession(ctx, id)).ok(t).UserID), id)
	same(t, "User.GetSessions", sessionIDs(call(api.User.GetSessions(ctx, id)).ok(t)), []string{id})
	marked := call(api.Memory.UpdateSession(ctx, id, &zep.UpdateSessionRequest{
		Metadata: map[string]interface{}{"id": id},
	})).ok(t)
	same(t, "Memory.UpdateSession", marked.Metadata, map[string]interface{}{"id": id})

	addMessages(t, id, says("The walrus yawned."))
	same(t, "Memory.Get", messageTexts(getMemory(t, id).Messages), []string{"The walrus yawned."})
	uuid := val(storedMessages(t, id)[0].UUID)
	same(t, "Memory.GetSessionMessage", call(api.Memory.GetSessionMessage(ctx, id, uuid)).ok(t).Content, "The walrus yawned.")
	update := &zep.ModelsMessageMetadataUpdate{Metadata: map[string]interface{}{"id": id}}
	same(t, "Memory.UpdateMessageMetadata", call(api.Memory.UpdateMessageMetadata(ctx, id, uuid, update)).ok(t).Metadata["id"], interface{}(id))
	found := call(api.Memory.Search(ctx, id, &zep.MemorySearchPayload{Text: zep.String("walrus")})).ok(t)
	same(t, "Memory.Search", val(found[0].Message.UUID), uuid)
	across := call(api.Memory.SearchSessions(ctx, &zep.SessionSearchQuery{Text: "walrus", UserID: &id})).ok(t)
	same(t, "Memory.SearchSessions", val(across.Results[0].SessionID), id)
	same(t, "Graph.Episode.GetByUserID", val(userEpisodes(id, nil).ok(t).Episodes[0].SessionID), id)
	same(t, "Graph.Search", episodeUUIDs(episodeSearch(t, id, "walrus")), []string{uuid})
	same(t, "Memory.EndSession", val(call(api.Memory.EndSession(ctx, id, &zep.EndSessionRequest{})).ok(t).Session.SessionID), id)
	ended := call(api.Memory.EndSessions(ctx, &zep.EndSessionsRequest{SessionIDs: []string{id}})).ok(t)
	same(t, "Memory.EndSessions", sessionIDs(ended.Sessions), []string{id})
	call(api.Memory.Delete(ctx, id)).ok(t)
	call(api.Memory.GetSession(ctx, id)).fails(t, notFound, "not found")
	call(api.User.Delete(ctx, id)).ok(t)
	call(api.User.Get(ctx, id)).fails(t, notFound, "not found")

	call(api.Group.Add(ctx, &zep.CreateGroupRequest{GroupID: id})).ok(t)
	same(t, "Group.GetGroup", val(call(api.Group.GetGroup(ctx, id)).ok(t).GroupID), id)
	same(t, "Group.Update", val(call(api.Group.Update(ctx, id, &zep.UpdateGroupRequest{Name: zep.String("Odd")})).ok(t).Name), "Odd")
	call(api.Graph.Add(ctx, &zep.AddDataRequest{GroupID: &id, Type: zep.GraphDataTypeText, Data: "walrus"})).ok(t)
	same(t, "Graph.Episode.GetByGroupID", len(groupEpisodes(id, nil).ok(t).Episodes), 1)
	call(api.Group.Delete(ctx, id)).ok(t)
	call(api.Group.GetGroup(ctx, id)).fails(t, notFound, "not found")
}

func TestOddIDs(t *testing.T) {
	for name, odd := range oddIDs {
		odd := odd
		t.Run(name, func(t *testing.T) {
			// The odd part stands last, so that it is also what ends the path's segment.
			walk(t, fresh("id")+" "+odd)
		})
	}
}

// Only this SDK sends dots as they are; they are ids like others and lead nowhere.
func TestDots(t *testing.T) {
	for _, id := range []string{".", "..", "..."} {
		id := id
		t.Run(id, func(t *testing.T) {
			_, _ = api.Memory.Delete(ctx, id)
			_, _ = api.User.Delete(ctx, id)
			_, _ = api.Group.Delete(ctx, id)
			walk(t, id)
		})
	}
}

func TestSessionCalledAsARoute(t *testing.T) {
	for _, id := range []string{"search", "end"} {
		_, _ = api.Memory.Delete(ctx, id)
		call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: id, UserID: newUser(t)})).ok(t)
		same(t, "GetSession", val(call(api.Memory.GetSession(ctx, id)).ok(t).SessionID), id)
		call(api.Memory.UpdateSession(ctx, id, &zep.UpdateSessionRequest{})).ok(t)
		call(api.Memory.EndSession(ctx, id, &zep.EndSessionRequest{})).ok(t)
		call(api.Memory.Delete(ctx, id)).ok(t)
	}
}

func TestIDsAreComparedByteByByte(t *testing.T) {
	mark := fresh("user")
	for _, pair := range [][2]string{{"Case", "case"}, {"é", "e\u0301"}, {"a b", "a+b"}, {"a/b", "a%2Fb"}, {"x", "x "}} {
		for _, id := range pair {
			call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: mark + id, FirstName: zep.String(id)})).ok(t)
		}
		for _, id := range pair {
			user := call(api.User.Get(ctx, mark+id)).ok(t)
			same(t, "user_id", val(user.UserID), mark+id)
			same(t, "first_name", val(user.FirstName), id)
		}
	}
}

func TestLongestID(t *testing.T) {
	id := fresh("user")
	id += strings.Repeat("語", 500-len(id))
	call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: id})).ok(t)
	same(t, "user_id", val(call(api.User.Get(ctx, id)).ok(t).UserID), id)
	call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: id + "語"})).fails(t, badRequest, "bad request: ")
}
