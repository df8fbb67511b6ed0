// SPDX-License-Identifier: Apache-2.0
//
// graph_test.go -- Graph.Add, Graph.AddBatch; Graph.Episode.Get, GetByUserID, GetByGroupID, Delete.

package sdk

import (
	"fmt"
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
	"github.com/getzep/zep-go/v2/graph"
)

func userEpisodes(user string, lastn *int) outcome[*zep.EpisodeResponse] {
	return call(api.Graph.Episode.GetByUserID(ctx, user, &graph.EpisodeGetByUserIDRequest{Lastn: lastn}))
}

func groupEpisodes(group string, lastn *int) outcome[*zep.EpisodeResponse] {
	return call(api.Graph.Episode.GetByGroupID(ctx, group, &graph.EpisodeGetByGroupIDRequest{Lastn: lastn}))
}

func textData(n int) []*zep.EpisodeData {
	list := make([]*zep.EpisodeData, n)
	for i := range list {
		list[i] = &zep.EpisodeData{
			Type:              zep.GraphDataTypeText,
			Data:              fmt.Sprintf("Parcel %d was weighed.", i),
			SourceDescription: zep.String(fmt.Sprintf("scale %d", i)),
		}
	}
	return list
}

func TestGraphAdd(t *testing.T) {
	user := newUser(t)
	added := call(api.Graph.Add(ctx, &zep.AddDataRequest{
		UserID:            &user,
		Type:              zep.GraphDataTypeText,
		Data:              "The ferry runs hourly. 渡し船 ⛴",
		SourceDescription: zep.String("timetable"),
		CreatedAt:         zep.String("2024-06-30T08:00:00-05:00"),
	})).ok(t)
	for _, episode := range []*zep.Episode{added, call(api.Graph.Episode.Get(ctx, added.UUID)).ok(t)} {
		matches(t, "uuid", uuidForm, episode.UUID)
		same(t, "uuid", episode.UUID, added.UUID)
		same(t, "content", episode.Content, "The ferry runs hourly. 渡し船 ⛴")
		same(t, "source", val(episode.Source), zep.GraphDataTypeText)
		same(t, "source_description", val(episode.SourceDescription), "timetable")
		same(t, "created_at", episode.CreatedAt, "2024-06-30T13:00:00.000000Z")
		same(t, "processed", val(episode.Processed), true)
		same(t, "session_id", episode.SessionID, (*string)(nil))
	}

	group := newGroup(t)
	tide := call(api.Graph.Add(ctx, &zep.AddDataRequest{
		GroupID: &group, Type: zep.GraphDataTypeText, Data: "Low tide at noon.",
	})).ok(t)
	matches(t, "created_at", timeForm, tide.CreatedAt)
	same(t, "the group's", episodeUUIDs(groupEpisodes(group, nil).ok(t).Episodes), []string{tide.UUID})
}

func TestGraphAddRefuses(t *testing.T) {
	user, group := newUser(t), newGroup(t)
	nobody, nothing := fresh("nobody"), fresh("nothing")
	add := func(data string, user, group *string) outcome[*zep.Episode] {
		return call(api.Graph.Add(ctx, &zep.AddDataRequest{
			Type: zep.GraphDataTypeText, Data: data, UserID: user, GroupID: group,
		}))
	}
	add("x", nil, nil).fails(t, badRequest, "bad request: ")
	add("x", &user, &group).fails(t, badRequest, "bad request: ")
	add("", &user, nil).fails(t, badRequest, "bad request: ")
	add(strings.Repeat("d", 10001), &user, nil).fails(t, badRequest, "bad request: ")
	add("x", &nobody, nil).fails(t, untyped(404), "not found")
	add("x", nil, &nothing).fails(t, untyped(404), "not found")
	call(api.Graph.Add(ctx, &zep.AddDataRequest{
		UserID: &user, Type: zep.GraphDataTypeText, Data: "x", SourceDescription: zep.String(strings.Repeat("s", 501)),
	})).fails(t, badRequest, "bad request: ")
	call(api.Graph.Add(ctx, &zep.AddDataRequest{UserID: &user, Type: "picture", Data: "x"})).fails(t, badRequest, "bad request: ")
	same(t, "nothing stored", len(userEpisodes(user, nil).ok(t).Episodes), 0)
	add(strings.Repeat("🧭", 10000), &user, nil).ok(t)
}

func TestGraphAddBatch(t *testing.T) {
	user := newUser(t)
	data := textData(20)
	added := call(api.Graph.AddBatch(ctx, &zep.AddDataBatchRequest{UserID: &user, Episodes: data})).ok(t)
	same(t, "how many", len(added), 20)
	for i, episode := range added {
		same(t, "content", episode.Content, data[i].Data)
		same(t, "source_description", val(episode.SourceDescription), val(data[i].SourceDescription))
	}
	same(t, "the list", episodeUUIDs(userEpisodes(user, zep.Int(100)).ok(t).Episodes), episodeUUIDs(added))
}

func TestGraphAddBatchRefuses(t *testing.T) {
	user, nobody := newUser(t), fresh("nobody")
	batch := func(user *string, episodes []*zep.EpisodeData) outcome[[]*zep.Episode] {
		return call(api.Graph.AddBatch(ctx, &zep.AddDataBatchRequest{UserID: user, Episodes: episodes}))
	}
	batch(&user, textData(21)).fails(t, badRequest, "bad request: ")
	batch(nil, textData(1)).fails(t, badRequest, "bad request: ")
	batch(&nobody, textData(1)).fails(t, untyped(404), "not found")
	spoilt := textData(2)
	spoilt[1].Data = strings.Repeat("d", 10001)
	batch(&user, spoilt).fails(t, badRequest, "bad request: ")
	same(t, "nothing stored", len(userEpisodes(user, nil).ok(t).Episodes), 0)
}

func TestEpisodesOfUser(t *testing.T) {
	user := newUser(t)
	session := newSession(t, user)
	turns := numbered(11, "turn %d")
	for _, m := range turns {
		m.Role, m.RoleType = zep.String("Nadia"), zep.RoleTypeAssistantRole
	}
	addMessages(t, session, turns...)
	data := call(api.Graph.Add(ctx, &zep.AddDataRequest{UserID: &user, Type: zep.GraphDataTypeText, Data: "an afterthought"})).ok(t)
	uuids := mapped(storedMessages(t, session), func(m *zep.Message) string { return val(m.UUID) })
	uuids = append(uuids, data.UUID)

	same(t, "by default", episodeUUIDs(userEpisodes(user, nil).ok(t).Episodes), uuids[2:])
	same(t, "lastn 2", episodeUUIDs(userEpisodes(user, zep.Int(2)).ok(t).Episodes), uuids[10:])
	all := userEpisodes(user, zep.Int(100)).ok(t).Episodes
	same(t, "lastn 100", episodeUUIDs(all), uuids)
	same(t, "content", all[0].Content, "turn 0")
	same(t, "role", val(all[0].Role), "Nadia")
	same(t, "role_type", val(all[0].RoleType), zep.RoleTypeAssistantRole)
	same(t, "session_id", val(all[0].SessionID), session)
	same(t, "processed", val(all[0].Processed), true)
}

func TestEpisodesOfNobody(t *testing.T) {
	userEpisodes(fresh("nobody"), nil).fails(t, untyped(404), "not found")
	groupEpisodes(fresh("nothing"), nil).fails(t, untyped(404), "not found")
	userEpisodes("nul\x00nul", nil).fails(t, badRequest, "")
	groupEpisodes("nul\x00nul", nil).fails(t, badRequest, "")
	same(t, "a new user's", len(userEpisodes(newUser(t), nil).ok(t).Episodes), 0)
	same(t, "a new group's", len(groupEpisodes(newGroup(t), nil).ok(t).Episodes), 0)
}

func TestEpisodeDelete(t *testing.T) {
	user := newUser(t)
	added := call(api.Graph.AddBatch(ctx, &zep.AddDataBatchRequest{UserID: &user, Episodes: textData(2)})).ok(t)
	kept, gone := added[0].UUID, added[1].UUID
	same(t, "answer", val(call(api.Graph.Episode.Delete(ctx, gone)).ok(t).Message), "OK")
	call(api.Graph.Episode.Get(ctx, gone)).fails(t, untyped(404), "not found")
	call(api.Graph.Episode.Delete(ctx, gone)).fails(t, notFound, "not found")
	same(t, "the list", episodeUUIDs(userEpisodes(user, nil).ok(t).Episodes), []string{kept})
	same(t, "the search", episodeUUIDs(episodeSearch(t, user, "parcel weighed")), []string{kept})

	call(api.Graph.Episode.Get(ctx, newUUID())).fails(t, untyped(404), "not found")
	call(api.Graph.Episode.Delete(ctx, newUUID())).fails(t, notFound, "not found")
	call(api.Graph.Episode.Get(ctx, "no-uuid")).fails(t, badRequest, "bad request: ")
	call(api.Graph.Episode.Delete(ctx, "no-uuid")).fails(t, badRequest, "bad request: ")
}
