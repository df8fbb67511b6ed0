// SPDX-License-Identifier: Apache-2.0
//
// support_test.go -- what every file of this suite needs: a client, fresh ids, and one way to state what a
// call gives or how it fails.

package sdk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	zep "github.com/getzep/zep-go/v2"
	"github.com/getzep/zep-go/v2/client"
	"github.com/getzep/zep-go/v2/core"
	"github.com/getzep/zep-go/v2/option"
)

var (
	ctx  = context.Background()
	base string         // the server's address with /api/v2
	key  string         // the key that it takes
	api  *client.Client // a client as a user would make it

	timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)
	uuidForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

func TestMain(m *testing.M) {
	server := strings.TrimRight(os.Getenv("RECALLD_URL"), "/")
	key = os.Getenv("RECALLD_KEY")
	if server == "" || key == "" {
		fmt.Fprintln(os.Stderr, "RECALLD_URL or RECALLD_KEY is not set; run the suite with tests/sdk/run-sdk go")
		os.Exit(2)
	}
	base = server + "/api/v2"
	api = client.NewClient(option.WithAPIKey(key), option.WithBaseURL(base))
	os.Exit(m.Run())
}

/* ---- what a call gives ---- */

type outcome[T any] struct {
	value T
	err   error
}

// call wraps both results of an SDK method: call(api.User.Get(ctx, id)).ok(t).
func call[T any](value T, err error) outcome[T] {
	return outcome[T]{value, err}
}

func (o outcome[T]) ok(t *testing.T) T {
	t.Helper()
	if o.err != nil {
		t.Fatalf("the call failed: %T: %v", o.err, o.err)
	}
	return o.value
}

// failure is a status and the Go type that it must arrive as.
type failure struct {
	status int
	typed  string
}

var (
	badRequest   = failure{400, "BadRequestError"}
	unauthorized = failure{401, "UnauthorizedError"}
	notFound     = failure{404, "NotFoundError"}
	conflict     = failure{409, "ConflictError"}
)

// untyped is a status that the operation does not declare.
func untyped(status int) failure {
	return failure{status, "APIError"}
}

// fails expects the failure `want` with a body {"message": ...} that holds `text`.
func (o outcome[T]) fails(t *testing.T, want failure, text string) {
	t.Helper()
	if o.err == nil {
		t.Fatalf("expected %v, but the call succeeded: %v", want, o.value)
	}
	got, message := describe(o.err)
	if got != want {
		t.Fatalf("expected %v, got %v: %v", want, got, o.err)
	}
	if message == "" || !strings.Contains(message, text) {
		t.Fatalf("%v has the message %q, which should hold %q", want, message, text)
	}
}

func describe(err error) (failure, string) {
	body := func(e *zep.APIError) string { return val(e.GetMessage()) }
	switch e := err.(type) {
	case *zep.BadRequestError:
		return failure{e.StatusCode, "BadRequestError"}, body(e.Body)
	case *zep.UnauthorizedError:
		return failure{e.StatusCode, "UnauthorizedError"}, body(e.Body)
	case *zep.NotFoundError:
		return failure{e.StatusCode, "NotFoundError"}, body(e.Body)
	case *zep.ConflictError:
		return failure{e.StatusCode, "ConflictError"}, body(e.Body)
	case *zep.InternalServerError:
		return failure{e.StatusCode, "InternalServerError"}, body(e.Body)
	case *core.APIError:
		var reply struct{ Message string }
		if inner := errors.Unwrap(e); inner != nil {
			_ = json.Unmarshal([]byte(inner.Error()), &reply)
		}
		return failure{e.StatusCode, "APIError"}, reply.Message
	}
	return failure{0, fmt.Sprintf("%T", err)}, err.Error()
}

/* ---- comparing ---- */

func same(t *testing.T, what string, got, want interface{}) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %#v\nwant %#v", what, got, want)
	}
}

// sameJSON compares by what the JSON means, whatever the order of keys.
func sameJSON(t *testing.T, what string, got interface{}, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, b interface{}
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("%s:\n got %s\nwant %s", what, text, want)
	}
}

func matches(t *testing.T, what string, form *regexp.Regexp, got string) {
	t.Helper()
	if !form.MatchString(got) {
		t.Fatalf("%s: %q does not fit %s", what, got, form)
	}
}

// val is what a pointer points at, or the zero value.
func val[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func mapped[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}

func messageTexts(list []*zep.Message) []string {
	return mapped(list, func(m *zep.Message) string { return m.Content })
}

func episodeTexts(list []*zep.Episode) []string {
	return mapped(list, func(e *zep.Episode) string { return e.Content })
}

func episodeUUIDs(list []*zep.Episode) []string {
	return mapped(list, func(e *zep.Episode) string { return e.UUID })
}

func sessionIDs(list []*zep.Session) []string {
	return mapped(list, func(s *zep.Session) string { return val(s.SessionID) })
}

/* ---- making things ---- */

func randomHex(n int) string {
	raw := make([]byte, n)
	if _, err := rand.Read(raw); err != nil {
		panic(err)
	}
	return hex.EncodeToString(raw)
}

func newUUID() string {
	h := randomHex(16)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:]
}

var (
	run  = randomHex(4)
	made int64
)

// fresh is an id that no other test, and no earlier run against the same server, has used.
func fresh(what string) string {
	return fmt.Sprintf("%s-%s-%d", what, run, atomic.AddInt64(&made, 1))
}

func newUser(t *testing.T) string {
	t.Helper()
	id := fresh("user")
	call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: id})).ok(t)
	return id
}

func newGroup(t *testing.T) string {
	t.Helper()
	id := fresh("group")
	call(api.Group.Add(ctx, &zep.CreateGroupRequest{GroupID: id})).ok(t)
	return id
}

func newSession(t *testing.T, userID string) string {
	t.Helper()
	id := fresh("session")
	call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: id, UserID: userID})).ok(t)
	return id
}

func says(content string) *zep.Message {
	return &zep.Message{RoleType: zep.RoleTypeUserRole, Content: content}
}

func saysAs(role, content string) *zep.Message {
	return &zep.Message{RoleType: zep.RoleTypeUserRole, Role: zep.String(role), Content: content}
}

func numbered(n int, form string) []*zep.Message {
	list := make([]*zep.Message, n)
	for i := range list {
		list[i] = says(fmt.Sprintf(form, i))
	}
	return list
}

func addMessages(t *testing.T, sessionID string, messages ...*zep.Message) {
	t.Helper()
	call(api.Memory.Add(ctx, sessionID, &zep.AddMemoryRequest{Messages: messages})).ok(t)
}

func storedMessages(t *testing.T, sessionID string) []*zep.Message {
	t.Helper()
	request := &zep.MemoryGetSessionMessagesRequest{}
	return call(api.Memory.GetSessionMessages(ctx, sessionID, request)).ok(t).Messages
}

func getMemory(t *testing.T, sessionID string) *zep.Memory {
	t.Helper()
	return call(api.Memory.Get(ctx, sessionID, &zep.MemoryGetRequest{})).ok(t)
}

func episodeSearch(t *testing.T, userID, query string) []*zep.Episode {
	t.Helper()
	return call(api.Graph.Search(ctx, &zep.GraphSearchQuery{
		UserID: &userID,
		Query:  query,
		Scope:  zep.GraphSearchScopeEpisodes.Ptr(),
	})).ok(t).Episodes
}

/* ---- beside the SDK ---- */

// wiretap is an HTTP client that keeps what the SDK sent.
type wiretap struct {
	requests int
	last     *http.Request
	body     string
}

func (w *wiretap) Do(r *http.Request) (*http.Response, error) {
	w.requests++
	w.last = r
	w.body = ""
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		w.body = string(raw)
		r.Body = io.NopCloser(bytes.NewReader(raw))
	}
	return http.DefaultClient.Do(r)
}

// rawCall is a request without the SDK; it gives the status, the headers and the decoded body.
func rawCall(t *testing.T, method, path, body, authorization string) (int, http.Header, map[string]interface{}) {
	t.Helper()
	request, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var decoded map[string]interface{}
	if err := json.NewDecoder(reply.Body).Decode(&decoded); err != nil {
		t.Fatalf("%s %s: %d without a JSON object: %v", method, path, reply.StatusCode, err)
	}
	return reply.StatusCode, reply.Header, decoded
}
