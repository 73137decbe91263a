// English, the first page.
const index = {
  // The first page.
  'index.title': 'Join a session',
  'index.hint':
    'Open the link that you were given, or type a code: the six characters of a session or of your own, or the eight that the secretariat gave you.',
  'index.code': 'Code',
  'index.open': 'Open the session',
  'index.code_wrong': 'A code has six or eight letters and digits, such as K7M2QX.',
  'signin.title': 'Staff',
  'signin.hint':
    'For the organisers, the chair, the secretariat, captioners, interpreters and technicians: with the account of your organisation. Your link works as before.',
  'signin.open': 'Sign in',
  'signin.refused': 'You are not signed in',
  'signin.why_unmapped':
    'Your account has no role here. Ask whoever runs this server to give it one, or open the link that you were given.',
  'signin.why_unverified':
    'Your organisation has not confirmed the e-mail address of your account. Confirm it there and sign in again, or open the link that you were given.',
  'signin.why_denied': 'Your organisation did not let you in, or you turned back. Sign in again, or open your link.',
  'signin.why_stale': 'It took too long, or was begun in another window. Sign in again.',
  'signin.why_untrusted': 'Your organisation’s answer could not be trusted. Tell whoever runs this server.',
  'signin.why_unavailable':
    'Signing in does not work at present. Try again in a minute; links and codes work as before.',
  'signin.why_busy': 'Too many tried from your network. Wait a minute and sign in again, or open your link.',
  'signin.why_no_session': 'There is no session with this code. Check the six characters.',
  'signin.choose': 'Choose your session',
} as const

export default index
