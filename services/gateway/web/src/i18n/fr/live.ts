// French, what observers follow.
import type { Texts } from '../catalogue'

const live: Texts<'fr', 'live'> = {
  'live.title': 'En direct',
  'live.next': 'Prochains orateurs',
  'live.list': 'La liste entière',
  'live.turns': 'Interventions jusqu’ici',
  'live.no_turns': 'Personne n’a encore pris la parole.',
  'live.agenda': 'Ordre du jour',
  'live.rules': 'Les règles de cette séance',
  'live.part_now': 'en cours',
  'live.part_over': 'terminé',
  'live.minutes_one': '{{count}} min',
  'live.minutes_other': '{{count}} min',
  'live.undone': 'annulée',
  'rule.uniform':
    'Chacun reçoit le même temps de parole. Il est recalculé après chaque intervention, pour que tous les présents puissent parler.',
  'rule.individual':
    'Le temps de parole de chacun suit sa demande. Il est recalculé après chaque intervention, pour que tous les présents puissent parler.',
  'rule.fixed': 'Toutes les interventions ont la même durée, qui ne change pas pendant la séance.',
  'rule.bounds': 'Une déclaration dure au moins {{minimum}} et au plus {{maximum}}.',
  'rule.least': 'Une déclaration dure au moins {{minimum}}.',
  'rule.gavel':
    'Quand le temps de parole est écoulé, la présidence remercie l’orateur et appelle le suivant ; le système ne coupe personne.',
  'rule.soft': 'Quand le temps de parole est écoulé, cela s’affiche ; personne n’est coupé.',
  'rule.hard_one': 'Quand le temps de parole et {{count}} s de plus sont écoulés, la parole revient à la présidence.',
  'rule.hard_other': 'Quand le temps de parole et {{count}} s de plus sont écoulés, la parole revient à la présidence.',
  'rule.joint': 'Des organisations peuvent s’exprimer ensemble dans une déclaration commune.',
  'rule.silent':
    'Un orateur qui est appelé et se tait recule de deux places, et non à la fin. Une coupure de connexion ne fait reculer personne.',
  'rule.public': 'Cette séance peut être suivie par tout le monde.',
}

export default live
