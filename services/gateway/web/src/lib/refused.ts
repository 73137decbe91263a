// A refusal as one text: what was wrong and what to do, in the reader's language.
import { bare, how, t, why } from '../i18n'
import type { Problem } from './view'

export const said = (problem: Problem): string =>
  bare([why(problem), how(problem) ? t('refusal.do', { do: how(problem) }) : ''].filter(Boolean).join(' '))
