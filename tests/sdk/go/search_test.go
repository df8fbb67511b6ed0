// SPDX-License-Identifier: Apache-2.0
//
// search_test.go -- Memory.Search, Memory.SearchSessions, Graph.Search.

package sdk

import (
	"fmt"
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
)

const (
	harbour = "The harbour master repaired the old foghorn."
	kitchen = "Dinner tonight is mushroom risotto."
	travel  = "The overnight bus to Oaxaca was cancelled."
)

func bestFirst(t *testing.T, scores []*float64) {
	t.Helper()
	for i, score := range scores {
		if score == nil || i > 0 && *scores[i-1] < *score {
			t.Fatalf("scores out of order at %d", i)
		}
	}
}

func TestMemorySearch(t *testing.T) {
	user := newUser(t)
	id, sister := newSession(t, user), newSession(t, user)
	addMessages(t, id, says(kitchen), saysAs("Nadia", harbour), says(travel))
	addMessages(t, sister, says("Another foghorn, another harbour."))

	results := call(api.Memory.Search(ctx, id, &zep.MemorySearchPayload{
		Text: zep.String("Who repaired the foghorn in the harbour?"),
	})).ok(t)
	same(t, "best", results[0].Message.Content, harbour)
	same(t, "role", val(results[0].Message.Role), "Nadia")
	same(t, "role_type", results[0].Message.RoleType, zep.RoleTypeUserRole)
	bestFirst(t, mapped(results, func(r *zep.MemorySearchResult) *float64 { return r.Score }))
	for _, r := range results {
		if strings.HasPrefix(r.Message.Content, "Another") {
			t.Fatal("a message of another session was found")
		}
	}
}

func TestMemorySearchScopesAndLimits(t *testing.T) {
	id := newSession(t, newUser(t))
	addMessages(t, id, numbered(15, "Walnut number %d.")...)
	count := func(scope *zep.SearchScope, limit *int) int {
		return len(call(api.Memory.Search(ctx, id, &zep.MemorySearchPayload{
			Text: zep.String("walnut"), SearchScope: scope, Limit: limit,
		})).ok(t))
	}
	same(t, "facts", count(zep.SearchScopeFacts.Ptr(), nil), 0)
	same(t, "summary", count(zep.SearchScopeSummary.Ptr(), nil), 0)
	same(t, "messages", count(zep.SearchScopeMessages.Ptr(), nil), 10)
	same(t, "limit 3", count(nil, zep.Int(3)), 3)
	same(t, "limit 99", count(nil, zep.Int(99)), 15)
	negative := &zep.MemorySearchPayload{Text: zep.String("walnut"), Limit: zep.Int(-1)}
	call(api.Memory.Search(ctx, id, negative)).fails(t, untyped(400), "bad request: ")
	mmr := &zep.MemorySearchPayload{Text: zep.String("walnut"), SearchType: zep.SearchTypeMmr.Ptr(), MmrLambda: zep.Float64(0.5)}
	same(t, "mmr", len(call(api.Memory.Search(ctx, id, mmr)).ok(t)), 10)
}

func TestSearchSessions(t *testing.T) {
	user := newUser(t)
	one, two, foreign := newSession(t, user), newSession(t, user), newSession(t, newUser(t))
	addMessages(t, one, says(harbour), says(kitchen))
	addMessages(t, two, says("A foghorn woke the whole harbour."), says(travel))
	addMessages(t, foreign, says("Foghorn, harbour, foghorn."))

	found := func(query *zep.SessionSearchQuery) map[string]bool {
		t.Helper()
		query.Text = "harbour foghorn"
		results := call(api.Memory.SearchSessions(ctx, query)).ok(t).Results
		bestFirst(t, mapped(results, func(r *zep.SessionSearchResult) *float64 { return r.Score }))
		sessions := map[string]bool{}
		for _, r := range results {
			matches(t, "message", uuidForm, val(r.Message.UUID))
			sessions[val(r.SessionID)] = true
		}
		return sessions
	}
	same(t, "by user", found(&zep.SessionSearchQuery{UserID: &user}), map[string]bool{one: true, two: true})
	same(t, "by sessions", found(&zep.SessionSearchQuery{SessionIDs: []string{two, foreign}}), map[string]bool{two: true, foreign: true})
	same(t, "facts", found(&zep.SessionSearchQuery{UserID: &user, SearchScope: zep.SearchScopeFacts.Ptr()}), map[string]bool{})
	same(t, "summary", found(&zep.SessionSearchQuery{UserID: &user, SearchScope: zep.SearchScopeSummary.Ptr()}), map[string]bool{})

	call(api.Memory.SearchSessions(ctx, &zep.SessionSearchQuery{Text: "harbour"})).fails(t, untyped(400), "bad request: ")
	negative := &zep.SessionSearchQuery{Text: "harbour", UserID: &user, Limit: zep.Int(-1)}
	call(api.Memory.SearchSessions(ctx, negative)).fails(t, untyped(400), "bad request: ")
}

func TestSearchSessionsLimits(t *testing.T) {
	user := newUser(t)
	for i := 0; i < 4; i++ {
		addMessages(t, newSession(t, user), numbered(30, "Hazelnut %d.")...)
	}
	count := func(limit *int) int {
		query := &zep.SessionSearchQuery{Text: "hazelnut", UserID: &user, Limit: limit}
		return len(call(api.Memory.SearchSessions(ctx, query)).ok(t).Results)
	}
	same(t, "by default", count(nil), 10)
	same(t, "limit 25", count(zep.Int(25)), 25)
	same(t, "limit 1000", count(zep.Int(1000)), 100)
}

func TestGraphSearch(t *testing.T) {
	user := newUser(t)
	session := newSession(t, user)
	addMessages(t, session, says(kitchen), saysAs("Nadia", harbour), says(travel))
	given := call(api.Graph.Add(ctx, &zep.AddDataRequest{
		UserID: &user, Type: zep.GraphDataTypeText, Data: "Oaxaca lies in the south of Mexico.",
		SourceDescription: zep.String("atlas"),
	})).ok(t)

	result := call(api.Graph.Search(ctx, &zep.GraphSearchQuery{
		UserID: &user, Query: "Who repaired the foghorn?", Scope: zep.GraphSearchScopeEpisodes.Ptr(),
	})).ok(t)
	best := result.Episodes[0]
	same(t, "content", best.Content, harbour)
	same(t, "session_id", val(best.SessionID), session)
	same(t, "thread_id", best.GetExtraProperties()["thread_id"], interface{}(session))
	same(t, "role", val(best.Role), "Nadia")
	same(t, "role_type", val(best.RoleType), zep.RoleTypeUserRole)
	bestFirst(t, mapped(result.Episodes, func(e *zep.Episode) *float64 { return e.Score }))
	same(t, "edges", len(result.Edges), 0)
	same(t, "nodes", len(result.Nodes), 0)

	oaxaca := episodeSearch(t, user, "In which country is Oaxaca, Mexico?")[0]
	same(t, "uuid", oaxaca.UUID, given.UUID)
	same(t, "session_id", oaxaca.SessionID, (*string)(nil))
	same(t, "source_description", val(oaxaca.SourceDescription), "atlas")
}

func TestGraphSearchScopesAndLimits(t *testing.T) {
	user := newUser(t)
	for batch := 0; batch < 3; batch++ {
		var episodes []*zep.EpisodeData
		for i := 0; i < 20; i++ {
			data := fmt.Sprintf("Chestnut %d %d.", batch, i)
			episodes = append(episodes, &zep.EpisodeData{Type: zep.GraphDataTypeText, Data: data})
		}
		call(api.Graph.AddBatch(ctx, &zep.AddDataBatchRequest{UserID: &user, Episodes: episodes})).ok(t)
	}
	for _, scope := range []*zep.GraphSearchScope{nil, zep.GraphSearchScopeEdges.Ptr(), zep.GraphSearchScopeNodes.Ptr()} {
		r := call(api.Graph.Search(ctx, &zep.GraphSearchQuery{UserID: &user, Query: "chestnut", Scope: scope})).ok(t)
		same(t, "results", len(r.Edges)+len(r.Nodes)+len(r.Episodes), 0)
	}
	count := func(limit *int) int {
		return len(call(api.Graph.Search(ctx, &zep.GraphSearchQuery{
			UserID: &user, Query: "chestnut", Scope: zep.GraphSearchScopeEpisodes.Ptr(), Limit: limit,
		})).ok(t).Episodes)
	}
	same(t, "by default", count(nil), 10)
	same(t, "limit 3", count(zep.Int(3)), 3)
	same(t, "limit 500", count(zep.Int(500)), 50)
}

func TestGraphSearchStaysInItsGraph(t *testing.T) {
	mine, yours, group := newUser(t), newUser(t), newGroup(t)
	texts := map[string]*zep.AddDataRequest{
		"The glacier calved in June.":  {UserID: &mine},
		"The glacier is blue.":         {UserID: &yours},
		"The glacier feeds the river.": {GroupID: &group},
	}
	for text, request := range texts {
		request.Type, request.Data = zep.GraphDataTypeText, text
		call(api.Graph.Add(ctx, request)).ok(t)
	}
	for text, request := range texts {
		found := call(api.Graph.Search(ctx, &zep.GraphSearchQuery{
			UserID: request.UserID, GroupID: request.GroupID, Query: "glacier", Scope: zep.GraphSearchScopeEpisodes.Ptr(),
		})).ok(t)
		same(t, "found", episodeTexts(found.Episodes), []string{text})
	}
}

func TestGraphSearchRerankers(t *testing.T) {
	user := newUser(t)
	addMessages(t, newSession(t, user), says(kitchen), says(harbour), says(travel))
	search := func(reranker *zep.Reranker, lambda *float64) outcome[*zep.GraphSearchResults] {
		return call(api.Graph.Search(ctx, &zep.GraphSearchQuery{
			UserID: &user, Query: "foghorn harbour", Scope: zep.GraphSearchScopeEpisodes.Ptr(),
			Reranker: reranker, MmrLambda: lambda,
		}))
	}
	plain := episodeUUIDs(search(nil, nil).ok(t).Episodes)
	same(t, "rrf", episodeUUIDs(search(zep.RerankerRrf.Ptr(), nil).ok(t).Episodes), plain)
	same(t, "cross_encoder", episodeUUIDs(search(zep.RerankerCrossEncoder.Ptr(), nil).ok(t).Episodes), plain)
	same(t, "mmr", search(zep.RerankerMmr.Ptr(), zep.Float64(0.5)).ok(t).Episodes[0].UUID, plain[0])
	search(zep.RerankerMmr.Ptr(), nil).fails(t, badRequest, "bad request: ")
	search(zep.RerankerNodeDistance.Ptr(), nil).fails(t, badRequest, "bad request: ")
}

func TestGraphSearchRefuses(t *testing.T) {
	user, group := newUser(t), newGroup(t)
	nobody, nothing := fresh("nobody"), fresh("nothing")
	search := func(query string, user, group *string) outcome[*zep.GraphSearchResults] {
		return call(api.Graph.Search(ctx, &zep.GraphSearchQuery{
			Query: query, UserID: user, GroupID: group, Scope: zep.GraphSearchScopeEpisodes.Ptr(),
		}))
	}
	search("", &user, nil).fails(t, badRequest, "bad request: ")
	search(strings.Repeat("q", 401), &user, nil).fails(t, badRequest, "bad request: ")
	search(strings.Repeat("🔍", 400), &user, nil).ok(t)
	search("glacier", nil, nil).fails(t, badRequest, "bad request: ")
	search("glacier", &user, &group).fails(t, badRequest, "bad request: ")
	search("glacier", &nobody, nil).fails(t, untyped(404), "not found")
	search("glacier", nil, &nothing).fails(t, untyped(404), "not found")
}
