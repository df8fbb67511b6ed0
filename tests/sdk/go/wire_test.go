// SPDX-License-Identifier: Apache-2.0
//
// wire_test.go -- where this SDK differs from its sisters: strict integers, nulls that are sent, a content type
// on bare GETs, errors that no operation declares; and the key in all its forms.

package sdk

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	zep "github.com/getzep/zep-go/v2"
	"github.com/getzep/zep-go/v2/client"
	"github.com/getzep/zep-go/v2/option"
)

// rawMessage lets sameJSON compare a text that is JSON already.
func rawMessage(text string) json.RawMessage {
	return json.RawMessage(text)
}

func TestNullsAreSentAndKept(t *testing.T) {
	user, session := fresh("user"), fresh("session")
	metadata := map[string]interface{}{"top": nil, "deep": map[string]interface{}{"inner": nil, "list": []interface{}{nil, 1}}}
	const want = `{"top":null,"deep":{"inner":null,"list":[null,1]}}`

	call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: user, Metadata: metadata})).ok(t)
	sameJSON(t, "user", call(api.User.Get(ctx, user)).ok(t).Metadata, want)
	call(api.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: session, UserID: user, Metadata: metadata})).ok(t)
	sameJSON(t, "session", call(api.Memory.GetSession(ctx, session)).ok(t).Metadata, want)
	addMessages(t, session, &zep.Message{Content: "x", Metadata: metadata})
	sameJSON(t, "message", storedMessages(t, session)[0].Metadata, want)

	change := map[string]interface{}{"deep": nil, "more": nil}
	updated := call(api.User.Update(ctx, user, &zep.UpdateUserRequest{Metadata: change})).ok(t)
	sameJSON(t, "updated", updated.Metadata, `{"top":null,"deep":null,"more":null}`)
}

func TestNumbersInMetadata(t *testing.T) {
	user := fresh("user")
	call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: user, Metadata: map[string]interface{}{
		"max": int64(9223372036854775807), "min": int64(-9223372036854775808), "tenth": 0.1, "big": 1e21, "tiny": 5e-324,
	}})).ok(t)
	request, err := http.NewRequest("GET", base+"/users/"+user, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Api-Key "+key)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var got struct {
		Metadata map[string]json.Number
	}
	if err := json.NewDecoder(reply.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	same(t, "max", got.Metadata["max"].String(), "9223372036854775807")
	same(t, "min", got.Metadata["min"].String(), "-9223372036854775808")
	for name, want := range map[string]float64{"tenth": 0.1, "big": 1e21, "tiny": 5e-324} {
		number, err := got.Metadata[name].Float64()
		if err != nil || number != want {
			t.Fatalf("%s came back as %s", name, got.Metadata[name])
		}
	}
}

// This SDK rejects a whole response over one integer with a fraction, so a count of each kind is decoded here.
func TestIntegersAreIntegers(t *testing.T) {
	user := newUser(t)
	session := newSession(t, user)
	addMessages(t, session, says("one"), says("two"))
	same(t, "session_count", val(call(api.User.Get(ctx, user)).ok(t).SessionCount), 1)
	if val(call(api.Memory.GetSession(ctx, session)).ok(t).ID) <= 0 {
		t.Fatal("no id")
	}
	list := call(api.Memory.GetSessionMessages(ctx, session, &zep.MemoryGetSessionMessagesRequest{})).ok(t)
	same(t, "row_count", val(list.RowCount), 2)
	same(t, "total_count", val(list.TotalCount), 2)
}

func TestContentTypeOnGet(t *testing.T) {
	user := newUser(t)
	tap := &wiretap{}
	call(api.User.Get(ctx, user, option.WithHTTPClient(tap))).ok(t)
	same(t, "what this SDK sends", tap.last.Header.Get("Content-Type"), "application/json")
	same(t, "body", tap.body, "")
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	user := fresh("user")
	call(api.User.Add(ctx, &zep.CreateUserRequest{UserID: user},
		option.WithBodyProperties(map[string]interface{}{"memoryType": "perpetual", "colour": 7}),
		option.WithQueryParameters(map[string][]string{"verbose": {"yes"}}),
	)).ok(t)
	call(api.User.Get(ctx, user, option.WithQueryParameters(map[string][]string{"memoryType": {"perpetual"}}))).ok(t)
}

func TestEitherNameOfAGroup(t *testing.T) {
	group := newGroup(t)
	data := &zep.AddDataRequest{Type: zep.GraphDataTypeText, Data: "by its other name"}
	added := call(api.Graph.Add(ctx, data, option.WithBodyProperties(map[string]interface{}{"graph_id": group}))).ok(t)
	same(t, "episodes", episodeUUIDs(groupEpisodes(group, nil).ok(t).Episodes), []string{added.UUID})
	data.GroupID = &group
	call(api.Graph.Add(ctx, data, option.WithBodyProperties(map[string]interface{}{"graph_id": group}))).ok(t)
	call(api.Graph.Add(ctx, data, option.WithBodyProperties(map[string]interface{}{"graph_id": newGroup(t)}))).
		fails(t, badRequest, "bad request: ")
}

func TestBothSpellingsOfPages(t *testing.T) {
	newSession(t, newUser(t))
	camel := option.WithQueryParameters(map[string][]string{"pageNumber": {"1"}, "pageSize": {"1"}})
	same(t, "sessions", len(call(api.Memory.ListSessions(ctx, &zep.MemoryListSessionsRequest{}, camel)).ok(t).Sessions), 1)
	snake := option.WithQueryParameters(map[string][]string{"page_number": {"1"}, "page_size": {"1"}})
	same(t, "users", len(call(api.User.ListOrdered(ctx, &zep.UserListOrderedRequest{}, snake)).ok(t).Users), 1)
}

func TestWrongKey(t *testing.T) {
	stranger := client.NewClient(option.WithAPIKey(key+"x"), option.WithBaseURL(base))
	call(stranger.User.Get(ctx, "anyone")).fails(t, untyped(401), "unauthorized")
	call(stranger.Memory.AddSession(ctx, &zep.CreateSessionRequest{SessionID: fresh("session")})).fails(t, untyped(401), "unauthorized")
	// Typed where it is declared.
	call(stranger.Document.ListCollections(ctx)).fails(t, unauthorized, "unauthorized")
	call(stranger.Document.GetCollection(ctx, "papers")).fails(t, unauthorized, "unauthorized")
}

func TestKeyForms(t *testing.T) {
	for _, form := range []string{"Api-Key %s", "api-key %s", "API-KEY %s", "Bearer %s", "%s"} {
		status, _, _ := rawCall(t, "GET", "/projects/info", "", fmt.Sprintf(form, key))
		same(t, form, status, 200)
	}
	for _, form := range []string{"", "Api-Key", "Basic " + key, "Api-Key " + key + "x"} {
		status, header, body := rawCall(t, "GET", "/projects/info", "", form)
		same(t, "status", status, 401)
		sameJSON(t, "body", body, `{"message":"unauthorized"}`)
		if !strings.HasPrefix(header.Get("Content-Type"), "application/json") {
			t.Fatalf("content type %q", header.Get("Content-Type"))
		}
	}
}

func TestKeyFromEnvironment(t *testing.T) {
	t.Setenv("ZEP_API_KEY", key)
	call(client.NewClient(option.WithBaseURL(base)).User.GetSessions(ctx, fresh("nobody"))).ok(t)
}

func TestProjectInfo(t *testing.T) {
	status, _, body := rawCall(t, "GET", "/projects/info", "", "Api-Key "+key)
	same(t, "status", status, 200)
	project, _ := body["project"].(map[string]interface{})
	uuid, _ := project["uuid"].(string)
	matches(t, "uuid", uuidForm, uuid)
	if _, ok := project["name"].(string); !ok {
		t.Fatalf("no name in %v", project)
	}
	same(t, "a user's project", val(call(api.User.Get(ctx, newUser(t))).ok(t).ProjectUUID), uuid)
}

func TestSlashesTooMany(t *testing.T) {
	user := newUser(t)
	for _, address := range []string{base + "/", strings.Replace(base, "/api/v2", "//api//v2//", 1)} {
		slashes := client.NewClient(option.WithAPIKey(key), option.WithBaseURL(address))
		same(t, address, val(call(slashes.User.Get(ctx, user)).ok(t).UserID), user)
		call(slashes.User.Update(ctx, user, &zep.UpdateUserRequest{})).ok(t)
	}
}

func TestEmptyIDIsTheCollection(t *testing.T) {
	tap := &wiretap{}
	call(api.User.Delete(ctx, "", option.WithHTTPClient(tap))).fails(t, untyped(405), "")
	same(t, "requests", tap.requests, 1)
	call(api.Group.Delete(ctx, "")).fails(t, untyped(405), "")
}

func TestBodyOnGetAndDelete(t *testing.T) {
	user := newUser(t)
	for _, method := range []string{"GET", "DELETE"} {
		status, _, _ := rawCall(t, method, "/users/"+user, "{}", "Api-Key "+key)
		same(t, method, status, 200)
	}
}

func TestMissingBodyIsAnEmptyObject(t *testing.T) {
	session := newSession(t, newUser(t))
	status, _, body := rawCall(t, "POST", "/sessions/"+session+"/end", "", "Api-Key "+key)
	same(t, "status", status, 200)
	if body["session"] == nil {
		t.Fatalf("no session in %v", body)
	}
}

// A success is never empty, whatever there is to say.
func TestNoEmptyAnswers(t *testing.T) {
	user := newUser(t)
	request, err := http.NewRequest("DELETE", base+"/users/"+user, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Api-Key "+key)
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "status", reply.StatusCode, 200)
	sameJSON(t, "body", rawMessage(string(body)), `{"message":"OK"}`)
}
