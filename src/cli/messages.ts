/** One server-sent event. */
export type Message = { event: string; id: string | null; data: string };

/** The server-sent events of a stream; comments are left out. */
export async function* messages(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Message, void, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const message = read(part);
      if (message !== null) yield message;
    }
  }
}

const read = (part: string): Message | null => {
  const field = (name: string): string | null => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? null;
  const data = field('data');
  return data === null ? null : { event: field('event') ?? 'message', id: field('id'), data };
};
