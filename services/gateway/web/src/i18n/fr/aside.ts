// French, over plain http and without a network: fetched where it is needed.
import type { Texts } from '../catalogue'

const aside: Texts<'fr', 'aside'> = {
  'insecure.short': 'Non chiffré',
  'insecure.what': 'Cette page est arrivée par http. Les navigateurs désactivent alors :',
  'insecure.microphone': 'le microphone',
  'insecure.notifications': 'les notifications',
  'insecure.awake': 'le maintien de l’écran allumé',
  'insecure.install': 'l’installation comme application',
  'insecure.receipts': 'la vérification des accusés de réception dans la page',
  'insecure.rest':
    'Tout le reste fonctionne. Quiconque est sur ce réseau pourrait lire le contenu. Demandez l’adresse https au secrétariat.',
  'insecure.still': 'Non chiffré (http) : cet écran peut s’éteindre de lui-même.',
  'known.title': 'Vous êtes hors ligne. Dernier état connu à {{time}} ({{utc}})',
  'known.place': 'Votre place était {{place}} sur {{of}}.',
  'known.hint': 'La situation a pu changer. Votre place est gardée : elle ne dépend pas de cet appareil.',
  'known.hint_none': 'La situation a pu changer.',
}

export default aside
