// Spanish, how a delegate is told that their turn comes.
import type { Texts } from '../catalogue'

const app: Texts<'es', 'app'> = {
  'app.heading': 'Cuando llegue su turno',
  'app.how': 'Se le avisa en los puestos 5, 3 y 1 y cuando se le llama: en esta página, con vibración y con sonido.',
  'app.sound': 'Sonido en este dispositivo',
  'app.sound_try': 'Probar',
  'app.awake': 'Esta pantalla seguirá encendida hasta que termine de hablar.',
  'app.asleep': 'Este dispositivo puede apagar la pantalla. Tóquela de vez en cuando.',
  'app.push_why':
    'Un teléfono que se bloquea desconecta esta página. Una notificación le llega igualmente, también con la página cerrada.',
  'app.push_who':
    'El servicio de notificaciones del fabricante de su navegador ve que llegó un mensaje, pero no lo que dice: va cifrado y no contiene nombres. Su enlace se guarda en este dispositivo hasta que lo desactive.',
  'app.push_ask': 'Notificarme en este dispositivo',
  'app.push_busy': 'Activando…',
  'app.push_on': 'Activado: este dispositivo recibe avisos aunque la página esté cerrada.',
  'app.push_off': 'Desactivar',
  'app.push_local_service':
    'Este navegador no puede conectar aquí con su servicio de notificaciones. Recibirá avisos mientras esta página esté abierta, también en segundo plano: no la cierre.',
  'app.push_local_server':
    'Este servidor no envía notificaciones a este navegador. Recibirá avisos mientras esta página esté abierta, también en segundo plano: no la cierre.',
  'app.push_denied':
    'Las notificaciones están bloqueadas para este sitio. Permítalas en los ajustes del navegador para este sitio y vuelva a cargar la página.',
  'app.push_unsupported':
    'Este navegador no ofrece notificaciones para una página como esta. Manténgala abierta. En un iPhone o iPad, añádala antes a la pantalla de inicio.',
  'app.push_insecure':
    'Las notificaciones requieren https y esta página llegó por http. Manténgala abierta y con la pantalla encendida.',
  'app.install': 'Instalar Fairfloor en este dispositivo',
  'push.near': 'Su puesto en la lista: {{place}}',
  'push.moved': 'Su puesto ha cambiado. Ahora es el {{place}}',
  'push.other': 'Algo ha cambiado en su turno. Abra la página.',
}

export default app
