// SPDX-License-Identifier: Apache-2.0
//
// storage_test.go -- when nothing can be written, every write is the typed InternalServerError, changes nothing,
// and works again by itself. The failure is a limit of 0 on the size of the files that the server may write.

package sdk

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
	"github.com/getzep/zep-go/v2/client"
	"github.com/getzep/zep-go/v2/option"
)

func prlimit(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("prlimit", append([]string{"--pid", os.Getenv("RECALLD_PID")}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("prlimit: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestFailingStorage(t *testing.T) {
	if os.Getenv("RECALLD_PID") == "" {
		t.Skip("no RECALLD_PID")
	}
	user, group := newUser(t), newGroup(t)
	session := newSession(t, user)
	addMessages(t, session, says("The abacus is made of walnut."))
	uuid := val(storedMessages(t, session)[0].UUID)
	everything := func(t *testing.T) []string {
		t.Helper()
		return []string{
			call(api.User.ListOrdered(ctx, &zep.UserListOrderedRequest{})).ok(t).String(),
			call(api.Group.GetAllGroups(ctx, &zep.GetGroupsOrderedRequest{})).ok(t).String(),
			call(api.Memory.ListSessions(ctx, &zep.MemoryListSessionsRequest{})).ok(t).String(),
			call(api.Memory.GetSessionMessages(ctx, session, &zep.MemoryGetSessionMessagesRequest{})).ok(t).String(),
			groupEpisodes(group, nil).ok(t).String(),
			strings.Join(episodeUUIDs(episodeSearch(t, user, "abacus")), " "),
		}
	}

	once := client.NewClient(option.WithAPIKey(key), option.WithBaseURL(base), option.WithMaxAttempts(1))
	newID := fresh("new")
	change := map[string]interface{}{"a": 1}
	episodes := []*zep.EpisodeData{{Type: zep.GraphDataTypeText, Data: "new"}}
	only := func(_ interface{}, err error) error { return err }
	writes := []struct {
		name  string
		write func() error
	}{
		{"User.Add", func() error {
			return only(once.User.Add(ctx, &zep.CreateUserRequest{UserID: newID}))
		}},
		{"User.Update", func() error {
			return only(once.User.Update(ctx, user, &zep.UpdateUserRequest{Metadata: change}))
		}},
		{"Group.Add", func() error {
			return only(once.Group.Add(ctx, &zep.CreateGroupRequest{GroupID: newID}))
		}},
		{"Group.Update", func() error {
			return only(once.Group.Update(ctx, group, &zep.UpdateGroupRequest{Name: zep.String("new")}))
		}},
		{"Memory.AddSession", func() error {
			return only(once.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: newID, UserID: user}))
		}},
		{"Memory.UpdateSession", func() error {
			return only(once.Memory.UpdateSession(ctx, session, &zep.UpdateSessionRequest{Metadata: change}))
		}},
		{"Memory.Add", func() error {
			return only(once.Memory.Add(ctx, session, &zep.AddMemoryRequest{Messages: []*zep.Message{says("new")}}))
		}},
		{"Memory.UpdateMessageMetadata", func() error {
			update := &zep.ModelsMessageMetadataUpdate{Metadata: change}
			return only(once.Memory.UpdateMessageMetadata(ctx, session, uuid, update))
		}},
		{"Graph.Add", func() error {
			return only(once.Graph.Add(ctx, &zep.AddDataRequest{GroupID: &group, Type: "text", Data: "new"}))
		}},
		{"Graph.AddBatch", func() error {
			return only(once.Graph.AddBatch(ctx, &zep.AddDataBatchRequest{GroupID: &group, Episodes: episodes}))
		}},
		{"Memory.EndSession", func() error {
			return only(once.Memory.EndSession(ctx, session, &zep.EndSessionRequest{}))
		}},
		{"Memory.EndSessions", func() error {
			return only(once.Memory.EndSessions(ctx, &zep.EndSessionsRequest{SessionIDs: []string{session}}))
		}},
		{"Graph.Episode.Delete", func() error { return only(once.Graph.Episode.Delete(ctx, uuid)) }},
		{"Memory.Delete", func() error { return only(once.Memory.Delete(ctx, session)) }},
		{"Group.Delete", func() error { return only(once.Group.Delete(ctx, group)) }},
		{"User.Delete", func() error { return only(once.User.Delete(ctx, user)) }},
	}

	before := everything(t)
	soft := prlimit(t, "--fsize", "--output", "SOFT", "--noheadings", "--raw")
	t.Run("nothing can be written", func(t *testing.T) {
		prlimit(t, "--fsize=0:")
		defer prlimit(t, "--fsize="+soft+":")
		for _, w := range writes {
			w := w
			t.Run(w.name, func(t *testing.T) {
				call(0, w.write()).fails(t, failure{500, "InternalServerError"}, "")
			})
		}
		same(t, "reading goes on, and nothing was written", everything(t), before)
	})
	same(t, "afterwards", everything(t), before)

	addMessages(t, session, says("It works again."))
	same(t, "messages", messageTexts(getMemory(t, session).Messages), []string{"The abacus is made of walnut.", "It works again."})
}
