// English, over plain http and without a network: fetched where it is needed.
const aside = {
  'insecure.short': 'Not encrypted',
  'insecure.what': 'This page came over http. Browsers then switch off:',
  'insecure.microphone': 'the microphone',
  'insecure.notifications': 'notifications',
  'insecure.awake': 'keeping the screen on',
  'insecure.install': 'installing as an app',
  'insecure.receipts': 'checking receipts in the page',
  'insecure.rest':
    'Everything else works. Anyone on this network could read along. Ask the secretariat for the https address.',
  'insecure.still': 'Not encrypted (http): this screen may switch itself off.',
  'known.title': 'You are offline. Last known at {{time}} ({{utc}})',
  'known.place': 'Your place was {{place}} of {{of}}.',
  'known.hint': 'It may be different now. Your place is kept: it does not depend on this device.',
  'known.hint_none': 'It may be different now.',
} as const

export default aside
