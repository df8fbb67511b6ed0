// SPDX-License-Identifier: Apache-2.0
//
// seeds_test.go -- the examples of the API pages as they are written there, with nothing added but the base URL.

package sdk

import (
	context "context"
	"testing"

	v2 "github.com/getzep/zep-go/v2"
	v2client "github.com/getzep/zep-go/v2/client"
	option "github.com/getzep/zep-go/v2/option"
)

// The examples name their ids themselves, so an earlier run may have left them.
func prepareSeeds(t *testing.T) {
	t.Helper()
	for _, id := range []string{"session_id", "sessionId"} {
		if _, err := api.Memory.Delete(ctx, id); err != nil {
			call(0, err).fails(t, notFound, "not found")
		}
	}
	if _, err := api.User.Delete(ctx, "user_id"); err != nil {
		call(0, err).fails(t, notFound, "not found")
	}
	call(api.User.Add(ctx, &v2.CreateUserRequest{UserID: "user_id"})).ok(t)
	call(api.Memory.AddSession(ctx, &v2.CreateSessionRequest{SessionID: "sessionId", UserID: "user_id"})).ok(t)
}

func TestSeeds(t *testing.T) {
	prepareSeeds(t)

	t.Run("add session", func(t *testing.T) {
		client := v2client.NewClient(
			option.WithAPIKey(
				key,
			),
			option.WithBaseURL(
				base,
			),
		)
		response, err := client.Memory.AddSession(
			context.TODO(),
			&v2.CreateSessionRequest{
				SessionID: "session_id",
				UserID:    "user_id",
			},
		)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "session_id", val(response.SessionID), "session_id")
		same(t, "user_id", val(response.UserID), "user_id")
		same(t, "classifications", response.Classifications, map[string]string{})
		matches(t, "uuid", uuidForm, val(response.UUID))
		matches(t, "project_uuid", uuidForm, val(response.ProjectUUID))
		matches(t, "created_at", timeForm, val(response.CreatedAt))
		matches(t, "updated_at", timeForm, val(response.UpdatedAt))
		same(t, "ended_at", response.EndedAt, (*string)(nil))
		same(t, "deleted_at", response.DeletedAt, (*string)(nil))
		if val(response.ID) <= 0 {
			t.Fatalf("id %v", val(response.ID))
		}
	})

	t.Run("get session", func(t *testing.T) {
		client := v2client.NewClient(
			option.WithAPIKey(
				key,
			),
			option.WithBaseURL(
				base,
			),
		)
		response, err := client.Memory.GetSession(
			context.TODO(),
			"sessionId",
		)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "session_id", val(response.SessionID), "sessionId")
	})

	t.Run("end session", func(t *testing.T) {
		client := v2client.NewClient(
			option.WithAPIKey(
				key,
			),
			option.WithBaseURL(
				base,
			),
		)
		response, err := client.Memory.EndSession(
			context.TODO(),
			"sessionId",
			&v2.EndSessionRequest{},
		)
		if err != nil {
			t.Fatal(err)
		}
		matches(t, "ended_at", timeForm, val(response.Session.EndedAt))
	})
}
