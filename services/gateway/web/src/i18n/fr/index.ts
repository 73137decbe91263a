// French, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'fr', 'index'> = {
  'index.title': 'Rejoindre une séance',
  'index.hint':
    'Ouvrez le lien que vous avez reçu ou saisissez un code : les six caractères d’une séance ou les vôtres, ou les huit que le secrétariat vous a donnés.',
  'index.code': 'Code',
  'index.open': 'Ouvrir la séance',
  'index.code_wrong': 'Un code compte six ou huit lettres et chiffres, par exemple K7M2QX.',
}

export default index
