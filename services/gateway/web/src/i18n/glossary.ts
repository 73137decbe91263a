// The field's terms in the six languages, each as the United Nations writes it, with where it is written so.
// glossary.test.ts holds the catalogues to them: a text that `key` names uses the term.
//
// The Rules of Procedure of the General Assembly are document A/520 (Rev.17 of 2008 and later revisions), issued in
// each official language; the rules' numbers are the same in all: 68 (speeches), 71 (points of order), 72 (time limit
// on speeches), 73 (closing of the list of speakers, right of reply), 76 (suspension or adjournment of the meeting).
import type { Key, Language } from './catalogue'

interface Term {
  /** A text that uses the term. */
  key: Key
  /** The stem by which the term is recognised in any case and number, and the source. */
  in: Record<Language, { stem: string; source: string }>
}

const rule = (number: number, note = ''): string => `A/520, rule ${number}${note && `: ${note}`}`
const records = 'verbatim records of the General Assembly (A/…/PV.…)'

export const glossary: Record<string, Term> = {
  'list of speakers': {
    key: 'list.title',
    in: {
      en: { stem: 'list of speakers', source: rule(73, 'Closing of list of speakers, right of reply') },
      fr: { stem: 'liste des orateurs', source: rule(73, 'Clôture de la liste des orateurs, droit de réponse') },
      es: { stem: 'lista de oradores', source: rule(73, 'Cierre de la lista de oradores/as, derecho a contestar') },
      ru: { stem: 'список ораторов', source: rule(73) },
      zh: { stem: '发言名单', source: rule(73) },
      ar: { stem: 'قائمة المتكلمين', source: rule(73, 'يعلن قائمة المتكلمين … إقفال القائمة') },
    },
  },
  'point of order': {
    key: 'kind.point_of_order',
    in: {
      en: { stem: 'point of order', source: rule(71, 'Points of order') },
      fr: { stem: 'motion d’ordre', source: rule(71, 'Motions d’ordre') },
      es: { stem: 'cuestión de orden', source: rule(71, 'Cuestiones de orden') },
      ru: { stem: 'порядку ведения заседания', source: rule(71, 'Выступления по порядку ведения заседания') },
      zh: { stem: '程序问题', source: rule(71) },
      ar: { stem: 'نقطة نظام', source: rule(71, 'لأي ممثل أن يثير نقطة نظام') },
    },
  },
  'right of reply': {
    key: 'kind.right_of_reply',
    in: {
      en: { stem: 'right of reply', source: rule(73) },
      fr: { stem: 'droit de réponse', source: rule(73) },
      es: { stem: 'derecho a contestar', source: rule(73) },
      ru: { stem: 'право на ответ', source: `${records}: «осуществляя право на ответ»` },
      zh: { stem: '答辩权', source: rule(73) },
      ar: { stem: 'حق الرد', source: rule(73) },
    },
  },
  'to give the floor': {
    key: 'act.give',
    in: {
      en: { stem: 'give the floor', source: records },
      fr: { stem: 'donner la parole', source: records },
      es: { stem: 'dar la palabra', source: records },
      ru: { stem: 'предоставить слово', source: records },
      zh: { stem: '发言', source: `${records}：请……发言` },
      ar: { stem: 'إعطاء الكلمة', source: `${records}: أعطي الكلمة` },
    },
  },
  'to suspend the meeting': {
    key: 'chair.suspend',
    in: {
      en: { stem: 'suspend', source: rule(76, 'Suspension or adjournment of the meeting') },
      fr: { stem: 'suspendre la séance', source: rule(76, 'Suspension ou ajournement de la séance') },
      es: { stem: 'suspender la sesión', source: rule(76, 'Suspensión o levantamiento de la sesión') },
      ru: { stem: 'перерыв', source: rule(76) },
      zh: { stem: '暂停会议', source: rule(76) },
      ar: { stem: 'تعليق الجلسة', source: rule(76) },
    },
  },
  'to adjourn the meeting': {
    key: 'adjourn.confirm',
    in: {
      en: { stem: 'adjourn', source: rule(76) },
      // The rule says ajournement; at the end of every meeting the Chair says "La séance est levée".
      fr: { stem: 'lever la séance', source: `${records}: « La séance est levée »` },
      es: { stem: 'levantar la sesión', source: rule(76) },
      ru: { stem: 'закрыть заседание', source: `${records}: «Заседание закрывается»` },
      zh: { stem: '休会', source: rule(76) },
      ar: { stem: 'رفع الجلسة', source: `${records}: رفعت الجلسة` },
    },
  },
  statement: {
    key: 'kind.statement',
    in: {
      en: { stem: 'statement', source: records },
      fr: { stem: 'déclaration', source: records },
      es: { stem: 'declaración', source: records },
      ru: { stem: 'выступление', source: records },
      zh: { stem: '发言', source: records },
      ar: { stem: 'بيان', source: records },
    },
  },
  agenda: {
    key: 'live.agenda',
    in: {
      en: { stem: 'agenda', source: 'A/520, chapter II' },
      fr: { stem: 'ordre du jour', source: 'A/520, chapitre II' },
      es: {
        stem: 'orden del día',
        source: 'usage of the specialized agencies; the Assembly says programa for its own agenda',
      },
      ru: { stem: 'повестка дня', source: 'A/520, глава II' },
      zh: { stem: '议程', source: 'A/520，第二章' },
      ar: { stem: 'جدول الأعمال', source: 'A/520، الفصل الثاني' },
    },
  },
  Chair: {
    key: 'chair.title',
    in: {
      en: { stem: 'chair', source: 'A/520, rule 103' },
      fr: { stem: 'présidence', source: 'guidelines for gender-inclusive language: la présidence' },
      es: { stem: 'presidencia', source: 'guidelines for gender-inclusive language: la Presidencia' },
      ru: { stem: 'председатель', source: 'A/520, rule 103' },
      zh: { stem: '主席', source: 'A/520, rule 103' },
      ar: { stem: 'الرئاسة', source: 'guidelines for gender-inclusive language: الرئاسة' },
    },
  },
}
