import { createInterface } from 'node:readline';

/**
 * Asks on a terminal; nothing but y, yes or 是 is a yes. Ctrl-C, Ctrl-D and a terminal that goes away are a no.
 */
export const askOn =
  (input: NodeJS.ReadableStream, output: NodeJS.WritableStream) =>
  (question: string): Promise<boolean> =>
    new Promise((resolve) => {
      const lines = createInterface({ input, output });
      lines.on('close', () => resolve(false));
      lines.question(question, (said) => {
        resolve(/^(y|yes|是)$/i.test(said.trim()));
        lines.close();
      });
    });
