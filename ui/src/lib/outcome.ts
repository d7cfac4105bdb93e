/** The colour of an outcome: green somebody was helped, amber we owe something, red we lost the citizen, grey nothing to judge. */
export function outcomeTone(o: string): 'ok' | 'wait' | 'alarm' | 'muted' {
  switch (o) {
    case 'served':
    case 'informed':
    case 'transferred_out':
      return 'ok'
    case 'message_left':
    case 'callback_taken':
      return 'wait'
    case 'abandoned_queue':
    case 'dropped':
    case 'overload':
      return 'alarm'
    default:
      return 'muted'
  }
}
