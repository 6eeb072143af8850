import http from 'node:http';
import net from 'node:net';

/**
 * The transport of ONVIF requests. Whatever host is asked for, because a device named it, the connection goes to the one
 * address given; it ends when the probe does.
 */
export class OneHostAgent extends http.Agent {
  /** Of the connection opened last: whether it stood, and how many bytes came. */
  connected = false;
  readonly #address: string;
  readonly #port: number;
  readonly #allow: (address: string) => boolean;
  #socket: net.Socket | null = null;

  constructor(address: string, port: number, allow: (address: string) => boolean) {
    super({ keepAlive: false, maxSockets: 1 });
    this.#address = address;
    this.#port = port;
    this.#allow = allow;
  }

  get received(): number {
    return this.#socket?.bytesRead ?? 0;
  }

  override createConnection(): net.Socket {
    const socket = net.connect({ host: this.#address, port: this.#port, noDelay: true, autoSelectFamily: false });
    this.#socket = socket;
    this.connected = false;
    socket.once('connect', () => {
      this.connected = true;
      if (!this.#allow(socket.remoteAddress ?? '')) socket.destroy(new Error('address not allowed'));
    });
    return socket;
  }

  /** Ends the connection at once: an idle timer would be outlived by a dripping device. */
  cut(): void {
    this.#socket?.destroy();
    this.destroy();
  }
}
