// Keeps the screen on while it matters: at a delegate's turn and just before, and on the hall's screen. Browsers allow
// it over https only, take it back when the page is hidden, and may refuse it (a battery that is low).

/** The part of the browser that this needs; a test brings its own. */
export interface Screen {
  request: (type: 'screen') => Promise<WakeLockSentinel>
}

export type AwakeState = 'off' | 'on' | 'refused' | 'missing'

export class Awake {
  state = $state<AwakeState>('off')
  private wanted = false
  private held?: WakeLockSentinel
  private asking = false

  constructor(private readonly screen: Screen | undefined = navigator.wakeLock as Screen | undefined) {
    document.addEventListener('visibilitychange', this.again)
  }

  /** Whether the screen is to stay on from now on. */
  want(on: boolean): void {
    this.wanted = on
    if (on) void this.take()
    else {
      void this.held?.release().catch(() => undefined)
      this.held = undefined
      this.state = 'off'
    }
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.again)
    this.want(false)
  }

  private again = (): void => {
    if (this.wanted) void this.take()
  }

  private async take(): Promise<void> {
    if (this.held || this.asking || document.visibilityState !== 'visible') return
    if (!this.screen) {
      this.state = 'missing'
      return
    }
    this.asking = true
    try {
      const held = await this.screen.request('screen')
      held.addEventListener('release', () => {
        if (this.held !== held) return
        this.held = undefined
        this.state = 'off'
        // Given up by the browser, not by us: while the page is seen it is asked for again, later by `again`.
        if (this.wanted) setTimeout(this.again, 1000)
      })
      // No longer wanted by the time that it was granted.
      if (!this.wanted) return void held.release().catch(() => undefined)
      this.held = held
      this.state = 'on'
    } catch {
      this.state = 'refused'
    } finally {
      this.asking = false
    }
  }
}
