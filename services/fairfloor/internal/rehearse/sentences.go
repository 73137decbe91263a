package rehearse

import "strings"

// wordMS is how long a word takes somebody who reads aloud, in ms: 140 words a
// minute.
const wordMS = 430

// readingMS is how long a sentence takes, in ms.
func readingMS(sentence string) int64 { return int64(len(strings.Fields(sentence))) * wordMS }

// statement is the text that a delegate reads: every sentence of a language, two
// to a paragraph.
func statement(language string) string {
	var b strings.Builder
	for i, sentence := range sentences[language] {
		b.WriteString(sentence)
		if i%2 == 1 {
			b.WriteString("\n\n")
		} else {
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}

// sentences are what speakers say in a rehearsal: about meetings in general, of
// nobody and no country. The n-th of each language is the same.
var sentences = map[string][]string{
	"en": {
		"Thank you, Chair, and thank you to everybody who prepared this meeting with such care.",
		"We have read the draft, and we find in it much that we can support.",
		"Three points seem to us to need a little more work before we agree.",
		"The first is the timetable, which leaves too little time for those far from here.",
		"The second is the way in which comments are gathered and answered in public.",
		"The third is language: a text that few can read is a text that few can use.",
		"We propose a short paper that sets these points out, with an example for each.",
		"It costs little to ask twice, and it costs a great deal to have asked nobody.",
		"Our own experience with a smaller group has been that open notes build trust.",
		"We would be glad to share those notes with all who are interested.",
		"We look forward to hearing the views of the others on the list.",
		"Thank you again, and we wish the meeting a good outcome.",
	},
	"fr": {
		"Merci à la présidence, et merci à tous ceux qui ont préparé cette réunion avec tant de soin.",
		"Nous avons lu le projet, et nous y trouvons beaucoup de choses que nous pouvons soutenir.",
		"Trois points nous semblent demander encore un peu de travail avant un accord.",
		"Le premier est le calendrier, qui laisse trop peu de temps à ceux qui sont loin d'ici.",
		"Le deuxième est la manière dont les observations sont recueillies et reçoivent une réponse publique.",
		"Le troisième est la langue : un texte que peu de gens lisent est un texte que peu de gens utilisent.",
		"Nous proposons une courte note qui expose ces points, avec un exemple pour chacun.",
		"Demander deux fois coûte peu, et n'avoir demandé à personne coûte beaucoup.",
		"Notre propre expérience avec un groupe plus petit montre que des notes ouvertes créent la confiance.",
		"Nous serions heureux de partager ces notes avec tous ceux que cela intéresse.",
		"Nous attendons avec intérêt l'avis des autres inscrits.",
		"Merci encore, et nous souhaitons à la réunion une bonne issue.",
	},
	"es": {
		"Gracias a la presidencia, y gracias a todos los que prepararon esta reunión con tanto cuidado.",
		"Hemos leído el borrador y encontramos en él mucho que podemos apoyar.",
		"Tres puntos nos parecen necesitar un poco más de trabajo antes de un acuerdo.",
		"El primero es el calendario, que deja muy poco tiempo a quienes están lejos de aquí.",
		"El segundo es la manera en que se recogen los comentarios y se responden en público.",
		"El tercero es el idioma: un texto que pocos leen es un texto que pocos usan.",
		"Proponemos una nota breve que exponga estos puntos, con un ejemplo para cada uno.",
		"Preguntar dos veces cuesta poco, y no haber preguntado a nadie cuesta mucho.",
		"Nuestra propia experiencia con un grupo más pequeño es que las notas abiertas crean confianza.",
		"Con gusto compartiremos esas notas con todos los interesados.",
		"Esperamos con interés la opinión de los demás inscritos.",
		"Gracias de nuevo, y deseamos a la reunión un buen resultado.",
	},
	"ar": {
		"شكرا للرئاسة وشكرا لكل من أعد هذا الاجتماع بعناية كبيرة.",
		"لقد قرأنا المسودة ووجدنا فيها الكثير مما يمكننا تأييده.",
		"تبدو لنا ثلاث نقاط بحاجة إلى مزيد من العمل قبل أن نتفق.",
		"الأولى هي الجدول الزمني الذي لا يترك وقتا كافيا لمن هم بعيدون من هنا.",
		"الثانية هي الطريقة التي تجمع بها التعليقات ويرد عليها علنا.",
		"الثالثة هي اللغة، فالنص الذي يقرؤه القليلون يستخدمه القليلون.",
		"نقترح ورقة قصيرة تعرض هذه النقاط مع مثال لكل منها.",
		"السؤال مرتين يكلف القليل، وعدم سؤال أحد يكلف الكثير.",
		"تجربتنا مع مجموعة أصغر هي أن المحاضر المفتوحة تبني الثقة.",
		"يسعدنا أن نشارك هذه المحاضر مع كل من يهتم بها.",
		"نتطلع إلى سماع آراء الآخرين المسجلين في القائمة.",
		"شكرا مرة أخرى ونتمنى للاجتماع نتيجة طيبة.",
	},
	"zh": {
		"感谢主席，也感谢所有精心筹备这次会议的人。",
		"我们读了草案，其中有很多内容我们可以支持。",
		"我们认为有三点在达成一致之前还需要再下些功夫。",
		"第一点是时间表，它给远方的人留下的时间太少。",
		"第二点是收集意见并公开答复的方式。",
		"第三点是语言：少有人读得懂的文本就是少有人用得上的文本。",
		"我们建议写一份简短的文件，说明这几点，每点举一个例子。",
		"多问一次花费很少，谁也不问代价很大。",
		"我们在一个较小的小组中的经验是，公开的记录能建立信任。",
		"我们很乐意与所有感兴趣的人分享这些记录。",
		"我们期待听到名单上其他人的意见。",
		"再次感谢，祝会议取得好的成果。",
	},
}
