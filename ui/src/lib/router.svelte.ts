// The address bar. Pages change inside the shell, so the call bar and the telephone never reload.

class Router {
  path = $state(location.pathname)
  query = $state(new URLSearchParams(location.search))

  constructor() {
    addEventListener('popstate', () => this.read())
    document.addEventListener('click', (e) => this.click(e))
  }
  private read() {
    this.path = location.pathname
    this.query = new URLSearchParams(location.search)
  }
  go(to: string, replace = false) {
    if (to === location.pathname + location.search) return
    if (replace) history.replaceState(null, '', to)
    else history.pushState(null, '', to)
    this.read()
    if (!replace) scrollTo(0, 0)
  }
  /** Plain left clicks on our own page links stay in the page; everything else is the browser's. */
  private click(e: MouseEvent) {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const a = (e.target as Element | null)?.closest?.('a')
    if (!a || a.target || a.hasAttribute('download') || a.origin !== location.origin) return
    if (/^\/(api\/|ca\.crt|healthz)/.test(a.pathname) || a.getAttribute('href')?.startsWith('#')) return
    e.preventDefault()
    this.go(a.pathname + a.search)
  }
}

export const router = new Router()
