// SPDX-License-Identifier: Apache-2.0
//
// zero_space_test.go -- when nothing can be written for a moment, a write is 503 and changes nothing, reading goes on,
// and the SDK's own repetition writes once. The failure is a limit of 0 on the size of files that the server may write.

package sdk

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	zep "github.com/getzep/zep-go/v2"
	"github.com/getzep/zep-go/v2/client"
	"github.com/getzep/zep-go/v2/option"
)

const moment = 200 * time.Millisecond

func prlimit(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("prlimit", append([]string{"--pid", os.Getenv("RECALLD_PID")}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("prlimit: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// whileNothingCanBeWritten starts `write` and `meanwhile` while the server cannot write, and gives what `write` comes to.
func whileNothingCanBeWritten(t *testing.T, write func() error, meanwhile func()) error {
	t.Helper()
	result := make(chan error, 1)
	func() {
		soft := prlimit(t, "--fsize", "--output", "SOFT", "--noheadings", "--raw")
		defer prlimit(t, "--fsize="+soft+":")
		prlimit(t, "--fsize=0:")
		go func() { result <- write() }()
		time.Sleep(moment)
		meanwhile()
	}()
	return <-result
}

func TestZeroSpace(t *testing.T) {
	if os.Getenv("RECALLD_PID") == "" {
		t.Skip("no RECALLD_PID")
	}
	user, group := newUser(t), newGroup(t)
	session := newSession(t, user)
	addMessages(t, session, says("The abacus is made of walnut."))
	everything := func() []string {
		return []string{
			call(api.User.ListOrdered(ctx, &zep.UserListOrderedRequest{})).ok(t).String(),
			call(api.Group.GetAllGroups(ctx, &zep.GetGroupsOrderedRequest{})).ok(t).String(),
			call(api.Memory.ListSessions(ctx, &zep.MemoryListSessionsRequest{})).ok(t).String(),
			call(api.Memory.GetSessionMessages(ctx, session, &zep.MemoryGetSessionMessagesRequest{})).ok(t).String(),
			groupEpisodes(group, nil).ok(t).String(),
			strings.Join(episodeUUIDs(episodeSearch(t, user, "abacus")), " "),
		}
	}
	before := everything()
	unchanged := func() { same(t, "nothing was written", everything(), before) }

	once := client.NewClient(option.WithAPIKey(key), option.WithBaseURL(base), option.WithMaxAttempts(1))
	only := func(_ interface{}, err error) error { return err }
	writes := []func() error{
		func() error { return only(once.User.Add(ctx, &zep.CreateUserRequest{UserID: fresh("new")})) },
		func() error {
			return only(once.Memory.Add(ctx, session, &zep.AddMemoryRequest{Messages: []*zep.Message{says("new")}}))
		},
		func() error { return only(once.Memory.Delete(ctx, session)) },
		func() error {
			return only(once.Graph.Add(ctx, &zep.AddDataRequest{GroupID: &group, Type: zep.GraphDataTypeText, Data: "new"}))
		},
	}
	for _, write := range writes {
		call(0, whileNothingCanBeWritten(t, write, unchanged)).fails(t, untyped(503), "")
		unchanged()
	}

	// This SDK repeats a 503 once, with the same body; it is written once.
	tap := &wiretap{}
	repeating := client.NewClient(option.WithAPIKey(key), option.WithBaseURL(base), option.WithHTTPClient(tap))
	again := &zep.AddMemoryRequest{Messages: []*zep.Message{says("again")}}
	err := whileNothingCanBeWritten(t, func() error { return only(repeating.Memory.Add(ctx, session, again)) }, func() {})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "requests", tap.requests, 2)
	same(t, "messages", messageTexts(getMemory(t, session).Messages), []string{"The abacus is made of walnut.", "again"})
}
