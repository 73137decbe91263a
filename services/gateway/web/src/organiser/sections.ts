// The parts of an organiser's session page, each under a name of its own in the address (#setup), so that a link and
// the browser's history lead there. A token in the address looks different: Gate takes only what is none of these.

export const sections = [
  'setup',
  'applicants',
  'register',
  'lot',
  'invitations',
  'paper',
  'rehearsal',
  'record',
] as const

export type Section = (typeof sections)[number]

/** The section that an address's fragment names; the first when it names none. */
export const sectionOf = (hash: string): Section => sections.find((one) => `#${one}` === hash) ?? 'setup'
