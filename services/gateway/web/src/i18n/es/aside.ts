// Spanish, over plain http and without a network: fetched where it is needed.
import type { Texts } from '../catalogue'

const aside: Texts<'es', 'aside'> = {
  'insecure.short': 'Sin cifrar',
  'insecure.what': 'Esta página llegó por http. Los navegadores desactivan entonces:',
  'insecure.microphone': 'el micrófono',
  'insecure.notifications': 'las notificaciones',
  'insecure.awake': 'mantener la pantalla encendida',
  'insecure.install': 'la instalación como aplicación',
  'insecure.receipts': 'la verificación de los acuses en la página',
  'insecure.rest':
    'Todo lo demás funciona. Cualquiera en esta red podría leer el contenido. Pida a la secretaría la dirección https.',
  'insecure.still': 'Sin cifrar (http): esta pantalla puede apagarse sola.',
  'known.title': 'Está sin conexión. Último estado conocido a las {{time}} ({{utc}})',
  'known.place': 'Su puesto era el {{place}} de {{of}}.',
  'known.hint': 'Ahora puede ser distinto. Su puesto se conserva: no depende de este dispositivo.',
  'known.hint_none': 'Ahora puede ser distinto.',
}

export default aside
