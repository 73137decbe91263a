// English, the first page.
const index = {
  // The first page.
  'index.title': 'Join a session',
  'index.hint': 'Open the link that you were given, or type the six characters of the session.',
  'index.code': 'Session code',
  'index.open': 'Open the session',
  'index.code_wrong': 'A code has six letters and digits, such as K7M2QX.',
} as const

export default index
