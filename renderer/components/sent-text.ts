/**
 * What a field holds once what stood in it has arrived, as a change of its text: nothing, or what was typed meanwhile.
 * @param sent the text that stood there when it was sent
 */
export function withoutSent(sent: string): (now: string) => string {
  return (now) => (now === sent ? '' : now);
}
