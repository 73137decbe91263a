// French, how a delegate is told that their turn comes.
import type { Texts } from '../catalogue'

const app: Texts<'fr', 'app'> = {
  'app.heading': 'Quand votre tour viendra',
  'app.how': 'Vous êtes averti en 5e, 3e et 1re place, puis à l’appel : sur cette page, par vibration et par un son.',
  'app.sound': 'Son sur cet appareil',
  'app.sound_try': 'Écouter',
  'app.awake': 'Cet écran reste allumé jusqu’à la fin de votre intervention.',
  'app.asleep': 'Cet appareil peut éteindre son écran. Touchez-le de temps en temps.',
  'app.push_why':
    'Un téléphone qui se verrouille coupe cette page. Une notification vous parvient quand même, y compris si la page est fermée.',
  'app.push_who':
    'Le service de notification de l’éditeur de votre navigateur voit qu’un message est arrivé, mais non ce qu’il dit : il est chiffré et ne contient aucun nom. Votre lien est conservé sur cet appareil jusqu’à ce que vous désactiviez cette fonction.',
  'app.push_ask': 'M’avertir sur cet appareil',
  'app.push_busy': 'Activation…',
  'app.push_on': 'Activé : cet appareil est averti même si la page est fermée.',
  'app.push_off': 'Désactiver',
  'app.push_local_service':
    'Ce navigateur ne peut pas joindre son service de notification ici. Vous êtes averti tant que cette page est ouverte, même en arrière-plan : ne la fermez pas.',
  'app.push_local_server':
    'Ce serveur n’envoie pas de notifications à ce navigateur. Vous êtes averti tant que cette page est ouverte, même en arrière-plan : ne la fermez pas.',
  'app.push_denied':
    'Les notifications sont bloquées pour ce site. Autorisez-les dans les réglages du navigateur pour ce site, puis rechargez la page.',
  'app.push_unsupported':
    'Ce navigateur n’offre pas de notifications pour une telle page. Gardez-la ouverte. Sur iPhone ou iPad, ajoutez-la d’abord à l’écran d’accueil.',
  'app.push_insecure':
    'Les notifications exigent https, et cette page est arrivée par http. Gardez-la ouverte et l’écran allumé.',
  'app.install': 'Installer Fairfloor sur cet appareil',
  'push.near': 'Votre place sur la liste : {{place}}',
  'push.moved': 'Votre place a changé. Vous êtes maintenant en position {{place}}',
  'push.other': 'Un changement concerne votre tour. Ouvrez la page.',
}

export default app
