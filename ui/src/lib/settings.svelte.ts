// What this person chose in this browser: colours and text size. Kept in localStorage, applied to <html>.

export type Theme = 'auto' | 'light' | 'dark'
export type Size = '100' | '115' | '130'

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
function write(key: string, value: string) {
  try {
    localStorage.setItem(key, value)
  } catch {
    // Private mode: the choice lasts as long as the page.
  }
}

class Settings {
  theme = $state<Theme>((read('theme') as Theme | null) ?? 'auto')
  size = $state<Size>((read('size') as Size | null) ?? '100')

  setTheme(t: Theme) {
    this.theme = t
    write('theme', t)
    this.apply()
  }
  setSize(s: Size) {
    this.size = s
    write('size', s)
    this.apply()
  }
  apply() {
    const root = document.documentElement
    if (this.theme === 'auto') root.removeAttribute('data-theme')
    else root.dataset.theme = this.theme
    root.dataset.size = this.size
  }
}

export const settings = new Settings()
