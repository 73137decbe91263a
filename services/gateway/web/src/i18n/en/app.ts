// English, how a delegate is told that their turn comes.
const app = {
  'app.heading': 'When your turn comes',
  'app.how': 'You are told at place 5, 3 and 1, and when you are called: on this page, by vibration and by sound.',
  'app.sound': 'Sound on this device',
  'app.sound_try': 'Play it',
  'app.awake': 'This screen stays on until you have spoken.',
  'app.asleep': 'This device may switch its screen off. Touch it now and then.',
  'app.push_why':
    'A phone that locks its screen cuts this page off. A notification reaches you all the same, also when this page is closed.',
  'app.push_who':
    'The push service of your browser’s maker sees that a message came, but not what it says: it is encrypted and holds no names. Your link is kept on this device until you switch this off.',
  'app.push_ask': 'Notify me on this device',
  'app.push_busy': 'Switching on…',
  'app.push_on': 'On: this device is notified also when the page is closed.',
  'app.push_off': 'Switch off',
  'app.push_local_service':
    'This browser cannot reach its push service here. You are notified as long as this page is open, also in the background: do not close it.',
  'app.push_local_server':
    'This server sends no notifications to this browser. You are notified as long as this page is open, also in the background: do not close it.',
  'app.push_denied':
    'Notifications are blocked for this site. Allow them in your browser’s settings for this site, then load the page again.',
  'app.push_unsupported':
    'This browser has no notifications for a page like this one. Keep the page open. On an iPhone or iPad, add it to the home screen first.',
  'app.push_insecure': 'Notifications need https, and this page came over http. Keep it open and the screen on.',
  'app.install': 'Install Fairfloor on this device',
  'push.near': 'Your place on the list: {{place}}',
  'push.moved': 'Your place has changed. It is now {{place}}',
  'push.other': 'Something changed about your turn. Open the page.',
} as const

export default app
