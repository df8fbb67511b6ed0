// SPDX-License-Identifier: Apache-2.0
//
// conversation_test.go -- a conversation of several hundred turns goes in, comes back in order, and the turns
// that answer a question are found by it, at once.

package sdk

import (
	"fmt"
	"strings"
	"testing"
	"time"

	zep "github.com/getzep/zep-go/v2"
)

const turnCount = 330

// What was said once, and a question that it answers.
var told = [][2]string{
	{"My sister Marguerite keeps fourteen beehives behind the old mill.", "How many beehives does Marguerite keep?"},
	{"We adopted a greyhound called Pretzel from the shelter in Leiden.", "Where did we adopt the greyhound?"},
	{"The violin teacher moved our lesson to Thursday at a quarter past five.", "When is the violin lesson now?"},
	{"I broke my left ankle skiing in Zermatt ten years ago.", "Which ankle did I break in Zermatt?"},
	{"Grandfather's recipe puts cardamom, never cinnamon, into the buns.", "Which spice is in grandfather's buns?"},
	{"The passport bureau wants two photographs and the blue form.", "What does the passport bureau want to have?"},
	{"Our basement flooded last spring and ruined the accordion.", "What ruined the accordion?"},
	{"Doctor Okonkwo says that my cholesterol is far too high.", "What did doctor Okonkwo say about my cholesterol?"},
	{"The night train to Vienna leaves from platform nine.", "From which platform does the night train to Vienna leave?"},
	{"Marcus proposed to Ingrid on the ferry to Gotland.", "Where did Marcus propose to Ingrid?"},
	{"Моя бабушка родилась в Новосибирске.", "Кто родился в Новосибирске?"},
	{"The spare key of the allotment hangs under the third flowerpot.", "Where is the spare key of the allotment?"},
}

// conversation is the turns: every 27th is one of `told`, the others are small talk.
func conversation() []*zep.Message {
	things := strings.Fields("weather traffic soup garden meeting laundry crossword printer coffee curtains")
	states := strings.Fields("fine slow strange better loud warm dull pleasant late heavy")
	days := strings.Split("today,yesterday,this morning,on Monday,again,as usual,for once,all week", ",")
	start := time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC)

	turns := make([]*zep.Message, turnCount)
	for i := range turns {
		pick := func(list []string, step int) string { return list[(i*step+i/8)%len(list)] }
		text := fmt.Sprintf("The %s was %s %s, and so was the %s.",
			pick(things, 7), pick(states, 3), pick(days, 5), pick(things, 9))
		if i%27 == 13 {
			text = told[(i-13)/27][0]
		}
		turns[i] = saysAs("Nadia", text)
		if i%2 == 1 {
			turns[i].Role, turns[i].RoleType = zep.String("Helper"), zep.RoleTypeAssistantRole
		}
		turns[i].CreatedAt = zep.String(start.Add(time.Duration(i) * 90 * time.Second).Format("2006-01-02T15:04:05.000000Z"))
		turns[i].Metadata = map[string]interface{}{"turn": float64(i)}
	}
	return turns
}

func TestConversation(t *testing.T) {
	user := newUser(t)
	session := newSession(t, user)
	turns := conversation()
	for i := 0; i < turnCount; i += 30 {
		addMessages(t, session, turns[i:i+30]...)
	}

	t.Run("comes back in order", func(t *testing.T) {
		request := &zep.MemoryGetSessionMessagesRequest{}
		all := call(api.Memory.GetSessionMessages(ctx, session, request)).ok(t)
		same(t, "total_count", val(all.TotalCount), turnCount)
		same(t, "contents", messageTexts(all.Messages), messageTexts(turns))
		for i, m := range all.Messages {
			same(t, "metadata", m.Metadata, turns[i].Metadata)
			same(t, "role", val(m.Role), val(turns[i].Role))
			same(t, "role_type", m.RoleType, turns[i].RoleType)
			same(t, "created_at", val(m.CreatedAt), val(turns[i].CreatedAt))
		}
	})

	t.Run("and page by page", func(t *testing.T) {
		var paged []*zep.Message
		for cursor := 1; ; cursor++ {
			page := call(api.Memory.GetSessionMessages(ctx, session, messagesPage(70, cursor))).ok(t)
			same(t, "total_count", val(page.TotalCount), turnCount)
			same(t, "row_count", val(page.RowCount), len(page.Messages))
			if len(page.Messages) == 0 {
				break
			}
			paged = append(paged, page.Messages...)
		}
		same(t, "contents", messageTexts(paged), messageTexts(turns))
	})

	t.Run("questions find their turns", func(t *testing.T) {
		for _, pair := range told {
			episodes := call(api.Graph.Search(ctx, &zep.GraphSearchQuery{
				UserID: &user, Query: pair[1], Scope: zep.GraphSearchScopeEpisodes.Ptr(), Limit: zep.Int(5),
			})).ok(t).Episodes
			holds(t, "graph: "+pair[1], episodeTexts(episodes), pair[0])

			here := call(api.Memory.Search(ctx, session, &zep.MemorySearchPayload{Text: zep.String(pair[1]), Limit: zep.Int(5)})).ok(t)
			holds(t, "session: "+pair[1], mapped(here, func(r *zep.MemorySearchResult) string { return r.Message.Content }), pair[0])

			query := &zep.SessionSearchQuery{Text: pair[1], UserID: &user, Limit: zep.Int(5)}
			anywhere := call(api.Memory.SearchSessions(ctx, query)).ok(t).Results
			holds(t, "sessions: "+pair[1], mapped(anywhere, func(r *zep.SessionSearchResult) string { return r.Message.Content }), pair[0])
		}
	})

	t.Run("a question in a new session has its turn in the context", func(t *testing.T) {
		answer := call(api.Memory.Add(ctx, newSession(t, user), &zep.AddMemoryRequest{
			Messages:      []*zep.Message{saysAs("Nadia", told[0][1])},
			ReturnContext: zep.Bool(true),
		})).ok(t)
		if !strings.Contains(val(answer.Context), ": "+told[0][0]) {
			t.Fatalf("context: %q", val(answer.Context))
		}
	})
}

func holds(t *testing.T, what string, list []string, want string) {
	t.Helper()
	for _, text := range list {
		if text == want {
			return
		}
	}
	t.Fatalf("%s: %q is not in %q", what, want, list)
}
