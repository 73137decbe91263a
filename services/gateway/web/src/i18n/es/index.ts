// Spanish, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'es', 'index'> = {
  'index.title': 'Entrar en una sesión',
  'index.hint': 'Abra el enlace que recibió o escriba los seis caracteres de la sesión.',
  'index.code': 'Código de la sesión',
  'index.open': 'Abrir la sesión',
  'index.code_wrong': 'Un código tiene seis letras y cifras, por ejemplo K7M2QX.',
}

export default index
