// Russian, over plain http and without a network: fetched where it is needed.
import type { Texts } from '../catalogue'

const aside: Texts<'ru', 'aside'> = {
  'insecure.short': 'Без шифрования',
  'insecure.what': 'Страница открыта по http. Браузеры при этом отключают:',
  'insecure.microphone': 'микрофон',
  'insecure.notifications': 'уведомления',
  'insecure.awake': 'удержание экрана включённым',
  'insecure.install': 'установку как приложения',
  'insecure.receipts': 'проверку квитанций на странице',
  'insecure.rest':
    'Всё остальное работает. Любой в этой сети может видеть содержимое. Попросите в секретариате адрес https.',
  'insecure.still': 'Без шифрования (http): экран может погаснуть.',
  'known.title': 'Нет связи. Последние известные данные: {{time}} ({{utc}})',
  'known.place': 'Ваше место было: {{place}} из {{of}}.',
  'known.hint': 'Сейчас всё может быть иначе. Место за вами: оно не зависит от этого устройства.',
  'known.hint_none': 'Сейчас всё может быть иначе.',
}

export default aside
