// Chinese, how a delegate is told that their turn comes.
import type { Texts } from '../catalogue'

const app: Texts<'zh', 'app'> = {
  'app.heading': '轮到您时如何得知',
  'app.how': '当您排到第 5、第 3、第 1 位以及请您发言时，本页会以文字、振动和声音通知您。',
  'app.sound': '在此设备上播放声音',
  'app.sound_try': '试听',
  'app.awake': '在您发言结束前，此屏幕将保持常亮。',
  'app.asleep': '此设备可能会关闭屏幕，请不时触碰一下。',
  'app.push_why': '手机锁屏后，本页会断开连接。通知仍会送达您，即使本页已关闭。',
  'app.push_who':
    '您的浏览器厂商的推送服务只知道有一条消息送达，而看不到内容：消息已加密，且不含任何姓名。在您关闭此功能之前，您的链接会保存在此设备上。',
  'app.push_ask': '在此设备上通知我',
  'app.push_busy': '正在开启…',
  'app.push_on': '已开启：即使页面关闭，此设备也会收到通知。',
  'app.push_off': '关闭',
  'app.push_local_service':
    '此浏览器在这里无法连接其推送服务。只要本页保持打开（在后台亦可），您就会收到通知：请勿关闭本页。',
  'app.push_local_server':
    '本服务器不向此浏览器发送通知。只要本页保持打开（在后台亦可），您就会收到通知：请勿关闭本页。',
  'app.push_denied': '此网站的通知已被阻止。请在浏览器设置中允许此网站发送通知，然后重新加载本页。',
  'app.push_unsupported':
    '此浏览器不支持为此类页面显示通知。请保持页面打开。在 iPhone 或 iPad 上，请先将其添加到主屏幕。',
  'app.push_insecure': '通知功能需要 https，而本页通过 http 打开。请保持页面打开、屏幕常亮。',
  'app.install': '在此设备上安装 Fairfloor',
  'push.near': '您在名单上的位置：{{place}}',
  'push.moved': '您的位置已变更，现为第 {{place}} 位',
  'push.other': '您的发言安排有变化，请打开页面。',
}

export default app
