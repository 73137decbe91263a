package events

// What stands here was written by the first version and must never change. The
// hashes and the shards were computed apart from this program, in Python.
const (
	goldenBody  = `{"v":1,"command":"01890a5d-ac96-774b-bcce-b302099a8057","verb":"next","actor":{"id":"token/chair","roles":["chair","secretariat"],"applicant":"daedb703-4bff-5b34-93e4-5a607cc27fe1","person":"0171772a-cf9d-5ff9-a38e-c5230bc33f92"},"on_behalf":"3c938de6-5610-5a74-81bf-a08b489d8455","at":1773057600123,"version":7,"prev_hash":"6db7d803e74f1ffa7d8f5adc0bf95b3e15bf4c8373fffadf546227cc6c6742cb","request":"1f58b9145b24d108d7ac38887338b3ea3229833b9c1e418250343f907bfd1047","seen":{"evt.registry.a":3,"evt.timing.b":5},"cause":{"subject":"evt.timing.b","sequence":4,"reaction":"expired"},"reason":{"id":"e38514cf-fca6-5c38-82cf-2ee6287a19a3","digest":"edb465624291e4053c6c5ea4b7eb320dec773e10a57d26b95dcf0564f8e310f8"},"events":[{"type":"turn_ended","turn":"c28ba66f-0f57-5795-8c57-ee25c06f6303","ended_at":1773057600000,"how":"followed","act":"01890a5d-ac96-774b-bcce-b302099a8057"},{"type":"floor_given","turn":"d0dc6334-9f9a-5442-bddd-99216f86ca26","entry":"6f17cd88-08f6-5b9b-8afb-36dd8054905f","given_at":1773057600123,"act":"01890a5d-ac96-774b-bcce-b302099a8057"},{"type":"session_sealed"}]}`
	goldenHash  = "769a7eaab6150ab42e4ba0f191e6e338e8b9966440a239ed1adccb3824ebda54"
	goldenFirst = "bfaee8cd3b2490750b17539bd6af393c6e991b888ecee22b8d4149b7873f8c12"
)

var goldenShards = map[string]string{
	"01890a5d-ac96-774b-bcce-b302099a8057": "SESSIONS_main_2026_3",
	"01890a5d-ac96-774b-bcce-b302099a8058": "SESSIONS_main_2026_2",
	"01890a5d-ac97-774b-bcce-b302099a8057": "SESSIONS_main_2026_4",
	"f47ac10b-58cc-4372-a567-0e02b2c3d479": "SESSIONS_main_2026_2",
}
