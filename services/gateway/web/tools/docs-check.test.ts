// The document check must be able to fail: each case breaks one thing that its standard forbids.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkAsyncAPI, checkOpenAPI } from './docs-check.mjs'

const openapi = {
  openapi: '3.1.0',
  info: { title: 'Fairfloor', version: '1' },
  paths: {
    '/api/v1/sessions/{session}': {
      get: {
        parameters: [{ name: 'session', in: 'path', required: true, schema: { type: 'string' } }],
        responses: {
          // A list of types is what 3.1 has and 3.0 has not.
          '200': { description: 'ok', content: { 'application/json': { schema: { type: ['string', 'null'] } } } },
        },
      },
    },
  },
}

const asyncapi = {
  asyncapi: '3.0.0',
  info: { title: 'Fairfloor', version: '1' },
  channels: {
    live: {
      address: '/api/v1/live',
      messages: { patch: { payload: { type: 'object', properties: { from: { type: 'string' } } } } },
    },
  },
  operations: {
    patch: {
      action: 'send',
      channel: { $ref: '#/channels/live' },
      messages: [{ $ref: '#/channels/live/messages/patch' }],
    },
  },
}

const json = (document: object) => JSON.stringify(document)

describe('checkOpenAPI', () => {
  it('passes a valid document', async () => {
    expect(await checkOpenAPI(json(openapi))).toEqual([])
  })

  it('refuses an operation without its path parameter', async () => {
    const broken = structuredClone(openapi)
    broken.paths['/api/v1/sessions/{session}'].get.parameters = []
    expect((await checkOpenAPI(json(broken))).join()).toContain('session')
  })

  it('refuses a response without a description', async () => {
    const broken = structuredClone(openapi)
    Reflect.deleteProperty(broken.paths['/api/v1/sessions/{session}'].get.responses['200'], 'description')
    expect((await checkOpenAPI(json(broken))).join()).toContain('description')
  })

  it.each([
    ['into another file', '/etc/hostname'],
    ['to another host', 'https://host.invalid/schema.json'],
    ['to nothing', '#/components/schemas/Nowhere'],
  ])('refuses a reference %s', async (_, ref) => {
    const broken = { ...openapi, components: { schemas: { Away: { $ref: ref } } } }
    expect((await checkOpenAPI(json(broken))).join()).toContain(ref)
  })

  it('refuses version 3.0, which the API does not promise', async () => {
    expect((await checkOpenAPI(json({ ...openapi, openapi: '3.0.3' }))).join()).toContain('want 3.1.x')
  })
})

describe('checkAsyncAPI', () => {
  it('passes a valid document', async () => {
    expect(await checkAsyncAPI(json(asyncapi))).toEqual([])
  })

  it('refuses an operation on a channel that is not there', async () => {
    const broken = structuredClone(asyncapi)
    broken.operations.patch.channel.$ref = '#/channels/nowhere'
    expect((await checkAsyncAPI(json(broken))).join()).toContain('nowhere')
  })

  it('refuses a document without info', async () => {
    const { info: _, ...broken } = asyncapi
    expect((await checkAsyncAPI(json(broken))).join()).toContain('info')
  })

  it('refuses version 2', async () => {
    expect((await checkAsyncAPI(json({ ...asyncapi, asyncapi: '2.6.0' }))).join()).toContain('want 3.x')
  })
})

// The script's exit code is what ./scripts/test relies on.
it('exits 0 for valid documents, 1 for a broken one, 2 without arguments', { timeout: 30_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairfloor-docs-'))
  try {
    const file = (name: string, document: object) => {
      writeFileSync(join(folder, name), json(document))
      return join(folder, name)
    }
    const run = (...args: string[]) =>
      spawnSync('node', [join(import.meta.dirname, 'docs-check.mjs'), ...args], { encoding: 'utf8' }).status
    const api = file('openapi.json', openapi)
    expect(run(api, file('asyncapi.json', asyncapi))).toBe(0)
    expect(run(api, file('broken.json', { ...asyncapi, asyncapi: '2.6.0' }))).toBe(1)
    expect(run()).toBe(2)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
