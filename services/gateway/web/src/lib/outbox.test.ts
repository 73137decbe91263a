import { describe, expect, it } from 'vitest'
import { Outbox, type Door, type Kept } from './outbox'
import type { Id, Receipt } from './view'

interface Sent {
  id: Id
  items: string[]
  answer: (receipt: Partial<Receipt>) => Promise<void>
}

/** A server that answers when the test says so. */
class Server implements Door<string> {
  sent: Sent[] = []
  kept?: Kept<string>
  mine = true
  fleeting = false
  args = (items: string[]): unknown => (this.mine ? { items } : undefined)
  keep = (kept: Kept<string>): void => {
    this.kept = structuredClone(kept)
  }
  changed = (): void => undefined
  send = (args: unknown, id: Id): Promise<Receipt> =>
    new Promise((resolve) => {
      this.sent.push({
        id,
        items: (args as { items: string[] }).items,
        answer: async (receipt) => {
          resolve({ command_id: id, outcome: 'accepted', ...receipt })
          // The outbox goes on in microtasks of its own.
          await new Promise((done) => setTimeout(done))
        },
      })
    })
}

const refused = (code: string): Partial<Receipt> => ({
  outcome: 'refused',
  problem: { code, title: code, status: 400 },
})

function open(kept?: Kept<string>): { server: Server; box: Outbox<string> } {
  const server = new Server()
  return { server, box: new Outbox(server, kept) }
}

describe('finals go out', () => {
  it('one batch after the other, so that their order is that of speaking', async () => {
    const { server, box } = open()
    box.add('one')
    box.add('two')
    box.add('three')
    expect(server.sent.map((one) => one.items)).toEqual([['one']])
    await server.sent[0]!.answer({})
    expect(server.sent.map((one) => one.items)).toEqual([['one'], ['two', 'three']])
    await server.sent[1]!.answer({})
    expect(box.open).toBe(0)
  })

  it('with an id of its own each', async () => {
    const { server, box } = open()
    box.add('one')
    await server.sent[0]!.answer({})
    box.add('two')
    expect(server.sent[0]!.id).not.toBe(server.sent[1]!.id)
  })
})

describe('what could not be sent is kept', () => {
  it('until its receipt is here', async () => {
    const { server, box } = open()
    box.add('one')
    box.add('two')
    expect(server.kept).toMatchObject({ waiting: ['two'], batch: { items: ['one'], id: server.sent[0]!.id } })
    await server.sent[0]!.answer({})
    await server.sent[1]!.answer({})
    expect(server.kept).toEqual({ waiting: [], batch: undefined })
  })

  it('and sent again with the same id after the page was loaded anew', () => {
    const before = open()
    before.box.add('one')
    before.box.add('two')
    const { server, box } = open(before.server.kept)
    expect(box.open).toBe(2)
    box.go()
    expect(server.sent[0]).toMatchObject({ id: before.server.sent[0]!.id, items: ['one'] })
  })

  it('while the track is another’s, and goes out when it is ours again', async () => {
    const { server, box } = open()
    server.mine = false
    box.add('one', 'two')
    expect(server.sent).toEqual([])
    server.mine = true
    box.go()
    expect(server.sent.map((one) => one.items)).toEqual([['one', 'two']])
  })

  it('when the server refuses because another has the track: the same words go with a new id', async () => {
    const { server, box } = open()
    box.add('one')
    server.mine = false
    await server.sent[0]!.answer(refused('wrong_state'))
    expect(box.problem?.code).toBe('wrong_state')
    expect(box.open).toBe(1)
    server.mine = true
    box.go()
    expect(server.sent[1]!.items).toEqual(['one'])
    expect(server.sent[1]!.id).not.toBe(server.sent[0]!.id)
    await server.sent[1]!.answer({})
    expect(box.problem).toBeUndefined()
  })
})

describe('words that the server cannot take', () => {
  it('stop nobody else’s, and are shown to the writer', async () => {
    const { server, box } = open()
    box.add('a', 'bad', 'c')
    await server.sent[0]!.answer(refused('invalid'))
    expect(server.sent[1]!.items).toEqual(['a'])
    await server.sent[1]!.answer({})
    expect(server.sent[2]!.items).toEqual(['bad'])
    await server.sent[2]!.answer(refused('invalid'))
    expect(server.sent[3]!.items).toEqual(['c'])
    await server.sent[3]!.answer({})
    expect(box.refused.map((one) => one.items)).toEqual([['bad']])
    expect(box.open).toBe(0)
  })
})

describe('what is worth nothing later', () => {
  it('is dropped when it is refused, and what follows goes on', async () => {
    const { server, box } = open()
    server.fleeting = true
    box.add('one')
    box.add('two')
    await server.sent[0]!.answer(refused('wrong_state'))
    expect(box.problem?.code).toBe('wrong_state')
    expect(server.sent[1]!.items).toEqual(['two'])
    await server.sent[1]!.answer({})
    expect(box.problem).toBeUndefined()
    expect(box.open).toBe(0)
  })
})

describe('what waits', () => {
  it('can still be changed, what is on its way cannot', () => {
    const { server, box } = open()
    box.add('one')
    box.add('two')
    expect(box.replace((item) => item === 'two', 'TWO')).toBe(true)
    expect(box.replace((item) => item === 'one', 'ONE')).toBe(false)
    expect(server.kept?.waiting).toEqual(['TWO'])
  })
})
