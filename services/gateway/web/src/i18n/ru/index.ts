// Russian, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'ru', 'index'> = {
  'index.title': 'Присоединиться к заседанию',
  'index.hint': 'Откройте полученную ссылку или введите шесть знаков кода заседания.',
  'index.code': 'Код заседания',
  'index.open': 'Открыть заседание',
  'index.code_wrong': 'Код состоит из шести букв и цифр, например K7M2QX.',
}

export default index
