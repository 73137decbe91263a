// English, the first page.
const index = {
  // The first page.
  'index.title': 'Join a session',
  'index.hint':
    'Open the link that you were given, or type a code: the six characters of a session or of your own, or the eight that the secretariat gave you.',
  'index.code': 'Code',
  'index.open': 'Open the session',
  'index.code_wrong': 'A code has six or eight letters and digits, such as K7M2QX.',
} as const

export default index
