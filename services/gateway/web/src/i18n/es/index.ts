// Spanish, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'es', 'index'> = {
  'index.title': 'Entrar en una sesión',
  'index.hint':
    'Abra el enlace que recibió o escriba un código: los seis caracteres de una sesión o los suyos, o los ocho que le dio la secretaría.',
  'index.code': 'Código',
  'index.open': 'Abrir la sesión',
  'index.code_wrong': 'Un código tiene seis u ocho letras y cifras, por ejemplo K7M2QX.',
}

export default index
