// French, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'fr', 'index'> = {
  'index.title': 'Rejoindre une séance',
  'index.hint': 'Ouvrez le lien que vous avez reçu ou saisissez les six caractères de la séance.',
  'index.code': 'Code de la séance',
  'index.open': 'Ouvrir la séance',
  'index.code_wrong': 'Un code compte six lettres et chiffres, par exemple K7M2QX.',
}

export default index
