// Russian, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'ru', 'index'> = {
  'index.title': 'Присоединиться к заседанию',
  'index.hint':
    'Откройте полученную ссылку или введите код: шесть знаков заседания или ваши собственные либо восемь, которые назвал секретариат.',
  'index.code': 'Код',
  'index.open': 'Открыть заседание',
  'index.code_wrong': 'Код состоит из шести или восьми букв и цифр, например K7M2QX.',
}

export default index
