// Spanish, what observers follow.
import type { Texts } from '../catalogue'

const live: Texts<'es', 'live'> = {
  'live.title': 'En directo',
  'live.next': 'Próximos oradores',
  'live.list': 'La lista completa',
  'live.turns': 'Intervenciones hasta ahora',
  'live.no_turns': 'Nadie ha intervenido todavía.',
  'live.agenda': 'Orden del día',
  'live.rules': 'Las reglas de esta sesión',
  'live.part_now': 'ahora',
  'live.part_over': 'terminado',
  'live.minutes_one': '{{count}} min',
  'live.minutes_other': '{{count}} min',
  'live.undone': 'anulada',
  'rule.uniform':
    'Todos reciben el mismo tiempo. Se calcula de nuevo después de cada intervención, para que todos los presentes puedan hablar.',
  'rule.individual':
    'El tiempo de cada orador sigue su solicitud. Se calcula de nuevo después de cada intervención, para que todos los presentes puedan hablar.',
  'rule.fixed': 'Todas las intervenciones tienen la misma duración, que no cambia durante la sesión.',
  'rule.bounds': 'Una declaración dura al menos {{minimum}} y como máximo {{maximum}}.',
  'rule.least': 'Una declaración dura al menos {{minimum}}.',
  'rule.gavel':
    'Cuando termina el tiempo de un orador, la Presidencia le da las gracias y llama al siguiente; el sistema no corta a nadie.',
  'rule.soft': 'Cuando termina el tiempo de un orador, se muestra; nadie es cortado.',
  'rule.hard_one':
    'Cuando han pasado el tiempo de un orador y {{count}} s más, el uso de la palabra vuelve a la Presidencia.',
  'rule.hard_other':
    'Cuando han pasado el tiempo de un orador y {{count}} s más, el uso de la palabra vuelve a la Presidencia.',
  'rule.joint': 'Varias organizaciones pueden hablar juntas en una declaración conjunta.',
  'rule.silent':
    'Un orador que es llamado y no habla retrocede dos puestos, no al final. Perder la conexión no hace retroceder a nadie.',
  'rule.public': 'Cualquiera puede seguir esta sesión.',
}

export default live
