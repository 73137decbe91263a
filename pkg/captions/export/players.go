package export

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// stamp writes a time as players do: hours have at least two digits.
func stamp(ms int64, point string) string {
	return fmt.Sprintf("%02d:%02d:%02d%s%03d", ms/3_600_000, ms/60_000%60, ms/1_000%60, point, ms%1_000)
}

// escapeVTT also escapes ">": "-->" would end the text of a cue.
var escapeVTT = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// vtt writes WebVTT (https://www.w3.org/TR/webvtt1/). The title and the note are a comment block.
func (b book) vtt(out *bytes.Buffer) {
	out.WriteString("WEBVTT\n\nNOTE\n")
	for _, line := range []string{b.title, "Language: " + b.language, b.note} {
		if line != "" {
			// Neither an arrow nor an empty line may stand in a comment.
			out.WriteString(strings.ReplaceAll(line, "-->", "→") + "\n")
		}
	}
	for i, c := range b.cues(false) {
		fmt.Fprintf(out, "\n%d\n%s --> %s\n", i+1, stamp(c.from, "."), stamp(c.to, "."))
		if c.voice != "" {
			// A name that ends with dashes would make an arrow; readers trim the blank.
			blank := ""
			if strings.HasSuffix(c.voice, "-") {
				blank = " "
			}
			fmt.Fprintf(out, "<v %s%s>", escapeVTT.Replace(c.voice), blank)
		}
		out.WriteString(escapeVTT.Replace(strings.Join(c.rows, "\n")) + "\n")
	}
}

// srt writes SubRip. It has no standard, no comments and no escapes: text
// stands as it is, but for an arrow, by which readers find where a caption begins.
func (b book) srt(out *bytes.Buffer) {
	b.segments = slices.Clone(b.segments)
	for i := range b.segments {
		// Before the lines are broken: a break may fall inside an arrow.
		s := &b.segments[i]
		s.Text, s.Speaker.Label = strings.ReplaceAll(s.Text, "-->", "→"), strings.ReplaceAll(s.Speaker.Label, "-->", "→")
	}
	for i, c := range b.cues(true) {
		if i > 0 {
			out.WriteByte('\n')
		}
		fmt.Fprintf(out, "%d\n%s --> %s\n%s\n", i+1, stamp(c.from, ","), stamp(c.to, ","), strings.Join(c.rows, "\n"))
	}
}

// ttml writes TTML1 (https://www.w3.org/TR/ttml1/). The speakers are agents, so
// that programs find them, and stand before the text, since players show no agents.
func (b book) ttml(out *bytes.Buffer) {
	cues := b.cues(true)
	var voices []string
	for _, c := range cues {
		if c.voice != "" && !slices.Contains(voices, c.voice) {
			voices = append(voices, c.voice)
		}
	}
	out.WriteString(xml.Header)
	fmt.Fprintf(out, `<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttm="http://www.w3.org/ns/ttml#metadata" `+
		`xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:tts="http://www.w3.org/ns/ttml#styling" `+
		`ttp:timeBase="media" xml:lang="%s">`+"\n  <head>\n    <metadata>\n", b.language)
	// The schema wants title, description and agents in this order.
	if b.title != "" {
		fmt.Fprintf(out, "      <ttm:title>%s</ttm:title>\n", escapeXML(b.title))
	}
	fmt.Fprintf(out, "      <ttm:desc>%s</ttm:desc>\n", escapeXML(b.note))
	for i, voice := range voices {
		fmt.Fprintf(out, "      <ttm:agent xml:id=\"speaker%d\" type=\"person\"><ttm:name type=\"full\">%s</ttm:name></ttm:agent>\n", i+1, escapeXML(voice))
	}
	direction := ""
	if rightToLeft(b.note) {
		direction = ` tts:direction="rtl"`
	}
	fmt.Fprintf(out, `    </metadata>
    <styling>
      <style xml:id="caption" tts:color="white" tts:backgroundColor="black" tts:fontFamily="sansSerif" tts:fontSize="100%%" tts:textAlign="center"%s/>
    </styling>
    <layout>
      <region xml:id="bottom" tts:origin="10%% 70%%" tts:extent="80%% 25%%" tts:displayAlign="after"/>
    </layout>
  </head>
  <body style="caption" region="bottom">
    <div>
`, direction)
	for _, c := range cues {
		agent := ""
		if i := slices.Index(voices, c.voice); i >= 0 {
			agent = fmt.Sprintf(` ttm:agent="speaker%d"`, i+1)
		}
		rows := make([]string, len(c.rows))
		for i, row := range c.rows {
			rows[i] = escapeXML(row)
		}
		fmt.Fprintf(out, "      <p begin=\"%s\" end=\"%s\"%s>%s</p>\n", stamp(c.from, "."), stamp(c.to, "."), agent, strings.Join(rows, "<br/>"))
	}
	out.WriteString("    </div>\n  </body>\n</tt>\n")
}

func escapeXML(text string) string {
	var out bytes.Buffer
	// A bytes.Buffer takes everything.
	_ = xml.EscapeText(&out, []byte(text))
	return out.String()
}
