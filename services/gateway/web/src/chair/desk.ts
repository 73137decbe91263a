// What the controls of the chair's page send, shared by pointer and keyboard.
import { commandOf, primary, type Act } from '../lib/act'
import { raised, runningTurn } from '../lib/floor'
import type { Session } from '../lib/session.svelte'
import type { PromptKind, TurnView } from '../lib/view'
import type { Ask } from './ask'

/** What one press of "extend" adds, ms. */
export const extendMS = 30_000

const floorRoles = new Set(['chair', 'vice_chair', 'secretariat'])

/** Whether this link's roles may use the keys of the floor. */
export const mayUseFloor = (session: Session): boolean => (session.me?.roles ?? []).some((role) => floorRoles.has(role))

/** Whether this link's roles may change the session's end. */
export const mayExtend = (session: Session): boolean =>
  (session.me?.roles ?? []).some((role) => role === 'chair' || role === 'vice_chair')

/** Sends an act of the large control, or asks first where something cannot be taken back. */
export function press(session: Session, act: Act, ask: Ask): void {
  if (act.kind === 'adjourn') return ask({ kind: 'adjourn' })
  const command = commandOf(act)
  if (command) void session.act(command.verb, command.args)
}

/** Sends a command about the running turn. */
export function onTurn(session: Session, verb: string, more: Record<string, unknown> = {}): void {
  const turn = session.view && runningTurn(session.view)
  if (turn) void session.act(verb, { turn: turn.id, ...more })
}

/** Whether the chair's side stopped this turn's clock, so that it may let it go on. */
export const stands = (turn: TurnView): boolean =>
  !!turn.paused_since && ['chair', 'lost_line', 'interpretation'].includes(turn.pause_cause ?? '')

export function pause(session: Session): void {
  const turn = session.view && runningTurn(session.view)
  if (turn?.paused_since && turn.pause_cause === 'interpretation') return goOn(session)
  if (turn?.begun_at) onTurn(session, stands(turn) ? 'resume_turn' : 'pause_turn')
}

/** Goes on without interpretation, or before the booth has said that it is back. */
export function goOn(session: Session): void {
  void session.act('clear_trouble', { trouble: 'interpretation_lost' })
}

/** By how much longer the interpreters are asked to stay, ms. */
export const stayMS = 15 * 60_000

/** The speaker's line was lost: the clock stands for a while, once in a turn, and goes on by itself. */
export function lost(session: Session): void {
  const turn = session.view && runningTurn(session.view)
  if (turn?.begun_at && !turn.paused_since && !turn.lost_line) onTurn(session, 'pause_turn', { cause: 'lost_line' })
}

/** A private word to the holder. */
export function prompt(session: Session, kind: PromptKind): void {
  if (session.view && !session.view.floor.point) onTurn(session, 'prompt', { kind })
}

export function extend(session: Session): void {
  onTurn(session, 'extend_turn', { by_ms: extendMS })
}

/** Hears the first point of order that was raised, or asks who raises one in the room. */
export function point(session: Session, ask: Ask): void {
  const first = session.view && raised(session.view)[0]
  if (first) void session.act('admit_point', { entry: first.id })
  else ask({ kind: 'point' })
}

export function undo(session: Session): void {
  const act = session.view?.floor.undo
  if (act) void session.act('undo', { act })
}

/** Thanks the speaker before their time is over: the next one is called in the same act. */
export function thank(session: Session): void {
  const view = session.view
  if (view && runningTurn(view)?.begun_at && !view.floor.point && view.floor.next) void session.act('next')
}

/** Whether the one who was called can be passed over or said to speak. */
export function calledOnly(session: Session, verb: 'step_back' | 'no_show' | 'begin'): void {
  const turn = session.view && runningTurn(session.view)
  if (turn && !turn.begun_at) onTurn(session, verb)
}

/** The act on the large control now. */
export const current = (session: Session): Act =>
  session.view ? primary(session.view, session.now) : { kind: 'nothing' }
