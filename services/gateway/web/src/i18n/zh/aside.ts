// Chinese, over plain http and without a network: fetched where it is needed.
import type { Texts } from '../catalogue'

const aside: Texts<'zh', 'aside'> = {
  'insecure.short': '未加密',
  'insecure.what': '本页通过 http 打开。此时浏览器会停用：',
  'insecure.microphone': '麦克风',
  'insecure.notifications': '通知',
  'insecure.awake': '保持屏幕常亮',
  'insecure.install': '安装为应用',
  'insecure.receipts': '在页面中核验回执',
  'insecure.rest': '其余功能均可正常使用。此网络上的任何人都可能看到内容。请向秘书处索取 https 地址。',
  'insecure.still': '未加密（http）：此屏幕可能会自行关闭。',
  'known.title': '您已离线。最后已知时间：{{time}}（{{utc}}）',
  'known.place': '您当时的位置：第 {{place}} 位，共 {{of}} 位。',
  'known.hint': '现在情况可能已有变化。您的位置会保留，与此设备无关。',
  'known.hint_none': '现在情况可能已有变化。',
}

export default aside
