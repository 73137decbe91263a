package roster

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"github.com/fairfloor/fairfloor/pkg/ids"
	"github.com/fairfloor/fairfloor/pkg/problem"
)

const sample = "Organisation,Category,Group,Region,Language,Requested_s,First time,Remote,Delegate,E-mail,Form of address,Country\r\n" +
	"\"Hope, \"\"Inc.\"\"\",Stakeholder,NGO,Africa,fr,120,yes,no,Ada Lovelace,ada@invalid.example,Ms,Kenya\r\n" +
	"\r\n" +
	"Second,,,,,2:30,x,TRUE,,,,\r\n"

func TestReadForms(t *testing.T) {
	encode := func(e unicode.Endianness) []byte {
		out, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().Bytes([]byte(sample))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, data := range map[string][]byte{
		"comma":     []byte(sample),
		"LF":        []byte(strings.ReplaceAll(sample, "\r\n", "\n")),
		"CR":        []byte(strings.ReplaceAll(sample, "\r\n", "\r")),
		"BOM":       append([]byte("\uFEFF"), sample...),
		"UTF-16 LE": encode(unicode.LittleEndian),
		"UTF-16 BE": encode(unicode.BigEndian),
		"semicolon": []byte(strings.ReplaceAll(strings.Replace(sample, "Hope, ", "Hope\x01 ", 1), ",", ";")),
		"tab":       []byte(strings.ReplaceAll(strings.Replace(sample, "Hope, ", "Hope\x01 ", 1), ",", "\t")),
		"empty top": []byte("\r\n\r\n" + sample),
		"no end":    []byte(strings.TrimSpace(sample)),
	} {
		data = bytes.ReplaceAll(data, []byte{1}, []byte(","))
		sheet, err := Read(data)
		if err != nil || len(sheet.Rows) != 2 {
			t.Errorf("%s: %+v (%v)", name, sheet, err)
			continue
		}
		a, d := sheet.Rows[0].Apply, sheet.Rows[0].Delegate
		if a.Organisation != `Hope, "Inc."` || a.Category != "Stakeholder" || a.Group != "NGO" || a.Region != "Africa" || a.Language != "fr" || a.RequestedMS != 120_000 || !a.FirstTime || a.Remote {
			t.Errorf("%s: %+v", name, a)
		}
		if d != (Delegate{Name: "Ada Lovelace", Email: "ada@invalid.example", FormOfAddress: "Ms"}) {
			t.Errorf("%s: %+v", name, d)
		}
		if b := sheet.Rows[1]; b.Apply.RequestedMS != 150_000 || !b.Apply.FirstTime || !b.Apply.Remote || !b.Delegate.IsZero() {
			t.Errorf("%s: %+v", name, b)
		}
		if len(sheet.Ignored) != 1 || sheet.Ignored[0] != "Country" {
			t.Errorf("%s: ignored %q", name, sheet.Ignored)
		}
	}
	sheet, err := Read([]byte(sample))
	if err != nil || sheet.Rows[0].Line != 2 || sheet.Rows[1].Line != 4 {
		t.Errorf("the rows stand on %+v (%v)", sheet.Rows, err)
	}
}

func TestReadNamesOfColumns(t *testing.T) {
	for _, head := range []string{"name", "ORGANIZATION", "Name of the organisation", "entity", "\ufefforganisation", " Institution "} {
		if sheet, err := Read([]byte(head + ",x\nAcme,1\n")); err != nil || sheet.Rows[0].Apply.Organisation != "Acme" {
			t.Errorf("%q: %+v (%v)", head, sheet, err)
		}
	}
	// The first of two columns of one meaning counts; the other one is said to be ignored.
	sheet, err := Read([]byte("organisation,name\nAcme,Bcme\n"))
	if err != nil || sheet.Rows[0].Apply.Organisation != "Acme" || len(sheet.Ignored) != 1 {
		t.Errorf("%+v (%v)", sheet, err)
	}
}

func TestReadRefusesAFile(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"empty":        {nil, problem.Malformed},
		"blank":        {[]byte("\n \n,,\n"), problem.Malformed},
		"no column":    {[]byte("a,b\n1,2\n"), problem.Malformed},
		"broken head":  {[]byte("organisation,\"x\nAcme,1\n"), problem.Malformed},
		"latin-1":      {[]byte("organisation\nSoci\xe9t\xe9\n"), problem.Malformed},
		"workbook":     {[]byte("PK\x03\x04organisation"), problem.Malformed},
		"binary":       {[]byte("organisation\na\x00b\n"), problem.Malformed},
		"too large":    {bytes.Repeat([]byte("x"), MaxBytes+1), problem.TooLarge},
		"too many":     {[]byte("organisation\n" + strings.Repeat("x\n", MaxRows+1)), problem.TooMany},
		"odd UTF-16":   {[]byte("\xff\xfea"), problem.Malformed},
		"just the BOM": {[]byte("\uFEFF"), problem.Malformed},
	} {
		_, err := Read(c.data)
		if p := problem.From(err); err == nil || p.Code != c.code || p.Field != "file" || p.Do == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read([]byte("organisation\nok\nok\nSoci\xe9t\xe9\n")); err == nil || !strings.Contains(err.Error(), "line 4") {
		t.Errorf("the line is not named: %v", err)
	}
	if sheet, err := Read([]byte("organisation\n" + strings.Repeat("x\n", MaxRows))); err != nil || len(sheet.Rows) != MaxRows {
		t.Errorf("%d rows (%v)", len(sheet.Rows), err)
	}
}

// TestABadRowStopsNothing: each kind of bad row, with good ones around it.
func TestABadRowStopsNothing(t *testing.T) {
	for name, c := range map[string]struct{ row, field string }{
		"open quote":       {`"Open,civil society`, ""},
		"quote and more":   {`"Open" more,civil society`, ""},
		"too many cells":   {`A, Inc.,civil society,,,,,,extra`, ""},
		"no seconds":       {`A,civil society,soon,,,,`, "requested_s"},
		"negative seconds": {`A,civil society,-5,,,,`, "requested_s"},
		"huge seconds":     {`A,civil society,99999999999999999999,,,,`, "requested_s"},
		"bad minutes":      {`A,civil society,2:75,,,,`, "requested_s"},
		"few seconds":      {`A,civil society,5,,,,`, "requested_ms"},
		"first time maybe": {`A,civil society,,perhaps,,,`, "first_time"},
		"remote maybe":     {`A,civil society,,,perhaps,,`, "remote"},
		"two addresses":    {`A,civil society,,,,Ada,a@b@c`, "email"},
		"address and name": {`A,civil society,,,,Ada,Ada <a@b.example>`, "email"},
		"a name too long":  {`A,civil society,,,,` + strings.Repeat("a", 301) + `,`, "delegate"},
		"no name":          {`,civil society,,,,,`, "organisation"},
		"language":         {`A,civil society,,,,,,Latin of old`, "language"},
	} {
		file := "organisation,group,requested_s,first_time,remote,delegate,email,language\nBefore,academia\n" + c.row + "\nAfter,academia\n\"Last, but\nnot least\",academia\n"
		sheet, err := Read([]byte(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := sheet.Preview(of())
		if p.Accepted != 3 || p.Errors != 1 || len(p.Findings) != 4 || p.Findings[1].Outcome != Faulty || p.Findings[1].Line != 3 || p.Findings[3].Line != 5 {
			t.Errorf("%s: %+v", name, p)
			continue
		}
		if f := p.Findings[1].Problem; f.Field != c.field || f.Do == "" {
			t.Errorf("%s: %v", name, f)
		}
		if p.Findings[3].Organisation != "Last, but not least" {
			t.Errorf("%s: the last is %q", name, p.Findings[3].Organisation)
		}
	}
}

func TestQuotesInsideOfACellAreNoFault(t *testing.T) {
	sheet, err := Read([]byte("organisation,group\nFoundation \"Hope\",academia\nNext,academia\n"))
	if err != nil || len(sheet.Rows) != 2 || sheet.Rows[0].Apply.Organisation != `Foundation "Hope"` || sheet.Rows[0].Apply.Group != "academia" || sheet.Rows[0].Problem != nil {
		t.Errorf("%+v (%v)", sheet, err)
	}
}

func TestPreviewOfDuplicatesAcrossBadRows(t *testing.T) {
	sheet, err := Read([]byte("organisation,remote\nA,maybe\nB,\nb,\nThere,\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := of("THERE")
	p := sheet.Preview(r)
	if p.Accepted != 1 || p.Duplicates != 2 || p.Errors != 1 || p.Findings[2].OfRow != 1 || p.Findings[2].Of != "B" || p.Findings[3].OfRow != -1 || p.Findings[3].Applicant != r.ApplicantOrder[0] {
		t.Errorf("%+v", p)
	}
	if p.Import(false).Rows[0].Accept || p.Findings[0].Applicant != (ids.Applicant{}) {
		t.Errorf("%+v", p)
	}
}

// FuzzRead: whatever the bytes are, every row gets one finding, the counts
// agree, and what is accepted can be imported.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		sample, "", "organisation", "organisation\n\"", "name;group\n\"a;b\nc;d", "\uFEFForganisation\tgroup\na\tb", "\xff\xfeo\x00", "organisation\n" + strings.Repeat("\"\n", 40),
		"organisation,x\na\"b\"c,\"\n\"\"\"", "organisation\r\ra\r",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		sheet, err := Read(data)
		if err != nil {
			if p := problem.From(err); p.Code == problem.Internal || p.Do == "" {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if len(sheet.Rows) > MaxRows {
			t.Fatalf("%d rows", len(sheet.Rows))
		}
		p := sheet.Preview(of("Access Now"))
		line := 0
		for i, finding := range p.Findings {
			if finding.Row != i || finding.Line <= line && line != 0 {
				t.Fatalf("row %d stands on line %d after %d", finding.Row, finding.Line, line)
			}
			line = finding.Line
			if finding.Outcome == Faulty && finding.Problem == nil {
				t.Fatalf("row %d is wrong for no reason", i)
			}
		}
		rows := p.Import(true).Rows
		if p.Accepted+p.Duplicates+p.Errors != len(sheet.Rows) || len(rows) != p.Accepted {
			t.Fatalf("%d rows, %d accepted, %d duplicates, %d errors, %d imported", len(sheet.Rows), p.Accepted, p.Duplicates, p.Errors, len(rows))
		}
		for i, finding := range Check(of("Access Now"), rows) {
			if finding.Outcome != Accepted {
				t.Fatalf("row %d was accepted and is now %+v", i, finding)
			}
		}
	})
}
