package ask_test

import (
	"testing"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
	"github.com/fairfloor/fairfloor/services/gateway/internal/ask"
)

type form struct {
	Name  string    `json:"name"`
	Count int       `json:"count"`
	Entry ids.Entry `json:"entry"`
	Inner *form     `json:"inner"`
}

func TestDecodeNamesTheField(t *testing.T) {
	cases := map[string]string{
		`{"name":7}`:                     "name",
		`{"count":"many"}`:               "count",
		`{"count":1.5}`:                  "count",
		`{"count":99999999999999999999}`: "count",
		`{"entry":"me"}`:                 "entry",
		`{"entry":7}`:                    "entry",
		`{"inner":{"count":""}}`:         "inner.count",
		`{"inner":{"entry":"x"}}`:        "inner",
		`{"nome":"x"}`:                   "nome",
		`{"a\"b":1}`:                     `a"b`,
		`{"name":"x"}{}`:                 "",
		`{"name":`:                       "",
		`x`:                              "",
		``:                               "",
		`[1]`:                            "",
	}
	for text, field := range cases {
		err := ask.Decode([]byte(text), &form{})
		if p := problem.From(err); err == nil || p.Code != problem.Malformed || p.Field != field || p.Do == "" {
			t.Errorf("%s: field %q, not %q: %v", text, p.Field, field, err)
		}
	}
	var f form
	if err := ask.Decode([]byte(` {"name":"x","inner":{"count":2}} `), &f); err != nil || f.Name != "x" || f.Inner.Count != 2 {
		t.Errorf("it was read as %+v (%v)", f, err)
	}
}
