// One WebRTC stream with our server. The server offers, we answer; it is ICE-lite with one port, so nothing is gathered or
// trickled from our side and the answer goes out at once.

/** The microphone as the telephone needs it. Throws what getUserMedia throws. */
export function microphone(): Promise<MediaStream> {
  if (!navigator.mediaDevices) return Promise.reject(new DOMException('insecure context', 'NotAllowedError'))
  return navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  })
}

/** Answers an offer; mic may be null (listen only). Returns the connection and the answer's SDP. */
export async function answer(
  sdp: string,
  mic: MediaStream | null,
  onTrack: (s: MediaStream) => void,
): Promise<{ pc: RTCPeerConnection; sdp: string }> {
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' })
  pc.ontrack = (e) => onTrack(e.streams[0] ?? new MediaStream([e.track]))
  await pc.setRemoteDescription({ type: 'offer', sdp })
  const track = mic?.getAudioTracks()[0]
  const tr = pc.getTransceivers()[0]
  if (track && tr) {
    tr.direction = 'sendrecv'
    await tr.sender.replaceTrack(track)
  }
  const a = await pc.createAnswer()
  await pc.setLocalDescription(a)
  return { pc, sdp: a.sdp ?? '' }
}

/** The loudspeaker: one element for the life of the page. Browsers let it play after a click or while a microphone is live. */
export class Speaker {
  private el: HTMLAudioElement
  constructor(private onBlocked: (blocked: boolean) => void) {
    this.el = document.createElement('audio')
    this.el.autoplay = true
    this.el.setAttribute('playsinline', '')
    this.el.hidden = true
    document.body.append(this.el)
  }
  play(s: MediaStream) {
    this.el.srcObject = s
    this.unlock()
  }
  unlock() {
    if (!this.el.srcObject) return
    this.el.play().then(
      () => this.onBlocked(false),
      (e: unknown) => {
        if (e instanceof DOMException && e.name === 'NotAllowedError') this.onBlocked(true)
      },
    )
  }
  stop() {
    this.el.srcObject = null
  }
}
