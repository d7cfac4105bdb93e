// The service base: all names once (for chips and labels), searching by the server, which knows colloquial words.

import * as api from '../api'

class ServiceBase {
  all = $state.raw<api.Service[]>([])
  failed = $state(false)
  private loading: Promise<void> | null = null

  load(): Promise<void> {
    if (this.all.length > 0) return Promise.resolve()
    this.loading ??= api
      .services('')
      .then(
        (l) => {
          this.all = l ?? []
          this.failed = false
        },
        () => {
          this.failed = true
        },
      )
      .finally(() => (this.loading = null))
    return this.loading
  }
  name(id: string): string {
    return this.all.find((s) => s.id === id)?.name ?? id
  }
  /** A card by its id or by its name: a call names its service either way. */
  find(idOrName: string): api.Service | undefined {
    return this.all.find((s) => s.id === idOrName || s.name === idOrName)
  }
  async search(q: string): Promise<api.Service[]> {
    if (q.trim() === '') {
      await this.load()
      return this.all
    }
    return (await api.services(q.trim())) ?? []
  }
}

export const serviceBase = new ServiceBase()
