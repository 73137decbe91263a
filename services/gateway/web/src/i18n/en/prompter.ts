// English, the statement on the speaker's page.
const prompter = {
  'prompter.heading': 'My statement',
  'prompter.hint':
    'File your statement and it stands beside your countdown when you speak. Each sentence that you pass becomes a caption in its language.',
  'prompter.none': 'No statement is filed yet.',
  'prompter.paste': 'Statement, with an empty line between paragraphs',
  'prompter.file': 'Or take it from a file (.docx or .txt)',
  'prompter.file_bad': 'This file cannot be read. Save it as .docx or as plain text (UTF-8), or paste the text.',
  'prompter.language': 'Language',
  'prompter.who': 'Who may read it before it is spoken',
  'prompter.who_owner': 'Only your delegation',
  'prompter.who_interpreters_and_captioners': 'Interpreters and captioners too',
  'prompter.who_public_at_delivery': 'Interpreters and captioners; everybody once it is delivered',
  'prompter.who_public_now': 'Everybody, now',
  'prompter.save': 'File the statement',
  'prompter.save_version': 'File this version',
  'prompter.add': 'Add a statement or a translation',
  'prompter.change': 'Change the text',
  'prompter.cancel': 'Cancel',
  'prompter.filed': 'Filed in {{language}}',
  'prompter.unreadable': 'The text could not be fetched. It is tried again.',

  // How long it is.
  'prompter.length': '{{time}} at a pace that can be interpreted',
  'prompter.against': 'You are guaranteed {{time}}.',
  'prompter.expected': 'You can expect {{time}}.',
  'prompter.fits': 'All of it fits.',
  'prompter.goes_one': 'It is too long: {{count}} paragraph that may be dropped would go.',
  'prompter.goes_other': 'It is too long: {{count}} paragraphs that may be dropped would go.',
  'prompter.over': 'What must be said is {{time}} too long.',
  'prompter.may_drop': 'May be dropped',
  'prompter.paragraph': 'Paragraph {{number}}',
  'prompter.would_go': 'would go',
  'prompter.marks_here': 'These marks are kept on this device.',

  // At the turn.
  'prompter.reading': 'Statement',
  'prompter.pass': 'Said: next sentence',
  'prompter.pass_hint':
    'Tap a sentence when you get to it. Space, arrow down or a presenter’s key passes one sentence.',
  'prompter.start': 'Begin with the first sentence',
  'prompter.skip': 'Skip this paragraph',
  'prompter.skipped': 'left out',
  'prompter.conclude': 'Skip to your conclusion',
  'prompter.short': '{{left}} left, and the rest takes {{rest}}. Skip to your conclusion.',
  'prompter.scroll': 'Scrolling passes sentences',
  'prompter.finished': 'That was the last sentence. Thank you.',
  'prompter.choose': 'Language in which you speak',
  'prompter.kept_one': '{{count}} sentence is kept here and goes out when the connection is back.',
  'prompter.kept_other': '{{count}} sentences are kept here and go out when the connection is back.',
  'prompter.not_taken': 'Observers do not get your text at the moment: {{why}} Your text goes on here.',

  // Afterwards.
  'prompter.said': 'What was written of your words',
  'prompter.said_hint': 'If something is wrong you can ask for a correction within seven days.',
  'prompter.ask': 'Ask for a correction',
  'prompter.ask_of': 'Ask for a correction of: {{text}}',
  'prompter.ask_text': 'What you said',
  'prompter.ask_send': 'Ask',
  'prompter.asked': 'You asked for a correction.',
} as const

export default prompter
