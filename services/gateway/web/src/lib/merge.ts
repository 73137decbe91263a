// RFC 7396 merge patch, in a new object wherever something changed, so that a
// page sees by identity what is new.

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const isObject = (value: unknown): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Applies a merge patch and gives the result; the target stays as it was. */
export function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: { [key: string]: Json } = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value) as Json
  }
  return result
}
