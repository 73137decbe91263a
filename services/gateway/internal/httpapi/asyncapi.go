package httpapi

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fairfloor/fairfloor/pkg/api"
	"github.com/fairfloor/fairfloor/pkg/events"
)

// object is a JSON object of the document.
type object = map[string]any

// frames lists the websocket's frames: who sends them, and their type.
var frames = []struct {
	name, summary string
	client        bool
	kind          reflect.Type
}{
	{api.FrameHello, "The first frame: token, and the cursor up to which the view is known", true, reflect.TypeFor[api.Hello]()},
	{api.FrameCommand, "Asks for something; see the verbs in /openapi.json", true, reflect.TypeFor[api.CommandFrame]()},
	{api.FrameCheckIn, "Short for the command check_in", true, reflect.TypeFor[api.CheckIn]()},
	{api.FrameClock, "Measures the offset to session time; the server answers with the same type", true, reflect.TypeFor[api.ClockFrame]()},
	{api.FrameTracks, "Which tracks of the transcript to send, and from where on", true, reflect.TypeFor[api.TracksFrame]()},
	{typing, "What a captioner is typing, whole each time; a frame of the type partial", true, reflect.TypeFor[api.PartialWish]()},
	{api.FrameCaption, "Finals of a track and what became of them: from one seq to another", false, reflect.TypeFor[api.CaptionFrame]()},
	{api.FramePartial, "What is being said in a track; the latest replaces the others", false, reflect.TypeFor[api.PartialFrame]()},
	{api.FrameSnapshot, "The whole view", false, reflect.TypeFor[api.Snapshot]()},
	{api.FramePatch, "A merge patch (RFC 7396) from one cursor to another", false, reflect.TypeFor[api.Patch]()},
	{api.FrameMe, "The personal part, whole", false, reflect.TypeFor[api.MeFrame]()},
	{api.FramePresence, "Which entries' speakers have an open connection", false, reflect.TypeFor[api.Presence]()},
	{api.FrameReceipt, "Answers a command", false, reflect.TypeFor[api.ReceiptFrame]()},
	{api.FrameBeat, "Sent each second when nothing else was", false, reflect.TypeFor[api.Beat]()},
	{api.FrameProblem, "A frame could not be used", false, reflect.TypeFor[api.ProblemFrame]()},
	{api.FrameBye, "The last frame before closing", false, reflect.TypeFor[api.Bye]()},
}

// typing names the client's frame of the type partial in the document, where
// names are unique.
const typing = "typing"

// AsyncAPI describes the websocket and the events of the log (AsyncAPI 3.0).
func AsyncAPI(version string) ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	messages, channels, operations := object{}, object{}, object{}
	ref := func(to string) object { return object{"$ref": to} }

	live, fromClient, fromServer := object{}, []any{}, []any{}
	for _, f := range frames {
		messages[f.name] = object{
			"name": f.name, "summary": f.summary, "contentType": "application/json",
			"payload": registry.Schema(f.kind, true, f.kind.Name()),
		}
		live[f.name] = ref("#/components/messages/" + f.name)
		if f.client {
			fromClient = append(fromClient, ref("#/channels/live/messages/"+f.name))
		}
		if !f.client || f.name == api.FrameClock {
			fromServer = append(fromServer, ref("#/channels/live/messages/"+f.name))
		}
	}
	parameter := object{"session": object{"description": "The session's id, a UUID"}}
	channels["live"] = object{
		"address": "/api/v1/sessions/{session}/live", "title": "Live state (websocket)", "parameters": parameter, "messages": live,
		"description": "Subprotocol " + api.Subprotocol + ". The token is in hello, never in the address.",
		"bindings":    object{"ws": object{"method": "GET", "bindingVersion": "0.1.0"}},
		"servers":     []any{ref("#/servers/gateway")},
	}
	operations["client"] = object{"action": "receive", "summary": "What a client sends", "channel": ref("#/channels/live"), "messages": fromClient}
	operations["server"] = object{"action": "send", "summary": "What the gateway sends", "channel": ref("#/channels/live"), "messages": fromServer}

	microphone(registry, messages, channels, operations, parameter)

	for _, c := range []events.Context{events.Registry, events.Queue, events.Timing, events.Transcript} {
		name := "commit_" + string(c)
		messages[name] = object{
			"name": name, "summary": "One accepted command of " + string(c) + ": one message with 1..n events",
			"contentType": "application/json", "payload": commitSchema(registry, c),
		}
		channels["log_"+string(c)] = object{
			"address": "evt." + string(c) + ".{session}", "title": "The log of " + string(c) + " (NATS JetStream)",
			"parameters": parameter, "messages": object{name: ref("#/components/messages/" + name)},
			"servers": []any{ref("#/servers/nats")},
		}
		operations["log_"+string(c)] = object{
			"action": "send", "channel": ref("#/channels/log_" + string(c)),
			"messages": []any{ref("#/channels/log_" + string(c) + "/messages/" + name)},
		}
	}
	schemas := object{}
	for name, schema := range registry.Map() {
		schemas[name] = schema
	}
	return json.Marshal(object{
		"asyncapi": "3.0.0",
		"info": object{
			"title": "Fairfloor: live state and events", "version": version,
			"description": "The websocket of a session, and the commits that the services write to the log.",
		},
		"defaultContentType": "application/json",
		"servers": object{
			"gateway": object{"host": "localhost:8080", "protocol": "wss", "description": "Any gateway"},
			"nats":    object{"host": "localhost:4222", "protocol": "nats", "description": "The log; browsers never talk to it"},
		},
		"channels": channels, "operations": operations,
		"components": object{"messages": messages, "schemas": schemas},
	})
}

// microphone describes the websocket that takes sound.
func microphone(registry huma.Registry, messages, channels, operations, parameter object) {
	ref := func(to string) object { return object{"$ref": to} }
	of := object{}
	for name, m := range map[string]object{
		"audio_hello": {"summary": "A microphone's first frame", "payload": registry.Schema(reflect.TypeFor[api.AudioHello](), true, "AudioHello")},
		"audio_end":   {"summary": "No more sound comes", "payload": registry.Schema(reflect.TypeFor[api.AudioStop](), true, "AudioStop")},
		"audio_frame": {"summary": "What becomes of the sound: ready, level, state, lost, problem or bye", "payload": registry.Schema(reflect.TypeFor[api.AudioFrame](), true, "AudioFrame")},
		"audio_sound": {
			"summary": "A piece of sound: 16-bit little-endian mono PCM at 16 kHz, best 20 to 200 ms", "contentType": "application/octet-stream",
			"payload": object{"type": "string", "format": "binary"},
		},
	} {
		m["name"] = name
		if m["contentType"] == nil {
			m["contentType"] = "application/json"
		}
		messages[name], of[name] = m, ref("#/components/messages/"+name)
	}
	channels["audio"] = object{
		"address": "/api/v1/sessions/{session}/audio", "title": "A microphone (websocket)", "parameters": parameter, "messages": of,
		"description": "Subprotocol " + api.AudioSubprotocol + ". Sound goes to the operator's speech engine and is never stored.",
		"bindings":    object{"ws": object{"method": "GET", "bindingVersion": "0.1.0"}},
		"servers":     []any{ref("#/servers/gateway")},
	}
	in := func(names ...string) (all []any) {
		for _, name := range names {
			all = append(all, ref("#/channels/audio/messages/"+name))
		}
		return all
	}
	operations["microphone"] = object{"action": "receive", "summary": "What a microphone sends", "channel": ref("#/channels/audio"), "messages": in("audio_hello", "audio_sound", "audio_end")}
	operations["heard"] = object{"action": "send", "summary": "What a microphone is told", "channel": ref("#/channels/audio"), "messages": in("audio_frame")}
}

// commitSchema describes the commits of one context: the envelope, with the
// closed set of its event types.
func commitSchema(registry huma.Registry, c events.Context) object {
	kinds := []any{}
	for _, t := range events.Types() {
		if t.Context != c {
			continue
		}
		kind := reflect.TypeOf(t.Empty).Elem()
		kinds = append(kinds, object{
			"title": t.Name, "type": "object", "required": []string{"type"},
			"properties": object{"type": object{"const": t.Name}},
			"allOf":      []any{registry.Schema(kind, true, kind.Name())},
		})
	}
	text, count := object{"type": "string"}, object{"type": "integer", "minimum": 0}
	return object{
		"type":     "object",
		"required": []string{"v", "command", "verb", "actor", "at", "version", "prev_hash", "request", "events"},
		"properties": object{
			"v": object{"const": events.Version}, "command": text, "verb": text, "on_behalf": text, "prev_hash": text, "request": text,
			"actor": registry.Schema(reflect.TypeFor[events.Actor](), true, "Actor"), "at": count, "version": count,
			"seen":   object{"type": "object", "additionalProperties": count},
			"cause":  registry.Schema(reflect.TypeFor[events.Cause](), true, "Cause"),
			"reason": registry.Schema(reflect.TypeFor[events.NoteRef](), true, "NoteRef"),
			"events": object{"type": "array", "minItems": 1, "items": object{"oneOf": kinds}},
		},
	}
}
