// Notifications of a delegate's turn: by the page itself while it is open in the background, and by Web Push when it is
// closed. Nothing is asked of the browser before its owner presses a button.
import { language, languages, locale, t } from '../i18n'
import type { Words } from '../worker/plan'
import { dropLink, keepLink } from './app.svelte'
import type { Id } from './view'

/**
 * Where it stands: `insecure` and `unsupported` cannot be helped, `ask` waits for the button, `denied` was refused in
 * the browser, `on` reaches a closed page, `local` reaches the page while it is open only, and `busy` is between.
 */
export type PushState = 'insecure' | 'unsupported' | 'ask' | 'denied' | 'busy' | 'on' | 'local'

const key = (session: Id): string => `fairfloor.push.${session}`

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0))

export class Push {
  state = $state<PushState>('ask')
  /** Why the page is reached while it is open only: the browser's push service, or this server, which sends none. */
  why = $state<'service' | 'server'>('service')

  constructor(
    private readonly session: Id,
    private readonly token: string,
  ) {
    if (!globalThis.isSecureContext) this.state = 'insecure'
    else if (!('Notification' in globalThis) || !('serviceWorker' in navigator)) this.state = 'unsupported'
    else if (Notification.permission === 'denied') this.state = 'denied'
    // Asked for before: the server is told again, as it forgets devices that were gone for a while.
    else if (Notification.permission === 'granted' && this.wished()) void this.subscribe()
  }

  /** The button was pressed: ask the browser, then the push service, then tell the server. */
  async switchOn(): Promise<void> {
    this.state = 'busy'
    try {
      const permission = await Notification.requestPermission()
      if (permission !== 'granted') {
        this.state = permission === 'denied' ? 'denied' : 'ask'
        return
      }
      this.wish(true)
      keepLink()
      await this.subscribe()
    } catch {
      this.state = 'local'
    }
  }

  async switchOff(): Promise<void> {
    const { subscription } = this.stored()
    this.wish(false)
    dropLink()
    this.state = 'ask'
    const registration = await navigator.serviceWorker.getRegistration().catch(() => undefined)
    const own = await registration?.pushManager.getSubscription().catch(() => undefined)
    await own?.unsubscribe().catch(() => undefined)
    if (subscription) await this.tell('DELETE', `/${subscription}`).catch(() => undefined)
  }

  /** Shows a notification by the page itself, while it is open and not seen. */
  async notify(body: string, urgent: boolean): Promise<void> {
    if (this.state !== 'local' || document.visibilityState === 'visible') return
    const registration = await navigator.serviceWorker.getRegistration().catch(() => undefined)
    const options: NotificationOptions & { renotify: boolean } = {
      body,
      tag: this.session,
      renotify: true,
      requireInteraction: urgent,
      icon: '/icon-192.png',
      badge: '/badge.png',
      lang: language(),
      dir: languages[language()].direction,
      data: { path: location.pathname },
    }
    await registration?.showNotification(t('app.name'), options).catch(() => undefined)
  }

  /** Gives the worker the words for messages, in the viewer's language. */
  async words(): Promise<void> {
    if (this.state === 'insecure' || this.state === 'unsupported' || !this.wished()) return
    const words: Words = {
      language: locale(),
      direction: languages[language()].direction,
      title: t('app.name'),
      texts: {
        called: t('notice.called'),
        next: t('notice.next'),
        near: t('push.near', { place: '{place}' }),
        moved: t('push.moved', { place: '{place}' }),
        standby: t('notice.standby'),
        not_reached: t('notice.not_reached'),
        other: t('push.other'),
      },
    }
    ;(await navigator.serviceWorker.ready).active?.postMessage({ words })
  }

  private async subscribe(): Promise<void> {
    this.state = 'busy'
    await this.words().catch(() => undefined)
    try {
      const registration = await navigator.serviceWorker.ready
      const { key: server } = (await (await fetch('/api/v1/push', { credentials: 'omit' })).json()) as { key: string }
      if (!server) {
        this.why = 'server'
        this.state = 'local'
        return
      }
      const own = await registration.pushManager.subscribe({
        userVisibleOnly: true,
        applicationServerKey: bytes(server),
      })
      const answer = await this.tell('POST', '', own.toJSON())
      if (!answer.ok) {
        this.why = 'server'
        throw new Error(String(answer.status))
      }
      const { subscription } = (await answer.json()) as { subscription: string }
      this.wish(true, subscription)
      this.state = 'on'
    } catch {
      this.state = 'local'
    }
  }

  private tell(method: string, rest: string, body?: unknown): Promise<Response> {
    return fetch(`/api/v1/sessions/${this.session}/devices${rest}`, {
      method,
      credentials: 'omit',
      headers: { Authorization: `Bearer ${this.token}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    })
  }

  private stored(): { subscription?: string } {
    try {
      return JSON.parse(localStorage.getItem(key(this.session)) ?? '{}') as { subscription?: string }
    } catch {
      return {}
    }
  }

  private wished(): boolean {
    try {
      return localStorage.getItem(key(this.session)) !== null
    } catch {
      return false
    }
  }

  private wish(on: boolean, subscription?: string): void {
    try {
      if (on) localStorage.setItem(key(this.session), JSON.stringify({ subscription }))
      else localStorage.removeItem(key(this.session))
    } catch {
      // Without storage it is asked again when the page is opened again.
    }
  }
}
