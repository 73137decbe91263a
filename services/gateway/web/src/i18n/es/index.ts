// Spanish, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'es', 'index'> = {
  'index.title': 'Entrar en una sesión',
  'index.hint':
    'Abra el enlace que recibió o escriba un código: los seis caracteres de una sesión o los suyos, o los ocho que le dio la secretaría.',
  'index.code': 'Código',
  'index.open': 'Abrir la sesión',
  'index.code_wrong': 'Un código tiene seis u ocho letras y cifras, por ejemplo K7M2QX.',
  'signin.title': 'Personal',
  'signin.hint':
    'Para los organizadores, la Presidencia, la Secretaría, los subtituladores, los intérpretes y los técnicos: con la cuenta de su organización. Su enlace funciona como antes.',
  'signin.open': 'Iniciar sesión con su cuenta',
  'signin.refused': 'No se ha identificado',
  'signin.why_unmapped':
    'Su cuenta no tiene ninguna función aquí. Pida a quien administra este servidor que le asigne una, o abra el enlace que recibió.',
  'signin.why_unverified':
    'Su organización no ha confirmado la dirección de correo electrónico de su cuenta. Confírmela allí e inténtelo de nuevo, o abra el enlace que recibió.',
  'signin.why_denied':
    'Su organización no le permitió entrar, o usted volvió atrás. Inténtelo de nuevo o abra su enlace.',
  'signin.why_stale': 'Tardó demasiado o se empezó en otra ventana. Inténtelo de nuevo.',
  'signin.why_untrusted': 'La respuesta de su organización no es de fiar. Avise a quien administra este servidor.',
  'signin.why_unavailable':
    'La identificación no funciona por el momento. Inténtelo dentro de un minuto; los enlaces y los códigos funcionan como antes.',
  'signin.why_busy': 'Demasiados intentos desde su red. Espere un minuto e inténtelo de nuevo, o abra su enlace.',
  'signin.why_no_session': 'Ninguna sesión tiene este código. Compruebe los seis caracteres.',
  'signin.choose': 'Elija su sesión',
}

export default index
