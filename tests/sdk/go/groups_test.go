// SPDX-License-Identifier: Apache-2.0
//
// groups_test.go -- Group.Add, GetGroup, Update, Delete, GetAllGroups.

package sdk

import (
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
)

func groupsPage(number, size int) *zep.GetGroupsOrderedRequest {
	return &zep.GetGroupsOrderedRequest{PageNumber: &number, PageSize: &size}
}

func TestGroupComesBackAsGiven(t *testing.T) {
	id := fresh("group")
	added := call(api.Group.Add(ctx, &zep.CreateGroupRequest{
		GroupID:               id,
		Name:                  zep.String("Harbour office"),
		Description:           zep.String("Ships and tides."),
		FactRatingInstruction: &zep.FactRatingInstruction{Instruction: zep.String("Rate by urgency.")},
	})).ok(t)
	for _, group := range []*zep.Group{added, call(api.Group.GetGroup(ctx, id)).ok(t)} {
		same(t, "group_id", val(group.GroupID), id)
		same(t, "graph_id", group.GetExtraProperties()["graph_id"], interface{}(id))
		same(t, "name", val(group.Name), "Harbour office")
		same(t, "description", val(group.Description), "Ships and tides.")
		same(t, "instruction", val(group.FactRatingInstruction.GetInstruction()), "Rate by urgency.")
		matches(t, "uuid", uuidForm, val(group.UUID))
		matches(t, "project_uuid", uuidForm, val(group.ProjectUUID))
		matches(t, "created_at", timeForm, val(group.CreatedAt))
		if val(group.ID) <= 0 || val(group.ID) != val(added.ID) {
			t.Fatalf("id %d", val(group.ID))
		}
	}
}

func TestGroupAddRefuses(t *testing.T) {
	id := newGroup(t)
	call(api.Group.Add(ctx, &zep.CreateGroupRequest{GroupID: id})).fails(t, badRequest, "already exists")
	call(api.Group.Add(ctx, &zep.CreateGroupRequest{})).fails(t, badRequest, "bad request: ")
	name, description := strings.Repeat("n", 256), strings.Repeat("d", 2001)
	call(api.Group.Add(ctx, &zep.CreateGroupRequest{GroupID: fresh("group"), Name: &name})).fails(t, badRequest, "")
	call(api.Group.Add(ctx, &zep.CreateGroupRequest{GroupID: fresh("group"), Description: &description})).fails(t, badRequest, "")
}

func TestGroupUpdate(t *testing.T) {
	id := fresh("group")
	call(api.Group.Add(ctx, &zep.CreateGroupRequest{
		GroupID: id, Name: zep.String("old"), Description: zep.String("kept"),
	})).ok(t)
	updated := call(api.Group.Update(ctx, id, &zep.UpdateGroupRequest{
		Name: zep.String("new"), Description: zep.String(""),
	})).ok(t)
	for _, group := range []*zep.Group{updated, call(api.Group.GetGroup(ctx, id)).ok(t)} {
		same(t, "name", val(group.Name), "new")
		same(t, "description", val(group.Description), "kept")
	}
	call(api.Group.Update(ctx, "nul\x00nul", &zep.UpdateGroupRequest{})).fails(t, badRequest, "")
}

func TestUnknownGroup(t *testing.T) {
	nothing := fresh("nothing")
	call(api.Group.GetGroup(ctx, nothing)).fails(t, notFound, "not found")
	call(api.Group.Update(ctx, nothing, &zep.UpdateGroupRequest{})).fails(t, notFound, "not found")
	call(api.Group.Delete(ctx, nothing)).fails(t, notFound, "not found")
	call(api.Group.Delete(ctx, "nul\x00nul")).fails(t, badRequest, "")
}

func TestGetAllGroups(t *testing.T) {
	before := val(call(api.Group.GetAllGroups(ctx, &zep.GetGroupsOrderedRequest{})).ok(t).TotalCount)
	var ids []string
	for i := 0; i < 5; i++ {
		ids = append([]string{newGroup(t)}, ids...)
	}
	newUser(t) // its graph is not listed here
	groupIDs := func(list []*zep.Group) []string {
		return mapped(list, func(g *zep.Group) string { return val(g.GroupID) })
	}

	all := call(api.Group.GetAllGroups(ctx, &zep.GetGroupsOrderedRequest{})).ok(t)
	same(t, "total_count", val(all.TotalCount), before+5)
	same(t, "row_count", val(all.RowCount), before+5)
	same(t, "newest first", groupIDs(all.Groups[:5]), ids)

	second := call(api.Group.GetAllGroups(ctx, groupsPage(2, 2))).ok(t)
	same(t, "second page", groupIDs(second.Groups), ids[2:4])
	same(t, "row_count", val(second.RowCount), 2)
	same(t, "total_count", val(second.TotalCount), before+5)

	beyond := call(api.Group.GetAllGroups(ctx, groupsPage(100000, 2))).ok(t)
	same(t, "beyond the end", len(beyond.Groups), 0)
	same(t, "total_count", val(beyond.TotalCount), before+5)

	call(api.Group.GetAllGroups(ctx, groupsPage(0, 2))).fails(t, badRequest, "bad request: ")
	call(api.Group.GetAllGroups(ctx, groupsPage(1, -2))).fails(t, badRequest, "bad request: ")
}

func TestGroupDelete(t *testing.T) {
	id := newGroup(t)
	given := call(api.Graph.Add(ctx, &zep.AddDataRequest{
		GroupID: &id, Type: zep.GraphDataTypeText, Data: "The lighthouse lamp was replaced in May.",
	})).ok(t)
	same(t, "answer", val(call(api.Group.Delete(ctx, id)).ok(t).Message), "OK")
	call(api.Group.GetGroup(ctx, id)).fails(t, notFound, "not found")
	call(api.Group.Delete(ctx, id)).fails(t, notFound, "not found")
	call(api.Graph.Episode.Get(ctx, given.UUID)).fails(t, untyped(404), "not found")
	call(api.Graph.Search(ctx, &zep.GraphSearchQuery{GroupID: &id, Query: "lamp"})).fails(t, untyped(404), "not found")
}
