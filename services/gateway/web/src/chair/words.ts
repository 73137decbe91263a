// The words on the large control.
import { name, t } from '../i18n'
import type { Act } from '../lib/act'
import { organisation } from '../lib/names'
import type { Id, View } from '../lib/view'

export function words(view: View, act: Act): string {
  const who = (entry: Id | undefined): string => organisation(view.entries[entry ?? ''])
  switch (act.kind) {
    case 'start':
      return t('act.start')
    case 'resume_session':
      return t('act.resume_session')
    case 'start_part':
      return t('act.start_part', { part: name(view.parts[act.part]?.title ?? '') })
    case 'give':
      return t('act.give', { who: who(act.entry) })
    case 'begin':
      return t('act.begin', { who: who(act.entry) })
    case 'step_back':
      return t('act.step_back', { who: who(act.entry) })
    case 'end':
      return t('act.end')
    case 'thank':
      return t('act.thank', { who: who(act.entry), next: who(act.next) })
    case 'thank_end':
      return t('act.thank_end', { who: who(act.entry) })
    case 'rule':
      return act.entry ? t('act.rule', { who: who(act.entry) }) : t('act.rule_free')
    case 'adjourn':
      return t('act.adjourn')
    case 'wait':
      return t('act.none_waiting')
    case 'nothing':
      return t('act.nothing')
  }
}
