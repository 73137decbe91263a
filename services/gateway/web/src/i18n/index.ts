// The texts of the pages, in the viewer's language: what the pages import.
export { languages, type Area, type Key, type Language } from './catalogue'
export {
  choose,
  clock,
  decimal,
  direction,
  known,
  language,
  list,
  locale,
  number,
  percent,
  prefer,
  speak,
  t,
} from './language.svelte'
export { bare, name, pieces } from './names'
export { exact, how, learn, why } from './refusals.svelte'
