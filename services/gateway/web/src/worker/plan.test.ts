import { describe, expect, it } from 'vitest'
import { answer, inherit, inWords, pageOf, read, shellOf, type Build } from './plan'

const build: Build = {
  id: 'new',
  pages: { live: ['/assets/live-2.js', '/assets/page-2.js'], index: ['/assets/index-2.js'] },
  files: {
    'live.html': '/assets/live-2.js',
    page: '/assets/page-2.js',
    'index.html': '/assets/index-2.js',
    'src/i18n/fr/common.ts': '/assets/common-2f.js',
    'src/i18n/en/common.ts': '/assets/common-2e.js',
  },
}
const before: Build = {
  id: 'old',
  pages: { live: ['/assets/live-1.js'], gone: ['/assets/gone-1.js'] },
  files: {
    'live.html': '/assets/live-1.js',
    'src/i18n/fr/common.ts': '/assets/common-1f.js',
    'src/i18n/en/common.ts': '/assets/common-1e.js',
    'gone.html': '/assets/gone-1.js',
  },
}

describe('the service worker', () => {
  const origin = 'https://host'
  it.each([
    ['GET', 'navigate', '/s/ABC123/live', { from: 'page', page: 'live' }],
    ['GET', 'navigate', '/s/ABC123/live?track=fr', { from: 'page', page: 'live' }],
    ['GET', 'navigate', '/s/ABC123', { from: 'page', page: 'index' }],
    ['GET', 'navigate', '/', { from: 'page', page: 'index' }],
    ['GET', 'navigate', '/?app', { from: 'page', page: 'index' }],
    // The page without script comes from the server or not at all: it holds state.
    ['GET', 'navigate', '/s/ABC123/plain', { from: 'network' }],
    ['GET', 'navigate', '/api/v1/sessions', { from: 'network' }],
    ['GET', 'cors', '/api/v1/sessions/x', { from: 'network' }],
    ['GET', 'cors', '/api/v1/sessions/x/poll', { from: 'network' }],
    ['POST', 'cors', '/assets/live-2.js', { from: 'network' }],
    ['GET', 'cors', '/assets/live-2.js', { from: 'file' }],
    ['GET', 'cors', '/healthz', { from: 'network' }],
    ['GET', 'cors', '/s/ABC123/live', { from: 'network' }],
    ['GET', 'cors', 'https://elsewhere/assets/x.js', { from: 'network' }],
  ])('%s (%s) %s', (method, mode, path, want) => {
    expect(answer(build, { method, mode, url: new URL(path, origin).href }, origin)).toEqual(want)
  })

  it('knows the pages by their paths', () => {
    expect(pageOf('/s/A/live', ['live'])).toBe('live')
    expect(pageOf('/s/A/live/more', ['live'])).toBeUndefined()
    expect(pageOf('/s/A/other', ['live'])).toBeUndefined()
    expect(shellOf('live')).toBe('/live.html')
    expect(shellOf('index')).toBe('/')
  })

  it('takes over from an earlier build what that one had kept, as it is now, and nothing else', () => {
    const kept = [
      '/build.json',
      '/live.html',
      '/assets/live-1.js',
      '/assets/common-1f.js',
      '/gone.html',
      '/assets/gone-1.js',
    ]
    expect(inherit(build, before, kept)).toEqual([
      '/assets/common-2f.js',
      '/assets/live-2.js',
      '/assets/page-2.js',
      '/live.html',
    ])
    expect(inherit(build, before, [])).toEqual([])
  })
})

describe('messages', () => {
  const words = {
    language: 'ar-EG',
    direction: 'rtl' as const,
    title: 'Fairfloor',
    texts: { near: 'موضعك: {place}', other: 'تغيير' },
  }

  it('are shown in the words that the page left', () => {
    const near = read({ kind: 'near', place: 3, code: 'ABC123', tag: 't' })!
    expect(inWords(near, words)).toEqual({ title: 'Fairfloor', body: 'موضعك: ٣' })
    expect(inWords(read({ kind: 'unheard_of', code: 'A', tag: 't' })!, words).body).toBe('تغيير')
  })

  it('say something true where the page left none', () => {
    expect(inWords(read({ kind: 'called', code: 'A', tag: 't' })!).body).toContain('Open the page')
  })

  it.each([[undefined], [null], ['x'], [{}], [{ kind: 'called' }], [{ kind: 1, code: 'A', tag: 't' }]])(
    '%j is none',
    (data) => expect(read(data)).toBeUndefined(),
  )
})
