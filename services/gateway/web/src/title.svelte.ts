// The window's title: it follows the language, and what a page has to say in it first.

let urgent = $state('')

/** Says something before the page's own title, or nothing. */
export const say = (text: string): void => {
  urgent = text
}

/** Keeps the window's title as this says, for as long as the page lasts. */
export function follow(title: () => string): void {
  $effect.root(() => {
    $effect(() => {
      document.title = urgent ? `${urgent} · ${title()}` : title()
    })
  })
}
